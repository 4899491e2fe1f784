//! The kernel distance without each story, for the jackknife of `stats`.
//!
//! The estimate is a U-statistic, for which the jackknife is consistent; a bootstrap would pair a frame
//! with itself. Every kernel value is computed once: what a story takes away is a sum over its rows.

use crate::stats::LeftOut;
use ndarray::{Array2, ArrayView2, Axis, s};

/// Rows of the kernel matrix that are held at once.
const BLOCK: usize = 256;

/// What a story has in a kernel matrix.
#[derive(Clone, Copy, Default)]
struct Share {
    /// Sum over the rows of the story.
    rows: f64,
    /// Sum over the columns of the story.
    columns: f64,
    /// Sum over pairs within the story.
    within: f64,
    frames: f64,
}

/// The kernel distance without each story in turn.
///
/// `stories` gives the story of each row, from 0 to `count - 1`; row i of both sets belongs to it.
/// `None` with fewer than three stories.
pub(super) fn left_out(
    generated: &ArrayView2<'_, f32>,
    truth: &ArrayView2<'_, f32>,
    stories: &[usize],
    count: usize,
) -> Option<Vec<LeftOut>> {
    if count < 3 {
        return None;
    }
    let [x, y] = [generated, truth].map(|set| set.mapv(f64::from));
    let sums = [
        shares(&x, &x, stories, count, true),
        shares(&y, &y, stories, count, true),
        shares(&x, &y, stories, count, false),
    ];
    let totals = sums.each_ref().map(|shares| {
        let total: f64 = shares.iter().map(|share| share.rows).sum();
        total
    });
    let n = stories.len() as f64;
    let without = (0..count).map(|story| {
        let m = n - sums[0][story].frames;
        let [xx, yy, xy] = std::array::from_fn(|which| {
            let share = sums[which][story];
            totals[which] - share.rows - share.columns + share.within
        });
        LeftOut {
            value: Some((xx + yy) / (m * (m - 1.0)) - 2.0 * xy / (m * m)),
            size: sums[0][story].frames as usize,
        }
    });
    Some(without.collect())
}

/// Sums of `(a.b / d + 1)^3` by story. `same`: both sets are one, whose diagonal is left out.
fn shares(
    first: &Array2<f64>,
    second: &Array2<f64>,
    stories: &[usize],
    count: usize,
    same: bool,
) -> Vec<Share> {
    let mut shares = vec![Share::default(); count];
    let dim = first.ncols() as f64;
    for start in (0..first.nrows()).step_by(BLOCK) {
        let end = (start + BLOCK).min(first.nrows());
        let products = first.slice(s![start..end, ..]).dot(&second.t());
        for (offset, row) in products.axis_iter(Axis(0)).enumerate() {
            let i = start + offset;
            shares[stories[i]].frames += 1.0;
            for (j, product) in row.iter().enumerate() {
                if same && i == j {
                    continue;
                }
                let kernel = (product / dim + 1.0).powi(3);
                shares[stories[i]].rows += kernel;
                shares[stories[j]].columns += kernel;
                if stories[i] == stories[j] {
                    shares[stories[i]].within += kernel;
                }
            }
        }
    }
    shares
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::metric::kernel_distance;
    use crate::stats::story_interval;

    #[test]
    fn leaving_out_equals_computing_again() {
        let (n, count) = (600, 150);
        let feature = |side: usize| {
            Array2::from_shape_fn((n, 5), |(row, column)| {
                ((row * 7 + column * 13 + side * 5) % 31) as f32 / 31.0
            })
        };
        let (x, y) = (feature(0), feature(1));
        let stories: Vec<usize> = (0..n).map(|row| row / 4).collect();
        let value = kernel_distance(&x.view(), &y.view()).unwrap();
        let without = left_out(&x.view(), &y.view(), &stories, count).unwrap();
        let again: Vec<f64> = (0..count)
            .map(|story| {
                let rows: Vec<usize> = (0..n).filter(|row| stories[*row] != story).collect();
                let [x, y] = [&x, &y].map(|set| set.select(Axis(0), &rows));
                kernel_distance(&x.view(), &y.view()).unwrap()
            })
            .collect();
        for (found, expected) in without.iter().zip(&again) {
            let found = found.value.unwrap();
            assert!(
                (found - expected).abs() < 1e-9 * value.abs(),
                "{found} {expected}"
            );
        }
        // Stories of equal length: the weighted jackknife is the plain one. Student's percentile of 149 degrees of
        // freedom, as scipy has it.
        let [low, high] = story_interval(value, &without).unwrap();
        let mean = again.iter().sum::<f64>() / count as f64;
        let spread: f64 = again.iter().map(|v| (v - mean).powi(2)).sum();
        let half = 1.976_013_177_679_155 * ((count as f64 - 1.0) / count as f64 * spread).sqrt();
        assert!((high - value - half).abs() < 1e-9 * half.max(1e-9) + 1e-12);
        assert!((value - low - half).abs() < 1e-9 * half.max(1e-9) + 1e-12);
    }
}
