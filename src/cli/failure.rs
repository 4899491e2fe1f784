//! How a verb can fail: in the library, in the arguments, or on the way to stdout.

use storyeval::pipeline::PipelineError;
use storyeval::{FaultKind, Hint};

/// An error on its way to the user.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Failure {
    /// The library says so.
    #[error(transparent)]
    Library(PipelineError),
    /// Arguments that clap cannot check.
    #[error("{what}")]
    Arguments { what: String, hint: String },
    /// A standalone metric has no value on these inputs.
    #[error("{metric} has no value: {reason}")]
    Unscored {
        metric: String,
        reason: String,
        hint: String,
    },
    /// Not all of a suite could be run.
    #[error("{done} of {runs} runs of suite {suite} are done")]
    SuiteUnfinished {
        suite: String,
        done: usize,
        runs: usize,
    },
    /// A run has frames, but no metric has a value.
    #[error("nothing could be scored: no metric has a value")]
    NothingScored,
    /// stdout is gone or full.
    #[error("failed to print the result")]
    Stdout(#[source] std::io::Error),
}

impl Failure {
    /// What kind of fault this is; it decides the exit code.
    pub(crate) fn fault_kind(&self) -> FaultKind {
        match self {
            Self::Library(error) => error.fault_kind(),
            Self::Arguments { .. } => FaultKind::Usage,
            Self::Unscored { .. } => FaultKind::DataVerification,
            Self::SuiteUnfinished { .. } | Self::NothingScored => FaultKind::Partial,
            Self::Stdout(_) => FaultKind::Output,
        }
    }

    /// What to do next.
    pub(crate) fn hint(&self) -> Option<String> {
        match self {
            Self::Library(error) => error.hint(),
            Self::Arguments { hint, .. } | Self::Unscored { hint, .. } => Some(hint.clone()),
            Self::SuiteUnfinished { .. } => Some(
                "run the same command again when what is missing is there; what is done is not done again"
                    .to_owned(),
            ),
            Self::NothingScored => Some(
                "the notes of the table say why for each metric; `--protocol pixels` compares frames with the real ones without any network, \
                 docs/own-classifier.md and docs/real-networks.md bring networks"
                    .to_owned(),
            ),
            Self::Stdout(_) => None,
        }
    }
}

/// Lets `?` lift the error of any room.
impl<E: Into<PipelineError>> From<E> for Failure {
    fn from(error: E) -> Self {
        Self::Library(error.into())
    }
}
