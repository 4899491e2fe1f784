//! Errors of this room.

use crate::run::RunError;
use crate::{ExitCode, Hint};
use std::io;

/// What can go wrong when runs are exported.
#[derive(Debug, thiserror::Error)]
pub enum ExportError {
    /// A run cannot be read.
    #[error(transparent)]
    Run(#[from] RunError),
    /// A run is there twice, and its rows would count twice.
    #[error("run {run} is given twice")]
    Twice {
        /// Its folder.
        run: String,
    },
    /// Runs could not be joined.
    #[error("could not join the runs: {reason}")]
    Join {
        /// What polars says.
        reason: String,
    },
    /// The table could not be written.
    #[error("could not write the table")]
    Write(#[source] io::Error),
}

impl Hint for ExportError {
    fn exit_code(&self) -> ExitCode {
        match self {
            Self::Run(error) => error.exit_code(),
            Self::Twice { .. } => ExitCode::Usage,
            Self::Join { .. } => ExitCode::Bug,
            Self::Write(_) => ExitCode::Output,
        }
    }

    fn hint(&self) -> Option<String> {
        match self {
            Self::Run(error) => error.hint(),
            Self::Twice { .. } => Some("name each run folder once".to_owned()),
            Self::Join { .. } => None,
            Self::Write(_) => Some("write to a file with `--out FILE`".to_owned()),
        }
    }
}
