//! How many frames of a run each network has seen.

use super::Role;
use super::key::Key;
use super::observe::{CLIP_GENERATED, CROPS_GENERATED, GENERATED};
use crate::Error;
use crate::metric::ExtractorName;
use crate::record::Observation;
use crate::run::{
    FeatureReader, OBSERVATIONS, RunError, features_path, observed_key, read_observations,
};
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
/// [`RunError::NotObserved`] when nobody has looked yet; observations and features that are damaged.
pub fn coverage(folder: &Path) -> Result<Vec<NetworkCoverage>, Error> {
    let key: Key =
        serde_json::from_str(&observed_key(folder)?).map_err(|_| RunError::NotObserved {
            path: folder.to_path_buf(),
        })?;
    let rows = read_observations(&folder.join(OBSERVATIONS))?;
    let with =
        |has: fn(&Observation) -> bool| Ok::<_, Error>(rows.iter().filter(|row| has(row)).count());
    let names = &key.extractors;
    let mut networks = Vec::new();
    for role in Role::ALL {
        let (name, seen) = match role {
            Role::Characters => (
                &names.characters,
                with(|row| row.character_probabilities.is_some()),
            ),
            Role::Backgrounds => (
                &names.backgrounds,
                with(|row| row.background_probabilities.is_some()),
            ),
            Role::Features => (&names.features, present(folder, GENERATED)),
            Role::Clip => (&names.clip, present(folder, CLIP_GENERATED)),
            Role::Lpips => (&names.lpips, with(|row| row.lpips.is_some())),
            Role::Captioner => (
                &names.captioner,
                with(|row| row.generated_captions.is_some()),
            ),
            Role::Locator => (&names.locator, present(folder, CROPS_GENERATED)),
        };
        networks.push(NetworkCoverage {
            network: role.to_string(),
            bundle: name.as_ref().map(short),
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
fn present(folder: &Path, name: &str) -> Result<usize, Error> {
    let path = features_path(folder, name)?;
    // Crops are cut only where CLIP looks at them.
    if !path.is_file() {
        return Ok(0);
    }
    let mut reader = FeatureReader::open(&path)?;
    let (mut seen, mut row) = (0, Vec::with_capacity(reader.dim()));
    while reader.next_into(&mut row)? {
        seen += usize::from(row.iter().any(|value| !value.is_nan()));
        row.clear();
    }
    Ok(seen)
}
