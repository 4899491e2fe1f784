//! The Fréchet distance of a run, with its story bootstrap.

use super::chosen::{Chosen, Clusters};
use super::draft::{Draft, Metric};
use super::features::{Both, both};
use crate::metric::{MeanPrecision, MomentTable, frechet_of_gaussians, frechet_with};
use crate::record::{Score, Unit};
use crate::spec::{FidRule, MeanRule};
use ndarray::ArrayView2;
use std::collections::BTreeMap;

const FID: Metric = Metric {
    id: "fid",
    unit: Unit::Distance,
    higher_is_better: false,
};
/// Longest features that are resampled: beyond it the sums of products of every story (one `d x d`
/// matrix each) and an eigenproblem a resample would take gigabytes and hours.
const MAX_RESAMPLED_DIM: usize = 256;

const UPWARD: &str = "the interval is biased upward, because repeated stories lower the rank of a \
resampled covariance; it may lie above the value";

/// The distance over all scored frames that have features on both sides.
pub(super) fn score(chosen: &Chosen<'_>, rule: &FidRule) -> Score {
    let rows = kept(chosen, rule);
    let mut draft = Draft::new(chosen, FID, "all".to_owned(), rows.len());
    if rows.len() < chosen.rows.len() {
        draft.warn(format!(
            "{} of {} scored frames are left out by the protocol (drop_last or repeats)",
            chosen.rows.len() - rows.len(),
            chosen.rows.len()
        ));
    }
    let mut dim = 0;
    match both(chosen.input.features, chosen, &rows) {
        Err(reason) => draft.value(Err(reason)),
        Ok(pair) => {
            dim = pair.generated.ncols();
            let precision = match rule.mean {
                MeanRule::F64 => MeanPrecision::F64,
                MeanRule::F32 => MeanPrecision::F32,
            };
            fill(&mut draft, chosen, &pair, precision);
        }
    }
    let (dim, mean) = (dim.to_string(), rule.mean.to_string());
    let (repeats, drop) = (
        rule.repeats.to_string(),
        rule.drop_last.map(|size| format!("{size}-stories")),
    );
    let own = [
        ("dim", dim.as_str()),
        ("avg", "frechet"),
        ("cov", "n-1"),
        ("mean", &mean),
        ("repeats", &repeats),
        ("drop-last", drop.as_deref().unwrap_or("none")),
    ];
    draft.sign(chosen.input.context.extractors.features.as_ref(), &own)
}

/// The rows that the rule does not drop. The last batch is that of the plan.
fn kept(chosen: &Chosen<'_>, rule: &FidRule) -> Vec<usize> {
    let mut rows = chosen.without_repeats(&chosen.rows, rule.repeats);
    if let Some(size) = rule.drop_last {
        let mut clusters = Clusters::default();
        let places: BTreeMap<usize, usize> = Chosen::in_plan_order(&rows)
            .into_iter()
            .map(|row| (row, clusters.number(chosen.story(row))))
            .collect();
        let whole = clusters.len() / size * size;
        rows.retain(|row| places[row] < whole);
    }
    rows
}

fn fill(draft: &mut Draft<'_, '_>, chosen: &Chosen<'_>, pair: &Both, precision: MeanPrecision) {
    let mut clusters = Clusters::default();
    let numbers: Vec<usize> = pair
        .rows
        .iter()
        .map(|row| clusters.number(chosen.story(*row)))
        .collect();
    draft.entered(pair.rows.len(), clusters.len());
    match frechet_with(&pair.generated.view(), &pair.ground_truth.view(), precision) {
        Err(reason) => draft.value(Err(reason.to_string())),
        Ok(distance) => {
            draft.value(Ok(distance.value));
            for warning in &distance.warnings {
                draft.warn(warning.to_string());
            }
            let dim = pair.generated.ncols();
            if dim > MAX_RESAMPLED_DIM {
                draft.warn(format!(
                    "no interval: features of {dim} dimensions are not resampled (at most {MAX_RESAMPLED_DIM})"
                ));
            } else if clusters.len() > 1 {
                interval(draft, chosen, pair, &numbers, clusters.len());
                draft.warn(UPWARD);
            }
        }
    }
}

/// Resamples stories of both sides jointly.
fn interval(
    draft: &mut Draft<'_, '_>,
    chosen: &Chosen<'_>,
    pair: &Both,
    numbers: &[usize],
    stories: usize,
) {
    // The same shift on both sides: it cancels in the difference of the means.
    let mut shift = vec![0.0; pair.ground_truth.ncols()];
    for row in pair.ground_truth.rows() {
        for (sum, value) in shift.iter_mut().zip(row) {
            *sum += f64::from(*value) / pair.ground_truth.nrows() as f64;
        }
    }
    let table = |set: ArrayView2<'_, f32>| {
        let mut table = MomentTable::new(stories, shift.clone());
        for (row, cluster) in set.rows().into_iter().zip(numbers) {
            table.add(*cluster, row.iter().copied());
        }
        table
    };
    let (generated, ground_truth) = (
        table(pair.generated.view()),
        table(pair.ground_truth.view()),
    );
    let resamples = chosen.input.protocol.bootstrap.fid_resamples;
    draft.resample(resamples, |multiplicities| {
        let first = generated.gaussian(multiplicities)?;
        let second = ground_truth.gaussian(multiplicities)?;
        frechet_of_gaussians(&first, &second)
            .ok()
            .map(|distance| distance.value)
    });
}
