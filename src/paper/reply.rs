//! A published table with what runs say to it, in every format.

use super::verdict::findings;
use super::{Claim, Contradiction, Finding, Library, Match, PaperError, PublishedTable, Verdict};
use crate::metric::about_metric;
use crate::record::without_count;
use crate::table::{Block, Cell, Column, Document, Line, Row, Table};
use serde_json::{Value, json};

/// A published table with what runs say to it.
#[derive(Clone, Debug)]
pub struct Reply<'a> {
    pub(super) table: &'a PublishedTable,
    pub(super) contradictions: Vec<Contradiction>,
    pub(super) findings: Vec<Finding>,
    /// Run folder, model, and where it belongs.
    placed: Vec<(String, String, Match)>,
}

const RULE: &str = "reproduced: the published number lies in the measured 95 % interval, extended to the measured \
value and widened by half a unit of the last printed digit at both ends. Difference: measured less published, where the two are the same measurement.";

impl<'a> Reply<'a> {
    /// Holds runs against a table.
    ///
    /// # Errors
    /// [`PaperError::Row`] for a row that the user named and that the table has not.
    pub fn new(
        library: &Library,
        table: &'a PublishedTable,
        claims: &[Claim],
    ) -> Result<Self, PaperError> {
        let rows = table.rows();
        let mut placed = Vec::new();
        let mut of_row: Vec<(usize, Vec<Finding>)> = Vec::new();
        for claim in claims {
            let place = table.place(claim)?;
            if let Match::Row(number) = place
                && let Some(row) = rows.iter().find(|row| row.number == number)
            {
                of_row.push((number, findings(row, claim)));
            }
            placed.push((claim.run.folder.clone(), claim.run.model.id.clone(), place));
        }
        // In the table's order; runs of one row in the order given.
        of_row.sort_by_key(|(row, _)| *row);
        Ok(Self {
            contradictions: library.contradictions(table),
            findings: of_row.into_iter().flat_map(|(_, found)| found).collect(),
            table,
            placed,
        })
    }

    /// What runs say to the numbers, row by row.
    #[must_use]
    pub fn findings(&self) -> &[Finding] {
        &self.findings
    }

    /// Runs that belong to no row, with their models and the reasons.
    pub fn nowhere(&self) -> impl Iterator<Item = (&str, &str, &str)> {
        self.placed
            .iter()
            .filter_map(|(run, model, place)| match place {
                Match::Row(_) => None,
                Match::Nowhere(why) => Some((run.as_str(), model.as_str(), why.as_str())),
            })
    }

    /// The table as it is printed, then our columns, then what must be known of both.
    #[must_use]
    pub fn document(&self) -> Document {
        let mut document = self.table.document(&self.contradictions);
        if !self.findings.is_empty() {
            let mut reasons: Vec<String> = Vec::new();
            document.blocks.push(Block::Table(self.ours(&mut reasons)));
            document.blocks.push(Block::Text(RULE.to_owned()));
            let numbered = reasons.into_iter().zip(1..);
            let lines = numbered.map(|(reason, number)| Line::Prose(format!("{number} {reason}")));
            document.note("Why there is no verdict", lines.collect());
        }
        let nowhere = self.nowhere();
        let lines = nowhere.map(|(run, _, why)| Line::Prose(format!("{run}: {why}")));
        document.note("Runs that are in no row", lines.collect());
        let mut signatures: Vec<String> = Vec::new();
        for signature in self
            .findings
            .iter()
            .filter_map(|found| found.signature.as_ref())
        {
            let signature = without_count(signature);
            if !signatures.contains(&signature) {
                signatures.push(signature);
            }
        }
        let lines = signatures.into_iter().map(Line::Signature);
        document.note("Signatures of our numbers", lines.collect());
        document
    }

    /// One line per cell and run; reasons are numbered as they come.
    fn ours(&self, reasons: &mut Vec<String>) -> Table {
        let mut columns = vec![Column::text("metric")];
        columns.extend(
            ["published", "measured", "difference", "n / planned"]
                .map(|name| Column::number(name, None)),
        );
        columns.extend([Column::text("protocol"), Column::text("verdict")]);
        let mut rows = Vec::new();
        let mut last = (0, "");
        for finding in &self.findings {
            if last != (finding.row, &finding.run) {
                last = (finding.row, &finding.run);
                let name = format!("Row {}: {} in {}", finding.row, finding.model, finding.run);
                rows.push(Row::Group(name));
            }
            rows.push(Row::Cells(line(finding, reasons)));
        }
        Table {
            title: Some("Published and measured".to_owned()),
            columns,
            rows,
        }
    }

    /// Everything, for programs.
    ///
    /// # Errors
    /// A value that JSON cannot express.
    pub fn json(&self) -> Result<String, PaperError> {
        let rows: Vec<Value> = self
            .table
            .rows()
            .iter()
            .map(|row| {
                let cells: Vec<_> = row.cells.iter().flatten().collect();
                json!({
                    "row": row.number,
                    "group": row.group,
                    "label": row.label(),
                    "model": row.model(),
                    "cells": cells,
                })
            })
            .collect();
        let runs: Vec<Value> = self
            .placed
            .iter()
            .map(|(run, model, place)| match place {
                Match::Row(row) => json!({"run": run, "model": model, "row": row}),
                Match::Nowhere(why) => {
                    json!({"run": run, "model": model, "row": null, "why": why})
                }
            })
            .collect();
        let about = self.table.about();
        let all = json!({
            "table": about.id,
            "paper": about.paper,
            "version": about.version,
            "title": about.title,
            "source": about.source,
            "note": about.note,
            "columns": self.table.headings(),
            "rows": rows,
            "contradictions": self.contradictions,
            "runs": runs,
            "findings": self.findings,
        });
        Ok(serde_json::to_string_pretty(&all)? + "\n")
    }
}

fn line(finding: &Finding, reasons: &mut Vec<String>) -> Vec<Cell> {
    let printed = finding.printed.split_once('.').map_or(0, |(_, rest)| {
        rest.chars().take_while(char::is_ascii_digit).count()
    });
    let decimals = finding.unit.map_or(printed, |unit| {
        printed.max(about_metric(&finding.metric, unit).decimals)
    });
    let mut number = |of: &Verdict| -> Vec<String> {
        let why = match of {
            Verdict::Reproduced | Verdict::Differs => return Vec::new(),
            Verdict::NotComparable(why) => why.clone(),
            Verdict::Unscored(why) => vec![why.clone()],
        };
        let mark = |reason: String| {
            let known = reasons.iter().position(|known| *known == reason);
            let at = known.unwrap_or_else(|| {
                reasons.push(reason);
                reasons.len() - 1
            });
            (at + 1).to_string()
        };
        why.into_iter().map(mark).collect()
    };
    let fixed = |value: f64| format!("{value:.decimals$}");
    let measured = finding.measured.map_or_else(Cell::absent, |value| Cell {
        text: fixed(value),
        interval: finding.interval.map(|ends| ends.map(fixed)),
        ..Cell::default()
    });
    let difference = finding.difference.map_or_else(Cell::absent, |value| {
        Cell::new(format!("{value:+.decimals$}"))
    });
    vec![
        Cell::new(&finding.heading),
        Cell::new(&finding.printed),
        measured,
        difference,
        Cell::new(format!("{} / {}", finding.n, finding.planned)),
        Cell::new(&finding.protocol),
        Cell {
            text: finding.verdict.name().to_owned(),
            marks: number(&finding.verdict),
            ..Cell::default()
        },
    ]
}

impl Verdict {
    /// As tables print it.
    #[must_use]
    pub fn name(&self) -> &'static str {
        match self {
            Self::Reproduced => "reproduced",
            Self::Differs => "differs",
            Self::NotComparable(_) => "not comparable",
            Self::Unscored(_) => "no value",
        }
    }

    /// Why there is none of the first two.
    #[must_use]
    pub fn reasons(&self) -> &[String] {
        match self {
            Self::Reproduced | Self::Differs => &[],
            Self::NotComparable(why) => why,
            Self::Unscored(why) => std::slice::from_ref(why),
        }
    }
}
