//! From the observations of a run to scores.

use super::EvaluateError;
use super::sanity;
use super::stored::StoredRun;
use crate::card::Protocol;
use crate::metric::reduce;
use crate::record::Scores;
use crate::run::{Manifest, SCORES_FORMAT};
use std::path::Path;

/// Reduces the observations of a run to scores under a protocol, its own or another. `root` is the run's folder, and
/// `folder` the one with the observations: the run's own, or one below it.
///
/// # Errors
/// Observations that are absent, damaged, or of another version of the program.
pub fn score(
    root: &Path,
    manifest: &Manifest,
    name: String,
    folder: &Path,
    protocol: &Protocol,
) -> Result<Scores, EvaluateError> {
    let cards = manifest.cards(root)?;
    let stored = StoredRun::read(folder, protocol)?;
    let context = stored.context(&manifest.identity, &cards)?;
    let scores = reduce(&stored.input(protocol, &context));
    Ok(Scores {
        format: SCORES_FORMAT,
        run: name,
        model: manifest.identity.model.clone(),
        protocol: protocol.id.clone(),
        notes: [cards.notes().to_vec(), sanity::notes(folder)].concat(),
        scores,
    })
}
