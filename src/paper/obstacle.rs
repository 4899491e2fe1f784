//! Why a score and a published cell are not the same measurement.

use super::{Confidence, MeasuredRun, PublishedCell, Text};
use crate::card::{self, GeneratorKind, Protocol, Subset, WindowRule};
use crate::evaluator::EvaluatorRow;
use crate::metric::Metric;
use crate::record::{Score, TextVariant, signature_part};
use crate::run::Partition;
use serde_json::Value;
use std::collections::BTreeMap;

/// Every reason, the one that matters most first; none where the two are comparable. `named` says that the
/// user named the row, which settles the model of imported frames, whose names are the user's own.
pub(super) fn obstacles(
    cell: &PublishedCell,
    run: &MeasuredRun,
    score: &Score,
    named: bool,
) -> Vec<String> {
    if run.dataset.id != cell.dataset {
        // Everything else follows from it.
        return vec![format!(
            "data set: {}, published on {}",
            run.dataset.id, cell.dataset
        )];
    }
    let mut reasons = Vec::new();
    if !cell.obstacle.is_empty() {
        reasons.push(cell.obstacle.clone());
    }
    reasons.extend(model(cell, run, named));
    reasons.extend(text(cell, score));
    reasons.extend(stories(cell, run, score));
    reasons.extend(definition(cell, run));
    reasons.extend(networks(cell, run));
    if let Some(side) = cell.reference_pixels
        && let Some(width) = run.real_width
        && side as usize != width
    {
        reasons.push(format!(
            "real frames: {width} pixels wide, published with {side}"
        ));
    }
    reasons
}

fn model(cell: &PublishedCell, run: &MeasuredRun, named: bool) -> Option<String> {
    let same = run.model.id == cell.model;
    let settled = named && run.model.generator == GeneratorKind::Images;
    (!same && !settled).then(|| format!("model: {}, published {}", run.model.id, cell.model))
}

/// Papers that read referential text read what a released loader makes, as their scripts show: the one
/// that the protocol reads, StoryGPT-V's where it reads none.
fn text(cell: &PublishedCell, score: &Score) -> Option<String> {
    let wanted = match cell.text? {
        Text::Original => TextVariant::Original,
        Text::Referential => card::protocol(&cell.protocol)
            .ok()
            .map(|protocol| protocol.text)
            .filter(|text| *text != TextVariant::Original)
            .unwrap_or(TextVariant::StorygptvEval),
    };
    let (wanted, read) = (wanted.name(), part(score, "text"));
    (read != wanted).then(|| format!("text: {read}, published {wanted}"))
}

/// The whole split, at the published length, every frame of it.
fn stories(cell: &PublishedCell, run: &MeasuredRun, score: &Score) -> Vec<String> {
    let mut reasons = Vec::new();
    if let Some(frames) = cell.frames {
        let wanted = Subset {
            split: cell.split.clone(),
            followers: Some(frames.last - 1),
            windows: WindowRule::default(),
            first: None,
        };
        if run.subset != wanted {
            let subset = &run.subset;
            reasons.push(format!("stories: {subset}, published on {wanted}"));
        }
        let scored = part(score, "frames");
        if scored != frames.to_string() {
            reasons.push(format!("frames scored: {scored}, published {frames}"));
        }
    }
    if run.partition != Partition::WHOLE {
        reasons.push(format!("stories: only part {} of the plan", run.partition));
    }
    // Where the protocol itself drops frames, another metric of the run says whether frames are missing.
    let metric = Metric::find(&cell.metric);
    let whole = |score: &Score| score.n == score.planned;
    let complete = if metric.is_some_and(|metric| (metric.family.leaves_out)(&run.protocol)) {
        let mut of_all = run.scores.scores.iter().filter(|s| s.slice == "all");
        of_all.any(whole)
    } else {
        whole(score)
    };
    if !complete {
        reasons.push(format!(
            "frames: {} of {} have a value",
            score.n, score.planned
        ));
    }
    reasons
}

/// How the metric is computed: the choices of both protocols that it depends on.
fn definition(cell: &PublishedCell, run: &MeasuredRun) -> Option<String> {
    if cell.confidence == Some(Confidence::Guessed) {
        return Some(format!(
            "protocol: the published one is unknown ({} is a guess)",
            cell.protocol
        ));
    }
    if cell.protocol.is_empty() {
        return Some("protocol: nothing is published about it".to_owned());
    }
    let published = match card::protocol(&cell.protocol) {
        Ok(protocol) => protocol,
        Err(error) => return Some(format!("protocol: {error}")),
    };
    let Some(metric) = Metric::find(&cell.metric) else {
        return Some(format!(
            "metric: nothing is known of `{}`, so not whether it is the same",
            cell.metric
        ));
    };
    let (ours, theirs) = (choices(metric, &run.protocol), choices(metric, &published));
    let nothing = "nothing".to_owned();
    let mut keys: Vec<&String> = ours.keys().chain(theirs.keys()).collect();
    keys.sort();
    keys.dedup();
    let different: Vec<String> = keys
        .into_iter()
        .filter_map(|key| {
            let (a, b) = (
                ours.get(key).unwrap_or(&nothing),
                theirs.get(key).unwrap_or(&nothing),
            );
            (a != b).then(|| format!("{key} {a}, published {b}"))
        })
        .collect();
    (!different.is_empty()).then(|| {
        format!(
            "protocol: {} is not {} ({})",
            run.protocol.id,
            published.id,
            different.join("; ")
        )
    })
}

/// The choices that a metric depends on, by name. Text, frames and stories are compared by what the
/// signature says of them, and the interval is no part of the value.
fn choices(metric: &Metric, protocol: &Protocol) -> BTreeMap<String, String> {
    let all = serde_json::to_value(protocol.choices()).unwrap_or(Value::Null);
    let mut found = BTreeMap::new();
    for section in metric.family.choices {
        flatten(section, &all[*section], &mut found);
    }
    found.retain(|key, _| !metric.indifferent_to.contains(&key.as_str()));
    found
}

fn flatten(name: &str, value: &Value, into: &mut BTreeMap<String, String>) {
    match value {
        Value::Object(fields) => {
            for (key, value) in fields {
                flatten(&format!("{name}.{key}"), value, into);
            }
        }
        Value::Null => {}
        Value::String(text) => {
            into.insert(name.to_owned(), text.clone());
        }
        other => {
            into.insert(name.to_owned(), other.to_string());
        }
    }
}

/// The bundles that the data set's card names for the metric's evaluators, against the card of the program. What
/// a bundle holds is in the signature; no paper has published a hash to compare it with.
fn networks(cell: &PublishedCell, run: &MeasuredRun) -> Vec<String> {
    let roles = Metric::find(&cell.metric).map_or(&[][..], |metric| metric.family.roles);
    let Some(published) = card::shipped_dataset(&run.dataset.id) else {
        return Vec::new();
    };
    let name = |bundle: Option<&str>| bundle.unwrap_or("none").to_owned();
    let different = roles.iter().filter_map(|role| {
        let row = EvaluatorRow::of(*role)?;
        let ours = name(row.bundle(&run.dataset.evaluators));
        let theirs = name(row.bundle(&published.evaluators));
        (ours != theirs).then(|| format!("{role} network: {ours}, published with {theirs}"))
    });
    different.collect()
}

fn part<'a>(score: &'a Score, key: &str) -> &'a str {
    signature_part(&score.signature, key).unwrap_or("unknown")
}
