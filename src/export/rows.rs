//! From run folders to rows.

use super::batch::Value;
use super::error::ExportError;
use super::schema::What;
use super::writer::TableWriter;
use crate::record::{Absence, FrameIndex, Observation, Score, Scores, StoryId, Unit};
use crate::run::{FrameEntry, Glance, Manifest, RunError, Seen, read_scores};
use rayon::prelude::*;
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};

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
/// As many runs as there are threads are read at a time.
///
/// # Errors
/// [`ExportError::Twice`], what is wrong with a run, and output that cannot be
/// written.
pub fn export<W: Write + Send>(
    runs: &[PathBuf],
    what: What,
    mut table: TableWriter<W>,
) -> Result<Exported, ExportError> {
    check_distinct(runs)?;
    for some in runs.chunks(rayon::current_num_threads()) {
        let loaded: Vec<Result<Loaded, ExportError>> =
            some.par_iter().map(|run| Loaded::read(run, what)).collect();
        for run in loaded {
            run?.write(what, &mut table)?;
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
    observations: Vec<Observation>,
    absences: BTreeMap<(StoryId, FrameIndex), Absence>,
    labels: Option<Labels>,
    scores: Option<Scores>,
}

/// Names of a data set's labels.
struct Labels {
    characters: Vec<Value>,
    backgrounds: Vec<Value>,
}

impl Loaded {
    fn read(root: &Path, what: What) -> Result<Self, ExportError> {
        let manifest = Manifest::read(root)?;
        let name = root.file_name().unwrap_or(root.as_os_str());
        let wanted: &[&str] = match what {
            What::Observations => &[
                "story", "frame", "clip", "text", "caption", "pronoun", "clip_ti", "clip_ii",
                "lpips",
            ],
            What::Labels => &[
                "story",
                "frame",
                "clip",
                "character_labels",
                "background_labels",
                "character_probabilities",
                "background_probabilities",
            ],
            What::Captions => &[
                "story",
                "frame",
                "clip",
                "generated_captions",
                "ground_truth_captions",
            ],
            What::Scores => &[],
        };
        let observations = if what == What::Scores {
            Vec::new()
        } else {
            // Says what to do where the frames were not observed yet.
            Seen::open(root)?.observations(wanted)?
        };
        // Only frames of another program can be absent.
        let absences = if what == What::Observations && manifest.identity.images_hash.is_some() {
            absences(root)?
        } else {
            BTreeMap::new()
        };
        Ok(Self {
            labels: (what == What::Labels)
                .then(|| labels(root, &manifest))
                .transpose()?,
            scores: (what == What::Scores)
                .then(|| read_scores(root))
                .transpose()?,
            names: [
                root.display().to_string(),
                name.to_string_lossy().into_owned(),
            ],
            manifest,
            observations,
            absences,
        })
    }

    fn write<W: Write + Send>(
        &self,
        what: What,
        table: &mut TableWriter<W>,
    ) -> Result<(), ExportError> {
        let identity = &self.manifest.identity;
        let [folder, run] = &self.names;
        let mut first: Vec<Value> = vec![
            folder.as_str().into(),
            run.as_str().into(),
            identity.dataset.as_str().into(),
            identity.protocol.as_str().into(),
            identity.model.as_str().into(),
            identity.seed.0.into(),
        ];
        let run_columns = first.len();
        let mut story: Value = "".into();
        let mut last: Option<&StoryId> = None;
        for row in &self.observations {
            if last != Some(&row.story) {
                story = row.story.as_str().into();
                last = Some(&row.story);
            }
            first.truncate(run_columns);
            first.push(story.clone());
            first.push(u64::from(row.frame.0).into());
            first.push(row.clip.as_str().into());
            match (what, &self.labels) {
                (What::Labels, Some(names)) => labels_of(table, &first, names, row),
                (What::Captions, _) => captions_of(table, &first, row),
                _ => {
                    let absence = self.absences.get(&(row.story.clone(), row.frame));
                    observation_of(table, &first, row, absence);
                }
            }
            table.flush_full().map_err(ExportError::Write)?;
        }
        for score in self.scores.iter().flat_map(|scores| &scores.scores) {
            table.batch().push(&first, score_of(score));
            table.flush_full().map_err(ExportError::Write)?;
        }
        Ok(())
    }
}

fn observation_of<W: Write + Send>(
    table: &mut TableWriter<W>,
    first: &[Value],
    row: &Observation,
    absence: Option<&Absence>,
) {
    let absent = absence.map(|absence| match absence {
        Absence::Missing => "missing",
        Absence::NotDrawn => "not-drawn",
    });
    let rest = [
        row.text.as_str().into(),
        row.caption.as_str().into(),
        row.pronoun.into(),
        absent.into(),
        row.clip_ti.into(),
        row.clip_ii.into(),
        row.lpips.into(),
    ];
    table.batch().push(first, rest);
}

fn labels_of<W: Write + Send>(
    table: &mut TableWriter<W>,
    first: &[Value],
    names: &Labels,
    row: &Observation,
) {
    let kinds = [
        (
            "character",
            &names.characters,
            Some(&row.character_labels),
            &row.character_probabilities,
        ),
        (
            "background",
            &names.backgrounds,
            row.background_labels.as_ref(),
            &row.background_probabilities,
        ),
    ];
    for (kind, names, truth, probabilities) in kinds {
        let seen = probabilities.as_deref().unwrap_or_default();
        let truth = truth.map_or(&[][..], Vec::as_slice);
        // Some data sets were published without the names.
        for at in 0..names.len().max(truth.len()).max(seen.len()) {
            let name = names.get(at).cloned();
            let rest = [
                kind.into(),
                name.unwrap_or_else(|| at.to_string().as_str().into()),
                truth.get(at).copied().into(),
                seen.get(at).copied().map(f64::from).into(),
            ];
            table.batch().push(first, rest);
        }
    }
}

fn captions_of<W: Write + Send>(table: &mut TableWriter<W>, first: &[Value], row: &Observation) {
    let sources = [
        ("generated", &row.generated_captions),
        ("ground_truth", &row.ground_truth_captions),
    ];
    for (of, captions) in sources {
        for (at, caption) in captions.iter().flatten().enumerate() {
            let rest = [of.into(), (at as u64 + 1).into(), caption.as_str().into()];
            table.batch().push(first, rest);
        }
    }
}

fn score_of(score: &Score) -> [Value; 17] {
    let unit = match score.unit {
        Unit::Percent => "percent",
        Unit::Distance => "distance",
        Unit::Cosine => "cosine",
        Unit::Score => "score",
    };
    let [low, high] = match score.interval {
        Some(ends) => ends.map(Value::from),
        None => [Value::None, Value::None],
    };
    let counts = score.counts;
    let warnings = (!score.warnings.is_empty()).then(|| score.warnings.join("; "));
    [
        score.metric.as_str().into(),
        score.slice.as_str().into(),
        score.value.into(),
        low,
        high,
        unit.into(),
        score.higher_is_better.into(),
        (score.n as u64).into(),
        (score.planned as u64).into(),
        (score.stories as u64).into(),
        counts.map(|counts| counts.true_positives).into(),
        counts.map(|counts| counts.false_positives).into(),
        counts.map(|counts| counts.false_negatives).into(),
        counts.map(|counts| counts.true_negatives).into(),
        score.unscored.as_deref().into(),
        warnings.as_deref().into(),
        score.signature.as_str().into(),
    ]
}

fn absences(root: &Path) -> Result<BTreeMap<(StoryId, FrameIndex), Absence>, RunError> {
    let glance = Glance::read(root)?;
    let mut absences = BTreeMap::new();
    for entry in glance.entries.into_values() {
        for (at, frame) in entry.frames.into_iter().enumerate() {
            if let FrameEntry::Absent { absent } = frame {
                let frame = FrameIndex(at as u32 + 1);
                absences.insert((entry.story.clone(), frame), absent);
            }
        }
    }
    Ok(absences)
}

fn labels(root: &Path, manifest: &Manifest) -> Result<Labels, ExportError> {
    let card = manifest.cards(root)?.dataset;
    let characters = card.characters.iter();
    let backgrounds = card.backgrounds.iter();
    Ok(Labels {
        characters: characters
            .map(|character| character.name.as_str().into())
            .collect(),
        backgrounds: backgrounds.map(|name| name.as_str().into()).collect(),
    })
}
