//! Comma-separated values that no spreadsheet runs as a formula.

use super::batch::{Batch, Values};
use super::schema::Column;
use std::borrow::Cow;
use std::fmt::Write as _;
use std::io::{self, Write};

pub(super) struct CsvLines<W: Write> {
    writer: csv::Writer<W>,
    field: String,
}

impl<W: Write> CsvLines<W> {
    pub(super) fn new(out: W, columns: &[Column]) -> io::Result<Self> {
        let mut writer = csv::Writer::from_writer(out);
        writer.write_record(columns.iter().map(|column| column.name))?;
        Ok(Self {
            writer,
            field: String::new(),
        })
    }

    pub(super) fn write(&mut self, batch: &Batch) -> io::Result<()> {
        for row in 0..batch.rows {
            for column in &batch.columns {
                self.field.clear();
                match column {
                    Values::Text(values) => {
                        let text = values[row].as_deref().unwrap_or_default();
                        self.field.push_str(&tamed(text));
                    }
                    Values::Natural(values) => show(&mut self.field, values[row]),
                    Values::Number(values) => show(&mut self.field, values[row]),
                    Values::Flag(values) => show(&mut self.field, values[row]),
                }
                self.writer.write_field(&self.field)?;
            }
            self.writer.write_record(None::<&[u8]>)?;
        }
        Ok(())
    }

    pub(super) fn finish(mut self) -> io::Result<()> {
        self.writer.flush()
    }
}

fn show(field: &mut String, value: Option<impl std::fmt::Display>) {
    if let Some(value) = value {
        let _ = write!(field, "{value}");
    }
}

/// Text that no spreadsheet runs.
pub(super) fn tamed(text: &str) -> Cow<'_, str> {
    if text.starts_with(['=', '+', '-', '@', '\t', '\r']) {
        Cow::Owned(format!("'{text}"))
    } else {
        Cow::Borrowed(text)
    }
}
