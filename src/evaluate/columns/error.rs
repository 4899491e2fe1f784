//! Why a table that the user brings does not become a metric.

use crate::record::{FaultKind, Hint};
use std::fmt;
use std::path::PathBuf;

/// A field of a table, and what it holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    /// The file.
    pub path: PathBuf,
    /// What is counted: `line` or `row`.
    pub counted: &'static str,
    /// Its number, from 1.
    pub line: u64,
    /// Name of the column.
    pub field: String,
    /// What the field holds.
    pub value: String,
}

impl fmt::Display for Place {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let path = self.path.display();
        let (counted, line) = (self.counted, self.line);
        write!(
            formatter,
            "{path}, {counted} {line}: {} = {}",
            self.field, self.value
        )
    }
}

/// What is wrong with a column.
#[derive(Debug, thiserror::Error)]
pub enum ColumnError {
    /// A built-in metric has the id.
    #[error("`{id}` is the built-in metric {name}")]
    BuiltIn {
        /// The id.
        id: String,
        /// The metric's name.
        name: &'static str,
    },
    /// Two columns have one id.
    #[error("two columns are called `{id}`")]
    IdTwice {
        /// The id.
        id: String,
    },
    /// The run has no such column.
    #[error("{} has no column `{id}` of its own{}", run.display(), listed(known))]
    NotThere {
        /// What was asked for.
        id: String,
        /// The run folder.
        run: PathBuf,
        /// Ids that it has.
        known: Vec<String>,
    },
    /// The table lacks a column.
    #[error("{} has no column `{name}`; it has {}", path.display(), columns.join(", "))]
    NoColumn {
        /// The file.
        path: PathBuf,
        /// What was looked for.
        name: String,
        /// What it has.
        columns: Vec<String>,
    },
    /// It is not clear which column has the values.
    #[error("{} has {} columns of values ({}); one is wanted", path.display(), columns.len(), columns.join(", "))]
    WhichColumn {
        /// The file.
        path: PathBuf,
        /// The candidates.
        columns: Vec<String>,
    },
    /// A field is not what it should be.
    #[error("{place}, which is {fault}")]
    Field {
        /// Where.
        place: Place,
        /// What is wrong with it.
        fault: String,
    },
    /// Two rows are of the same frame, story or run.
    #[error("{place}, which {} {first} has already", place.counted)]
    Twice {
        /// The second row.
        place: Place,
        /// The first.
        first: u64,
    },
    /// No row is of the run.
    #[error("no row of {} is of this run: {found}", path.display())]
    OtherRun {
        /// The file.
        path: PathBuf,
        /// What the file has and what the run has.
        found: String,
    },
}

fn listed(known: &[String]) -> String {
    if known.is_empty() {
        String::new()
    } else {
        format!("; it has {}", known.join(", "))
    }
}

impl Hint for ColumnError {
    fn fault_kind(&self) -> FaultKind {
        match self {
            Self::BuiltIn { .. }
            | Self::IdTwice { .. }
            | Self::NotThere { .. }
            | Self::WhichColumn { .. } => FaultKind::Usage,
            Self::NoColumn { .. }
            | Self::Field { .. }
            | Self::Twice { .. }
            | Self::OtherRun { .. } => FaultKind::DataVerification,
        }
    }

    fn hint(&self) -> Option<String> {
        Some(match self {
            Self::BuiltIn { id, .. } => {
                format!("give your metric an id of its own: `--column my_{id}=FILE:COLUMN`")
            }
            Self::IdTwice { .. } => {
                "give one of them another id: `--column ID=FILE:COLUMN`, or `id` in its card".to_owned()
            }
            Self::NotThere { run, .. } => {
                format!("`storyeval score {}` prints what the run has", run.display())
            }
            Self::NoColumn { .. } => {
                "values of frames are keyed by `story` and `frame`, those of stories by `story`; say which column has them with `--column FILE:COLUMN` (docs/own-metrics.md)".to_owned()
            }
            Self::WhichColumn { path, columns } => format!(
                "say which with `--column {}:{}`",
                path.display(),
                columns.first().map_or("COLUMN", String::as_str)
            ),
            Self::Field { place, .. } | Self::Twice { place, .. } => format!(
                "correct {} {} of {}; a frame without a value has an empty field or no row, and frames are counted from 1",
                place.counted,
                place.line,
                place.path.display()
            ),
            Self::OtherRun { .. } => {
                "`storyeval export RUN --what observations` prints the stories and frames of a run".to_owned()
            }
        })
    }
}
