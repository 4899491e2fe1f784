//! The verdict as a table for people, and as a summary of a pull request.

use super::error::GateError;
use super::verdict::{Outcome, Status, Verdict, probability};
use crate::metric::{FURTHER, HEADLINE};
use crate::run::RunError;
use crate::table::{Align, Block, Cell, Column, Document, Format, Line, Row, Table};

/// Most characters of a summary. A comment on GitHub may have 65,536, a summary of a step more.
pub const SUMMARY_LIMIT: usize = 60_000;

/// The verdict as a document: what failed first, then the rest.
#[must_use]
pub fn document(verdict: &Verdict) -> Document {
    let mut document = Document::default();
    document.blocks.push(Block::Text(headline(verdict)));
    let bad = |it: &&Outcome| matches!(it.status, Status::Failed | Status::Incomparable);
    let failed: Vec<&Outcome> = verdict.outcomes.iter().filter(bad).collect();
    if !failed.is_empty() {
        document
            .blocks
            .push(Block::Table(table("Not held", &failed)));
    }
    let rest: Vec<&Outcome> = verdict.outcomes.iter().filter(|it| !bad(it)).collect();
    let rest: Vec<&Outcome> = rest
        .into_iter()
        .filter(|it| it.status != Status::Ignored)
        .collect();
    if !rest.is_empty() {
        document
            .blocks
            .push(Block::Table(table("Held, and new", &rest)));
    }
    document.note("Notes", notes(verdict));
    document
}

/// The verdict for a pull request: what failed in a table, the rest folded, all of it within
/// [`SUMMARY_LIMIT`].
///
/// # Errors
/// [`GateError::Write`], which a well-formed table does not meet.
pub fn summary(verdict: &Verdict) -> Result<String, GateError> {
    let mark = if verdict.passes() { "✅" } else { "❌" };
    let mut text = format!("## {mark} storyeval gate\n\n");
    let mut document = document(verdict);
    let mut folded = Vec::new();
    document.blocks.retain(|block| match block {
        Block::Table(table) if table.title.as_deref() != Some("Not held") => {
            folded.push(table.clone());
            false
        }
        _ => true,
    });
    let mut open = render(&document)?;
    if open.chars().count() > SUMMARY_LIMIT * 3 / 4 {
        // So many failures have one cause; the head of the list shows it.
        shorten(&mut document, 100);
        open = render(&document)?;
    }
    text.push_str(&open);
    for mut table in folded {
        table.title = None;
        let rows = table.rows.len();
        let mut room = rows;
        let block = loop {
            table.rows.truncate(room);
            let document = Document {
                blocks: vec![Block::Table(table.clone())],
            };
            let inner = render(&document)?;
            let left = if room < rows {
                format!("\n{} more scores are in `--format json`.\n", rows - room)
            } else {
                String::new()
            };
            let block = format!(
                "\n<details><summary>{rows} scores held, or new</summary>\n\n{inner}{left}\n</details>\n"
            );
            if text.chars().count() + block.chars().count() <= SUMMARY_LIMIT || room == 0 {
                break block;
            }
            room /= 2;
        };
        text.push_str(&block);
    }
    Ok(text)
}

fn shorten(document: &mut Document, most: usize) {
    let mut left = 0;
    for block in &mut document.blocks {
        if let Block::Table(table) = block {
            left += table.rows.len().saturating_sub(most);
            table.rows.truncate(most);
        }
    }
    document.note(
        "Left out",
        vec![Line::Prose(format!(
            "{left} more scores are in `--format json`"
        ))],
    );
}

fn render(document: &Document) -> Result<String, GateError> {
    document.render(Format::Markdown).map_err(|error| {
        GateError::Write(RunError::write(
            std::path::Path::new("the summary"),
            std::io::Error::other(error),
        ))
    })
}

fn headline(verdict: &Verdict) -> String {
    let count = |status| verdict.count(status);
    let mut parts = vec![format!(
        "{} of {} scores are held",
        count(Status::Held),
        verdict.judged()
    )];
    for (status, word) in [
        (Status::Failed, "failed"),
        (Status::Incomparable, "not comparable"),
        (Status::New, "new"),
        (Status::Ignored, "ignored by the rules"),
    ] {
        if count(status) > 0 {
            parts.push(format!("{} {word}", count(status)));
        }
    }
    format!("{}.", parts.join(", "))
}

fn notes(verdict: &Verdict) -> Vec<Line> {
    let mut lines: Vec<Line> = verdict.notes.iter().cloned().map(Line::Prose).collect();
    let [first, second] = [HEADLINE, FURTHER].map(|family| verdict.tested(family));
    if first + second > 0 {
        lines.push(Line::Prose(format!(
            "{first} headline scores and {second} others were tested against chance; if nothing changed, the chance that any of the first fails is at most {0}, and so of the others (Holm)",
            verdict.alpha
        )));
    }
    lines
}

fn table(title: &str, outcomes: &[&Outcome]) -> Table {
    let columns = vec![
        Column::text("model"),
        Column::text("metric"),
        Column::text("slice"),
        Column::number("baseline", None),
        Column::number("run", None),
        Column::number("change", None),
        Column {
            align: Align::Right,
            ..Column::text("allowed")
        },
        Column::number("p", None),
        Column::text("verdict"),
    ];
    Table {
        title: Some(title.to_owned()),
        columns,
        rows: outcomes.iter().map(|it| Row::Cells(row(it))).collect(),
    }
}

fn row(outcome: &Outcome) -> Vec<Cell> {
    let number = |value: Option<f64>| {
        value.map_or_else(Cell::absent, |value| Cell::new(outcome.number(value)))
    };
    let change = outcome.difference().map_or_else(Cell::absent, |value| {
        let sign = if value < 0.0 { "-" } else { "+" };
        Cell::new(format!("{sign}{}", outcome.number(value.abs())))
    });
    let allowed = outcome.window.map_or_else(Cell::absent, |[low, high]| {
        if low < high {
            Cell::new(format!(
                "{} to {}",
                outcome.number(low),
                outcome.number(high)
            ))
        } else {
            Cell::new("chance")
        }
    });
    let reasons: Vec<String> = outcome.reasons.iter().map(ToString::to_string).collect();
    let verdict = match outcome.status {
        Status::Failed => reasons.join("; "),
        Status::Incomparable => format!("not comparable: {}", reasons.join("; ")),
        status => status.name().to_owned(),
    };
    vec![
        outcome.model.as_str().into(),
        outcome.metric.as_str().into(),
        outcome.slice.as_str().into(),
        number(outcome.baseline),
        number(outcome.value),
        change,
        allowed,
        outcome
            .p_adjusted
            .map_or_else(Cell::absent, |p| Cell::new(probability(p))),
        verdict.into(),
    ]
}
