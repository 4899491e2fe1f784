//! Errors of this room.

use crate::record::{FaultKind, Hint};
use crate::run::RunError;

/// What can go wrong with published tables and with runs that are compared with them.
#[derive(Debug, thiserror::Error)]
pub enum PaperError {
    /// No table has this id.
    #[error("no published table is called `{id}`; known: {}", known.join(", "))]
    UnknownTable {
        /// What was asked for.
        id: String,
        /// The ids there are.
        known: Vec<String>,
        /// The known id that looks most like it, if one does.
        suggestion: Option<String>,
    },
    /// A row was asked for that the table has not, or that is not the only one.
    #[error("table `{table}` has {found} rows `{row}`")]
    Row {
        /// The table.
        table: String,
        /// A row's number, or a model's id.
        row: String,
        /// How many rows that names.
        found: &'static str,
        /// Numbers and names of the rows.
        known: Vec<String>,
    },
    /// A run folder holds scores of another run.
    #[error(
        "{folder}: the scores are not of this run ({field}: {manifest} in manifest.json, {scores} in scores.json)"
    )]
    ManifestMismatch {
        /// The folder.
        folder: String,
        /// What differs.
        field: &'static str,
        /// What the manifest says.
        manifest: String,
        /// What the scores say.
        scores: String,
    },
    /// The cards of a run cannot be understood.
    #[error(transparent)]
    Run(#[from] RunError),
    /// The data compiled into the program are damaged.
    #[error("{file}: {message}")]
    Data {
        /// The file.
        file: &'static str,
        /// What is wrong.
        message: String,
    },
    /// A table could not be written as CSV.
    #[error("failed to write the table as CSV")]
    Csv(#[source] csv::Error),
    /// A table could not be written as JSON.
    #[error("failed to write the table as JSON")]
    Json(#[from] serde_json::Error),
}

impl Hint for PaperError {
    fn fault_kind(&self) -> FaultKind {
        match self {
            Self::UnknownTable { .. } | Self::Row { .. } => FaultKind::Usage,
            Self::ManifestMismatch { .. } => FaultKind::DataVerification,
            Self::Run(error) => error.fault_kind(),
            Self::Data { .. } | Self::Csv(_) | Self::Json(_) => FaultKind::Bug,
        }
    }

    fn hint(&self) -> Option<String> {
        match self {
            Self::UnknownTable { suggestion, .. } => Some(match suggestion {
                Some(id) => format!("did you mean `storyeval paper {id}`?"),
                None => "see `storyeval paper ls`".to_owned(),
            }),
            Self::Row { known, .. } => Some(format!("the rows are: {}", known.join("; "))),
            Self::ManifestMismatch { folder, .. } => {
                Some(format!("score the run again: `storyeval score {folder}`"))
            }
            Self::Run(error) => error.hint(),
            Self::Data { .. } | Self::Csv(_) | Self::Json(_) => None,
        }
    }
}
