//! Scores as JSON: the machine-readable contract of `scores.json`.

use super::{Comparison, ReportError};

/// One run: the object of its `scores.json`. Several: a list of these objects.
///
/// # Errors
/// A score that JSON cannot express.
pub fn json(comparison: &Comparison) -> Result<String, ReportError> {
    let mut text = match comparison.runs.as_slice() {
        [run] => serde_json::to_string_pretty(run)?,
        runs => serde_json::to_string_pretty(runs)?,
    };
    text.push('\n');
    Ok(text)
}
