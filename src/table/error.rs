//! Errors of this room.

use crate::record::{FaultKind, Hint};

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
    #[error("failed to write the table as CSV")]
    Csv(#[source] csv::Error),
}

impl Hint for TableError {
    fn fault_kind(&self) -> FaultKind {
        FaultKind::Bug
    }
}
