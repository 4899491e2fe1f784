//! The report as tables to read.

use super::{Content, Report, Severity};
use crate::table::{Block, Cell, Column, Document, Line, Table};

impl Report {
    /// Splits, findings, what to do about them, and the result.
    #[must_use]
    pub fn document(&self) -> Document {
        let layout = self.layout.unwrap_or("not found out");
        let mut document = Document::default();
        document.blocks.push(Block::Heading(format!(
            "{} ({}), layout {layout}, {}",
            self.name,
            self.dataset,
            self.folder.display()
        )));
        if !self.splits.is_empty() {
            document.blocks.push(Block::Table(self.split_table()));
        }
        if !self.findings.is_empty() {
            document.blocks.push(Block::Table(self.finding_table()));
        }
        let mut hints: Vec<String> = Vec::new();
        for finding in &self.findings {
            let hint = format!("{}: {}", finding.kind, plain(&finding.hint));
            if finding.severity != Severity::Note && !hints.contains(&hint) {
                hints.push(hint);
            }
        }
        document.note("What to do", hints.into_iter().map(Line::Prose).collect());
        document.note("Result", self.result());
        document
    }

    fn split_table(&self) -> Table {
        let columns = vec![
            Column::text("split"),
            Column::number("lists", None),
            Column::number("on the card", None),
            Column::number("stories", None),
            Column::number("different clips", None),
        ];
        let row = |(name, split): (&String, &super::SplitReport)| -> Vec<Cell> {
            vec![
                name.as_str().into(),
                format!("{} {}", split.found, split.lists).into(),
                split.expected.into(),
                split.stories.into(),
                split.clips.into(),
            ]
        };
        Table::of(columns, self.splits.iter().map(row))
    }

    fn finding_table(&self) -> Table {
        let columns = [
            "severity",
            "finding",
            "split",
            "count",
            "what",
            "for example",
        ];
        let columns = columns.map(|name| match name {
            "count" => Column::number(name, None),
            text => Column::text(text),
        });
        let row = |finding: &super::Finding| -> Vec<Cell> {
            vec![
                finding.severity.to_string().into(),
                finding.kind.to_string().into(),
                finding.split.as_deref().into(),
                finding.count.to_string().into(),
                plain(&finding.message).into(),
                finding.examples.first().map(String::as_str).into(),
            ]
        };
        Table::of(columns.to_vec(), self.findings.iter().map(row))
    }

    fn result(&self) -> Vec<Line> {
        let passed = if self.passed { "passed" } else { "failed" };
        let mut lines = vec![format!(
            "{passed}: {} kinds of error, {} of warning, {} of note; {} frames of {} clips decoded.",
            self.count(Severity::Error),
            self.count(Severity::Warning),
            self.count(Severity::Note),
            self.frames,
            self.clips
        )];
        if let Some(Content {
            split,
            sha256,
            signature,
        }) = &self.content
        {
            lines.push(format!(
                "Scores on split {split} are signed {signature}. To pin this content, write on the card: content_sha256 = \"{sha256}\""
            ));
        }
        lines.into_iter().map(Line::Prose).collect()
    }
}

/// Without the marks of code: a table in Markdown would show them, not the code.
fn plain(text: &str) -> String {
    text.replace('`', "")
}
