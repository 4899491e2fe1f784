//! From the observations in a folder to scores.

use super::stored::StoredRun;
use crate::Error;
use crate::metric::{ScoreContext, reduce};
use crate::record::{Scores, TextVariant};
use crate::spec::Protocol;
use std::path::Path;

/// What is scored, and what signatures say of it.
pub struct ScoreRequest<'a> {
    /// Folder with the observations: a run's own, or one below it.
    pub folder: &'a Path,
    /// Name of the run, as tables print it.
    pub run: String,
    /// Id of the model.
    pub model: String,
    /// The choices.
    pub protocol: &'a Protocol,
    /// Id of the data set.
    pub dataset: String,
    /// Its content hash.
    pub dataset_hash: String,
    /// Which stories were planned.
    pub subset: String,
    /// Text that the generator read.
    pub text: TextVariant,
    /// Names of the characters in label order.
    pub characters: Vec<String>,
    /// Things that a reader of all scores must know.
    pub notes: Vec<String>,
}

/// Reduces observations to scores.
///
/// # Errors
/// Observations that are absent, damaged, or of another version of the program.
pub fn score(request: ScoreRequest<'_>) -> Result<Scores, Error> {
    let stored = StoredRun::read(request.folder, request.protocol)?;
    let context = ScoreContext {
        dataset: request.dataset,
        dataset_hash: request.dataset_hash,
        subset: request.subset,
        text: request.text,
        characters: request.characters,
        extractors: stored.extractors().clone(),
    };
    let scores = reduce(&stored.input(request.protocol, &context));
    Ok(Scores {
        format: 2,
        run: request.run,
        model: request.model,
        protocol: request.protocol.id.clone(),
        notes: request.notes,
        scores,
    })
}
