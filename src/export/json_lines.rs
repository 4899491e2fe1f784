//! A JSON object a line, every column in each.

use super::batch::{Batch, Values};
use super::schema::Column;
use serde::Serialize;
use std::io::{self, Write};

pub(super) fn write(out: &mut impl Write, columns: &[Column], batch: &Batch) -> io::Result<()> {
    let keys: Vec<String> = columns
        .iter()
        .enumerate()
        .map(|(at, column)| format!("{}\"{}\":", if at == 0 { '{' } else { ',' }, column.name))
        .collect();
    let mut line = Vec::new();
    for row in 0..batch.rows {
        line.clear();
        for (key, column) in keys.iter().zip(&batch.columns) {
            line.extend_from_slice(key.as_bytes());
            match column {
                Values::Text(values) => value(&mut line, &values[row].as_deref())?,
                Values::Natural(values) => value(&mut line, &values[row])?,
                Values::Number(values) => value(&mut line, &values[row])?,
                Values::Flag(values) => value(&mut line, &values[row])?,
            }
        }
        line.extend_from_slice(b"}\n");
        out.write_all(&line)?;
    }
    Ok(())
}

/// Infinities become null: JSON has no word for them.
fn value(line: &mut Vec<u8>, value: &impl Serialize) -> io::Result<()> {
    Ok(serde_json::to_writer(line, value)?)
}
