//! Many runs as one long table, for notebooks and spreadsheets: CSV, JSON lines and Parquet with one
//! documented schema (`docs/exports.md`).
//!
//! Rows come run by run, in the order of the runs and of their files. No more than one run and one row group
//! are in memory, however many runs there are.

mod csv_lines;
mod error;
mod json_lines;
mod parquet_file;
mod rows;
mod schema;
mod side_by_side;
mod tables;
#[cfg(test)]
mod tests;
mod writer;

pub use error::ExportError;
pub use rows::{Exported, export};
pub use schema::{Column, Kind, VERSION, What};
pub use side_by_side::{FrameValue, side_by_side, write_side_by_side};
pub use writer::{Format, TableWriter};
