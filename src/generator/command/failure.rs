//! A worker that failed for good, as its user gets to know it.

use super::fault::WorkerFault;
use crate::record::{FaultKind, Hint, StoryId};
use std::path::PathBuf;

/// A worker that failed for good.
#[derive(Debug, thiserror::Error)]
#[error("worker {worker} of model {model} {}", self.what())]
pub struct WorkerFailure {
    /// Id of the model.
    pub model: String,
    /// Its number, from 0.
    pub worker: usize,
    /// The story that it failed at, where it was one.
    pub story: Option<StoryId>,
    /// How often it was tried.
    pub attempts: usize,
    /// The file with what it wrote on stderr.
    pub log: PathBuf,
    /// The last line of it.
    pub last_line: Option<String>,
    /// Whether it never became ready.
    pub at_start: bool,
    /// What went wrong the last time.
    #[source]
    pub fault: WorkerFault,
}

impl WorkerFailure {
    /// What it failed at, and how often.
    fn what(&self) -> String {
        let what = match &self.story {
            _ if self.at_start => "did not start".to_owned(),
            Some(story) => format!("failed to draw story {story}"),
            None => "failed".to_owned(),
        };
        match self.attempts {
            1 => what,
            attempts => format!("{what} ({attempts} attempts)"),
        }
    }
}

impl Hint for WorkerFailure {
    fn fault_kind(&self) -> FaultKind {
        if self.at_start {
            FaultKind::Setup
        } else {
            FaultKind::Partial
        }
    }

    fn hint(&self) -> Option<String> {
        let wrote = match &self.last_line {
            Some(line) => format!("it wrote `{line}`; the whole is in {}", self.log.display()),
            None => "it wrote nothing on stderr".to_owned(),
        };
        Some(if self.at_start {
            wrote
        } else {
            format!("{wrote}; what is drawn is kept, and the same command goes on from there")
        })
    }
}
