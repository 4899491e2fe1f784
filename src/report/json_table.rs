//! Scores as JSON: the machine-readable contract of `scores.json`.

use super::{Comparison, ReportError};
use crate::record::Scores;
use serde::Serialize;

#[derive(Serialize)]
struct Labelled<'a> {
    label: &'a str,
    #[serde(flatten)]
    scores: &'a Scores,
}

/// One run: the object of its `scores.json`, with the scores that were asked for. Several: a list of these
/// objects. Each says the `label` of its row too.
///
/// # Errors
/// A score that JSON cannot express.
pub fn json(comparison: &Comparison) -> Result<String, ReportError> {
    let labelled = comparison.runs.iter().zip(&comparison.labels);
    let runs: Vec<Labelled<'_>> = labelled
        .map(|(scores, label)| Labelled { label, scores })
        .collect();
    let mut text = match runs.as_slice() {
        [run] => serde_json::to_string_pretty(run)?,
        runs => serde_json::to_string_pretty(runs)?,
    };
    text.push('\n');
    Ok(text)
}
