//! Comma-separated values that no spreadsheet runs as a formula.

use polars::prelude::{AnyValue, DataFrame};
use std::borrow::Cow;
use std::fmt::Write as _;
use std::io::{self, Write};

pub(super) struct CsvLines<W: Write> {
    writer: csv::Writer<W>,
    field: String,
}

impl<W: Write> CsvLines<W> {
    pub(super) fn new<'a>(out: W, names: impl IntoIterator<Item = &'a str>) -> io::Result<Self> {
        let mut writer = csv::Writer::from_writer(out);
        writer
            .write_record(names.into_iter().map(|name| tamed(name).into_owned()))
            .map_err(cause)?;
        Ok(Self {
            writer,
            field: String::new(),
        })
    }

    pub(super) fn write(&mut self, rows: &DataFrame) -> io::Result<()> {
        let mut columns: Vec<_> = rows
            .materialized_column_iter()
            .map(|it| it.iter())
            .collect();
        for _ in 0..rows.height() {
            for value in columns.iter_mut().filter_map(Iterator::next) {
                self.field.clear();
                let written = match value {
                    AnyValue::String(text) => {
                        self.field.push_str(&tamed(text));
                        Ok(())
                    }
                    AnyValue::UInt64(value) => write!(self.field, "{value}"),
                    AnyValue::Float64(value) => write!(self.field, "{value}"),
                    AnyValue::Boolean(value) => write!(self.field, "{value}"),
                    _ => Ok(()),
                };
                written.map_err(io::Error::other)?;
                self.writer.write_field(&self.field).map_err(cause)?;
            }
            self.writer.write_record(None::<&[u8]>).map_err(cause)?;
        }
        Ok(())
    }

    pub(super) fn finish(mut self) -> io::Result<()> {
        self.writer.flush()
    }
}

/// The system's error, which `csv` hides: a closed pipe is one to be quiet about.
fn cause(error: csv::Error) -> io::Error {
    match error.into_kind() {
        csv::ErrorKind::Io(source) => source,
        other => io::Error::other(format!("{other:?}")),
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
