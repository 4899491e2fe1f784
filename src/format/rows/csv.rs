//! Comma- or tab-separated values.

use super::{KIND, RowCell, RowFile, UserRow};
use crate::format::FormatError;
use csv::{ErrorKind, ReaderBuilder, StringRecord};
use std::fs::File;
use std::path::Path;

pub(super) fn read(path: &Path, delimiter: u8) -> Result<RowFile, FormatError> {
    let file = File::open(path).map_err(|source| FormatError::Read {
        path: path.to_path_buf(),
        source,
    })?;
    let mut reader = ReaderBuilder::new().delimiter(delimiter).from_reader(file);
    let header = reader.headers().map_err(|error| fault(path, error))?;
    let names = header.iter().map(str::to_owned).collect();
    let mut rows = Vec::new();
    let mut record = StringRecord::new();
    while reader
        .read_record(&mut record)
        .map_err(|error| fault(path, error))?
    {
        rows.push(UserRow {
            line: record.position().map_or(0, csv::Position::line),
            cells: record.iter().map(cell).collect(),
        });
    }
    Ok(RowFile {
        path: path.to_path_buf(),
        counted: "line",
        untyped: true,
        names,
        rows,
    })
}

fn cell(field: &str) -> RowCell {
    match field.trim() {
        "" => RowCell::Missing,
        text => RowCell::Text(text.to_owned()),
    }
}

fn fault(path: &Path, error: csv::Error) -> FormatError {
    let line = |position: &Option<csv::Position>| {
        position
            .as_ref()
            .map_or_else(String::new, |at| format!("line {}: ", at.line()))
    };
    match error.into_kind() {
        ErrorKind::Io(source) => FormatError::Read {
            path: path.to_path_buf(),
            source,
        },
        ErrorKind::UnequalLengths {
            pos,
            expected_len,
            len,
        } => KIND.malformed(
            path,
            format!(
                "{}{len} fields, the first line has {expected_len}",
                line(&pos)
            ),
        ),
        ErrorKind::Utf8 { pos, .. } => {
            KIND.malformed(path, format!("{}it is not UTF-8", line(&pos)))
        }
        other => KIND.malformed(path, format!("{other:?}")),
    }
}
