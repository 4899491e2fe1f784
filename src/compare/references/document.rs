//! References as people read them.

use super::{GroupResult, Grouping, Measured, MetricCost, References};
use crate::compare::CompareError;
use crate::compare::text::{amount, p_value, plainly};
use crate::metric::About;
use crate::table::{Block, Cell, Column, Direction, Document, Line, Row, Table};

impl References {
    /// The tables, and how they were made.
    #[must_use]
    pub fn document(&self) -> Document {
        let mut document = Document::default();
        let heading = format!("References of {} ({})", self.model, self.text);
        document.blocks.push(Block::Heading(heading));
        for by in Grouping::ALL {
            let groups: Vec<&GroupResult> = self.groups.iter().filter(|it| it.by == by).collect();
            document.blocks.push(Block::Table(self.table(by, &groups)));
        }
        if let Some(restored) = &self.restored {
            document.blocks.push(Block::Table(costs(&self.costs)));
            document.blocks.push(Block::Text(format!(
                "Cost: how much worse the frames of captions with pronouns are than those of the same captions with names \
                 restored ({restored}), paired by story, with a 95 % interval of Student's t over stories; of groups it is \
                 that of the referents found, in points."
            )));
        }
        document.blocks.push(Block::Text(METHOD.to_owned()));
        let notes = self.notes.iter().cloned().map(Line::Prose);
        document.note("Notes", notes.collect());
        let signature = self.signature.iter().cloned().map(Line::Signature);
        document.note("Signatures", signature.collect());
        document
    }

    /// All of it as JSON.
    ///
    /// # Errors
    /// A number that JSON cannot express.
    pub fn json(&self) -> Result<String, CompareError> {
        let mut text = serde_json::to_string_pretty(self)?;
        text.push('\n');
        Ok(text)
    }

    fn table(&self, by: Grouping, groups: &[&GroupResult]) -> Table {
        let mut columns = vec![Column::text(match by {
            Grouping::All => "references",
            Grouping::Pronoun => "pronoun",
            Grouping::Distance => "distance",
            Grouping::Candidates => "candidates",
        })];
        let up = Some(Direction::Up);
        columns.push(Column::number("count", None));
        for name in ["Referents found %", "Char-Acc %", "Char-F1 %"] {
            columns.push(Column::number(name, up));
        }
        if self.restored.is_some() {
            columns.push(Column::number("cost", Some(Direction::Down)));
        }
        columns.push(Column::number("scored / planned", None));
        columns.push(Column::number("stories", None));
        let rows = groups.iter().map(|group| {
            let mut cells = vec![
                Cell::new(&group.group),
                Cell::new(group.references.to_string()),
                percent(&group.referent_found),
                percent(&group.char_acc),
                percent(&group.char_f1),
            ];
            if self.restored.is_some() {
                cells.push(group.cost.as_ref().map_or_else(Cell::absent, points));
            }
            cells.push(Cell::new(format!("{} / {}", group.frames, group.planned)));
            cells.push(Cell::new(group.stories.to_string()));
            Row::Cells(cells)
        });
        Table {
            title: Some(by.title().to_owned()),
            rows: rows.collect(),
            columns,
        }
    }
}

const METHOD: &str = "A reference is a pronoun that replaced names. Frames with one are scored: Char-Acc and micro Char-F1 of all \
characters of the frame, and how many of the characters that the pronouns stand for the classifier finds in it. Intervals: \
95 %, over stories (Wilson's at the effective number of frames). A frame with several references counts once in each group \
that it has one of.";

fn percent(measured: &Measured) -> Cell {
    let Some(value) = measured.value else {
        return Cell::absent();
    };
    Cell {
        text: plainly(value, 1),
        interval: measured
            .interval
            .map(|ends| ends.map(|end| plainly(end, 1))),
        ..Cell::default()
    }
}

fn points(measured: &Measured) -> Cell {
    let Some(value) = measured.value else {
        return Cell::absent();
    };
    Cell {
        text: amount(value, 1, true),
        interval: measured
            .interval
            .map(|ends| ends.map(|end| amount(end, 1, true))),
        ..Cell::default()
    }
}

fn costs(costs: &[MetricCost]) -> Table {
    let mut columns = vec![Column::text("metric")];
    for name in [
        "with pronouns",
        "with names",
        "cost",
        "p",
        "frames",
        "stories",
    ] {
        columns.push(Column::number(name, None));
    }
    let rows = costs.iter().map(|cost| {
        let about = About::of(&cost.metric, cost.unit, cost.own.as_ref());
        let arrow = if cost.higher_is_better { "↑" } else { "↓" };
        let number = |value: Option<f64>| -> Cell {
            value.map(|value| plainly(value, about.decimals)).into()
        };
        let signed = |value: f64| amount(value, about.decimals, true);
        let mut shown: Cell = cost.cost.map(signed).into();
        shown.interval = cost.interval.map(|ends| ends.map(signed));
        Row::Cells(vec![
            Cell::new(format!("{} {arrow}", about.name)),
            number(cost.references),
            number(cost.restored),
            shown,
            cost.p.map(p_value).into(),
            Cell::new(cost.frames[0].to_string()),
            Cell::new(cost.stories.to_string()),
        ])
    });
    Table {
        title: Some("cost of references".to_owned()),
        rows: rows.collect(),
        columns,
    }
}
