//! How many frames of a run each network has seen.

use super::EvaluateError;
use super::Role;
use super::key::Key;
use super::observe::{CLIP_GENERATED, CROPS_GENERATED, GENERATED};
use crate::metric::ExtractorName;
use crate::record::Observation;
use crate::run::{COLUMNS, Seen};
use serde::Serialize;
use std::path::Path;

/// What a network has seen.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct NetworkCoverage {
    /// What it was asked for.
    pub network: String,
    /// The first 12 digits of its bundle's content hash; `None` where no such network looked.
    pub bundle: Option<String>,
    /// Frames that it gave a value for.
    pub seen: usize,
    /// Frames of the observations.
    pub planned: usize,
}

/// The coverage of every network, in the order of [`Role::ALL`].
///
/// # Errors
/// [`RunError::NotObserved`](crate::run::RunError::NotObserved) when nobody has looked yet; observations and features that are damaged.
pub fn coverage(folder: &Path) -> Result<Vec<NetworkCoverage>, EvaluateError> {
    let looked = Seen::open(folder)?;
    let key = Key::of(&looked, folder)?;
    let rows = looked.observations(&COLUMNS)?;
    let with = |has: fn(&Observation) -> bool| {
        Ok::<_, EvaluateError>(rows.iter().filter(|row| has(row)).count())
    };
    let mut networks = Vec::new();
    for role in Role::ALL {
        let seen = match role {
            Role::Characters => with(|row| row.character_probabilities.is_some()),
            Role::Backgrounds => with(|row| row.background_probabilities.is_some()),
            Role::Features => present(&looked, GENERATED),
            Role::Clip => present(&looked, CLIP_GENERATED),
            Role::Lpips => with(|row| row.lpips.is_some()),
            Role::Captioner => with(|row| row.generated_captions.is_some()),
            Role::Locator => present(&looked, CROPS_GENERATED),
        };
        let name = role.of(&key.extractors);
        networks.push(NetworkCoverage {
            network: role.to_string(),
            bundle: name.map(short),
            seen: if name.is_some() { seen? } else { 0 },
            planned: rows.len(),
        });
    }
    Ok(networks)
}

fn short(name: &ExtractorName) -> String {
    name.hash.chars().take(12).collect()
}

/// Rows of a feature file with a number in them. A character that a locator did not find is NaN too, so
/// that a frame counts as seen by it where it found one.
fn present(looked: &Seen, name: &str) -> Result<usize, EvaluateError> {
    // Crops are cut only where CLIP looks at them.
    let Some(mut reader) = looked.feature_rows(name)? else {
        return Ok(0);
    };
    let (mut seen, mut row) = (0, Vec::with_capacity(reader.dim()));
    while reader.next_into(&mut row)? {
        seen += usize::from(row.iter().any(|value| !value.is_nan()));
        row.clear();
    }
    Ok(seen)
}
