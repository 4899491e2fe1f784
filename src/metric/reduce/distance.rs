//! The Fréchet distance of a run. Its interval is of how far each story moves it: repeated stories would lower
//! the rank of a covariance, and a bootstrap then lies above the value.

use super::chosen::{Chosen, Clusters};
use super::draft::{Draft, Metric};
use super::features::{Both, both};
use super::parts::Reduced;
use crate::metric::{FrechetParts, MeanPrecision, frechet_left_out, frechet_with};
use crate::record::Unit;
use crate::spec::{FidRule, MeanRule};
use std::collections::BTreeMap;

const FID: Metric = Metric {
    id: "fid",
    unit: Unit::Distance,
    higher_is_better: false,
};
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
            let parts = FrechetParts::Clusters {
                of_row: &numbers,
                count: clusters.len(),
            };
            let sets = [pair.generated.view(), pair.ground_truth.view()];
            match frechet_left_out(&sets[0], &sets[1], distance.value, parts) {
                Ok(left_out) => draft.left_out(left_out, [0.0, f64::INFINITY], RULE),
                Err(reason) => draft.warn(format!("no interval: {reason}")),
            }
        }
    }
}
