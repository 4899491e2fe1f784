//! The Fréchet distance of a run. Its interval is of how far each story moves it: repeated stories would lower
//! the rank of a covariance, and a bootstrap then lies above the value.

use super::chosen::{Chosen, Clusters};
use super::draft::Draft;
use super::features::{Both, both};
use super::input::FEATURES;
use super::parts::Reduced;
use super::slice::Slice;
use crate::card::{FidRule, MeanRule, Repeats};
use crate::metric::{
    Family, FrechetParts, MeanPrecision, MetricId, Reduction, frechet_left_out, frechet_with,
};
use crate::record::Role;
use crate::stats::jackknife_interval;
use std::collections::BTreeSet;

/// The Fréchet distance.
pub(in crate::metric) static FRECHET: Family = Family {
    roles: &[Role::FEATURES],
    choices: &["features", "fid", "ground_truth"],
    reduction: Reduction::Sets,
    large: true,
    asked: |protocol| protocol.fid.is_some(),
    drop: |protocol| protocol.fid = None,
    leaves_out: |protocol| {
        let fid = protocol.fid;
        fid.is_some_and(|rule| rule.repeats != Repeats::EveryFrame || rule.drop_last.is_some())
    },
    reduce: score,
};
/// How a signature names the interval.
const RULE: &str = "story-influence-t";

/// The distance over all scored frames that have features on both sides.
fn score(chosen: &Chosen<'_>, _: &Slice) -> Vec<Reduced> {
    let Some(rule) = &chosen.input.protocol.fid else {
        return Vec::new();
    };
    let (rows, order) = kept(chosen, rule);
    let mut draft = Draft::new(chosen, MetricId::Fid, "all".to_owned(), rows.len());
    if rows.len() < chosen.rows.len() {
        draft.warn(format!(
            "{} of {} scored frames are left out by the protocol (drop_last or repeats)",
            chosen.rows.len() - rows.len(),
            chosen.rows.len()
        ));
    }
    let mut dim = 0;
    match both(chosen.input.pair(FEATURES), chosen, &rows) {
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
    let (repeats, unit) = match rule.repeats {
        Repeats::LastOfClip => ("last-of-clip", "images"),
        Repeats::EveryFrame | Repeats::LastForAll => ("every-frame", "stories"),
    };
    let drop = rule.drop_last.map(|size| format!("{size}-{unit}"));
    let mut own = vec![
        ("dim", dim.as_str()),
        ("avg", "frechet"),
        ("cov", "n-1"),
        ("mean", &mean),
        ("repeats", repeats),
        ("drop-last", drop.as_deref().unwrap_or("none")),
    ];
    own.extend(order.map(|order| ("order", order)));
    vec![draft.sign(chosen.input.context.extractors.get(Role::FEATURES), &own)]
}

/// The rows that the rule does not drop, and the order of the listing where something depends on it. The
/// last batch is that of the listing. A mean in single precision rounds at every step, so that its rows
/// stay as they are listed.
fn kept(chosen: &Chosen<'_>, rule: &FidRule) -> (Vec<usize>, Option<&'static str>) {
    let rows = chosen.without_repeats(&chosen.rows, rule.repeats);
    if rule.mean == MeanRule::F64 && rule.drop_last.is_none() {
        return (rows, None);
    }
    let (mut listed, order) = chosen.listed(&rows, rule.repeats);
    if let Some(size) = rule.drop_last {
        if rule.repeats == Repeats::LastOfClip {
            listed.truncate(listed.len() / size * size);
        } else {
            let mut clusters = Clusters::default();
            let number = |row: &usize| clusters.number(chosen.story(*row));
            let places: Vec<usize> = listed.iter().map(number).collect();
            let whole = clusters.len() / size * size;
            let mut places = places.into_iter();
            listed.retain(|_| places.next().is_some_and(|place| place < whole));
        }
    }
    if rule.mean == MeanRule::F64 {
        let kept: BTreeSet<usize> = listed.into_iter().collect();
        listed = rows.into_iter().filter(|row| kept.contains(row)).collect();
    }
    (listed, Some(order))
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
                Ok(left_out) => draft.left_out(left_out, RULE, |value, left_out| {
                    jackknife_interval(value, left_out, [0.0, f64::INFINITY])
                }),
                Err(reason) => draft.warn(format!("no interval: {reason}")),
            }
        }
    }
}

#[cfg(test)]
#[path = "released_tests.rs"]
mod released_tests;
