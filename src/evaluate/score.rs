//! From the observations in a folder to scores.

use super::key::Key;
use super::observe::{
    CLIP_GENERATED, CLIP_GROUND_TRUTH, CROPS_GENERATED, CROPS_GROUND_TRUTH, GENERATED,
    GROUND_TRUTH, LOGITS,
};
use crate::Error;
use crate::metric::{FeaturePair, ReduceInput, ScoreContext, reduce};
use crate::record::{Scores, TextVariant};
use crate::run::{
    OBSERVATIONS, RunError, features_path, observed_key, read_features, read_observations,
};
use crate::spec::Protocol;
use ndarray::Array2;
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
    let folder = request.folder;
    let key: Key =
        serde_json::from_str(&observed_key(folder)?).map_err(|_| RunError::NotObserved {
            path: folder.to_path_buf(),
        })?;
    let observations = read_observations(&folder.join(OBSERVATIONS))?;
    let pair = |names: [&str; 2], present: bool| -> Result<Option<[Array2<f32>; 2]>, Error> {
        if !present {
            return Ok(None);
        }
        let [first, second] = names.map(|name| read(folder, name));
        Ok(Some([first?, second?]))
    };
    let features = pair([GENERATED, GROUND_TRUTH], key.extractors.features.is_some())?;
    let clip = pair(
        [CLIP_GENERATED, CLIP_GROUND_TRUTH],
        key.extractors.clip.is_some(),
    )?;
    // Crops that were cut by another rule than the signature would state are none.
    let rule = request.protocol.crops.map(|rule| rule.to_string());
    let cut = key.crops.is_some() && key.crops == rule;
    let crops = pair([CROPS_GENERATED, CROPS_GROUND_TRUTH], cut)?;
    let logits = if key.logits {
        Some(read(folder, LOGITS)?)
    } else {
        None
    };
    let context = ScoreContext {
        dataset: request.dataset,
        dataset_hash: request.dataset_hash,
        subset: request.subset,
        text: request.text,
        characters: request.characters,
        extractors: key.extractors,
    };
    let scores = reduce(&ReduceInput {
        observations: &observations,
        features: features.as_ref().map(as_pair),
        logits: logits.as_ref().map(|logits| logits.view()),
        clip: clip.as_ref().map(as_pair),
        crops: crops.as_ref().map(as_pair),
        protocol: request.protocol,
        context: &context,
    });
    Ok(Scores {
        format: 2,
        run: request.run,
        model: request.model,
        protocol: request.protocol.id.clone(),
        notes: request.notes,
        scores,
    })
}

fn as_pair([generated, ground_truth]: &[Array2<f32>; 2]) -> FeaturePair<'_> {
    FeaturePair {
        generated: generated.view(),
        ground_truth: ground_truth.view(),
    }
}

fn read(folder: &Path, name: &str) -> Result<Array2<f32>, Error> {
    Ok(read_features(&features_path(folder, name)?)?)
}
