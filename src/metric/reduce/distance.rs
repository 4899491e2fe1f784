//! The Fréchet distance of a run. Its interval is of how far each story moves it: repeated stories would lower
//! the rank of a covariance, and a bootstrap then lies above the value.

use super::chosen::{Chosen, Clusters};
use super::draft::{Draft, Metric};
use super::features::{Both, both};
use super::parts::Reduced;
use crate::metric::{FrechetUnscored, MeanPrecision, frechet_influence, frechet_with};
use crate::record::Unit;
use crate::spec::{FidRule, MeanRule};
use crate::stats::LeftOut;
use ndarray::Array2;
use std::collections::BTreeMap;

const FID: Metric = Metric {
    id: "fid",
    unit: Unit::Distance,
    higher_is_better: false,
};
/// A distance below this share of the sets' spread is rounding.
const ROUNDING: f64 = 1e-10;
/// How a signature names the interval.
const RULE: &str = "story-influence-t";

/// The distance over all scored frames that have features on both sides.
pub(super) fn score(chosen: &Chosen<'_>, rule: &FidRule) -> Reduced {
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
            match influences(pair, &numbers, clusters.len()) {
                Ok(moved) => {
                    let nothing = distance.value.abs() <= ROUNDING * spread(&pair.ground_truth);
                    let moved = if nothing {
                        vec![0.0; moved.len()]
                    } else {
                        moved
                    };
                    let left_out = left_out(distance.value, &moved);
                    draft.left_out(left_out, [0.0, f64::INFINITY], RULE);
                }
                Err(reason) => draft.warn(format!("no interval: {reason}")),
            }
        }
    }
}

/// Mean squared length of the vectors of a set.
fn spread(set: &Array2<f32>) -> f64 {
    let squares = set.iter().map(|value| f64::from(*value).powi(2));
    squares.sum::<f64>() / set.nrows() as f64
}

/// How far each story moves the distance, by its frames on both sides together.
fn influences(pair: &Both, numbers: &[usize], stories: usize) -> Result<Vec<f64>, FrechetUnscored> {
    let sides = frechet_influence(&pair.generated.view(), &pair.ground_truth.view())?;
    let mut moved = vec![0.0; stories];
    for side in sides {
        for (influence, story) in side.iter().zip(numbers) {
            moved[*story] += influence;
        }
    }
    Ok(moved)
}

/// The distance without each story, to first order: leaving out one of n stories takes its influence away,
/// and gives its weight to the others.
fn left_out(value: f64, moved: &[f64]) -> Vec<LeftOut> {
    let n = moved.len() as f64;
    let without = |moved: &f64| LeftOut {
        value: Some(value - moved * n / (n - 1.0)),
        size: 1,
    };
    moved.iter().map(without).collect()
}
