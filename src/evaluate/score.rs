//! From the observations of a run to scores.

use super::EvaluateError;
use super::sanity;
use super::stored::StoredRun;
use crate::card::Protocol;
use crate::metric::reduce;
use crate::record::{Absence, Scores};
use crate::run::{Manifest, RunCards, RunError, SCORES_FORMAT, absences};
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
    let context = stored.context(&manifest.identity, &cards, root)?;
    let scores = reduce(&stored.input(protocol, &context));
    Ok(Scores {
        format: SCORES_FORMAT,
        run: name,
        model: manifest.identity.model.clone(),
        protocol: protocol.id.clone(),
        notes: [
            cards.notes().to_vec(),
            absence_notes(root, &cards)?,
            sanity::notes(folder),
        ]
        .concat(),
        scores,
    })
}

/// What a reader must know of frames that the model did not draw.
fn absence_notes(root: &Path, cards: &RunCards) -> Result<Vec<String>, RunError> {
    if !cards.model.generator.may_refuse() {
        return Ok(Vec::new());
    }
    let absences = absences(root)?;
    let notes = [Absence::Refused, Absence::Failed].map(|reason| {
        let count = absences.values().filter(|it| **it == reason).count();
        (count > 0).then(|| {
            format!("{count} frames were {reason}; metrics other than `refused` are of the frames that are there")
        })
    });
    Ok(notes.into_iter().flatten().collect())
}
