//! What a run folder holds of its frames, in memory: what scoring and comparing read.

use super::EvaluateError;
use super::key::Key;
use super::observe::{
    CLIP_GENERATED, CLIP_GROUND_TRUTH, CROPS_GENERATED, CROPS_GROUND_TRUTH, GENERATED,
    GROUND_TRUTH, LOGITS,
};
use crate::card::Protocol;
use crate::metric::{Extractors, FeaturePair, ReduceInput, ScoreContext};
use crate::record::{FrameIndex, Observation, StoryId};
use crate::run::{COLUMNS, Identity, RunCards, Seen};
use ndarray::{Array2, Axis};
use std::path::Path;

type Pair = [Array2<f32>; 2];

/// Observations and features of a run, row for row.
#[derive(Clone, Debug)]
pub struct StoredRun {
    observations: Vec<Observation>,
    features: Option<Pair>,
    clip: Option<Pair>,
    crops: Option<Pair>,
    logits: Option<Array2<f32>>,
    extractors: Extractors,
}

impl StoredRun {
    /// Reads what `protocol` needs from a folder with observations: a run's own, or one below it.
    ///
    /// # Errors
    /// Observations that are absent, damaged, or of another version of the program.
    pub fn read(folder: &Path, protocol: &Protocol) -> Result<Self, EvaluateError> {
        Self::read_with(folder, protocol, true)
    }

    /// The same; without `texts`, the captions that were read are empty. No score depends on them.
    ///
    /// # Errors
    /// Those of [`StoredRun::read`].
    pub fn read_with(
        folder: &Path,
        protocol: &Protocol,
        texts: bool,
    ) -> Result<Self, EvaluateError> {
        let seen = Seen::open(folder)?;
        let key = Key::of(&seen, folder)?;
        let pair = |names: [&str; 2], present: bool| -> Result<Option<Pair>, EvaluateError> {
            if !present {
                return Ok(None);
            }
            let [first, second] = names.map(|name| seen.features(name));
            Ok(Some([first?, second?]))
        };
        let of_sets =
            protocol.fid.is_some() || protocol.kid.is_some() || protocol.neighbours.is_some();
        let consistency = protocol.clip.is_some_and(|rule| rule.consistency);
        // Crops that were cut by another rule than the signature would state are none.
        let rule = protocol.cut();
        let cut = rule.is_some() && key.crops.is_some() && key.crops == rule;
        let on_clip = key.extractors.clip.is_some() && (consistency || cut);
        let logits = key.logits && protocol.inception_score.is_some();
        // Text is most of a file, and few scores need it.
        let written = protocol.captions.is_some();
        let wanted: Vec<&str> = COLUMNS
            .into_iter()
            .filter(|column| match *column {
                "text" | "caption" => texts,
                "generated_captions" | "ground_truth_captions" => written,
                _ => true,
            })
            .collect();
        Ok(Self {
            observations: seen.observations(&wanted)?,
            features: pair(
                [GENERATED, GROUND_TRUTH],
                key.extractors.features.is_some() && of_sets,
            )?,
            clip: pair([CLIP_GENERATED, CLIP_GROUND_TRUTH], on_clip)?,
            crops: pair([CROPS_GENERATED, CROPS_GROUND_TRUTH], cut)?,
            logits: logits.then(|| seen.features(LOGITS)).transpose()?,
            extractors: key.extractors,
        })
    }

    /// Observations that lie in memory, without features.
    #[cfg(test)]
    pub(crate) fn of_observations(observations: Vec<Observation>, extractors: Extractors) -> Self {
        Self {
            observations,
            features: None,
            clip: None,
            crops: None,
            logits: None,
            extractors,
        }
    }

    /// The networks that looked.
    #[must_use]
    pub fn extractors(&self) -> &Extractors {
        &self.extractors
    }

    /// A row a planned frame, in plan order.
    #[must_use]
    pub fn observations(&self) -> &[Observation] {
        &self.observations
    }

    /// What signatures say beyond the protocol, of a run with this identity and these cards.
    ///
    /// # Errors
    /// A model card that asks for a text which the run's protocol does not allow.
    pub fn context(
        &self,
        identity: &Identity,
        cards: &RunCards,
    ) -> Result<ScoreContext, EvaluateError> {
        Ok(ScoreContext {
            dataset: identity.dataset.clone(),
            dataset_hash: identity.dataset_hash.clone(),
            subset: cards.subset.clone(),
            text: cards.text()?,
            characters: cards.characters(),
            extractors: self.extractors.clone(),
        })
    }

    /// What scores are reduced from.
    #[must_use]
    pub fn input<'a>(
        &'a self,
        protocol: &'a Protocol,
        context: &'a ScoreContext,
    ) -> ReduceInput<'a> {
        ReduceInput {
            observations: &self.observations,
            features: self.features.as_ref().map(as_pair),
            logits: self.logits.as_ref().map(|logits| logits.view()),
            clip: self.clip.as_ref().map(as_pair),
            crops: self.crops.as_ref().map(as_pair),
            protocol,
            context,
        }
    }

    /// Story and position of each row.
    pub fn places(&self) -> impl Iterator<Item = (&StoryId, FrameIndex)> {
        self.observations.iter().map(|o| (&o.story, o.frame))
    }

    /// Rows whose frame no network saw.
    #[must_use]
    pub fn unseen(&self) -> Vec<usize> {
        let features = self.features.as_ref().map(|[generated, _]| generated);
        let in_features = |row: usize| {
            features
                .filter(|set| row < set.nrows())
                .is_some_and(|set| set.row(row).iter().any(|value| !value.is_nan()))
        };
        let seen = |row: usize, o: &Observation| {
            o.character_probabilities.is_some()
                || o.background_probabilities.is_some()
                || o.generated_captions.is_some()
                || o.clip_ti.is_some()
                || o.clip_ii.is_some()
                || o.lpips.is_some()
                || in_features(row)
        };
        let rows = self.observations.iter().enumerate();
        rows.filter(|(row, o)| !seen(*row, o))
            .map(|(row, _)| row)
            .collect()
    }

    /// Only these rows, in this order.
    ///
    /// # Panics
    /// When there is no such row.
    #[must_use]
    pub fn select(&self, rows: &[usize]) -> Self {
        let of_set = |set: &Array2<f32>| {
            // A matrix that does not fit the observations is for the reduction to complain of.
            if set.nrows() == self.observations.len() {
                set.select(Axis(0), rows)
            } else {
                set.clone()
            }
        };
        let of_pair = |pair: &Option<Pair>| pair.as_ref().map(|pair| pair.each_ref().map(of_set));
        Self {
            observations: rows
                .iter()
                .map(|row| self.observations[*row].clone())
                .collect(),
            features: of_pair(&self.features),
            clip: of_pair(&self.clip),
            crops: of_pair(&self.crops),
            logits: self.logits.as_ref().map(of_set),
            extractors: self.extractors.clone(),
        }
    }

    /// Forgets what was seen on a row: it counts as absent from then on.
    pub fn forget(&mut self, row: usize) {
        let old = &self.observations[row];
        let mut blank = Observation::unseen(old.story.clone(), old.frame, old.clip.clone());
        blank.text.clone_from(&old.text);
        blank.caption.clone_from(&old.caption);
        blank.pronoun = old.pronoun;
        blank.character_labels.clone_from(&old.character_labels);
        blank.background_labels.clone_from(&old.background_labels);
        self.observations[row] = blank;
        let pairs = [&mut self.features, &mut self.clip, &mut self.crops];
        let sets = pairs.into_iter().flatten().flatten();
        for set in sets.chain(&mut self.logits) {
            if row < set.nrows() {
                set.row_mut(row).fill(f32::NAN);
            }
        }
    }
}

fn as_pair([generated, ground_truth]: &Pair) -> FeaturePair<'_> {
    FeaturePair {
        generated: generated.view(),
        ground_truth: ground_truth.view(),
    }
}
