//! Every frame of a run through every evaluator of a panel.

use super::EvaluateError;
use super::decoding::decoding;
use super::ground_truth::{Frames, GroundTruthCache};
use super::key::Key;
use super::panel::Panel;
use super::sanity::try_classifiers;
use crate::card::Protocol;
use crate::dataset::{Dataset, mentioned};
use crate::evaluator::{Chunk, Evaluator, Rows, put_written};
use crate::generator::Prompt;
use crate::metric::LOGITS;
use crate::record::{ClipId, Observation, Of, Value};
use crate::run::{FrameRef, ObserveOptions, Observed, Progress, RunError, Store};
use image::RgbImage;
use std::num::NonZeroUsize;
use std::path::Path;

/// Frames that are observed together.
const CHUNK: NonZeroUsize =
    NonZeroUsize::new(crate::evaluator::BATCH).expect("the batch is positive");

/// What frames are compared with, and how.
#[derive(Clone, Copy)]
pub struct ObserveRequest<'a> {
    /// The data set that the run drew.
    pub dataset: &'a dyn Dataset,
    /// How to observe.
    pub protocol: &'a Protocol,
    /// Story and captions of each unit of the plan.
    pub prompts: &'a [Prompt],
    /// Folder of the caches of real frames.
    pub cache: &'a Path,
    /// Folder that receives the observations: the run's own, or one below it.
    pub folder: &'a Path,
}

/// Observes every frame of a run. Does nothing when that was done with the same evaluators in the same
/// way.
///
/// # Errors
/// Outstanding units, frames that cannot be read, networks that fail, output that cannot be written.
pub fn observe(
    store: &Store,
    wanted: &ObserveRequest<'_>,
    panel: &mut Panel,
    progress: &mut dyn FnMut(&Progress),
) -> Result<Observed, EvaluateError> {
    let hash = wanted.dataset.content_hash();
    let columns = panel.columns();
    let logits = columns.iter().any(|it| it.column.name == LOGITS);
    let key = Key::new(hash, wanted.protocol, panel.names(), logits, panel.device);
    refuse_fewer(&key, wanted.folder)?;
    let key = key.to_text();
    if crate::run::observed_key(wanted.folder).as_ref() != Some(&key) {
        try_classifiers(wanted, panel)?;
    }
    let rule = wanted.protocol.ground_truth;
    let mut truths = GroundTruthCache::open(wanted.cache, hash, &rule.to_string(), panel)?;
    let looking = ObserveOptions {
        key: &key,
        chunk: CHUNK,
        decoding: decoding(panel.device),
        columns: &columns,
        folder: wanted.folder,
    };
    let load = |clip: &ClipId| Ok(wanted.dataset.ground_truth(clip, rule)?);
    let mut look = |frames: &[FrameRef<'_>], images: &[RgbImage]| {
        let mut rows: Vec<Observation> = frames
            .iter()
            .map(|frame| row(store, wanted, *frame))
            .collect();
        let mut real = Frames::new(&load);
        for (evaluator, truth) in panel.evaluators.iter_mut().zip(&mut truths) {
            let evaluator = evaluator.as_mut();
            for (column, values) in seen(evaluator, truth.as_mut(), images, &rows, &mut real)? {
                for (row, value) in rows.iter_mut().zip(values) {
                    row.set(column, Some(value));
                }
            }
        }
        Ok::<_, EvaluateError>(rows)
    };
    let mut unseen = |frame: FrameRef<'_>| row(store, wanted, frame);
    let observed = crate::run::observe(store, &looking, &mut look, &mut unseen, progress)?;
    for truth in truths.iter_mut().flatten() {
        truth.flush()?;
    }
    Ok(observed)
}

/// Refuses to replace observations by others of fewer evaluators.
fn refuse_fewer(key: &Key, folder: &Path) -> Result<(), EvaluateError> {
    let earlier = crate::run::observed_key(folder).and_then(|text| Key::parse(&text));
    let lost = earlier.map_or_else(Vec::new, |earlier| key.lost(&earlier));
    if lost.is_empty() {
        return Ok(());
    }
    Err(RunError::FewerNetworks {
        path: folder.to_path_buf(),
        networks: lost.join(", "),
    }
    .into())
}

/// What an evaluator writes of a chunk, column by column.
fn seen(
    evaluator: &mut dyn Evaluator,
    truth: Option<&mut GroundTruthCache>,
    images: &[RgbImage],
    rows: &[Observation],
    real: &mut Frames<'_>,
) -> Result<Vec<(&'static str, Vec<Value>)>, EvaluateError> {
    let rows: Vec<&Observation> = rows.iter().collect();
    let pairs = evaluator
        .columns()
        .iter()
        .any(|it| it.column.of == Of::Pair);
    let partners = if pairs { real.of(&rows)? } else { Vec::new() };
    let mut written = Rows::default();
    let chunk = Chunk {
        frames: images,
        truth: &partners,
        rows: &rows,
    };
    evaluator.observe(&chunk, &mut written)?;
    let mut columns: Vec<_> = written.into_columns().collect();
    if let Some(truth) = truth {
        columns.push(truth.values(evaluator, &rows, real)?);
    }
    Ok(columns)
}

/// What is known of a frame before it is observed.
fn row(store: &Store, wanted: &ObserveRequest<'_>, frame: FrameRef<'_>) -> Observation {
    let prompt = &wanted.prompts[frame.unit.unit];
    let labels = &prompt.story.frames[frame.position()];
    let (story, clip) = (frame.unit.story.clone(), frame.clip().clone());
    let characters = labels.character_labels.as_deref();
    let mut row = Observation::unseen(story, frame.frame, clip);
    frame.text().clone_into(&mut row.text);
    row.caption = labels.caption.to_string();
    row.pronoun = !prompt.captions[frame.position()].replacements.is_empty();
    row.character_labels = characters.map_or_else(Vec::new, <[bool]>::to_vec);
    row.background_labels = labels.background_labels.as_deref().map(<[bool]>::to_vec);
    if wanted.protocol.task.writes()
        && let Some(entry) = store.journal().entry(frame.unit.unit)
    {
        let text = entry.written.get(frame.position());
        let text = text.and_then(Option::as_deref);
        let cast = &wanted.dataset.card().characters;
        let named = mentioned(text.unwrap_or_default(), cast);
        let named: Vec<bool> = (0..cast.len()).map(|at| named.contains(&at)).collect();
        let likelihood = entry.likelihoods.get(frame.position()).copied().flatten();
        put_written(&mut row, text, &named, likelihood);
    }
    row
}

#[cfg(test)]
#[path = "observe_tests.rs"]
mod tests;
