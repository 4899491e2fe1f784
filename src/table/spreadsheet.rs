//! The cells of tables as CSV: as printed, for spreadsheets.

use super::{Document, Row, TableError};

/// Tables one after another, a header each, with an empty line between them. The first column is the title
/// of the table, the second the group of the row; an interval has two columns of its own where a table has any.
pub(super) fn render(document: &Document) -> Result<String, TableError> {
    let mut text = String::new();
    for table in document.tables() {
        if !text.is_empty() {
            text.push('\n');
        }
        let spans: Vec<bool> = (0..table.columns.len())
            .map(|column| {
                table.rows.iter().any(|row| match row {
                    Row::Cells(cells) => cells[column].interval.is_some(),
                    Row::Group(_) => false,
                })
            })
            .collect();
        let mut lines = vec![vec!["table".to_owned(), "group".to_owned()]];
        for (column, span) in table.columns.iter().zip(&spans) {
            lines[0].push(tame(&column.name));
            if *span {
                lines[0].push(format!("{} low", tame(&column.name)));
                lines[0].push(format!("{} high", tame(&column.name)));
            }
        }
        let mut group = "";
        for row in &table.rows {
            let cells = match row {
                Row::Group(name) => {
                    group = name;
                    continue;
                }
                Row::Cells(cells) => cells,
            };
            let mut line = vec![
                tame(table.title.as_deref().unwrap_or_default()),
                tame(group),
            ];
            for (cell, span) in cells.iter().zip(&spans) {
                line.push(tame(&cell.text));
                if *span {
                    let [low, high] = cell.interval.clone().unwrap_or_default();
                    line.extend([tame(&low), tame(&high)]);
                }
            }
            lines.push(line);
        }
        text.push_str(&write(&lines)?);
    }
    Ok(text)
}

fn write(lines: &[Vec<String>]) -> Result<String, TableError> {
    let mut writer = csv::Writer::from_writer(Vec::new());
    for line in lines {
        writer.write_record(line).map_err(TableError::Csv)?;
    }
    let bytes = writer
        .into_inner()
        .map_err(|error| TableError::Csv(csv::Error::from(error.into_error())))?;
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

/// Keeps spreadsheets from running text as a formula; numbers stay numbers.
#[must_use]
pub fn tame(text: &str) -> String {
    if text.starts_with(['=', '+', '-', '@', '\t', '\r']) && text.parse::<f64>().is_err() {
        format!("'{text}")
    } else {
        text.to_owned()
    }
}
