//! Every frame of a run through every network of a panel.

use super::EvaluateError;
use super::crops::Cutter;
use super::decoding::decoding;
use super::key::Key;
use super::panel::Panel;
use super::truth::{Frames, Truth};
use crate::card::{CaptionText, Protocol};
use crate::dataset::Dataset;
use crate::generator::Prompt;
use crate::metric::cosine;
use crate::record::{ClipId, Observation};
use crate::run::{FrameRef, Look, Looking, Observed, Progress, RunError, Seen, Store};
use image::RgbImage;
use std::num::NonZeroUsize;
use std::path::Path;

/// Feature files of a run: of the feature network, its logits, CLIP, and CLIP on single characters.
pub(super) const GENERATED: &str = "generated";
pub(super) const GROUND_TRUTH: &str = "ground_truth";
pub(super) const LOGITS: &str = "logits";
pub(super) const CLIP_GENERATED: &str = "clip_generated";
pub(super) const CLIP_GROUND_TRUTH: &str = "clip_ground_truth";
pub(super) const CROPS_GENERATED: &str = "crops_generated";
pub(super) const CROPS_GROUND_TRUTH: &str = "crops_ground_truth";

/// Frames that are looked at together.
const CHUNK: NonZeroUsize =
    NonZeroUsize::new(crate::extract::BATCH).expect("the batch is positive");

/// What frames are compared with, and how.
#[derive(Clone, Copy)]
pub struct Wanted<'a> {
    /// The data set that the run drew.
    pub dataset: &'a dyn Dataset,
    /// How to look.
    pub protocol: &'a Protocol,
    /// Story and captions of each unit of the plan.
    pub prompts: &'a [Prompt],
    /// Folder of the caches of real frames.
    pub cache: &'a Path,
    /// Folder that receives what is seen: the run's own, or one below it.
    pub folder: &'a Path,
}

/// Looks at every frame of a run. Does nothing when that was done with the same networks in the same
/// way.
///
/// # Errors
/// Outstanding units, frames that cannot be read, networks that fail, output that cannot be written.
pub fn observe(
    store: &Store,
    wanted: &Wanted<'_>,
    panel: &mut Panel,
    progress: &mut dyn FnMut(&Progress),
) -> Result<Observed, EvaluateError> {
    let hash = wanted.dataset.content_hash();
    let logits = panel
        .features
        .as_ref()
        .is_some_and(|(network, _)| network.classes().is_some());
    let key = Key::new(
        hash,
        wanted.protocol,
        panel.names.clone(),
        logits,
        panel.device,
    );
    if let Ok(seen) = Seen::open(wanted.folder)
        && let Ok(earlier) = Key::of(&seen, wanted.folder)
    {
        let lost = key.lost(&earlier);
        if !lost.is_empty() {
            let names: Vec<String> = lost.iter().map(ToString::to_string).collect();
            return Err(RunError::FewerNetworks {
                path: wanted.folder.to_path_buf(),
                networks: names.join(", "),
            }
            .into());
        }
    }
    let key = key.to_text();
    let references = wanted.protocol.captions.map_or(1, |rule| rule.references);
    let rule = wanted.protocol.ground_truth;
    let cut = wanted.protocol.crops;
    let mut truth = Truth::open(
        wanted.cache,
        hash,
        &rule.to_string(),
        panel,
        references,
        cut,
    )?;
    let files = feature_files(wanted, panel);
    let looking = Looking {
        key: &key,
        chunk: CHUNK,
        decoding: decoding(panel.device),
        features: &files,
        folder: wanted.folder,
    };
    let load = |clip: &ClipId| Ok(wanted.dataset.ground_truth(clip, rule)?);
    let mut look =
        |frames: &[FrameRef<'_>], images: &[RgbImage]| -> Result<Vec<Look>, EvaluateError> {
            let mut real = Frames::new(&load);
            let mut rows: Vec<Look> = frames.iter().map(|frame| row(wanted, *frame)).collect();
            let clips: Vec<&ClipId> = frames.iter().map(FrameRef::clip).collect();
            labels(panel, images, &mut rows)?;
            features(panel, &mut truth, &clips, images, &mut real, &mut rows)?;
            clip(
                wanted, panel, &mut truth, &clips, images, &mut real, &mut rows,
            )?;
            crops(
                wanted, panel, &mut truth, &clips, images, &mut real, &mut rows,
            )?;
            distances(wanted, panel, &clips, images, &mut real, &mut rows)?;
            captions(panel, &mut truth, &clips, images, &mut real, &mut rows)?;
            Ok(rows)
        };
    let mut unseen = |frame: FrameRef<'_>| row(wanted, frame).observation;
    let observed = crate::run::observe(store, &looking, &mut look, &mut unseen, progress)?;
    truth.flush()?;
    Ok(observed)
}

/// Name and width of each feature file, in the order that rows have them.
fn feature_files(wanted: &Wanted<'_>, panel: &Panel) -> Vec<(&'static str, usize)> {
    let mut files = Vec::new();
    if let Some((network, _)) = &panel.features {
        files.extend([(GENERATED, network.dim()), (GROUND_TRUTH, network.dim())]);
        files.extend(network.classes().map(|classes| (LOGITS, classes)));
    }
    if let Some(network) = &panel.clip {
        files.extend([
            (CLIP_GENERATED, network.dim()),
            (CLIP_GROUND_TRUTH, network.dim()),
        ]);
        if let (Some(locator), Some(_)) = (&panel.locator, wanted.protocol.crops) {
            let columns = locator.characters().len() * network.dim();
            files.extend([(CROPS_GENERATED, columns), (CROPS_GROUND_TRUTH, columns)]);
        }
    }
    files
}

fn row(wanted: &Wanted<'_>, frame: FrameRef<'_>) -> Look {
    let prompt = &wanted.prompts[frame.unit.unit];
    let labels = &prompt.story.frames[frame.position()];
    let (story, clip) = (frame.unit.story.clone(), frame.clip().clone());
    Look {
        observation: Observation {
            text: frame.text().to_owned(),
            caption: labels.caption.to_string(),
            pronoun: !prompt.captions[frame.position()].replacements.is_empty(),
            character_labels: labels
                .character_labels
                .as_deref()
                .map_or_else(Vec::new, <[bool]>::to_vec),
            background_labels: labels.background_labels.as_deref().map(<[bool]>::to_vec),
            ..Observation::unseen(story, frame.frame, clip)
        },
        features: Vec::new(),
    }
}

/// Adds a feature row of the generated and of the real frame to each look.
fn append(rows: &mut [Look], generated: Vec<Vec<f32>>, ground_truth: Vec<Vec<f32>>) {
    for (row, pair) in rows.iter_mut().zip(generated.into_iter().zip(ground_truth)) {
        row.features.extend([pair.0, pair.1]);
    }
}

fn labels(panel: &mut Panel, images: &[RgbImage], rows: &mut [Look]) -> Result<(), EvaluateError> {
    if let Some(network) = &mut panel.characters {
        for (row, seen) in rows.iter_mut().zip(network.probabilities(images)?) {
            row.observation.character_probabilities = Some(seen);
        }
    }
    if let Some(network) = &mut panel.backgrounds {
        for (row, seen) in rows.iter_mut().zip(network.probabilities(images)?) {
            row.observation.background_probabilities = Some(seen);
        }
    }
    Ok(())
}

fn features(
    panel: &mut Panel,
    truth: &mut Truth,
    clips: &[&ClipId],
    images: &[RgbImage],
    real: &mut Frames<'_>,
    rows: &mut [Look],
) -> Result<(), EvaluateError> {
    let Some((network, _)) = &mut panel.features else {
        return Ok(());
    };
    let (generated, logits) = network.features_and_logits(images)?;
    let ground_truth = truth.features(panel, clips, real)?;
    append(rows, generated, ground_truth);
    for (row, logits) in rows.iter_mut().zip(logits.into_iter().flatten()) {
        row.features.push(logits);
    }
    Ok(())
}

fn clip(
    wanted: &Wanted<'_>,
    panel: &mut Panel,
    truth: &mut Truth,
    clips: &[&ClipId],
    images: &[RgbImage],
    real: &mut Frames<'_>,
    rows: &mut [Look],
) -> Result<(), EvaluateError> {
    let Some(network) = &mut panel.clip else {
        return Ok(());
    };
    let generated = network.images(images)?;
    if let Some(text) = wanted.protocol.clip.and_then(|rule| rule.text) {
        let texts: Vec<&str> = rows
            .iter()
            .map(|row| match text {
                CaptionText::Original => row.observation.caption.as_str(),
                CaptionText::AsRead => row.observation.text.as_str(),
            })
            .collect();
        let texts = network.texts(&texts)?;
        for (row, (image, text)) in rows.iter_mut().zip(generated.iter().zip(&texts)) {
            row.observation.clip_ti = cosine(image, text).ok();
        }
    }
    let ground_truth = truth.clip(panel, clips, real)?;
    for (row, (generated, truth)) in rows.iter_mut().zip(generated.iter().zip(&ground_truth)) {
        row.observation.clip_ii = cosine(generated, truth).ok();
    }
    append(rows, generated, ground_truth);
    Ok(())
}

/// Embeddings of each labelled character, cut out of the frame.
fn crops(
    wanted: &Wanted<'_>,
    panel: &mut Panel,
    truth: &mut Truth,
    clips: &[&ClipId],
    images: &[RgbImage],
    real: &mut Frames<'_>,
    rows: &mut [Look],
) -> Result<(), EvaluateError> {
    let Some(rule) = wanted.protocol.crops else {
        return Ok(());
    };
    let labels: Vec<Vec<bool>> = rows
        .iter()
        .map(|row| row.observation.character_labels.clone())
        .collect();
    let labels: Vec<&[bool]> = labels.iter().map(Vec::as_slice).collect();
    let Some(mut cutter) = Cutter::of(panel, rule) else {
        return Ok(());
    };
    let generated = cutter.embeddings(images, &labels)?;
    let ground_truth = truth.crops(panel, rule, clips, &labels, real)?;
    append(rows, generated, ground_truth);
    Ok(())
}

fn distances(
    wanted: &Wanted<'_>,
    panel: &mut Panel,
    clips: &[&ClipId],
    images: &[RgbImage],
    real: &mut Frames<'_>,
    rows: &mut [Look],
) -> Result<(), EvaluateError> {
    let (Some(network), Some(rule)) = (&mut panel.lpips, wanted.protocol.lpips) else {
        return Ok(());
    };
    let truth = clips
        .iter()
        .map(|clip| real.get(clip))
        .collect::<Result<Vec<_>, _>>()?;
    let distances = network.distances(images, &truth, rule.resize)?;
    for (row, distance) in rows.iter_mut().zip(distances) {
        row.observation.lpips = Some(f64::from(distance));
    }
    Ok(())
}

fn captions(
    panel: &mut Panel,
    truth: &mut Truth,
    clips: &[&ClipId],
    images: &[RgbImage],
    real: &mut Frames<'_>,
    rows: &mut [Look],
) -> Result<(), EvaluateError> {
    let Some(network) = &mut panel.captioner else {
        return Ok(());
    };
    let generated = network.captions(images, 1)?;
    let ground_truth = truth.captions(panel, clips, real)?;
    for (row, (generated, truth)) in rows.iter_mut().zip(generated.into_iter().zip(ground_truth)) {
        row.observation.generated_captions = Some(generated);
        row.observation.ground_truth_captions = Some(truth);
    }
    Ok(())
}
