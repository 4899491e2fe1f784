//! From run folders to rows.

use super::error::ExportError;
use super::schema::What;
use super::tables::{FramePaths, Labels, brought, captions, labels, observations, scores};
use super::writer::TableWriter;
use crate::evaluate::{Similarities, brought_columns};
use crate::metric::OwnColumn;
use crate::record::{Observation, Score};
use crate::run::{Absences, Manifest, RunError, StoredObservations, absences, read_scores};
use polars::prelude::{AnyValue, Column, DataFrame, DataType, PolarsResult, Scalar};
use rayon::prelude::*;
use std::collections::BTreeSet;
use std::fs;
use std::io::Write;
use std::ops::Range;
use std::path::{Path, PathBuf};

/// The model that draws the data set's own frames.
const GROUND_TRUTH: &str = "ground-truth";

/// What [`export`] did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Exported {
    /// Runs.
    pub runs: usize,
    /// Rows.
    pub rows: u64,
}

/// Writes the rows of every run, in the order of `runs`.
///
/// As many runs as there are threads are read at a time. `truth` is a run of the ground truth, whose frames are named
/// beside those of the observations.
///
/// # Errors
/// [`ExportError::Twice`], [`ExportError::NotTruth`], what is wrong with a run, and output that cannot be
/// written.
pub fn export<W: Write + Send>(
    runs: &[PathBuf],
    what: What,
    truth: Option<&Path>,
    mut table: TableWriter<W>,
) -> Result<Exported, ExportError> {
    check_distinct(runs)?;
    if let Some(truth) = truth {
        let model = Manifest::read(truth)?.identity.model;
        if model != GROUND_TRUTH {
            let run = truth.display().to_string();
            return Err(ExportError::NotTruth { run, model });
        }
    }
    for some in runs.chunks(rayon::current_num_threads()) {
        let loaded: Vec<Result<Loaded, ExportError>> = some
            .par_iter()
            .map(|run| Loaded::read(run, what, truth))
            .collect();
        for run in loaded {
            run?.write(&mut table)?;
        }
    }
    let rows = table.finish().map_err(ExportError::Write)?;
    Ok(Exported {
        runs: runs.len(),
        rows,
    })
}

/// A run that is there twice would count twice.
pub(super) fn check_distinct(runs: &[PathBuf]) -> Result<(), ExportError> {
    let mut seen = BTreeSet::new();
    for run in runs {
        let place = fs::canonicalize(run).unwrap_or_else(|_| run.clone());
        if !seen.insert(place) {
            let run = run.display().to_string();
            return Err(ExportError::Twice { run });
        }
    }
    Ok(())
}

/// A run in memory, as far as a table needs it.
struct Loaded {
    manifest: Manifest,
    /// Its folder, and the folder's own name.
    names: [String; 2],
    content: Content,
}

/// What the rows of a table are made of.
enum Content {
    Observations(Vec<Observation>, Similarities, Absences, FramePaths),
    Labels(Vec<Observation>, Labels),
    Captions(Vec<Observation>),
    Scores(Vec<Score>),
    Columns(Vec<Observation>, Vec<OwnColumn>),
}

impl Loaded {
    fn read(root: &Path, what: What, truth: Option<&Path>) -> Result<Self, ExportError> {
        let manifest = Manifest::read(root)?;
        let name = root.file_name().unwrap_or(root.as_os_str());
        // Says what to do where no frame was observed yet.
        let stored = || StoredObservations::open(root);
        let content = match what {
            What::Observations => {
                let stored = stored()?;
                let observations = frames(&stored, &["text", "caption", "pronoun", "lpips"])?;
                let similarities = Similarities::read(&stored)?;
                let absences = absences(root)?;
                let paths = FramePaths {
                    run: root.to_owned(),
                    truth: truth.map(Path::to_owned),
                };
                Content::Observations(observations, similarities, absences, paths)
            }
            What::Labels => {
                let observations = frames(
                    &stored()?,
                    &[
                        "character_labels",
                        "background_labels",
                        "character_probabilities",
                        "background_probabilities",
                    ],
                )?;
                let card = manifest.cards(root)?.dataset;
                let characters = card.characters.into_iter().map(|it| it.name).collect();
                Content::Labels(observations, Labels::new(characters, card.backgrounds))
            }
            What::Captions => {
                let columns = ["generated_captions", "ground_truth_captions"];
                Content::Captions(frames(&stored()?, &columns)?)
            }
            What::Scores => Content::Scores(read_scores(root)?.scores),
            What::Columns => {
                let (observations, columns) = brought_columns(root)?;
                Content::Columns(observations, columns)
            }
        };
        Ok(Self {
            names: [
                root.display().to_string(),
                name.to_string_lossy().into_owned(),
            ],
            manifest,
            content,
        })
    }

    /// Writes the rows of this run. A group ends with a whole observation.
    fn write<W: Write + Send>(&self, table: &mut TableWriter<W>) -> Result<(), ExportError> {
        let sizes: Vec<usize> = match &self.content {
            Content::Observations(rows, ..) => vec![1; rows.len()],
            Content::Labels(rows, names) => rows.iter().map(|row| names.count(row)).collect(),
            Content::Captions(rows) => rows.iter().map(super::tables::caption_count).collect(),
            Content::Scores(scores) => vec![1; scores.len()],
            Content::Columns(rows, columns) => vec![columns.len(); rows.len()],
        };
        let (mut begin, mut height) = (0, 0);
        for (at, size) in sizes.iter().enumerate() {
            height += size;
            if height >= table.room() {
                table.push(self.rows(begin..at + 1, height)?)?;
                (begin, height) = (at + 1, 0);
            }
        }
        table.push(self.rows(begin..sizes.len(), height)?)
    }

    /// The rows of some observations or scores.
    fn rows(&self, range: Range<usize>, height: usize) -> PolarsResult<DataFrame> {
        let identity = &self.manifest.identity;
        let [folder, run] = &self.names;
        let texts = [
            ("folder", folder),
            ("run", run),
            ("dataset", &identity.dataset),
            ("protocol", &identity.protocol),
            ("model", &identity.model),
        ];
        let mut columns: Vec<Column> = texts
            .map(|(name, text)| {
                let text = Scalar::new(
                    DataType::String,
                    AnyValue::StringOwned(text.as_str().into()),
                );
                Column::new_scalar(name.into(), text, height)
            })
            .into();
        let seed = Scalar::new(DataType::UInt64, AnyValue::UInt64(identity.seed.0));
        columns.push(Column::new_scalar("seed".into(), seed, height));
        columns.extend(match &self.content {
            Content::Observations(rows, similarities, absences, paths) => {
                observations(rows, range, similarities, absences, paths)
            }
            Content::Labels(rows, names) => labels(&rows[range], names),
            Content::Captions(rows) => captions(&rows[range]),
            Content::Scores(all) => scores(&all[range]),
            Content::Columns(rows, columns) => brought(rows, range, columns),
        });
        DataFrame::new(height, columns)
    }
}

/// Observations with these columns, beside those that say which frame each is of.
fn frames(
    stored: &StoredObservations,
    columns: &[&'static str],
) -> Result<Vec<Observation>, RunError> {
    stored.observations(&[&["story", "frame", "clip"], columns].concat())
}
