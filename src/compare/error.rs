//! Errors of this room.

use crate::evaluate::EvaluateError;
use crate::record::{FaultKind, Hint};
use crate::run::RunError;
use polars::prelude::PolarsError;

/// Why runs could not be compared.
#[derive(Debug, thiserror::Error)]
pub enum CompareError {
    /// A score was computed in different ways.
    #[error(
        "`{metric}` of `{base}` and of `{candidate}` are not comparable: {}",
        differences.join("; ")
    )]
    Incomparable {
        /// The metric.
        metric: String,
        /// The run compared with.
        base: String,
        /// The other run.
        candidate: String,
        /// The parts that differ, as `key: first / second`.
        differences: Vec<String>,
    },
    /// No frame was seen in all of the runs.
    #[error("`{base}` and `{candidate}` have no scored frame in common")]
    NothingShared {
        /// The run compared with.
        base: String,
        /// The other run.
        candidate: String,
    },
    /// Something was asked for that no run has.
    #[error("no run has the {kind} `{name}`")]
    Unknown {
        /// `metric` or `slice`.
        kind: &'static str,
        /// What was asked for.
        name: String,
        /// What there is.
        known: Vec<String>,
    },
    /// There is nothing to compare with.
    #[error("a comparison needs a base and at least one candidate")]
    NoCandidate,
    /// A frame is twice in the observations of a run.
    #[error("frame {frame} of story {story} is twice in the observations of `{run}`")]
    Repeated {
        /// The run.
        run: String,
        /// The story.
        story: String,
        /// The frame, from 1.
        frame: u32,
    },
    /// A run has no references to measure.
    #[error("no caption that `{run}` read has a pronoun in place of a name")]
    NoReferences {
        /// The run.
        run: String,
    },
    /// A second run is not the first one with names restored.
    #[error("`{restored}` is not `{run}` with names restored: {}", differences.join("; "))]
    NotRestored {
        /// The run that read pronouns.
        run: String,
        /// The other run.
        restored: String,
        /// In what they differ beyond their text.
        differences: Vec<String>,
    },
    /// A run folder cannot be read.
    #[error(transparent)]
    Run(#[from] RunError),
    /// What was seen on the frames of a run cannot be read.
    #[error(transparent)]
    Stored(Box<EvaluateError>),
    /// The runs could not be joined.
    #[error("could not join the runs")]
    Join(#[from] PolarsError),
    /// The table could not be written as CSV.
    #[error("failed to write the comparison as CSV")]
    Csv(#[from] csv::Error),
    /// The comparison could not be written as JSON.
    #[error("failed to write the comparison as JSON")]
    Json(#[from] serde_json::Error),
}

impl From<EvaluateError> for CompareError {
    fn from(error: EvaluateError) -> Self {
        Self::Stored(Box::new(error))
    }
}

impl Hint for CompareError {
    fn fault_kind(&self) -> FaultKind {
        match self {
            Self::Incomparable { .. } | Self::NotRestored { .. } => FaultKind::Incomparable,
            Self::NothingShared { .. } | Self::NoReferences { .. } => FaultKind::NothingSelected,
            Self::Unknown { .. } | Self::NoCandidate => FaultKind::Usage,
            Self::Repeated { .. } => FaultKind::DataVerification,
            Self::Run(error) => error.fault_kind(),
            Self::Stored(error) => error.fault_kind(),
            Self::Join(_) | Self::Csv(_) | Self::Json(_) => FaultKind::Bug,
        }
    }

    fn hint(&self) -> Option<String> {
        Some(match self {
            Self::Run(error) => return error.hint(),
            Self::Stored(error) => return error.hint(),
            Self::Incomparable { .. } => {
                "score both with one protocol on the same stories, or add `--force-incomparable`".to_owned()
            }
            Self::NothingShared { .. } => {
                "run both on the same stories; `storyeval table` shows runs on different ones side by side"
                    .to_owned()
            }
            Self::Unknown { known, .. } => format!("there are: {}", known.join(", ")),
            Self::NoReferences { .. } => {
                "measure a run of referential text: `storyeval run` with `--protocol strict`; \
                 the run of captions with names goes second (docs/references.md)".to_owned()
            }
            Self::NotRestored { .. } => {
                "make the second run with the options of the first and `--protocol strict-original` (docs/references.md)".to_owned()
            }
            Self::NoCandidate => "name two run folders: `storyeval compare BASE CANDIDATE`".to_owned(),
            Self::Repeated { run, .. } => {
                format!("observe the frames again: `storyeval observe {run}`")
            }
            Self::Join(_) | Self::Csv(_) | Self::Json(_) => return None,
        })
    }
}
