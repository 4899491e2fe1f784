//! The Fréchet distance of a run, with its story bootstrap.

use super::signature::signature;
use super::slice::Clusters;
use super::{FeaturePair, ReduceInput};
use crate::metric::{MomentTable, frechet, frechet_of_gaussians};
use crate::record::{Score, Unit};
use crate::stats::{Resampling, bootstrap};
use ndarray::{ArrayView2, Axis};

const METRIC: &str = "fid";
/// Longest features that are resampled: beyond it the sums of products of every story (one `d x d`
/// matrix each) and an eigenproblem a resample would take gigabytes and hours.
const MAX_RESAMPLED_DIM: usize = 256;

const UPWARD: &str = "the interval is biased upward, because repeated stories lower the rank of a \
resampled covariance; it may lie above the value";

/// The distance over all frames that have features on both sides.
pub(super) fn score(input: &ReduceInput<'_>) -> Score {
    let mut score = Score {
        metric: METRIC.to_owned(),
        slice: "all".to_owned(),
        value: None,
        unscored: None,
        interval: None,
        unit: Unit::Distance,
        higher_is_better: false,
        n: 0,
        planned: input.observations.len(),
        stories: 0,
        signature: String::new(),
        warnings: Vec::new(),
    };
    let mut ci = "none".to_owned();
    let mut dim = 0;
    match paired(input) {
        Err(reason) => score.unscored = Some(reason),
        Ok((pair, rows)) => {
            dim = pair.generated.ncols();
            score.n = rows.len();
            let generated = pair.generated.select(Axis(0), &rows);
            let ground_truth = pair.ground_truth.select(Axis(0), &rows);
            let mut clusters = Clusters::default();
            let numbers: Vec<usize> = rows
                .iter()
                .map(|row| clusters.number(&input.observations[*row].story))
                .collect();
            score.stories = clusters.len();
            match frechet(&generated.view(), &ground_truth.view()) {
                Err(reason) => score.unscored = Some(reason.to_string()),
                Ok(distance) => {
                    score.value = Some(distance.value);
                    score
                        .warnings
                        .extend(distance.warnings.iter().map(ToString::to_string));
                    if dim > MAX_RESAMPLED_DIM {
                        score.warnings.push(format!(
                            "no interval: features of {dim} dimensions are not resampled (at most {MAX_RESAMPLED_DIM})"
                        ));
                    } else if clusters.len() > 1 {
                        let protocol = input.protocol;
                        let plan = Resampling {
                            resamples: protocol.fid_resamples,
                            seed: protocol.seed.0,
                        };
                        ci = format!("story-bootstrap-{}@{}", plan.resamples, plan.seed);
                        interval(
                            &mut score,
                            [generated.view(), ground_truth.view()],
                            &numbers,
                            plan,
                        );
                    }
                }
            }
        }
    }
    let dim = dim.to_string();
    let own = [("dim", dim.as_str()), ("avg", "frechet"), ("cov", "n-1")];
    score.signature = signature(METRIC, input, "features", &own, &ci, score.n);
    score
}

/// The features and the rows that are present on both sides.
fn paired<'a>(input: &ReduceInput<'a>) -> Result<(FeaturePair<'a>, Vec<usize>), String> {
    let Some(pair) = input.features else {
        return Err("the run has no features".to_owned());
    };
    let planned = input.observations.len();
    let [generated, ground_truth] = [pair.generated.nrows(), pair.ground_truth.nrows()];
    if generated != planned || ground_truth != planned {
        return Err(format!(
            "features of {generated} generated and {ground_truth} ground-truth frames do not fit {planned} observations"
        ));
    }
    let absent = |set: &ArrayView2<'_, f32>, row: usize| set.row(row).iter().all(|v| v.is_nan());
    let rows = (0..planned)
        .filter(|row| !absent(&pair.generated, *row) && !absent(&pair.ground_truth, *row))
        .collect();
    Ok((pair, rows))
}

/// Resamples stories of both sides jointly.
fn interval(
    score: &mut Score,
    sets: [ArrayView2<'_, f32>; 2],
    numbers: &[usize],
    plan: Resampling,
) {
    // The same shift on both sides: it cancels in the difference of the means.
    let [generated, ground_truth] = sets;
    let mut shift = vec![0.0; ground_truth.ncols()];
    for row in ground_truth.rows() {
        for (sum, value) in shift.iter_mut().zip(row) {
            *sum += f64::from(*value) / ground_truth.nrows() as f64;
        }
    }
    let table = |set: ArrayView2<'_, f32>| {
        let mut table = MomentTable::new(score.stories, shift.clone());
        for (row, cluster) in set.rows().into_iter().zip(numbers) {
            table.add(*cluster, row.iter().copied());
        }
        table
    };
    let (generated, ground_truth) = (table(generated), table(ground_truth));
    let distribution = bootstrap(score.stories, plan, |multiplicities| {
        let first = generated.gaussian(multiplicities)?;
        let second = ground_truth.gaussian(multiplicities)?;
        frechet_of_gaussians(&first, &second)
            .ok()
            .map(|distance| distance.value)
    });
    if distribution.undefined() > 0 {
        score.warnings.push(format!(
            "the value is not defined on {} of {} resamples; the interval is of the others",
            distribution.undefined(),
            plan.resamples
        ));
    }
    score.interval = distribution.interval(0.95);
    score.warnings.push(UPWARD.to_owned());
}
