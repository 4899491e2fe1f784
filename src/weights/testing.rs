//! Weights and inputs by rule, as `tools/storyeval_export/templates/rule.py` makes them: the same bits.

use super::template::{Slot, Template};
use crate::format::Checkpoint;
use sha2::{Digest, Sha256};
use std::collections::BTreeMap;
use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};

/// Multiples of 2^-24 from 0 up to 1: SplitMix64 from the first 8 bytes of the SHA-256 of `key`.
pub(super) fn units(key: &str) -> impl Iterator<Item = f64> {
    const STEP: u64 = 0x9e37_79b9_7f4a_7c15;
    let digest = Sha256::digest(key.as_bytes());
    let mut state = u64::from_le_bytes(digest[..8].try_into().unwrap());
    std::iter::repeat_with(move || {
        state = state.wrapping_add(STEP);
        let mut z = (state ^ (state >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((z ^ (z >> 31)) >> 40) as f64 / f64::from(1 << 24)
    })
}

/// The numbers of a weight.
pub(super) fn weights(key: &str, shape: &[usize]) -> Vec<f32> {
    let count = shape.iter().product();
    let unit = units(key).take(count);
    if key.ends_with("running_var") || (shape.len() == 1 && key.ends_with(".weight")) {
        return unit.map(|it| (it + 0.5) as f32).collect();
    }
    if shape.len() < 2 {
        return unit.map(|it| (it * 0.2 - 0.1) as f32).collect();
    }
    let inputs: usize = shape[1..].iter().product();
    let reach = (6.0 / inputs as f64).sqrt();
    unit.map(|it| ((it * 2.0 - 1.0) * reach) as f32).collect()
}

/// Numbers from -1 to 1.
pub(super) fn pixels(name: &str, shape: &[usize]) -> Vec<f32> {
    let unit = units(name).take(shape.iter().product());
    unit.map(|it| (it * 2.0 - 1.0) as f32).collect()
}

/// Rows of begin (49,406), words, end, and zeros.
pub(super) fn tokens(name: &str, rows: usize, context: usize) -> Vec<i64> {
    const WORDS: i64 = 49_406;
    let mut ids: Vec<i64> = units(name)
        .take(rows * context)
        .map(|it| (it * WORDS as f64) as i64)
        .collect();
    for (row, ids) in ids.chunks_mut(context).enumerate() {
        let end = 2 + 5 * (row + 1);
        ids[0] = WORDS;
        ids[end] = WORDS + 1;
        ids[end + 1..].fill(0);
    }
    ids
}

/// Writes a checkpoint as `.safetensors`.
pub(super) fn write(path: &Path, tensors: &BTreeMap<String, Vec<usize>>) {
    write_as(path, tensors, "F32", f32::to_le_bytes);
}

/// The same, with numbers of another type.
pub(super) fn write_as<const N: usize>(
    path: &Path,
    tensors: &BTreeMap<String, Vec<usize>>,
    dtype: &str,
    stored: impl Fn(f32) -> [u8; N],
) {
    let mut header = serde_json::Map::new();
    let mut at = 0;
    for (name, shape) in tensors {
        let end = at + N * shape.iter().product::<usize>();
        let entry = serde_json::json!({"dtype": dtype, "shape": shape, "data_offsets": [at, end]});
        header.insert(name.clone(), entry);
        at = end;
    }
    let header = serde_json::to_vec(&header).unwrap();
    let mut out = BufWriter::new(File::create(path).unwrap());
    out.write_all(&(header.len() as u64).to_le_bytes()).unwrap();
    out.write_all(&header).unwrap();
    for (name, shape) in tensors {
        for value in weights(name, shape) {
            out.write_all(&stored(value)).unwrap();
        }
    }
    out.flush().unwrap();
}

/// Writes the checkpoints of a template, with weights by rule.
pub(super) fn checkpoints(template: &Template, folder: &Path) -> Vec<PathBuf> {
    let write = |(name, slot): (&String, &Slot)| {
        let path = folder.join(format!("{name}.safetensors"));
        write(&path, &slot.keys);
        path
    };
    template.checkpoint.iter().map(write).collect()
}

#[test]
fn a_checkpoint_by_rule_can_be_read() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.safetensors");
    let shapes = BTreeMap::from([
        ("a.weight".to_owned(), vec![3, 2]),
        ("b".to_owned(), vec![4]),
    ]);
    write(&path, &shapes);
    let mut checkpoint = Checkpoint::open(&path).unwrap();
    for (name, shape) in shapes {
        let tensor = checkpoint.tensors()[&name].clone();
        assert_eq!(checkpoint.numbers(&tensor).unwrap(), weights(&name, &shape));
    }
}
