//! How many frames of a run each evaluator observed.

use super::EvaluateError;
use super::key::Key;
use crate::evaluator::{EVALUATORS, EvaluatorRow};
use crate::metric::ExtractorName;
use crate::record::{Column, ColumnKind, Observation};
use crate::run::StoredObservations;
use serde::Serialize;
use std::path::Path;

/// What an evaluator observed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct NetworkCoverage {
    /// What it was asked for.
    pub network: String,
    /// The first 12 digits of its bundle's content hash; `None` where no such evaluator observed the run.
    pub bundle: Option<String>,
    /// Frames that it gave a value for.
    pub seen: usize,
    /// Frames of the observations.
    pub planned: usize,
}

/// The coverage of every evaluator, in the order of [`EVALUATORS`].
///
/// # Errors
/// [`RunError::NotObserved`](crate::run::RunError::NotObserved) when the run was not observed yet; observations and
/// features that are damaged.
pub fn coverage(folder: &Path) -> Result<Vec<NetworkCoverage>, EvaluateError> {
    let seen = StoredObservations::open(folder)?;
    let key = Key::of(&seen, folder)?;
    let columns: Vec<&str> = EVALUATORS
        .iter()
        .flat_map(EvaluatorRow::table_columns)
        .collect();
    let rows = seen.observations(&columns)?;
    let mut networks = Vec::new();
    for row in &EVALUATORS {
        let name = key.extractors.get(row.role);
        let frames = match (name, row.telling()) {
            (Some(_), Some(column)) => observed(&seen, &rows, column)?,
            _ => 0,
        };
        networks.push(NetworkCoverage {
            network: row.role.to_string(),
            bundle: name.map(short),
            seen: frames,
            planned: rows.len(),
        });
    }
    Ok(networks)
}

fn short(name: &ExtractorName) -> String {
    name.hash.chars().take(12).collect()
}

/// Frames that have a value in a column.
fn observed(
    seen: &StoredObservations,
    rows: &[Observation],
    column: &Column,
) -> Result<usize, EvaluateError> {
    match column.kind {
        ColumnKind::Feature => present(seen, column.name),
        _ => Ok((rows.iter().filter(|row| row.value(column.name).is_some())).count()),
    }
}

/// Rows of a feature file with a number in them. A character that a locator did not find is NaN too, so
/// that a frame counts as observed by it where it found one.
fn present(seen: &StoredObservations, name: &str) -> Result<usize, EvaluateError> {
    // Crops are cut only where CLIP embeds them.
    let Some(mut reader) = seen.feature_rows(name)? else {
        return Ok(0);
    };
    let (mut found, mut row) = (0, Vec::with_capacity(reader.dim()));
    while reader.next_into(&mut row)? {
        found += usize::from(row.iter().any(|value| !value.is_nan()));
        row.clear();
    }
    Ok(found)
}
