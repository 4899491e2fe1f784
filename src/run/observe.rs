//! The second stage: evaluators observe every stored frame, and what they write is stored.

use super::durable::{create_folder, write_durably};
use super::error::RunError;
use super::features::FeatureWriter;
use super::layout::{FEATURES, OBSERVATIONS, OBSERVED, json_file};
use super::observations::{OBSERVATIONS_FORMAT, ObservationWriter};
use super::plan::Unit;
use super::progress::{Progress, Stage, rate};
use super::store::Store;
use super::stored::{Record, features_file};
use super::timing::{StageTime, TimedStage, record_time};
use crate::record::{
    ClipId, Column, ColumnKind, FrameIndex, Observation, SizedColumn, sha256_file,
};
use crate::vision::Decoding;
use image::RgbImage;
use rayon::prelude::*;
use std::collections::BTreeMap;
use std::num::NonZeroUsize;
use std::path::Path;
use std::time::Instant;

/// A frame that is observed.
#[derive(Clone, Copy, Debug)]
pub struct FrameRef<'a> {
    /// Its unit.
    pub unit: &'a Unit,
    /// Its position in the story, from 1.
    pub frame: FrameIndex,
}

impl<'a> FrameRef<'a> {
    /// Position in the story's lists, from 0.
    #[must_use]
    pub fn position(&self) -> usize {
        self.frame.0 as usize - 1
    }

    /// The clip whose caption and labels the frame has.
    #[must_use]
    pub fn clip(&self) -> &'a ClipId {
        &self.unit.clips[self.position()]
    }

    /// The caption as the generator read it.
    #[must_use]
    pub fn text(&self) -> &'a str {
        &self.unit.text[self.position()]
    }
}

/// The evaluators: an observation for each frame and its image, in their order.
pub type ObserveFrames<'a, E> =
    dyn FnMut(&[FrameRef<'_>], &[RgbImage]) -> Result<Vec<Observation>, E> + 'a;

/// The row of a frame that has no image: its ids, text and labels, and no value.
pub type Unseen<'a> = dyn FnMut(FrameRef<'_>) -> Observation + 'a;

/// How to observe.
#[derive(Clone, Copy, Debug)]
pub struct ObserveOptions<'a> {
    /// Names everything that observations depend on besides the frames, for example the evaluators' content
    /// hash and the ground-truth rule. Observations made under another key are made again.
    pub key: &'a str,
    /// Most frames that are observed together. Chunks never reach over a batch of the plan, so that a
    /// frame has the same company in every partition.
    pub chunk: NonZeroUsize,
    /// When the frames of a chunk are decoded.
    pub decoding: Decoding,
    /// What the evaluators write.
    pub columns: &'a [SizedColumn],
    /// Folder that receives the observations: the run's own, or one below it for other ways to observe the
    /// same frames.
    pub folder: &'a Path,
}

/// What [`observe`] did.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Observed {
    /// Rows of the observations.
    pub rows: usize,
    /// Whether complete and matching observations were there already.
    pub reused: bool,
    /// Wall time.
    pub seconds: f64,
}

/// Shows every stored frame to `looker`, in plan order, and writes observations and features.
///
/// Frames are read back from the folder, never taken from memory: what is scored is what is stored.
/// Nothing is done when the observations are already there, complete, of these frames and under this
/// key.
///
/// A frame that the run knows to be absent is not shown: its row comes from `unseen` and has no values; its
/// features are NaN. Every metric counts it as not scored.
///
/// # Errors
/// [`RunError::Outstanding`] when units are not drawn yet, [`RunError::Frame`] when a frame cannot be
/// decoded, [`RunError::Row`] when `looker` gives another number of rows, rows of other frames or values that
/// fit no column, what `looker` gives, and [`RunError::Output`] and its kin. Earlier observations then stay as they are.
pub fn observe<E: From<RunError>>(
    store: &Store,
    looking: &ObserveOptions<'_>,
    looker: &mut ObserveFrames<'_, E>,
    unseen: &mut Unseen<'_>,
    progress: &mut dyn FnMut(&Progress),
) -> Result<Observed, E> {
    let begin = Instant::now();
    store.require_complete()?;
    let names = files(looking)?;
    let planned: usize = store.units().map(|unit| unit.clips.len()).sum();
    if is_current(store, looking, &names, planned) {
        return Ok(Observed {
            rows: planned,
            reused: true,
            seconds: begin.elapsed().as_secs_f64(),
        });
    }
    progress(&Progress::Started {
        stage: Stage::Observe,
        done: 0,
        planned,
    });
    let mut tables = Tables::create(&names, looking)?;
    let batches: Vec<&[Unit]> = store.plan().batches(store.partition()).collect();
    let batches: Vec<Vec<FrameRef<'_>>> = batches.into_iter().map(frames).collect();
    let size = looking.chunk.get();
    let chunks = batches.iter().flat_map(|frames| frames.chunks(size));
    let mut done = 0;
    let read = chunks.map(|chunk| read(store, chunk));
    looking.decoding.feed(read, |images| {
        for frames in &batches {
            let start = Instant::now();
            for (chunk, images) in frames.chunks(size).zip(&mut *images) {
                for row in observe_chunk(store, chunk, images?, looking, looker, unseen)? {
                    tables.push(row)?;
                }
            }
            done += frames.len();
            progress(&Progress::Batch {
                stage: Stage::Observe,
                batch: frames[0].unit.batch,
                done,
                planned,
                frames_per_second: rate(frames.len(), start.elapsed().as_secs_f64()),
            });
        }
        Ok::<(), E>(())
    })?;
    tables.commit()?;
    let record = record(store, looking, done, hashes(looking.folder, &names)?);
    write_durably(&looking.folder.join(OBSERVED), &json_file(&record))?;
    let seconds = begin.elapsed().as_secs_f64();
    let time = StageTime::now(TimedStage::Observe, done, seconds);
    record_time(store.root(), &time.within(store.root(), looking.folder))?;
    progress(&Progress::Finished {
        stage: Stage::Observe,
        frames: done,
        seconds,
    });
    Ok(Observed {
        rows: done,
        reused: false,
        seconds,
    })
}

/// The frames of a batch of the plan, in order.
fn frames(batch: &[Unit]) -> Vec<FrameRef<'_>> {
    batch
        .iter()
        .flat_map(|unit| unit.frames().map(move |frame| FrameRef { unit, frame }))
        .collect()
}

/// The images of a chunk, decoded on all cores; `None` where the run knows that there is none.
fn read(store: &Store, chunk: &[FrameRef<'_>]) -> Result<Vec<Option<RgbImage>>, RunError> {
    let images: Vec<_> = chunk
        .par_iter()
        .map(|frame| store.frame_if_any(frame.unit, frame.frame))
        .collect();
    // The first fault in order, not the first in time.
    images.into_iter().collect()
}

/// A row for every frame of a chunk, in order; `looker` is shown those that have an image.
fn observe_chunk<E: From<RunError>>(
    store: &Store,
    chunk: &[FrameRef<'_>],
    images: Vec<Option<RgbImage>>,
    looking: &ObserveOptions<'_>,
    looker: &mut ObserveFrames<'_, E>,
    unseen: &mut Unseen<'_>,
) -> Result<Vec<Observation>, E> {
    let pairs = chunk.iter().zip(images);
    let (present, images): (Vec<FrameRef<'_>>, Vec<RgbImage>) = pairs
        .filter_map(|(frame, image)| Some((*frame, image?)))
        .unzip();
    let rows = if present.is_empty() {
        Vec::new()
    } else {
        looker(&present, &images)?
    };
    check(&present, &rows, looking.columns)?;
    if present.len() == chunk.len() {
        return Ok(rows);
    }
    let mut seen = rows.into_iter();
    let all: Vec<Observation> = chunk
        .iter()
        .filter_map(|frame| match store.absence(frame.unit, frame.frame) {
            None => seen.next(),
            Some(_) => Some(unseen(*frame)),
        })
        .collect();
    check(chunk, &all, &[])?;
    Ok(all)
}

/// The feature files among the columns.
fn features<'a>(looking: &ObserveOptions<'a>) -> impl Iterator<Item = SizedColumn> + use<'a> {
    let all = looking.columns.iter().copied();
    all.filter(|it| it.column.kind == ColumnKind::Feature)
}

/// The files that hold the observations: the table, then the features.
fn files(looking: &ObserveOptions<'_>) -> Result<Vec<String>, RunError> {
    let features = features(looking).map(|it| features_file(it.column.name));
    std::iter::once(Ok(OBSERVATIONS.to_owned()))
        .chain(features)
        .collect()
}

/// Whether the files on the disk are what would be written. Whatever cannot be read is not.
fn is_current(store: &Store, looking: &ObserveOptions<'_>, names: &[String], rows: usize) -> bool {
    let Ok(found) = Record::read(looking.folder) else {
        return false;
    };
    let Ok(files) = hashes(looking.folder, names) else {
        return false;
    };
    found == record(store, looking, rows, files)
}

fn record(
    store: &Store,
    looking: &ObserveOptions<'_>,
    rows: usize,
    files: BTreeMap<String, String>,
) -> Record {
    let of_table = looking.columns.iter().map(|it| it.column);
    Record {
        format: OBSERVATIONS_FORMAT,
        key: looking.key.to_owned(),
        chunk: looking.chunk.get(),
        journal: store.journal().digest(),
        rows,
        columns: of_table
            .filter(|column| column.kind != ColumnKind::Feature)
            .map(|column| column.name.to_owned())
            .collect(),
        files,
    }
}

fn hashes(root: &Path, names: &[String]) -> Result<BTreeMap<String, String>, RunError> {
    let hash = |name: &String| {
        let path = root.join(name);
        let hash = sha256_file(&path).map_err(|error| RunError::read(&path, error))?;
        Ok((name.clone(), hash))
    };
    names.iter().map(hash).collect()
}

/// Whether there is a row for each frame, in order, with a value that fits in each of these columns.
fn check(
    frames: &[FrameRef<'_>],
    rows: &[Observation],
    columns: &[SizedColumn],
) -> Result<(), RunError> {
    for (position, frame) in frames.iter().enumerate() {
        let fits = rows.len() == frames.len() && {
            let row = &rows[position];
            let fits = |it: &SizedColumn| {
                row.value(it.column.name)
                    .is_some_and(|value| it.fits(value))
            };
            row.story == frame.unit.story
                && row.frame == frame.frame
                && row.clip == *frame.clip()
                && columns.iter().all(fits)
        };
        if !fits {
            return Err(RunError::Row {
                story: frame.unit.story.clone(),
                frame: frame.frame,
            });
        }
    }
    Ok(())
}

/// The files in the making.
struct Tables {
    observations: ObservationWriter,
    /// Writer, name and width of each feature file.
    features: Vec<(FeatureWriter, SizedColumn)>,
}

impl Tables {
    fn create(names: &[String], looking: &ObserveOptions<'_>) -> Result<Self, RunError> {
        let root = looking.folder;
        create_folder(&root.join(FEATURES))?;
        let features = names[1..]
            .iter()
            .zip(features(looking))
            .map(|(name, it)| Ok((FeatureWriter::create(&root.join(name), it.width)?, it)))
            .collect::<Result<_, RunError>>()?;
        let columns: Vec<Column> = looking.columns.iter().map(|it| it.column).collect();
        Ok(Self {
            observations: ObservationWriter::create(&root.join(OBSERVATIONS), &columns)?,
            features,
        })
    }

    fn push(&mut self, row: Observation) -> Result<(), RunError> {
        for (writer, it) in &mut self.features {
            match row.vector(it.column.name) {
                Some(values) => writer.push(values)?,
                None => writer.push(&vec![f32::NAN; it.width])?,
            }
        }
        self.observations.push(row)
    }

    fn commit(self) -> Result<(), RunError> {
        for (writer, _) in self.features {
            writer.commit()?;
        }
        self.observations.commit()?;
        Ok(())
    }
}
