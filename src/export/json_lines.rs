//! One JSON object per line, with every column in each.

use polars::prelude::{AnyValue, DataFrame};
use std::io::{self, Write};

pub(super) fn write(out: &mut impl Write, rows: &DataFrame) -> io::Result<()> {
    let keys: Vec<String> = rows
        .columns()
        .iter()
        .enumerate()
        .map(|(at, column)| format!("{}\"{}\":", if at == 0 { '{' } else { ',' }, column.name()))
        .collect();
    let mut columns: Vec<_> = rows
        .materialized_column_iter()
        .map(|it| it.iter())
        .collect();
    let mut line = Vec::new();
    for _ in 0..rows.height() {
        line.clear();
        for (key, column) in keys.iter().zip(&mut columns) {
            line.extend_from_slice(key.as_bytes());
            // Infinities become null: JSON has no word for them.
            match column.next() {
                Some(AnyValue::String(text)) => serde_json::to_writer(&mut line, text),
                Some(AnyValue::UInt64(value)) => serde_json::to_writer(&mut line, &value),
                Some(AnyValue::Float64(value)) => serde_json::to_writer(&mut line, &value),
                Some(AnyValue::Boolean(value)) => serde_json::to_writer(&mut line, &value),
                _ => serde_json::to_writer(&mut line, &()),
            }?;
        }
        line.extend_from_slice(b"}\n");
        out.write_all(&line)?;
    }
    Ok(())
}
