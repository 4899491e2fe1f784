use super::*;
use crate::format::HeaderFault;
use std::path::PathBuf;

fn golden(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("reference-data/golden/flintstones/npy")
        .join(name)
}

/// The fixture's pixels: see `tools/golden/flintstones_fixture.py`.
fn pixel(frame: usize, y: u32, x: u32, channel: usize) -> u8 {
    (frame * 50 + y as usize * 8 + x as usize + channel * 100) as u8
}

fn written(header: &str, data: usize) -> tempfile::NamedTempFile {
    let mut bytes = b"\x93NUMPY\x01\x00".to_vec();
    bytes.extend((header.len() as u16).to_le_bytes());
    bytes.extend(header.as_bytes());
    bytes.extend(vec![0; data]);
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), bytes).unwrap();
    file
}

#[test]
fn all_versions_of_the_format_are_read_as_rgb() {
    for name in ["v1.npy", "v2.npy", "v3.npy"] {
        let mut npy = NpyFrames::open(&golden(name)).unwrap();
        assert_eq!((npy.frames(), npy.size()), (3, (5, 4)), "{name}");
        let third = npy.frame(2).unwrap();
        for (x, y, found) in third.enumerate_pixels() {
            assert_eq!(found.0, [0, 1, 2].map(|c| pixel(2, y, x, c)), "{name}");
        }
        let all = npy.all().unwrap();
        assert_eq!(all.len(), 3);
        assert_eq!(all.frames()[2], third);
        assert!(matches!(
            npy.frame(3),
            Err(NpyError::NoSuchFrame {
                index: 3,
                frames: 3
            })
        ));
    }
}

#[test]
fn other_arrays_are_refused_with_their_reason() {
    let open = |name: &str| NpyFrames::open(&golden(name)).unwrap_err();
    assert!(matches!(open("fortran.npy"), NpyError::FortranOrder));
    assert!(matches!(open("float.npy"), NpyError::WrongType { .. }));
    assert!(matches!(open("grey.npy"), NpyError::WrongShape { .. }));
    assert!(matches!(open("absent.npy"), NpyError::Io(_)));
    let error = open("truncated.npy");
    assert!(
        matches!(error, NpyError::Truncated { wanted, found } if wanted == found + 10),
        "{error:?}"
    );
}

#[test]
fn hostile_headers_are_refused() {
    let head =
        |shape: &str| format!("{{'descr': '|u1', 'fortran_order': False, 'shape': {shape}, }}");
    let open = |header: &str| NpyFrames::open(written(header, 100).path()).unwrap_err();
    for shape in [
        "(0, 2, 2, 3)",
        "(1, 2, 2)",
        "(1, 2, 2, 4)",
        "()",
        "(9223372036854775807, 9223372036854775807, 9223372036854775807, 3)",
        "(18446744073709551615, 1, 1, 3)",
        "(1, 4294967296, 1, 3)",
    ] {
        let error = open(&head(shape));
        assert!(
            matches!(error, NpyError::WrongShape { .. }),
            "{shape}: {error:?}"
        );
    }
    for header in [
        head("(-1, 2, 2, 3)"),
        head("(1, 2, 2, 3"),
        "{}".to_owned(),
        "{'descr': '|u1'}".to_owned(),
        "{'descr': [('r', 'u1')], 'fortran_order': False, 'shape': (1,)}".to_owned(),
        "__import__('os')".to_owned(),
    ] {
        assert!(
            matches!(
                open(&header),
                NpyError::Header(HeaderFault::Malformed { .. })
            ),
            "{header}"
        );
    }
    assert!(matches!(
        open(&head("(1, 100, 100, 3)")),
        NpyError::Truncated { .. }
    ));
}

#[test]
fn files_that_are_no_npy_are_refused() {
    let file = tempfile::NamedTempFile::new().unwrap();
    for (bytes, wanted) in [
        (&b""[..], "magic"),
        (b"PK\x03\x04 not npy at all", "magic"),
        (b"\x93NUMPY\x01", "cut off"),
        (b"\x93NUMPY\x09\x00\x10\x00\x00\x00", "version 9.0"),
        (b"\x93NUMPY\x01\x00\xff\x00{}", "cut off"),
        (b"\x93NUMPY\x02\x00\xff\xff\xff\xff", "malformed"),
    ] {
        std::fs::write(file.path(), bytes).unwrap();
        let error = NpyFrames::open(file.path()).unwrap_err().to_string();
        assert!(error.contains(wanted), "{error}");
    }
}
