//! Sums in numpy's order, for results that equal a Python tool's to the last bit, and means that have no
//! order.

use std::ops::Add;

/// Longest stretch that numpy sums in one go.
const BLOCK: usize = 128;

/// The sum of contiguous numbers as `numpy.sum` has it: pairwise over blocks of at most 128, eight
/// running sums within a block. For `f32` every step rounds to `f32`.
pub(super) fn pairwise_sum<T: Copy + Default + Add<Output = T>>(values: &[T]) -> T {
    let n = values.len();
    if n < 8 {
        return values.iter().fold(T::default(), |sum, value| sum + *value);
    }
    if n <= BLOCK {
        let mut lanes = [T::default(); 8];
        lanes.copy_from_slice(&values[..8]);
        let chunks = values[8..].chunks_exact(8);
        let rest = chunks.remainder();
        for chunk in chunks {
            for (lane, value) in lanes.iter_mut().zip(chunk) {
                *lane = *lane + *value;
            }
        }
        let [a, b, c, d, e, f, g, h] = lanes;
        let sum = ((a + b) + (c + d)) + ((e + f) + (g + h));
        return rest.iter().fold(sum, |sum, value| sum + *value);
    }
    let half = n / 2 - (n / 2) % 8;
    pairwise_sum(&values[..half]) + pairwise_sum(&values[half..])
}

/// `numpy.mean` of contiguous doubles; `None` without any.
pub(super) fn mean(values: &[f64]) -> Option<f64> {
    (!values.is_empty()).then(|| pairwise_sum(values) / values.len() as f64)
}

/// The mean of numbers in ascending order: the same bits for every permutation of them. `None` without
/// any.
#[must_use]
pub fn ordered_mean(values: &[f64]) -> Option<f64> {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    mean(&sorted)
}

/// `numpy.std` of contiguous doubles, `freedom` (`ddof`) taken from their number; `None` where that
/// leaves nothing.
pub(super) fn deviation(values: &[f64], freedom: usize) -> Option<f64> {
    let centre = mean(values)?;
    let left = values.len().checked_sub(freedom).filter(|left| *left > 0)?;
    let squares: Vec<f64> = values.iter().map(|v| (v - centre) * (v - centre)).collect();
    Some((pairwise_sum(&squares) / left as f64).sqrt())
}
