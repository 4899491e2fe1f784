//! What a run folder holds of its frames, in memory: what scoring and comparing read.

use super::EvaluateError;
use super::columns::own_columns;
use super::key::Key;
use crate::card::Protocol;
use crate::evaluator::{EVALUATORS, EvaluatorRow};
use crate::metric::{
    CLIP, CLIP_TEXT, Extractors, Features, OwnColumn, ReduceInput, ScoreContext, cosine,
};
use crate::record::{Absence, FrameIndex, Observation, Per, Role, StoryId};
use crate::run::{Identity, PLANNED_COLUMNS, RunCards, RunError, StoredObservations, absences};
use ndarray::Axis;
use std::path::Path;

/// Observations and features of a run, row for row.
#[derive(Clone, Debug)]
pub struct StoredRun {
    observations: Vec<Observation>,
    features: Features,
    extractors: Extractors,
    own: Vec<OwnColumn>,
}

impl StoredRun {
    /// Reads what `protocol` needs from a folder with observations: a run's own, or one below it.
    ///
    /// # Errors
    /// Observations that are absent, damaged, or of another version of the program.
    pub fn read(folder: &Path, protocol: &Protocol) -> Result<Self, EvaluateError> {
        Self::read_with(folder, protocol, true)
    }

    /// The same; without `texts`, the captions that were read are empty, unless written ones are compared with them. No
    /// other score depends on them.
    ///
    /// # Errors
    /// Those of [`StoredRun::read`].
    pub fn read_with(
        folder: &Path,
        protocol: &Protocol,
        texts: bool,
    ) -> Result<Self, EvaluateError> {
        let seen = StoredObservations::open(folder)?;
        let key = Key::of(&seen, folder)?;
        let texts = texts || protocol.task.writes();
        // Text is most of a file, and few scores need it.
        let planned = PLANNED_COLUMNS.into_iter();
        let mut columns: Vec<&str> = planned
            .filter(|column| texts || !matches!(*column, "text" | "caption"))
            .collect();
        let mut features = Features::default();
        for row in wanted(protocol, &key) {
            columns.extend(row.table_columns());
            for name in row.feature_files().filter(|name| seen.has_features(name)) {
                features.insert(name, seen.features(name)?);
            }
        }
        let observations = seen.observations(&columns)?;
        let places: Vec<_> = observations.iter().map(|o| (&o.story, o.frame)).collect();
        Ok(Self {
            own: own_columns(folder, &places, seen.frames())?,
            observations,
            features,
            extractors: key.extractors,
        })
    }

    /// Observations that lie in memory.
    #[cfg(test)]
    pub(crate) fn of_observations(
        observations: Vec<Observation>,
        features: Features,
        extractors: Extractors,
    ) -> Self {
        Self {
            observations,
            features,
            extractors,
            own: Vec::new(),
        }
    }

    /// The evaluators that observed the run.
    #[must_use]
    pub fn extractors(&self) -> &Extractors {
        &self.extractors
    }

    /// A row per planned frame, in plan order.
    #[must_use]
    pub fn observations(&self) -> &[Observation] {
        &self.observations
    }

    /// What signatures say beyond the protocol, of the run in the folder `run` with this identity and these cards.
    ///
    /// # Errors
    /// A model card that asks for a text which the run's protocol does not allow; a journal that cannot be read.
    pub fn context(
        &self,
        identity: &Identity,
        cards: &RunCards,
        run: &Path,
    ) -> Result<ScoreContext, EvaluateError> {
        let refused = if cards.model.generator.may_refuse() {
            let absences = absences(run)?.into_iter();
            let refused = absences.filter(|(_, absence)| *absence == Absence::Refused);
            Some(refused.map(|(frame, _)| frame).collect())
        } else {
            None
        };
        Ok(ScoreContext {
            dataset: identity.dataset.clone(),
            dataset_hash: identity.dataset_hash.clone(),
            subset: cards.subset.clone(),
            text: cards.text()?,
            reads: match &identity.worker {
                Some(worker) => worker.reads_beyond(cards.text()?),
                None => Vec::new(),
            },
            characters: cards.characters(),
            extractors: self.extractors.clone(),
            refused,
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
            features: &self.features,
            own: &self.own,
            protocol,
            context,
        }
    }

    /// Story and position of each row.
    pub fn places(&self) -> impl Iterator<Item = (&StoryId, FrameIndex)> {
        self.observations.iter().map(|o| (&o.story, o.frame))
    }

    /// Rows whose frame no evaluator observed.
    #[must_use]
    pub fn unseen(&self) -> Vec<usize> {
        let in_features = |row: usize| {
            let sets = self.features.iter().filter(|set| row < set.nrows());
            sets.flat_map(|set| set.row(row))
                .any(|value| !value.is_nan())
        };
        let rows = self.observations.iter().enumerate();
        let brought = |row: usize| {
            let mut of_frames = self.own.iter().filter(|own| own.about.per == Per::Frame);
            of_frames.any(|own| own.values[row].is_some())
        };
        rows.filter(|(row, o)| !o.is_seen() && !in_features(*row) && !brought(*row))
            .map(|(row, _)| row)
            .collect()
    }

    /// Only these rows, in this order.
    ///
    /// # Panics
    /// When there is no such row.
    #[must_use]
    pub fn select(&self, rows: &[usize]) -> Self {
        let kept = rows.iter().map(|row| self.observations[*row].clone());
        Self {
            observations: kept.collect(),
            features: self.features.map(|set| {
                // A matrix that does not fit the observations is for the reduction to complain of.
                if set.nrows() == self.observations.len() {
                    set.select(Axis(0), rows)
                } else {
                    set.clone()
                }
            }),
            extractors: self.extractors.clone(),
            own: (self.own.iter().map(|own| own.of_rows(rows))).collect(),
        }
    }

    /// Metrics that the user brought.
    #[must_use]
    pub fn own(&self) -> &[OwnColumn] {
        &self.own
    }

    /// Sets which frames have a pronoun in place of a name.
    pub fn mark_pronouns(&mut self, has: impl Fn(&StoryId, FrameIndex) -> bool) {
        for row in &mut self.observations {
            row.pronoun = has(&row.story, row.frame);
        }
    }

    /// Forgets the value of a metric that the user brought on a row.
    pub fn forget_own(&mut self, id: &str, row: usize) {
        for own in self.own.iter_mut().filter(|own| own.id == id) {
            own.values[row] = None;
        }
    }

    /// Forgets what was observed on a row: it counts as absent from then on.
    pub fn forget(&mut self, row: usize) {
        self.observations[row].forget();
        for own in &mut self.own {
            own.values[row] = None;
        }
        for set in self.features.iter_mut().filter(|set| row < set.nrows()) {
            set.row_mut(row).fill(f32::NAN);
        }
    }
}

/// The evaluators whose columns a protocol's scores are reduced from.
fn wanted(protocol: &Protocol, key: &Key) -> impl Iterator<Item = &'static EvaluatorRow> {
    // Crops that were cut by another rule than the signature would state are none.
    let cut = key.crops.is_some() && key.crops == protocol.cut();
    // Whether a frame was observed at all, crops take from CLIP.
    let asked = EVALUATORS
        .iter()
        .filter(|row| (row.wanted_by)(protocol) || cut && row.role == Role::CLIP);
    let there: Vec<&EvaluatorRow> = asked
        .filter(|row| key.extractors.get(row.role).is_some())
        .filter(|row| cut || row.role != Role::LOCATOR)
        .collect();
    there.into_iter()
}

/// CLIP similarities of a run's frames, in plan order, from the embeddings that it stored.
pub struct Similarities {
    /// Of frame and caption; `None` for a frame without.
    pub text_image: Vec<Option<f64>>,
    /// Of frame and ground-truth frame.
    pub image_image: Vec<Option<f64>>,
}

impl Similarities {
    /// Those of a row: text and image, image and image.
    #[must_use]
    pub fn of(&self, row: usize) -> [Option<f64>; 2] {
        [&self.text_image, &self.image_image].map(|all| all.get(row).copied().flatten())
    }

    /// Reads the embeddings row by row.
    ///
    /// # Errors
    /// Features that were changed or are damaged.
    pub fn read(seen: &StoredObservations) -> Result<Self, RunError> {
        let [generated, ground_truth] = CLIP;
        Ok(Self {
            text_image: cosines(seen, [generated, CLIP_TEXT])?,
            image_image: cosines(seen, [generated, ground_truth])?,
        })
    }
}

fn cosines(seen: &StoredObservations, names: [&str; 2]) -> Result<Vec<Option<f64>>, RunError> {
    let [first, second] = names.map(|name| seen.feature_rows(name));
    let (Some(mut first), Some(mut second)) = (first?, second?) else {
        return Ok(Vec::new());
    };
    let (mut a, mut b) = (Vec::new(), Vec::new());
    let mut found = Vec::with_capacity(first.rows());
    while first.next_into(&mut a)? && second.next_into(&mut b)? {
        found.push(cosine(&a, &b).ok());
        a.clear();
        b.clear();
    }
    Ok(found)
}
