//! Tables as Markdown: legible as plain text too.

use super::Comparison;
use super::comparison::{Cell, Row, Section};
use std::fmt::Write as _;

/// A table a slice, then notes and signatures. Nothing is set in bold: with overlapping intervals the
/// largest number is not the best model.
#[must_use]
pub fn markdown(comparison: &Comparison) -> String {
    let mut text = String::new();
    for section in &comparison.sections {
        let _ = writeln!(text, "### {}\n", section.title);
        table(&mut text, section);
        text.push('\n');
    }
    text.push_str("95 % intervals by resampling stories, in brackets.\n");
    for (heading, lines) in &comparison.notes {
        let _ = writeln!(text, "\n{heading}:\n");
        for line in lines {
            // Code spans keep signatures as they are; other lines are prose.
            let _ = match *heading {
                "Signatures" => writeln!(text, "- `{line}`"),
                _ => writeln!(text, "- {}", escape(line)),
            };
        }
    }
    text
}

fn table(text: &mut String, section: &Section) {
    let mut lines = vec![vec!["model".to_owned()]];
    lines[0].extend(section.columns.iter().map(|column| {
        format!(
            "{} {}",
            escape(&column.name),
            if column.higher_is_better {
                '↑'
            } else {
                '↓'
            }
        )
    }));
    lines[0].push("scored / planned".to_owned());
    for row in &section.rows {
        let mut line = vec![escape(&row.label)];
        line.extend(
            row.cells
                .iter()
                .map(|cell| cell.as_ref().map_or_else(|| "–".to_owned(), show)),
        );
        line.push(scored(row));
        lines.push(line);
    }
    let widths: Vec<usize> = (0..lines[0].len())
        .map(|i| {
            lines
                .iter()
                .map(|line| line[i].chars().count())
                .max()
                .unwrap_or(0)
        })
        .collect();
    for (number, line) in lines.iter().enumerate() {
        for (i, (cell, width)) in line.iter().zip(&widths).enumerate() {
            // Names to the left, numbers to the right.
            let _ = match i {
                0 => write!(text, "| {cell:<width$} "),
                _ => write!(text, "| {cell:>width$} "),
            };
        }
        text.push_str("|\n");
        if number == 0 {
            for (i, width) in widths.iter().enumerate() {
                let dashes = "-".repeat(width + 1);
                let _ = if i == 0 {
                    write!(text, "|{dashes}-")
                } else {
                    write!(text, "|{dashes}:")
                };
            }
            text.push_str("|\n");
        }
    }
}

fn show(cell: &Cell) -> String {
    match &cell.interval {
        Some([low, high]) => format!("{} [{low}, {high}]", cell.value),
        None => cell.value.clone(),
    }
}

/// `400 / 400`, or `396–400 / 400` when the columns differ.
pub(super) fn scored(row: &Row) -> String {
    let [low, high] = row.scored;
    if low == high {
        format!("{high} / {}", row.planned)
    } else {
        format!("{low}–{high} / {}", row.planned)
    }
}

fn escape(text: &str) -> String {
    text.replace('|', "\\|")
        .replace(['\n', '\r'], " ")
        .replace('<', "&lt;")
}
