//! The same frames under several protocols: how many points each choice is worth.

use super::ReportError;
use crate::metric::{Group, about};
use crate::record::{Score, Scores, without_count};
use std::fmt::Write as _;

/// A Markdown table with a row a protocol; the first is the one that the others are held against.
///
/// Numbers of different protocols are shown beside each other here, and only here, because the frames
/// are the same: what differs is the way of counting. Each cell is the value and, in parentheses, its
/// difference to the first row.
///
/// # Errors
/// [`ReportError::NoRuns`] without any.
pub fn effect(scores: &[Scores]) -> Result<String, ReportError> {
    let base = scores.first().ok_or(ReportError::NoRuns)?;
    let mut text = format!(
        "### {} under {} protocols: the same frames, counted differently\n\n",
        base.model,
        scores.len()
    );
    let columns = columns(scores);
    let mut lines = vec![vec!["protocol".to_owned()]];
    lines[0].extend(columns.iter().map(|score| {
        let arrow = if score.higher_is_better { '↑' } else { '↓' };
        format!("{} {arrow}", about(score).name)
    }));
    lines[0].push("frames".to_owned());
    for run in scores {
        let mut line = vec![run.protocol.clone()];
        for column in &columns {
            line.push(cell(run, base, column));
        }
        let counted: Vec<usize> = of_all(run).map(|score| score.n).collect();
        let most = counted.iter().max().copied().unwrap_or(0);
        line.push(most.to_string());
        lines.push(line);
    }
    text.push_str(&grid(&lines));
    text.push_str("\nIn parentheses: difference to the first row. A dash: not part of the protocol, or not scored.\n");
    let _ = writeln!(text, "\nSignatures:\n");
    for run in scores {
        for score in of_all(run).filter(|score| score.value.is_some()) {
            let _ = writeln!(
                text,
                "- {}: `{}`",
                run.protocol,
                without_count(&score.signature)
            );
        }
    }
    Ok(text)
}

/// Scores on all frames that papers have columns for.
fn of_all(run: &Scores) -> impl Iterator<Item = &Score> {
    run.scores
        .iter()
        .filter(|score| score.slice == "all" && about(score).group != Group::Detail)
}

/// One score of every metric that some protocol has, in the order of columns.
fn columns(scores: &[Scores]) -> Vec<&Score> {
    let mut columns: Vec<&Score> = Vec::new();
    for score in scores.iter().flat_map(of_all) {
        if score.value.is_some() && !columns.iter().any(|known| known.metric == score.metric) {
            columns.push(score);
        }
    }
    columns.sort_by_key(|score| (about(score).group, about(score).order));
    columns
}

fn cell(run: &Scores, base: &Scores, column: &Score) -> String {
    let value = |run: &Scores| {
        of_all(run)
            .find(|score| score.metric == column.metric)
            .and_then(|score| score.value)
    };
    let decimals = about(column).decimals;
    match (value(run), value(base)) {
        (None, _) => "–".to_owned(),
        (Some(value), Some(first)) if run.protocol != base.protocol => {
            format!("{value:.decimals$} ({:+.decimals$})", value - first)
        }
        (Some(value), _) => format!("{value:.decimals$}"),
    }
}

fn grid(lines: &[Vec<String>]) -> String {
    let widths: Vec<usize> = (0..lines[0].len())
        .map(|column| {
            let width = |line: &Vec<String>| line[column].chars().count();
            lines.iter().map(width).max().unwrap_or(0).max(3)
        })
        .collect();
    let mut text = String::new();
    for (number, line) in lines.iter().enumerate() {
        for (column, (value, width)) in line.iter().zip(&widths).enumerate() {
            let _ = if column == 0 {
                write!(text, "| {value:<width$} ")
            } else {
                write!(text, "| {value:>width$} ")
            };
        }
        text.push_str("|\n");
        if number == 0 {
            for (column, width) in widths.iter().enumerate() {
                let dashes = "-".repeat(width + 1);
                let end = if column == 0 { '-' } else { ':' };
                let _ = write!(text, "|{dashes}{end}");
            }
            text.push_str("|\n");
        }
    }
    text
}
