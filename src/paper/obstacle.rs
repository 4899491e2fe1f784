//! Why a score and a published cell are not the same measurement.

use super::{Confidence, MeasuredRun, PublishedCell, Text};
use crate::card::{self, GeneratorKind, Protocol, Repeats};
use crate::evaluator::EvaluatorRow;
use crate::record::{Role, Score, TextVariant, signature_part};
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
        let (subset, scored) = (part(score, "subset"), part(score, "frames"));
        let wanted = format!("{}/followers-{}", cell.split, frames.last - 1);
        if subset != wanted {
            reasons.push(format!("stories: {subset}, published on {wanted}"));
        }
        if scored != frames.to_string() {
            reasons.push(format!("frames scored: {scored}, published {frames}"));
        }
    }
    if run.partition != Partition::WHOLE {
        reasons.push(format!("stories: only part {} of the plan", run.partition));
    }
    // Where the protocol itself drops frames, another metric of the run says whether frames are missing.
    let whole = |score: &Score| score.n == score.planned;
    let complete = if drops_frames(&cell.metric, &run.protocol) {
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

fn drops_frames(metric: &str, protocol: &Protocol) -> bool {
    let repeats = match metric {
        "fid" => protocol.fid.map(|rule| rule.repeats),
        "lpips" => protocol.lpips.map(|rule| rule.repeats),
        "clip_ti" | "clip_ii" => protocol.clip.map(|rule| rule.repeats),
        _ => None,
    };
    repeats.is_some_and(|repeats| repeats != Repeats::EveryFrame)
        || (metric == "fid" && protocol.fid.is_some_and(|rule| rule.drop_last.is_some()))
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
    let (ours, theirs) = (
        choices(&cell.metric, &run.protocol),
        choices(&cell.metric, &published),
    );
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
fn choices(metric: &str, protocol: &Protocol) -> BTreeMap<String, String> {
    let (sections, without): (&[&str], &[&str]) = match metric {
        "char_acc" | "bg_acc" => (
            &["classifiers"],
            &["classifiers.f1", "classifiers.f1_columns"],
        ),
        "char_f1" | "bg_f1" => (&["classifiers"], &[]),
        "fid" => (&["features", "fid", "ground_truth"], &[]),
        "bleu4" => (&["captions", "ground_truth"], &[]),
        "cider" => (&["captions", "ground_truth"], &["captions.bleu"]),
        "clip_ti" => (&["clip"], &["clip.consistency"]),
        "clip_ii" => (
            &["clip", "ground_truth"],
            &["clip.consistency", "clip.text"],
        ),
        "lpips" => (&["lpips", "ground_truth"], &[]),
        _ => (&[], &[]),
    };
    let all = serde_json::to_value(protocol.choices()).unwrap_or(Value::Null);
    let mut found = BTreeMap::new();
    for section in sections {
        flatten(section, &all[*section], &mut found);
    }
    found.retain(|key, _| !without.contains(&key.as_str()));
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

/// The bundle that the data set's card names for the network, against the card of the program. What a bundle
/// holds is in the signature; nobody has published a hash that it could be held against.
fn networks(cell: &PublishedCell, run: &MeasuredRun) -> Option<String> {
    let role = match cell.metric.as_str() {
        "char_acc" | "char_f1" => Role::CHARACTERS,
        "bg_acc" | "bg_f1" => Role::BACKGROUNDS,
        "fid" => Role::FEATURES,
        "bleu4" | "cider" => Role::CAPTIONER,
        "clip_ti" | "clip_ii" => Role::CLIP,
        "lpips" => Role::LPIPS,
        _ => return None,
    };
    let row = EvaluatorRow::of(role)?;
    let published = card::shipped_dataset(&run.dataset.id)?;
    let name = |bundle: Option<&str>| bundle.unwrap_or("none").to_owned();
    let (ours, theirs) = (
        name(row.bundle(&run.dataset.evaluators)),
        name(row.bundle(&published.evaluators)),
    );
    (ours != theirs).then(|| format!("{role} network: {ours}, published with {theirs}"))
}

fn part<'a>(score: &'a Score, key: &str) -> &'a str {
    signature_part(&score.signature, key).unwrap_or("unknown")
}
