//! Errors of this room.

use crate::record::{FaultKind, Hint};
use crate::run::RunError;
use polars::prelude::PolarsError;
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
    /// A run of another model was named for the frames of the ground truth.
    #[error("{run} is a run of {model}, not of ground-truth")]
    NotTruth {
        /// Its folder.
        run: String,
        /// Its model.
        model: String,
    },
    /// Rows do not fit together.
    #[error("could not put the rows together")]
    Frame(#[from] PolarsError),
    /// The table could not be written.
    #[error("failed to write the table")]
    Write(#[source] io::Error),
}

impl Hint for ExportError {
    fn fault_kind(&self) -> FaultKind {
        match self {
            Self::Run(error) => error.fault_kind(),
            Self::Twice { .. } | Self::NotTruth { .. } => FaultKind::Usage,
            Self::Frame(_) => FaultKind::Bug,
            Self::Write(_) => FaultKind::Output,
        }
    }

    fn hint(&self) -> Option<String> {
        match self {
            Self::Run(error) => error.hint(),
            Self::Twice { .. } => Some("name each run folder once".to_owned()),
            Self::NotTruth { .. } => Some(
                "draw the real frames with `storyeval generate --dataset ID --model ground-truth --out DIR`"
                    .to_owned(),
            ),
            Self::Frame(_) => None,
            Self::Write(_) => Some("write to a file with `--out FILE`".to_owned()),
        }
    }
}
