//! Errors of this room.

use crate::card::CardError;
use crate::record::{FaultKind, Hint};
use crate::run::RunError;
use std::io;
use std::path::{Path, PathBuf};

/// Why nothing could be judged, or why the judgement is no.
#[derive(Debug, thiserror::Error)]
pub enum GateError {
    /// A file of the user's cannot be read.
    #[error("failed to read the {what} {}", path.display())]
    Read {
        /// What it is: rules, or a baseline.
        what: &'static str,
        /// The file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// The rules are no TOML, or have a key that is not known.
    #[error(transparent)]
    Rules(CardError),
    /// A rule contradicts itself.
    #[error("{path}:{line}: {what}")]
    Rule {
        /// The file.
        path: String,
        /// Line of the rule, from 1.
        line: usize,
        /// What is wrong.
        what: String,
    },
    /// A rule was given for a score that it cannot judge.
    #[error("the rule for {score} cannot be used: {what}")]
    Unusable {
        /// Model, metric and slice.
        score: String,
        /// Why.
        what: String,
    },
    /// The baseline is not one, or was cut off.
    #[error("{}:{}: this is no baseline: {source}", path.display(), source.line())]
    Json {
        /// The file.
        path: PathBuf,
        /// What the JSON reader says.
        source: serde_json::Error,
    },
    /// The file is something else.
    #[error("{} is no baseline: {what}", path.display())]
    NotBaseline {
        /// The file.
        path: PathBuf,
        /// What it is.
        what: &'static str,
    },
    /// The baseline was written by another version.
    #[error("{} has format {found}, this program reads format {supported}", path.display())]
    Format {
        /// The file.
        path: PathBuf,
        /// Its format.
        found: u64,
        /// The format that this program reads.
        supported: u32,
    },
    /// The baseline contradicts itself.
    #[error("{} is damaged: {what}", path.display())]
    Damaged {
        /// The file.
        path: PathBuf,
        /// How.
        what: String,
    },
    /// Two runs are of one model, and a baseline knows models by their names.
    #[error("{} and {} are both runs of {model}", first.display(), second.display())]
    Twice {
        /// The model.
        model: String,
        /// One run.
        first: PathBuf,
        /// The other.
        second: PathBuf,
    },
    /// A run that is not whole was to become the baseline.
    #[error("{} cannot be a baseline: {what}", path.display())]
    Incomplete {
        /// The run.
        path: PathBuf,
        /// What is missing.
        what: String,
    },
    /// No score of the runs could be compared with the baseline.
    #[error("no score could be compared with the baseline{reason}")]
    Incomparable {
        /// Why, if there is one reason.
        reason: String,
    },
    /// There are too few stories for a test that was asked for.
    #[error("too few stories: no difference of {scores} could fail")]
    Powerless {
        /// Models and metrics.
        scores: String,
    },
    /// The gate failed.
    #[error("the gate failed: {failed} of {judged} scores that are compared with the baseline")]
    Failed {
        /// Scores that failed.
        failed: usize,
        /// Scores with a verdict.
        judged: usize,
    },
    /// A file could not be written.
    #[error(transparent)]
    Write(#[from] RunError),
}

/// A file beside `path`: what is there is not written over unasked.
fn another(path: &Path) -> String {
    const NAMES: [&str; 2] = ["baseline.json", "new-baseline.json"];
    let free = |name: &&str| !path.with_file_name(name).exists();
    let name = NAMES.into_iter().find(free).unwrap_or("NEW.json");
    path.with_file_name(name).display().to_string()
}

impl Hint for GateError {
    fn fault_kind(&self) -> FaultKind {
        match self {
            Self::Read { .. }
            | Self::Rules(_)
            | Self::Rule { .. }
            | Self::Unusable { .. }
            | Self::Twice { .. } => FaultKind::Usage,
            Self::NotBaseline { .. }
            | Self::Json { .. }
            | Self::Format { .. }
            | Self::Damaged { .. } => FaultKind::DataVerification,
            Self::Incomplete { .. } => FaultKind::Partial,
            Self::Incomparable { .. } | Self::Powerless { .. } => FaultKind::Incomparable,
            Self::Failed { .. } => FaultKind::GateFailed,
            Self::Write(error) => error.fault_kind(),
        }
    }

    fn hint(&self) -> Option<String> {
        Some(match self {
            Self::Read { what: "baseline", path, source } if source.kind() == io::ErrorKind::NotFound => format!(
                "write one with `storyeval gate update RUN... --baseline {}`",
                path.display()
            ),
            Self::Read { path, .. } => format!("check it with `ls -l {}`", path.display()),
            Self::Rules(error) => return error.hint(),
            Self::Rule { path, line, .. } => {
                format!("correct line {line} of {path}; docs/gate.md explains every key")
            }
            Self::Unusable { .. } => {
                "give the score a rule of its own, before this one".to_owned()
            }
            Self::NotBaseline { path, .. } => format!(
                "name the baseline, or write one to another file: `storyeval gate update RUN... --baseline {}`",
                another(path)
            ),
            Self::Json { path, .. } | Self::Damaged { path, .. } => format!(
                "take the committed file (`git checkout -- {}`), or write a new one: `storyeval gate update RUN... --baseline {}`",
                path.display(),
                another(path)
            ),
            Self::Format { path, .. } => format!(
                "use the version of storyeval that wrote it, or write a new one: `storyeval gate update RUN... --baseline {}`",
                another(path)
            ),
            Self::Twice { .. } => "give one run of each model".to_owned(),
            Self::Incomplete { .. } => {
                "run the same `storyeval run` command again, it goes on where it stopped; `--force` takes the run as it is"
                    .to_owned()
            }
            Self::Incomparable { .. } => {
                "make the runs with the command that the baseline states (`commands`), or write a new baseline with `storyeval gate update`"
                    .to_owned()
            }
            Self::Powerless { .. } => {
                "make baseline and runs with more stories (`--limit`), or give these scores a tolerance in the rules (docs/gate.md)"
                    .to_owned()
            }
            Self::Failed { .. } => {
                "if the change is meant, review it with `storyeval gate update RUN... --baseline FILE --dry-run`, and commit the baseline with the reason"
                    .to_owned()
            }
            Self::Write(error) => return error.hint(),
        })
    }
}
