use super::*;
use crate::record::{FaultKind, Hint};
use std::path::PathBuf;

fn golden(name: &str) -> PathBuf {
    Path::new("reference-data/golden/npy").join(name)
}

/// The value at (i, j) of the files of `tools/golden/npy_files.py`.
fn value(i: usize, j: usize) -> usize {
    i * 3 + j
}

#[test]
fn every_numeric_type_order_and_version_is_read() {
    let mut seen = 0;
    for entry in std::fs::read_dir("reference-data/golden/npy").unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        if !name.starts_with("ok_") {
            continue;
        }
        seen += 1;
        let array = read_npy(&path).unwrap();
        let numbers = array.numbers.to_f64();
        if name.contains("vector") {
            assert_eq!((array.dimensions, numbers.dim()), (1, (5, 1)), "{name}");
        } else {
            assert_eq!((array.dimensions, numbers.dim()), (2, (4, 3)), "{name}");
        }
        let single = name.contains("f2") || name.contains("f4");
        assert_eq!(matches!(array.numbers, Numbers::F32(_)), single, "{name}");
        for ((i, j), found) in numbers.indexed_iter() {
            let expected = match (name.contains("bool"), name.contains("vector")) {
                (true, _) => value(i, j) % 2,
                (_, true) => i,
                _ => value(i, j),
            };
            let sign = if name.contains("negative") { -1 } else { 1 };
            let expected = (sign * expected as i64) as f64;
            assert_eq!(
                found.to_bits(),
                (expected + 0.0).to_bits(),
                "{name} {i} {j}"
            );
        }
    }
    assert!(seen >= 25, "{seen}");
}

#[test]
fn objects_and_other_types_are_refused_by_name() {
    for (name, wanted) in [
        ("object.npy", "Python objects"),
        ("complex.npy", "`<c16`"),
        ("text.npy", "`<U3`"),
        ("cube.npy", "[2, 2, 2]"),
        ("scalar.npy", "[]"),
    ] {
        let error = read_npy(&golden(name)).unwrap_err();
        assert!(error.to_string().contains(wanted), "{name}: {error}");
        assert_eq!(error.fault_kind(), FaultKind::DataVerification);
        assert!(error.hint().is_some());
    }
    let error = read_npy(&golden("absent.npy")).unwrap_err();
    assert_eq!(error.fault_kind(), FaultKind::Setup);
    assert!(read_npy(Path::new("src")).is_err());
}

fn written(shape: &str, descr: &str, data: usize) -> tempfile::NamedTempFile {
    let header = format!("{{'descr': '{descr}', 'fortran_order': False, 'shape': {shape}, }}");
    let mut bytes = b"\x93NUMPY\x01\x00".to_vec();
    bytes.extend((header.len() as u16).to_le_bytes());
    bytes.extend(header.as_bytes());
    bytes.extend(vec![0; data]);
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), bytes).unwrap();
    file
}

#[test]
fn claims_are_checked_before_memory_is_taken() {
    for (shape, wanted) in [
        ("(1000000000000, 2048)", "more than"),
        ("(18446744073709551615, 18446744073709551615)", "more than"),
        ("(0, 18446744073709551615)", "more than"),
        ("(100000, 2048)", "cut off"),
        ("(3, 3)", "cut off"),
        ("(-1, 3)", "malformed"),
    ] {
        let file = written(shape, "<f8", 71);
        let error = read_npy(file.path()).unwrap_err().to_string();
        assert!(error.contains(wanted), "{shape}: {error}");
    }
    let empty = read_npy(written("(0, 5)", "<f4", 0).path()).unwrap();
    assert_eq!(empty.numbers.dim(), (0, 5));
}

#[test]
fn what_is_written_is_read_again() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("x.npy");
    let single = Array2::from_shape_fn((3, 2), |(i, j)| i as f32 - 0.1 * j as f32);
    std::fs::write(&path, bytes_of("(3, 2)", single.iter().copied())).unwrap();
    assert_eq!(read_npy(&path).unwrap().numbers, Numbers::F32(single));
    let double = Array2::from_shape_fn((2, 3), |(i, j)| (i as f64 - 0.1 * j as f64).exp());
    std::fs::write(&path, bytes_of("(2, 3)", double.iter().copied())).unwrap();
    assert_eq!(read_npy(&path).unwrap().numbers, Numbers::F64(double));
    assert_eq!(std::fs::read(&path).unwrap().len(), 128 + 48);
}
