//! JSON lines: an object per line.

use super::{KIND, RowCell, RowFile, UserRow};
use crate::format::FormatError;
use serde_json::{Map, Value};
use std::collections::HashMap;
use std::fs::File;
use std::io::{BufRead, BufReader, ErrorKind};
use std::path::Path;

pub(super) fn read(path: &Path) -> Result<RowFile, FormatError> {
    let fault = |source| FormatError::Read {
        path: path.to_path_buf(),
        source,
    };
    let file = File::open(path).map_err(fault)?;
    let mut names: Vec<String> = Vec::new();
    let mut places: HashMap<String, usize> = HashMap::new();
    let mut rows = Vec::new();
    for (line, text) in (1..).zip(BufReader::new(file).lines()) {
        let text = text.map_err(|error| match error.kind() {
            ErrorKind::InvalidData => KIND.malformed(path, format!("line {line}: it is not UTF-8")),
            _ => fault(error),
        })?;
        if text.trim().is_empty() {
            continue;
        }
        let object: Map<String, Value> = serde_json::from_str(&text).map_err(|error| {
            let found = format!("line {line}: {error}; a value that is missing is null");
            KIND.malformed(path, found)
        })?;
        let mut cells = vec![RowCell::Missing; names.len()];
        for (name, value) in object {
            let place = *places.entry(name).or_insert_with_key(|name| {
                names.push(name.clone());
                cells.push(RowCell::Missing);
                names.len() - 1
            });
            cells[place] = cell(value);
        }
        rows.push(UserRow { line, cells });
    }
    for row in &mut rows {
        row.cells.resize(names.len(), RowCell::Missing);
    }
    Ok(RowFile {
        path: path.to_path_buf(),
        counted: "line",
        untyped: false,
        names,
        rows,
    })
}

fn cell(value: Value) -> RowCell {
    match value {
        Value::Null => RowCell::Missing,
        Value::String(text) => RowCell::Text(text),
        Value::Number(number) => match (number.as_i64(), number.as_f64()) {
            (Some(whole), _) => RowCell::Whole(whole),
            (None, Some(number)) => RowCell::Number(number),
            (None, None) => RowCell::Other(number.to_string()),
        },
        other => RowCell::Other(other.to_string()),
    }
}
