//! What `storyeval ls runs` shows.

use super::text::{moment, size, value};
use crate::metric::{Group, Metric};
use crate::record::Score;
use crate::run::{RunError, RunSummary, State, find_runs, folder_bytes};
use crate::table::{Block, Cell, Column, Document, Line, Row, Table};
use rayon::prelude::*;
use serde::Serialize;
use std::path::{Path, PathBuf};

/// Metrics that a list of runs has room for: the first of each group of papers' columns.
fn headlines() -> impl Iterator<Item = &'static Metric> {
    [Group::Labels, Group::Images]
        .into_iter()
        .filter_map(Group::headline)
}

/// A run in a list.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct RunLine {
    /// Its folder.
    pub run: PathBuf,
    /// Id of the data set.
    pub dataset: String,
    /// Id of the model.
    pub model: String,
    /// Id of the protocol.
    pub protocol: String,
    /// The seed.
    pub seed: u64,
    /// Stories that are drawn.
    pub stories: usize,
    /// Stories of the folder's part of the plan.
    pub planned: usize,
    /// How far it is.
    pub state: State,
    /// Char-Acc and FID on all frames, as far as they have a value.
    pub scores: Vec<Score>,
    /// When a file of the folder was written last, in UTC.
    pub changed: Option<String>,
    /// Size of the folder with everything in it.
    pub bytes: u64,
    /// What will be mended when the run goes on.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub damage: Option<String>,
}

impl RunLine {
    /// The line of a run whose folder takes so many bytes.
    #[must_use]
    pub fn new(glance: &RunSummary, bytes: u64) -> Self {
        let identity = &glance.manifest.identity;
        let headline = |metric: &'static Metric| {
            let mut scores = glance.scores.iter().flat_map(|scores| &scores.scores);
            let is_it = |score: &&Score| {
                score.metric == metric.id && score.slice == "all" && score.value.is_some()
            };
            scores.find(is_it).cloned()
        };
        Self {
            run: glance.root.clone(),
            dataset: identity.dataset.clone(),
            model: identity.model.clone(),
            protocol: identity.protocol.clone(),
            seed: identity.seed.0,
            stories: glance.drawn_stories(),
            planned: glance.planned_stories(),
            state: glance.state(),
            scores: headlines().filter_map(headline).collect(),
            changed: glance.changed().map(moment),
            bytes,
            damage: (!glance.recovery.is_clean()).then(|| glance.recovery.to_string()),
        }
    }

    fn cells(&self) -> Row {
        let mut cells = vec![
            Cell::new(self.run.display().to_string()),
            Cell::new(&self.dataset),
            Cell::new(&self.model),
            Cell::new(&self.protocol),
            Cell::new(self.seed.to_string()),
            Cell::new(format!("{} / {}", self.stories, self.planned)),
            Cell::new(self.state.to_string()),
        ];
        for metric in headlines() {
            let score = self.scores.iter().find(|score| score.metric == metric.id);
            cells.push(Cell::new(score.map_or_else(String::new, value)));
        }
        cells.push(Cell::new(self.changed.clone().unwrap_or_default()));
        cells.push(Cell::new(size(self.bytes)));
        Row::Cells(cells)
    }
}

/// A run folder that cannot be read.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
struct Damaged {
    run: PathBuf,
    why: String,
}

/// Runs, and folders that could be runs and are not.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Listing {
    /// The runs.
    pub runs: Vec<RunLine>,
    damaged: Vec<Damaged>,
    passed_over: Vec<Damaged>,
}

impl Listing {
    /// Adds a folder that cannot be read as a run.
    pub fn damaged(&mut self, run: &Path, error: &RunError) {
        let mut why = match error {
            RunError::NoRun { .. } => "it has files of a run, but no manifest.json".to_owned(),
            other => other.to_string(),
        };
        let mut cause = std::error::Error::source(error);
        while let Some(error) = cause {
            why = format!("{why}: {error}");
            cause = error.source();
        }
        let run = run.to_path_buf();
        self.damaged.push(Damaged { run, why });
    }

    /// Adds a folder that was not looked into.
    pub fn passed_over(&mut self, folder: PathBuf, why: String) {
        self.passed_over.push(Damaged { run: folder, why });
    }

    /// Every run in and below the folders. One that cannot be read is listed with the reason.
    ///
    /// # Errors
    /// A folder that cannot be listed.
    pub fn find(folders: &[PathBuf]) -> Result<Self, RunError> {
        let mut listing = Self::default();
        for folder in folders {
            let found = find_runs(folder)?;
            let lines: Vec<Result<RunLine, RunError>> = found
                .runs
                .par_iter()
                .map(|run| Ok(RunLine::new(&RunSummary::read(run)?, folder_bytes(run))))
                .collect();
            for (run, line) in found.runs.iter().zip(lines) {
                match line {
                    Ok(line) => listing.runs.push(line),
                    Err(error) => listing.damaged(run, &error),
                }
            }
            for (folder, why) in found.passed_over {
                listing.passed_over(folder, why);
            }
        }
        Ok(listing)
    }

    /// Whether there is nothing to show.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.runs.is_empty() && self.damaged.is_empty() && self.passed_over.is_empty()
    }

    /// What people read. Damaged folders are rows too, so that none is overlooked.
    #[must_use]
    pub fn document(&self) -> Document {
        let mut columns = vec![
            Column::text("run"),
            Column::text("dataset"),
            Column::text("model"),
            Column::text("protocol"),
            Column::number("seed", None),
            Column::number("stories", None),
            Column::text("state"),
        ];
        columns.extend(headlines().map(|metric| Column::number(metric.name, None)));
        columns.push(Column::text("changed (UTC)"));
        columns.push(Column::number("size", None));
        let width = columns.len();
        let mut rows: Vec<Row> = self.runs.iter().map(RunLine::cells).collect();
        for folder in &self.damaged {
            let mut cells = vec![Cell::absent(); width];
            cells[0] = Cell::new(folder.run.display().to_string());
            cells[6] = Cell::new("damaged");
            rows.push(Row::Cells(cells));
        }
        let table = Table {
            title: None,
            columns,
            rows,
        };
        let mut document = Document {
            blocks: vec![Block::Table(table)],
        };
        let mended = self.runs.iter().filter_map(|line| {
            let damage = line.damage.as_ref()?;
            let words = format!("{damage} (mended when the run goes on)");
            Some(note(&line.run, &words))
        });
        let damaged = self.damaged.iter().map(|it| note(&it.run, &it.why));
        document.note("Damaged", damaged.chain(mended).collect());
        let passed_over = self.passed_over.iter().map(|it| note(&it.run, &it.why));
        document.note("Not looked into", passed_over.collect());
        document
    }
}

fn note(run: &Path, words: &str) -> Line {
    Line::Prose(format!("{}: {words}", run.display()))
}
