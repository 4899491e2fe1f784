//! The runs that a table is made of, one after another.
//!
//! A suite may be partly impossible where it is run: weights that were never published, data that are not there.
//! What can be run is run, and what cannot is named.

mod job;
mod outlook;
mod results;

use super::{Control, Event, PipelineError, RunRequest};
use crate::card::{self, Suite};
use crate::paper::Library;
use crate::record::{FaultKind, Hint};
use crate::table::{Document, Format};
use job::{Job, State};
use std::path::{Path, PathBuf};

/// The runs of a suite, with what each lacks.
pub struct PlannedSuite {
    suite: Suite,
    library: Library,
    root: PathBuf,
    jobs: Vec<Job>,
}

/// A suite of which something was run.
#[derive(Clone, Debug)]
pub struct MeasuredSuite {
    /// Id of the suite.
    pub suite: String,
    /// The folder of its runs.
    pub root: PathBuf,
    /// Its table, which is also in `table.md`.
    pub table: Document,
    /// Runs that have scores.
    pub done: usize,
    /// Runs that the suite has.
    pub runs: usize,
}

impl PlannedSuite {
    /// Plans a suite. `common` says what holds for all of its runs: data, limit, batch, networks to skip, device;
    /// its data set, models, protocol and seeds are the suite's. Reads no weights and draws nothing but a MiniSV.
    ///
    /// # Errors
    /// A suite or card that is broken, and data that several of its runs cannot share.
    pub fn open(
        id: &str,
        common: &RunRequest,
        control: Control<'_>,
    ) -> Result<Self, PipelineError> {
        let suite = card::suite(id)?;
        let library = Library::open()?;
        check_rows(&suite, &library)?;
        let root = folder(&suite, common);
        Ok(Self {
            jobs: Job::of(&suite, &root, common, control)?,
            suite,
            library,
            root,
        })
    }

    /// What the suite will do and cost, as Markdown.
    ///
    /// # Errors
    /// A table that cannot be written.
    pub fn outlook(&self) -> Result<String, PipelineError> {
        outlook::render(&self.suite, &self.root, &self.jobs)
    }

    /// Runs what can be run, and writes the table. The failure of one run is an event, and the next one is tried.
    ///
    /// # Errors
    /// [`PipelineError::NothingRun`], and what stops all runs: a full disk, a bug.
    pub fn run(mut self, control: Control<'_>) -> Result<MeasuredSuite, PipelineError> {
        for job in &mut self.jobs {
            if matches!(job.state, State::Runnable) {
                control.note(&format!("\n{}: {}", self.suite.id, job.name()));
                job.state = match job.request.run(control) {
                    Ok(_) => State::Done,
                    Err(error) if is_local(&error) => {
                        control.tell(Event::RunFailed(&error));
                        State::Failed(error.to_string())
                    }
                    Err(error) => return Err(error),
                };
            }
        }
        let done = self.jobs.iter().filter(|job| job.is_done()).count();
        if done == 0 {
            return Err(PipelineError::NothingRun {
                suite: self.suite.id,
            });
        }
        let table = results::render(&self.suite, &self.library, &self.jobs)?;
        let text = table.render(Format::Markdown)?;
        crate::run::write_durably(&self.root.join("table.md"), text.as_bytes())?;
        Ok(MeasuredSuite {
            suite: self.suite.id,
            root: self.root,
            table,
            done,
            runs: self.jobs.len(),
        })
    }
}

/// Whether a failure is of this run alone, so that the next one may still succeed.
fn is_local(error: &PipelineError) -> bool {
    matches!(
        error.fault_kind(),
        FaultKind::Setup | FaultKind::DataVerification | FaultKind::NothingSelected
    )
}

/// Every row of a suite is one of its table.
fn check_rows(suite: &Suite, library: &Library) -> Result<(), PipelineError> {
    let Some(table) = &suite.table else {
        return Ok(());
    };
    let rows = library.find(table)?.rows().len();
    let mut filled = suite.runs.iter().filter_map(|run| run.row);
    match filled.find(|row| *row > rows) {
        None => Ok(()),
        Some(row) => Err(PipelineError::SuiteRow {
            suite: suite.id.clone(),
            row,
            table: table.clone(),
            rows,
        }),
    }
}

/// The folder of a request, or one below `runs/suites/`.
fn folder(suite: &Suite, common: &RunRequest) -> PathBuf {
    if let Some(out) = &common.out {
        return out.clone();
    }
    let name = match common.limit {
        Some(limit) => format!("{}-first{limit}", suite.id),
        None => suite.id.clone(),
    };
    Path::new("runs").join("suites").join(name)
}
