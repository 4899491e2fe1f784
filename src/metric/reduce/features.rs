//! Rows of features that are present on both sides.

use super::FeaturePair;
use super::chosen::Chosen;
use ndarray::{Array2, ArrayView2, Axis};

/// Features of the same frames, generated and real, `[n, d]` each.
pub(super) struct Both {
    pub(super) generated: Array2<f32>,
    pub(super) ground_truth: Array2<f32>,
    /// The observation of each row.
    pub(super) rows: Vec<usize>,
}

/// The features of `rows` that are present on both sides.
pub(super) fn both(
    pair: Option<FeaturePair<'_>>,
    chosen: &Chosen<'_>,
    rows: &[usize],
) -> Result<Both, String> {
    let Some(pair) = pair else {
        return Err("the run has no features of this network".to_owned());
    };
    let planned = chosen.input.observations.len();
    let [generated, ground_truth] = [pair.generated.nrows(), pair.ground_truth.nrows()];
    if generated != planned || ground_truth != planned {
        return Err(format!(
            "features of {generated} generated and {ground_truth} ground-truth frames do not fit {planned} observations"
        ));
    }
    let rows: Vec<usize> = rows
        .iter()
        .copied()
        .filter(|row| present(&pair.generated, *row) && present(&pair.ground_truth, *row))
        .collect();
    Ok(Both {
        generated: pair.generated.select(Axis(0), &rows),
        ground_truth: pair.ground_truth.select(Axis(0), &rows),
        rows,
    })
}

/// Whether a row is not of an absent frame.
pub(super) fn present(set: &ArrayView2<'_, f32>, row: usize) -> bool {
    !set.row(row).iter().all(|value| value.is_nan())
}
