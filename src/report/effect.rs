//! The same frames under several protocols: how many points each choice is worth.

use super::ReportError;
use crate::metric::{Group, about};
use crate::record::{Score, Scores, without_count};
use crate::table::{Block, Cell, Column, Direction, Document, Line, Row, Table};

/// A table with one row per protocol; the first is the reference of the others.
///
/// Numbers of different protocols are shown beside each other here, and only here, because the frames
/// are the same: what differs is the way of counting. Each cell is the value and, in parentheses, its
/// difference to the first row.
///
/// # Errors
/// [`ReportError::NoRuns`] without any.
pub fn effect(scores: &[Scores]) -> Result<Document, ReportError> {
    let base = scores.first().ok_or(ReportError::NoRuns)?;
    let columns = columns(scores);
    let mut headings = vec![Column::text("protocol")];
    headings.extend(columns.iter().map(|score| {
        let direction = Direction::of(score.higher_is_better);
        Column::number(about(score).name, Some(direction))
    }));
    headings.push(Column::number("frames", None));
    let rows = scores.iter().map(|run| {
        let mut cells = vec![Cell::new(&run.protocol)];
        cells.extend(columns.iter().map(|column| cell(run, base, column)));
        let most = of_all(run).map(|score| score.n).max().unwrap_or(0);
        cells.push(Cell::new(most.to_string()));
        Row::Cells(cells)
    });
    let table = Table {
        title: Some(format!(
            "{} under {} protocols: the same frames, counted differently",
            base.model,
            scores.len()
        )),
        rows: rows.collect(),
        columns: headings,
    };
    let words = "In parentheses: difference to the first row. A dash: not part of the protocol, or not scored.";
    let mut document = Document {
        blocks: vec![Block::Table(table), Block::Text(words.to_owned())],
    };
    let signatures = scores.iter().flat_map(|run| {
        let with_value = of_all(run).filter(|score| score.value.is_some());
        with_value.map(|score| {
            Line::Signature(format!(
                "{}: {}",
                run.protocol,
                without_count(&score.signature)
            ))
        })
    });
    document.note("Signatures", signatures.collect());
    Ok(document)
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

fn cell(run: &Scores, base: &Scores, column: &Score) -> Cell {
    let value = |run: &Scores| {
        of_all(run)
            .find(|score| score.metric == column.metric)
            .and_then(|score| score.value)
    };
    let decimals = about(column).decimals;
    match (value(run), value(base)) {
        (None, _) => Cell::absent(),
        (Some(value), Some(first)) if run.protocol != base.protocol => Cell::new(format!(
            "{value:.decimals$} ({:+.decimals$})",
            value - first
        )),
        (Some(value), _) => Cell::new(format!("{value:.decimals$}")),
    }
}
