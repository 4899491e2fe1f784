//! One published table: its cells as rows and columns.

use super::{Contradiction, PaperError, PublishedCell, PublishedUnit, Trend};
use crate::table::{Block, Cell, Column, Direction, Document, Line, Row, Table};
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;

/// What is known of a table as a whole.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct About {
    /// What the user types.
    pub id: String,
    /// The paper's name.
    pub paper: String,
    /// The version of the paper.
    pub version: String,
    /// What it shows, in our words.
    pub title: String,
    /// Its place.
    pub source: String,
    /// What a reader must know about it.
    pub note: String,
}

/// A published table.
#[derive(Clone, Debug)]
pub struct PublishedTable {
    about: About,
    cells: Vec<PublishedCell>,
    rows: usize,
    columns: Vec<Heading>,
}

/// A column.
#[derive(Clone, Debug)]
struct Heading {
    name: String,
    direction: Option<Trend>,
    /// Whether its cells only name their rows, or are words.
    words: bool,
}

/// A row of a published table.
#[derive(Clone, Debug)]
pub struct PublishedRow<'a> {
    /// Number of the row, from 1.
    pub number: usize,
    /// The line over the full width above it; empty where there is none.
    pub group: &'a str,
    /// One a column; `None` where nothing is printed.
    pub cells: Vec<Option<&'a PublishedCell>>,
}

impl PublishedTable {
    /// Puts cells in their places.
    ///
    /// # Errors
    /// [`PaperError::Data`] for two cells in one place, an empty row or column, a column with two headings,
    /// and a value that is not the printed number.
    pub(super) fn new(about: About, mut cells: Vec<PublishedCell>) -> Result<Self, PaperError> {
        let broken = |message: String| PaperError::Data {
            file: "reference-data/papers",
            message,
        };
        cells.sort_by_key(|cell| (cell.row, cell.col));
        let rows = cells.iter().map(|cell| cell.row).max().unwrap_or(0);
        let width = cells.iter().map(|cell| cell.col).max().unwrap_or(0);
        let filled: BTreeSet<usize> = cells.iter().map(|cell| cell.row).collect();
        let twice = cells
            .windows(2)
            .find(|pair| (pair[0].row, pair[0].col) == (pair[1].row, pair[1].col));
        if rows == 0 || filled.len() != rows || filled.contains(&0) || twice.is_some() {
            return Err(broken(format!("table `{}` has gaps or repeats", about.id)));
        }
        let mut columns = Vec::new();
        for column in 1..=width {
            let mut of_column = cells.iter().filter(|cell| cell.col == column);
            let Some(first) = of_column.clone().next() else {
                return Err(broken(format!("table `{}`: empty column", about.id)));
            };
            if let Some(other) = of_column
                .find(|cell| (&cell.heading, cell.direction) != (&first.heading, first.direction))
            {
                return Err(broken(format!(
                    "table `{}`: column {column} is headed `{}` and `{}`",
                    about.id, first.heading, other.heading
                )));
            }
            columns.push(Heading {
                name: first.heading.clone(),
                direction: first.direction,
                words: cells
                    .iter()
                    .filter(|cell| cell.col == column)
                    .all(|cell| cell.unit == PublishedUnit::Text),
            });
        }
        Ok(Self {
            about,
            cells,
            rows,
            columns,
        })
    }

    /// What is known of it as a whole.
    #[must_use]
    pub fn about(&self) -> &About {
        &self.about
    }

    /// Every cell that is printed, row by row.
    #[must_use]
    pub fn cells(&self) -> &[PublishedCell] {
        &self.cells
    }

    /// The rows, in the paper's order.
    #[must_use]
    pub fn rows(&self) -> Vec<PublishedRow<'_>> {
        (1..=self.rows)
            .map(|number| {
                let mut cells = vec![None; self.columns.len()];
                let mut group = "";
                for cell in self.cells.iter().filter(|cell| cell.row == number) {
                    cells[cell.col - 1] = Some(cell);
                    group = &cell.group;
                }
                PublishedRow {
                    number,
                    group,
                    cells,
                }
            })
            .collect()
    }

    /// Headings with their arrows, as the paper has them.
    #[must_use]
    pub fn headings(&self) -> Vec<String> {
        let arrow = |heading: &Heading| match heading.direction {
            Some(Trend::Up) => format!("{} (↑)", heading.name),
            Some(Trend::Down) => format!("{} (↓)", heading.name),
            None => heading.name.clone(),
        };
        self.columns.iter().map(arrow).collect()
    }

    /// The table as it is printed, with what must be known of its numbers below it.
    #[must_use]
    pub fn document(&self, contradictions: &[Contradiction]) -> Document {
        let mut document = Document::default();
        let title = format!("{}: {}", self.about.id, self.about.title);
        document.blocks.push(Block::Heading(title));
        document
            .blocks
            .push(Block::Text(format!("{}.", self.about.source)));
        document.blocks.push(Block::Table(self.grid()));
        document.note("Notes", self.notes());
        let lines = contradictions
            .iter()
            .map(|known| Line::Prose(known.to_string()));
        document.note("Printed with other values elsewhere", lines.collect());
        document
    }

    fn grid(&self) -> Table {
        let columns = self.columns.iter().map(|heading| {
            let direction = heading.direction.map(|trend| match trend {
                Trend::Up => Direction::Up,
                Trend::Down => Direction::Down,
            });
            if heading.words {
                Column::text(&heading.name)
            } else {
                Column::number(&heading.name, direction)
            }
        });
        let mut rows = Vec::new();
        let mut group = "";
        for row in self.rows() {
            if row.group != group {
                group = row.group;
                rows.push(Row::Group(group.to_owned()));
            }
            let cells = row.cells.iter().zip(&self.columns).map(|(cell, heading)| {
                match cell {
                    Some(cell) => Cell::new(&cell.printed),
                    // A name that holds for the rows above is not printed again; a dash would deny it.
                    None if heading.words => Cell::new("\u{a0}"),
                    None => Cell::absent(),
                }
            });
            rows.push(Row::Cells(cells.collect()));
        }
        Table {
            title: None,
            columns: columns.collect(),
            rows,
        }
    }

    /// What the table's note says, by which protocol its numbers were made, and what the notes and obstacles
    /// of its cells say, each once with everything that it is about.
    fn notes(&self) -> Vec<Line> {
        let mut said = Remarks::default();
        for cell in self.cells.iter().filter(|cell| !cell.is_name()) {
            if let (false, Some(confidence)) = (cell.protocol.is_empty(), cell.confidence) {
                said.add(
                    &cell.heading,
                    &format!("protocol {}, {confidence}", cell.protocol),
                );
            }
        }
        for row in self.rows() {
            for cell in row.cells.iter().flatten() {
                said.add(&row.label(), &cell.note);
            }
        }
        for cell in &self.cells {
            said.add(&cell.heading, &cell.obstacle);
        }
        let note = Some(self.about.note.clone()).filter(|note| !note.is_empty());
        note.into_iter()
            .chain(said.lines())
            .map(Line::Prose)
            .collect()
    }
}

/// Remarks in the order in which they first occur, with what they are about.
#[derive(Default)]
struct Remarks(Vec<(String, Vec<String>)>);

impl Remarks {
    fn add(&mut self, about: &str, remark: &str) {
        if remark.is_empty() {
            return;
        }
        match self.0.iter_mut().find(|(known, _)| known == remark) {
            Some((_, all)) if all.iter().any(|one| one == about) => {}
            Some((_, all)) => all.push(about.to_owned()),
            None => self.0.push((remark.to_owned(), vec![about.to_owned()])),
        }
    }

    fn lines(self) -> impl Iterator<Item = String> {
        let line =
            |(remark, about): (String, Vec<String>)| format!("{}: {remark}.", about.join(", "));
        self.0.into_iter().map(line)
    }
}

impl PublishedRow<'_> {
    /// The words that name it, without the group.
    #[must_use]
    pub fn label(&self) -> String {
        let names = self.cells.iter().flatten().filter(|cell| cell.is_name());
        let names: Vec<&str> = names.map(|cell| cell.printed.as_str()).collect();
        names.join(", ")
    }

    /// The model it is about; empty where it is about none.
    #[must_use]
    pub fn model(&self) -> &str {
        let first = self.cells.iter().flatten().next();
        first.map_or("", |cell| &cell.model)
    }

    /// Cells with a number that a score can be compared with.
    pub fn numbers(&self) -> impl Iterator<Item = &PublishedCell> {
        let cells = self.cells.iter().flatten().copied();
        cells.filter(|cell| !cell.is_name() && cell.value.is_some())
    }
}
