//! A table on its way out, in any format.

use super::csv_lines::CsvLines;
use super::error::ExportError;
use super::json_lines;
use super::parquet_file::ParquetFile;
use super::schema::{Column, What};
use clap::ValueEnum;
use polars::prelude::{DataFrame, Field, Schema};
use std::io::{self, Write};

/// Rows that are kept before they are written: a row group of Parquet.
const GROUP: usize = 65_536;

/// How a table is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Format {
    /// Comma-separated values, safe for spreadsheets
    Csv,
    /// One JSON object per line
    #[value(name = "jsonl")]
    JsonLines,
    /// Parquet, for pandas and polars
    Parquet,
}

enum Sink<W: Write + Send> {
    Csv(Box<CsvLines<W>>),
    JsonLines(W),
    Parquet(Box<ParquetFile<W>>),
}

/// Writes rows as they come.
pub struct TableWriter<W: Write + Send> {
    columns: Vec<Column>,
    /// Rows that are not written yet.
    waiting: DataFrame,
    sink: Sink<W>,
    rows: u64,
}

impl<W: Write + Send> TableWriter<W> {
    /// Begins a table.
    ///
    /// # Errors
    /// `out` cannot be written.
    pub fn new(out: W, what: What, format: Format) -> io::Result<Self> {
        let columns = what.columns();
        let sink = match format {
            Format::Csv => Sink::Csv(Box::new(CsvLines::new(
                out,
                columns.iter().map(|it| it.name),
            )?)),
            Format::JsonLines => Sink::JsonLines(out),
            Format::Parquet => Sink::Parquet(Box::new(ParquetFile::new(out, what, &columns)?)),
        };
        let fields = columns
            .iter()
            .map(|column| Field::new(column.name.into(), column.kind.data_type()));
        Ok(Self {
            waiting: DataFrame::empty_with_schema(&fields.collect::<Schema>()),
            columns,
            sink,
            rows: 0,
        })
    }

    /// Rows that may come until the next ones begin another group.
    pub(super) fn room(&self) -> usize {
        GROUP - self.waiting.height()
    }

    /// Adds rows with the columns of the table.
    pub(super) fn push(&mut self, rows: DataFrame) -> Result<(), ExportError> {
        self.waiting.vstack_mut_owned(rows)?;
        if self.waiting.height() >= GROUP {
            self.flush().map_err(ExportError::Write)?;
        }
        Ok(())
    }

    /// Writes the rest, and gives the number of rows.
    ///
    /// # Errors
    /// The output cannot be written.
    pub fn finish(mut self) -> io::Result<u64> {
        self.flush()?;
        match self.sink {
            Sink::Csv(lines) => lines.finish()?,
            Sink::JsonLines(mut out) => out.flush()?,
            Sink::Parquet(file) => file.finish()?,
        }
        Ok(self.rows)
    }

    fn flush(&mut self) -> io::Result<()> {
        let empty = self.waiting.clear();
        let rows = std::mem::replace(&mut self.waiting, empty);
        if rows.height() == 0 {
            return Ok(());
        }
        match &mut self.sink {
            Sink::Csv(lines) => lines.write(&rows)?,
            Sink::JsonLines(out) => json_lines::write(out, &rows)?,
            Sink::Parquet(file) => file.write(&self.columns, &rows)?,
        }
        self.rows += rows.height() as u64;
        Ok(())
    }
}
