use super::*;
use serde::Deserialize;
use std::io::Write;
use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, ZipWriter};

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("reference-data/golden/checkpoints")
}

#[derive(Deserialize)]
struct Expected {
    files: BTreeMap<String, BTreeMap<String, Wanted>>,
}

#[derive(Deserialize)]
struct Wanted {
    shape: Vec<usize>,
    number: String,
    values: Vec<f64>,
}

fn expected() -> Expected {
    serde_json::from_slice(&std::fs::read(folder().join("expected.json")).unwrap()).unwrap()
}

fn written(bytes: &[u8]) -> tempfile::NamedTempFile {
    let mut file = tempfile::NamedTempFile::new().unwrap();
    file.write_all(bytes).unwrap();
    file
}

/// Opens bytes and reads every tensor that has floats.
fn read_all(bytes: &[u8]) -> Result<usize, String> {
    let file = written(bytes);
    let mut checkpoint = Checkpoint::open(file.path()).map_err(|error| error.to_string())?;
    let tensors: Vec<StoredTensor> = checkpoint.tensors().values().cloned().collect();
    for tensor in &tensors {
        match tensor.number() {
            Number::Whole(_) | Number::Other => {}
            _ => checkpoint
                .read(tensor, &mut |_| Ok(()))
                .map_err(|error| error.to_string())?,
        }
    }
    Ok(tensors.len())
}

#[test]
fn every_format_gives_what_was_saved() {
    let expected = expected();
    assert_eq!(expected.files.len(), 14);
    for (file, wanted) in expected.files {
        let mut checkpoint = Checkpoint::open(&folder().join(&file)).unwrap();
        let found: Vec<String> = checkpoint.tensors().keys().cloned().collect();
        let names: Vec<String> = wanted.keys().cloned().collect();
        assert_eq!(found, names, "{file}");
        for (name, wanted) in wanted {
            let tensor = checkpoint.tensors()[&name].clone();
            assert_eq!(tensor.shape(), wanted.shape, "{file} {name}");
            assert_eq!(tensor.number().name(), wanted.number, "{file} {name}");
            if !matches!(tensor.number(), Number::Whole(_)) {
                let values: Vec<f32> = wanted.values.iter().map(|it| *it as f32).collect();
                assert_eq!(
                    checkpoint.numbers(&tensor).unwrap(),
                    values,
                    "{file} {name}"
                );
            }
        }
    }
}

#[test]
fn views_are_parts_and_reordered_axes() {
    let mut checkpoint = Checkpoint::open(&folder().join("zip.pt")).unwrap();
    let whole = checkpoint.tensors()["plain.weight"].clone();
    let numbers = checkpoint.numbers(&whole).unwrap();
    let part = whole.part(1, 3).unwrap();
    assert_eq!((part.shape(), part.count()), ([1, 4].as_slice(), 4));
    assert_eq!(checkpoint.numbers(&part).unwrap(), numbers[4..8]);
    let turned = whole.reordered(&[1, 0]).unwrap();
    assert_eq!(turned.shape(), [4, 3]);
    assert_eq!(
        checkpoint.numbers(&turned).unwrap()[..3],
        [numbers[0], numbers[4], numbers[8]]
    );
    assert!(whole.part(0, 2).is_none() && whole.part(3, 3).is_none() && whole.part(0, 0).is_none());
    assert!(whole.reordered(&[0, 0]).is_none() && whole.reordered(&[0]).is_none());
    let counter = checkpoint.tensors()["counter"].clone();
    let error = checkpoint.numbers(&counter).unwrap_err();
    assert_eq!(error.to_string(), "integers are no weights");
}

#[test]
fn a_file_that_is_cut_off_is_refused_wherever_the_cut_is() {
    for file in expected().files.into_keys() {
        let bytes = std::fs::read(folder().join(&file)).unwrap();
        read_all(&bytes).unwrap();
        for cut in (0..bytes.len()).step_by(bytes.len() / 40 + 1) {
            assert!(read_all(&bytes[..cut]).is_err(), "{file} {cut}");
        }
    }
}

/// Nothing of this may crash or take memory without end; most of it is refused.
#[test]
fn changed_bytes_do_no_harm() {
    for file in expected().files.into_keys() {
        let bytes = std::fs::read(folder().join(&file)).unwrap();
        for at in (0..bytes.len()).step_by(bytes.len() / 120 + 1) {
            let mut changed = bytes.clone();
            changed[at] ^= 0x55;
            let _ = read_all(&changed);
            changed[at] = 0xff;
            let _ = read_all(&changed);
        }
    }
}

fn safetensors(header: &str, data: usize) -> Vec<u8> {
    let mut bytes = (header.len() as u64).to_le_bytes().to_vec();
    bytes.extend(header.as_bytes());
    bytes.resize(bytes.len() + data, 0);
    bytes
}

#[test]
fn hostile_safetensors_are_refused() {
    let one = |dtype: &str, shape: &str, offsets: &str| {
        format!(r#"{{"a":{{"dtype":"{dtype}","shape":{shape},"data_offsets":{offsets}}}}}"#)
    };
    assert_eq!(
        read_all(&safetensors(&one("F32", "[2]", "[0,8]"), 8)),
        Ok(1)
    );
    let overlap = r#"{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]},"b":{"dtype":"F32","shape":[1],"data_offsets":[4,8]}}"#;
    for (header, said) in [
        (one("F32", "[2]", "[0,16]"), "its bytes are 0 to 16 of 8"),
        (one("F32", "[2]", "[8,0]"), "its bytes are 8 to 0 of 8"),
        (one("F32", "[1]", "[0,8]"), "but its shape is [1]"),
        (
            one("F32", "[4611686018427387905,4]", "[0,8]"),
            "ends behind its 8 bytes",
        ),
        (
            one("F32", "[0,18446744073709551615]", "[0,8]"),
            "but its shape is",
        ),
        (one("F32", "[-1]", "[0,8]"), "header is malformed"),
        (overlap.to_owned(), "`a` and `b` overlap"),
        ("{\"a\":3}".to_owned(), "header is malformed"),
        ("{}".to_owned(), "it holds no tensors"),
    ] {
        let error = read_all(&safetensors(&header, 8)).unwrap_err();
        assert!(error.contains(said), "{header}: {error}");
    }
    for size in [
        1 << 40,
        i64::MAX as u64,
        i64::MAX as u64 + 1,
        u64::MAX,
        u64::MAX - 7,
    ] {
        let mut bytes = size.to_le_bytes().to_vec();
        bytes.extend(b"{\"a\":1}");
        let error = read_all(&bytes).unwrap_err();
        assert!(error.contains("its header claims"), "{error}");
    }
}

fn archive(members: &[(&str, &[u8])]) -> Vec<u8> {
    let mut bytes = Cursor::new(Vec::new());
    let mut zip = ZipWriter::new(&mut bytes);
    let stored = SimpleFileOptions::default().compression_method(CompressionMethod::Stored);
    for (name, content) in members {
        zip.start_file(*name, stored).unwrap();
        zip.write_all(content).unwrap();
    }
    zip.finish().unwrap();
    bytes.into_inner()
}

/// `{"a": _rebuild_tensor_v2(storage 0 of `elements`, offset, shape, strides, False, OrderedDict())}`.
fn state(elements: i32, offset: i32, shape: i32, stride: i32) -> Vec<u8> {
    let mut out = b"\x80\x02}X\x01\0\0\0actorch._utils\n_rebuild_tensor_v2\n((X\x07\0\0\0storagectorch\nFloatStorage\nX\x01\0\0\x000X\x03\0\0\0cpuJ".to_vec();
    out.extend(elements.to_le_bytes());
    out.extend(b"tQJ");
    out.extend(offset.to_le_bytes());
    for value in [shape, stride] {
        out.push(b'J');
        out.extend(value.to_le_bytes());
        out.push(0x85);
    }
    out.extend(b"\x89ccollections\nOrderedDict\n)RtRs.");
    out
}

#[test]
fn hostile_archives_are_refused() {
    let with =
        |pickle: &[u8]| read_all(&archive(&[("x/data.pkl", pickle), ("x/data/0", &[0; 16])]));
    assert_eq!(with(&state(4, 0, 4, 1)), Ok(1));
    for (pickle, said) in [
        (state(4, 0, 5, 1), "ends behind its 16 bytes"),
        (state(4, 1, 4, 1), "ends behind its 16 bytes"),
        (state(4, 0, 2, i32::MAX), "ends behind its 16 bytes"),
        (state(4, -1, 4, 1), "wrong operands"),
        (state(4, 0, -4, 1), "wrong operands"),
        (
            b"\x80\x02cos\nsystem\nX\x02\0\0\0id\x85R.".to_vec(),
            "`os.system`",
        ),
        (
            b"\x80\x02cbuiltins\neval\nX\x01\0\0\x001\x85R.".to_vec(),
            "`builtins.eval`",
        ),
        (
            b"\x80\x02ctorch\nload\nX\x01\0\0\0a\x85R.".to_vec(),
            "`torch.load`",
        ),
        (
            b"\x80\x02ctorch.hub\nload\nX\x01\0\0\0a\x85R.".to_vec(),
            "`torch.hub.load`",
        ),
        (b"\x80\x02c__main__\nNet\n)\x81.".to_vec(), "`__main__.Net`"),
        (b"\x80\x02K\x01.".to_vec(), "it holds a int"),
        (b"\x80\x02}.".to_vec(), "it holds no tensors"),
    ] {
        let error = with(&pickle).unwrap_err();
        assert!(error.contains(said), "{said}: {error}");
    }
    let plain = state(4, 0, 4, 1);
    let without = archive(&[("x/data.pkl", &plain)]);
    assert!(
        read_all(&without)
            .unwrap_err()
            .contains("it has no `x/data/0`")
    );
    let two = archive(&[("x/data.pkl", &plain), ("y/data.pkl", &plain)]);
    assert!(read_all(&two).unwrap_err().contains("2 `data.pkl`"));
    let other = archive(&[("model.json", b"{}"), ("tensors/0", b"")]);
    assert!(
        read_all(&other)
            .unwrap_err()
            .contains("not one of PyTorch or NumPy")
    );
    // Names are looked up, never followed.
    let outside = archive(&[("../../x/data.pkl", &plain), ("../../x/data/0", &[0; 16])]);
    assert_eq!(read_all(&outside), Ok(1));
}

#[test]
fn expanded_views_are_not_written_out() {
    // One number, seen a billion times along each of three axes: 4 bytes that claim more than any memory.
    let mut pickle = state(1, 0, 1, 1);
    let axes = b"J\x01\0\0\0\x85J\x01\0\0\0\x85";
    let at = pickle
        .windows(axes.len())
        .position(|it| it == axes)
        .unwrap();
    let mut wide = Vec::new();
    for value in [1_000_000_000_i32, 0] {
        wide.push(b'(');
        for _ in 0..3 {
            wide.push(b'J');
            wide.extend(value.to_le_bytes());
        }
        wide.push(b't');
    }
    pickle.splice(at..at + axes.len(), wide);
    let file = written(&archive(&[("x/data.pkl", &pickle), ("x/data/0", &[0; 4])]));
    let error = Checkpoint::open(file.path()).unwrap_err().to_string();
    assert!(error.contains("ends behind"), "{error}");
}

#[test]
fn shared_modules_do_not_multiply() {
    // d0 = {}; each dict has the one before under two names: 2^40 leaves in 1 kB.
    let mut pickle = b"\x80\x02}q\x00".to_vec();
    for level in 0..40_u8 {
        pickle.extend(b"}(X\x01\0\0\0ah");
        pickle.push(level);
        pickle.extend(b"X\x01\0\0\0bh");
        pickle.push(level);
        pickle.extend(b"uq");
        pickle.push(level + 1);
    }
    pickle.push(b'.');
    let error = read_all(&pickle).unwrap_err();
    assert!(error.contains("objects that could be weights"), "{error}");
}

#[test]
fn what_is_no_checkpoint_is_named() {
    for (bytes, said) in [
        (b"".as_slice(), "it is empty"),
        (b"<!DOCTYPE html><html>", "it is a web page"),
        (
            b"version https://git-lfs.github.com/spec/v1\noid",
            "a pointer of Git LFS",
        ),
        (b"\x1f\x8b\x08\0", "packed with gzip"),
        (b"GGUF\x03\0\0\0", "a GGUF file"),
        (b"just words", "it is a text"),
        (
            b"\x01\x02\x03\x04\x05\x06\x07\x08\x09",
            "no kind of checkpoint",
        ),
    ] {
        let error = read_all(bytes).unwrap_err();
        assert!(error.contains(said), "{said}: {error}");
    }
    let mut tar = vec![0; 600];
    tar[257..262].copy_from_slice(b"ustar");
    assert!(read_all(&tar).unwrap_err().contains("a tar archive"));
    let absent = Checkpoint::open(Path::new("absent.pt")).unwrap_err();
    assert_eq!(absent.to_string(), "failed to read absent.pt");
}
