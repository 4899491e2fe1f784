//! Inputs and stored values that tests of this room share.

use super::{CLIP, CLIP_TEXT, Features};
use ndarray::Array2;
use serde_json::Value;

/// Cases of a file in `reference-data/golden/numbers`.
pub(super) fn numbers(name: &str) -> Vec<Value> {
    let path = std::path::Path::new("reference-data/golden/numbers").join(name);
    let text = std::fs::read_to_string(path).unwrap();
    let file: Value = serde_json::from_str(&text).unwrap();
    file["cases"].as_array().unwrap().clone()
}

pub(super) fn mixed(index: u64) -> u64 {
    let mut z = index.wrapping_add(1).wrapping_mul(0x9E37_79B9_7F4A_7C15);
    z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    z ^ (z >> 31)
}

/// The features of `tools/golden/generated_features.py`: integers over 2^20, exact in f32. Each eighth column
/// shares a part of its values, and the seed shifts the mean.
pub(super) fn fill(rows: usize, dim: usize, seed: u64) -> Array2<f32> {
    Array2::from_shape_fn((rows, dim), |(i, j)| {
        let own = mixed((seed << 40) + (i * dim + j) as u64) >> 44;
        let shared = mixed((seed << 40) + (1 << 39) + (i * 8 + j % 8) as u64) >> 44;
        (own + 2 * shared + ((seed % 4) << 17)) as f32 / 1_048_576.0
    })
}

/// `{"rows", "dim", "seed", "scale", "repeat"}`: generated features times a power of two; `repeat`
/// many first rows stand at the end again.
pub(super) fn generated(case: &Value) -> Array2<f32> {
    let number = |name: &str| case[name].as_u64().unwrap();
    let (rows, dim) = (number("rows") as usize, number("dim") as usize);
    let mut features = fill(rows, dim, number("seed"));
    if let Some(scale) = case["scale"].as_f64() {
        features *= scale as f32;
    }
    if let Some(repeat) = case["repeat"].as_u64() {
        for row in 0..repeat as usize {
            let first = features.row(row).to_owned();
            features.row_mut(rows - 1 - row).assign(&first);
        }
    }
    features
}

/// A list of integers.
pub(super) fn floats(value: &Value) -> Vec<u32> {
    let numbers = value.as_array().unwrap().iter();
    numbers.map(|v| v.as_u64().unwrap() as u32).collect()
}

/// A list of doubles.
pub(super) fn exact(value: &Value) -> Vec<f64> {
    let numbers = value.as_array().unwrap().iter();
    numbers.map(|v| v.as_f64().unwrap()).collect()
}

/// A number.
pub(super) fn number(case: &Value, name: &str) -> f64 {
    case[name].as_f64().unwrap()
}

/// CLIP embeddings whose cosines are these, of frame and caption and of frame and ground truth; not finite where
/// there is none.
pub(crate) fn of_cosines(cosines: &[[Option<f64>; 2]]) -> Features {
    let set = |column: usize| {
        let mut set = Array2::from_elem((cosines.len(), 3), f32::NAN);
        for (mut row, cosines) in set.outer_iter_mut().zip(cosines) {
            if let Some(cosine) = cosines[column] {
                row.assign(&ndarray::arr1(&at_cosine(cosine)));
            }
        }
        set
    };
    let mut generated = Array2::zeros((cosines.len(), 3));
    generated.column_mut(0).fill(1.0);
    Features::default()
        .with_pair(CLIP, [generated, set(1)])
        .with(CLIP_TEXT, set(0))
}

/// A vector whose cosine with the first axis is this one, but for a unit of the last but one place of a double: the
/// second component is as long as a float can say, and the third makes up for what that lacks.
fn at_cosine(cosine: f64) -> [f32; 3] {
    if cosine == 0.0 {
        return [0.0, 1.0, 0.0];
    }
    let first = cosine as f32;
    let rest = f64::from(first).powi(2) * (1.0 / cosine.powi(2) - 1.0);
    let mut second = rest.max(0.0).sqrt() as f32;
    if f64::from(second).powi(2) > rest {
        second = second.next_down().max(0.0);
    }
    let left = rest - f64::from(second).powi(2);
    [first, second, left.max(0.0).sqrt() as f32]
}
