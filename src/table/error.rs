//! Errors of this room.

use crate::{ExitCode, Hint};

/// What can go wrong when a table is written.
#[derive(Debug, thiserror::Error)]
pub enum TableError {
    /// A row does not fit its table.
    #[error("table `{table}` has {columns} columns and a row of {cells} cells")]
    Ragged {
        /// Title of the table.
        table: String,
        /// Cells of the row.
        cells: usize,
        /// Columns of the table.
        columns: usize,
    },
    /// The CSV writer failed.
    #[error("could not write the table as CSV")]
    Csv(#[source] csv::Error),
}

impl Hint for TableError {
    fn exit_code(&self) -> ExitCode {
        ExitCode::Bug
    }
}
