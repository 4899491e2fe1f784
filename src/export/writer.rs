//! A table on its way out, in any format.

use super::batch::Batch;
use super::csv_lines::CsvLines;
use super::json_lines;
use super::parquet_file::ParquetFile;
use super::schema::{Column, What};
use std::io::{self, Write};

/// Rows that are kept before they are written: a row group of Parquet.
const GROUP: usize = 65_536;

/// How a table is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// Comma-separated values with a header, safe for spreadsheets.
    Csv,
    /// A JSON object a line.
    JsonLines,
    /// Parquet, for pandas, polars and the like.
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
    batch: Batch,
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
            Format::Csv => Sink::Csv(Box::new(CsvLines::new(out, &columns)?)),
            Format::JsonLines => Sink::JsonLines(out),
            Format::Parquet => Sink::Parquet(Box::new(ParquetFile::new(out, what, &columns)?)),
        };
        Ok(Self {
            batch: Batch::new(&columns),
            columns,
            sink,
            rows: 0,
        })
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

    /// The rows to come go here; [`TableWriter::flush_full`] follows.
    pub(super) fn batch(&mut self) -> &mut Batch {
        &mut self.batch
    }

    /// Writes what is kept once it is enough.
    pub(super) fn flush_full(&mut self) -> io::Result<()> {
        if self.batch.rows >= GROUP {
            self.flush()?;
        }
        Ok(())
    }

    fn flush(&mut self) -> io::Result<()> {
        if self.batch.rows == 0 {
            return Ok(());
        }
        match &mut self.sink {
            Sink::Csv(lines) => lines.write(&self.batch)?,
            Sink::JsonLines(out) => json_lines::write(out, &self.columns, &self.batch)?,
            Sink::Parquet(file) => file.write(&self.columns, &self.batch)?,
        }
        self.rows += self.batch.rows as u64;
        self.batch.clear();
        Ok(())
    }
}
