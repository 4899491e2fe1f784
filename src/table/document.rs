//! Documents of tables: headings, text, tables and notes, in the order in which they are printed.

use super::TableError;

/// What is printed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Document {
    /// Its parts, in order.
    pub blocks: Vec<Block>,
}

/// A part of a document.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Block {
    /// A title over what follows.
    Heading(String),
    /// A paragraph.
    Text(String),
    /// A table.
    Table(Table),
    /// A list with a title, below what it speaks of.
    Notes {
        /// The title.
        heading: String,
        /// A line each.
        lines: Vec<Line>,
    },
}

/// A line of notes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Line {
    /// A sentence.
    Prose(String),
    /// A command, printed as it is.
    Code(String),
    /// How a number was computed, printed as it is; [`Document::folded`] leaves it out.
    Signature(String),
}

/// A table. Rows of cells have one cell per column.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Table {
    /// Its title.
    pub title: Option<String>,
    /// The columns.
    pub columns: Vec<Column>,
    /// The rows.
    pub rows: Vec<Row>,
}

/// A column.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Column {
    /// Its heading.
    pub name: String,
    /// Which values are better.
    pub direction: Option<Direction>,
    /// The alignment of cells.
    pub align: Align,
    /// Footnotes, raised.
    pub marks: Vec<String>,
    /// The letter of the signature of its values, raised.
    pub signature: Option<String>,
    /// Characters of a cell that [`Document::within`] keeps at most; the last one is then an ellipsis.
    pub at_most: Option<usize>,
}

/// Which values are better.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Direction {
    /// Larger ones.
    Up,
    /// Smaller ones.
    Down,
}

/// The alignment of the cells of a column.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Align {
    /// Text.
    Left,
    /// Numbers.
    Right,
}

/// A row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Row {
    /// One cell per column; the first one names the row.
    Cells(Vec<Cell>),
    /// A line over the full width: what the rows below have in common.
    Group(String),
}

/// A value as it is printed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Cell {
    /// The value; empty where there is none.
    pub text: String,
    /// Ends of its interval.
    pub interval: Option<[String; 2]>,
    /// Set in bold.
    pub best: bool,
    /// Footnotes, raised.
    pub marks: Vec<String>,
}

/// A format that people read. (Values for programs are JSON, which each verb defines itself.)
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// GitHub's Markdown, legible as plain text.
    Markdown,
    /// Tables for `booktabs`.
    Latex,
    /// A page that needs no other file.
    Html,
    /// The cells of all tables, as printed.
    Csv,
}

impl Document {
    /// Writes the document.
    ///
    /// # Errors
    /// A row with more or fewer cells than the table has columns.
    pub fn render(&self, format: Format) -> Result<String, TableError> {
        for table in self.tables() {
            table.check()?;
        }
        match format {
            Format::Markdown => Ok(super::markdown::render(self)),
            Format::Latex => Ok(super::latex::render(self)),
            Format::Html => Ok(super::html::render(self)),
            Format::Csv => super::spreadsheet::render(self),
        }
    }

    /// The tables, in order.
    pub fn tables(&self) -> impl Iterator<Item = &Table> {
        self.blocks.iter().filter_map(|block| match block {
            Block::Table(table) => Some(table),
            _ => None,
        })
    }

    /// Appends notes, unless there is no line.
    pub fn note(&mut self, heading: &str, lines: Vec<Line>) {
        if !lines.is_empty() {
            self.blocks.push(Block::Notes {
                heading: heading.to_owned(),
                lines,
            });
        }
    }
}

impl From<Table> for Document {
    fn from(table: Table) -> Self {
        Self {
            blocks: vec![Block::Table(table)],
        }
    }
}

impl Table {
    /// A table without a title, of rows of cells.
    #[must_use]
    pub fn of(columns: Vec<Column>, rows: impl IntoIterator<Item = Vec<Cell>>) -> Self {
        Self {
            title: None,
            columns,
            rows: rows.into_iter().map(Row::Cells).collect(),
        }
    }

    /// The same with a title.
    #[must_use]
    pub fn titled(self, title: impl Into<String>) -> Self {
        let title = Some(title.into());
        Self { title, ..self }
    }

    fn check(&self) -> Result<(), TableError> {
        for row in &self.rows {
            if let Row::Cells(cells) = row
                && cells.len() != self.columns.len()
            {
                return Err(TableError::Ragged {
                    table: self.title.clone().unwrap_or_default(),
                    cells: cells.len(),
                    columns: self.columns.len(),
                });
            }
        }
        Ok(())
    }
}

impl Column {
    /// A column of text, to the left.
    #[must_use]
    pub fn text(name: impl Into<String>) -> Self {
        Self {
            name: name.into(),
            direction: None,
            align: Align::Left,
            marks: Vec::new(),
            signature: None,
            at_most: None,
        }
    }

    /// A column of numbers, to the right.
    #[must_use]
    pub fn number(name: impl Into<String>, direction: Option<Direction>) -> Self {
        Self {
            direction,
            align: Align::Right,
            ..Self::text(name)
        }
    }

    /// Footnotes and the letter of the signature.
    pub(super) fn raised(&self) -> Vec<String> {
        self.marks.iter().chain(&self.signature).cloned().collect()
    }
}

impl Direction {
    /// Up where larger values are better.
    #[must_use]
    pub fn of(higher_is_better: bool) -> Self {
        if higher_is_better {
            Self::Up
        } else {
            Self::Down
        }
    }
}

impl Cell {
    /// A plain cell.
    #[must_use]
    pub fn new(text: impl Into<String>) -> Self {
        Self {
            text: text.into(),
            ..Self::default()
        }
    }

    /// A cell without a value; printed as a dash.
    #[must_use]
    pub fn absent() -> Self {
        Self::default()
    }
}

impl From<&str> for Cell {
    fn from(text: &str) -> Self {
        Self::new(text)
    }
}

impl From<usize> for Cell {
    fn from(number: usize) -> Self {
        Self::new(number.to_string())
    }
}

impl<T: Into<Self>> From<Option<T>> for Cell {
    fn from(value: Option<T>) -> Self {
        value.map_or_else(Self::absent, Into::into)
    }
}

impl From<String> for Cell {
    fn from(text: String) -> Self {
        Self::new(text)
    }
}
