//! Documents as GitHub's Markdown, aligned so that they are legible as plain text too.

use super::text::line;
use super::{Align, Block, Cell, Column, Direction, Document, Line, Row, Table};
use std::fmt::Write as _;
use unicode_width::UnicodeWidthStr;

pub(super) fn render(document: &Document) -> String {
    let mut parts = Vec::new();
    for block in &document.blocks {
        let mut text = String::new();
        match block {
            Block::Heading(heading) => {
                let _ = writeln!(text, "## {}", escape(heading));
            }
            Block::Text(words) => {
                let _ = writeln!(text, "{}", prose(words));
            }
            Block::Table(table) => write_table(&mut text, table),
            Block::Notes { heading, lines } => {
                let _ = writeln!(text, "{}:\n", escape(heading));
                for line in lines {
                    let _ = match line {
                        Line::Prose(words) => writeln!(text, "- {}", prose(words)),
                        Line::Code(words) | Line::Signature(words) => {
                            writeln!(text, "- {}", code(words))
                        }
                    };
                }
            }
        }
        parts.push(text);
    }
    parts.join("\n")
}

/// The heading and the rows of a table, cell by cell.
fn lines(table: &Table) -> Vec<Vec<String>> {
    let mut lines = vec![table.columns.iter().map(heading).collect::<Vec<String>>()];
    for row in &table.rows {
        lines.push(match row {
            Row::Cells(cells) => cells.iter().map(show).collect(),
            // Markdown has no cell over several columns.
            Row::Group(name) => {
                let mut line = vec![String::new(); table.columns.len()];
                if let Some(first) = line.first_mut() {
                    *first = format!("*{}*", escape(name));
                }
                line
            }
        });
    }
    lines
}

fn widths_of(lines: &[Vec<String>]) -> Vec<usize> {
    let width = |column: usize| {
        let widths = lines.iter().map(|line| line[column].width());
        widths.max().unwrap_or(0).max(3)
    };
    let columns = lines.first().map_or(0, Vec::len);
    (0..columns).map(width).collect()
}

/// The width of each column on a terminal, without the space and the bar around it ([`BESIDE`]).
pub(super) fn widths(table: &Table) -> Vec<usize> {
    widths_of(&lines(table))
}

/// A bar and two spaces belong to each column; the last bar comes on top.
pub(super) const BESIDE: usize = 3;

fn write_table(text: &mut String, table: &Table) {
    if let Some(title) = &table.title {
        let _ = writeln!(text, "### {}\n", escape(title));
    }
    let lines = lines(table);
    let widths = widths_of(&lines);
    for (number, line) in lines.iter().enumerate() {
        for ((cell, width), column) in line.iter().zip(&widths).zip(&table.columns) {
            let space = " ".repeat(width - cell.width());
            let _ = match column.align {
                Align::Left => write!(text, "| {cell}{space} "),
                Align::Right => write!(text, "| {space}{cell} "),
            };
        }
        text.push_str("|\n");
        if number == 0 {
            for (width, column) in widths.iter().zip(&table.columns) {
                let end = match column.align {
                    Align::Left => '-',
                    Align::Right => ':',
                };
                let _ = write!(text, "|{}{end}", "-".repeat(width + 1));
            }
            text.push_str("|\n");
        }
    }
}

fn heading(column: &Column) -> String {
    let arrow = match column.direction {
        Some(Direction::Up) => " ↑",
        Some(Direction::Down) => " ↓",
        None => "",
    };
    format!(
        "{}{arrow}{}",
        escape(&column.name),
        raised(&column.raised())
    )
}

fn show(cell: &Cell) -> String {
    let text = match (cell.text.as_str(), cell.best) {
        ("", _) => "–".to_owned(),
        (text, false) => escape(text),
        (text, true) => format!("**{}**", escape(text)),
    };
    let interval = match &cell.interval {
        Some([low, high]) => format!(" [{}, {}]", escape(low), escape(high)),
        None => String::new(),
    };
    format!("{text}{interval}{}", raised(&cell.marks))
}

/// Raised letters and digits of Unicode, which plain text shows too; another mark as markup.
fn raised(marks: &[String]) -> String {
    if marks.is_empty() {
        return String::new();
    }
    let marks = marks.join(",");
    let raise = |character: char| {
        let at = PLAIN.chars().position(|plain| plain == character)?;
        RAISED.chars().nth(at)
    };
    match marks.chars().map(raise).collect::<Option<String>>() {
        Some(raised) => raised,
        None => format!("<sup>{}</sup>", escape(&marks)),
    }
}

const PLAIN: &str = "abcdefghijklmnoprstuvwxyz0123456789,";
const RAISED: &str = "ᵃᵇᶜᵈᵉᶠᵍʰⁱʲᵏˡᵐⁿᵒᵖʳˢᵗᵘᵛʷˣʸᶻ⁰¹²³⁴⁵⁶⁷⁸⁹,";

/// Text at the beginning of a line, where `#` would make a heading and `>` a quotation.
fn prose(text: &str) -> String {
    let escaped = escape(text);
    if escaped.starts_with(['#', '>']) {
        format!("\\{escaped}")
    } else {
        escaped
    }
}

/// Keeps text from being markup. Underscores within words are no markup on GitHub and stay legible.
fn escape(text: &str) -> String {
    let text = line(text);
    let characters: Vec<char> = text.chars().collect();
    let mut escaped = String::with_capacity(text.len());
    for (at, character) in characters.iter().copied().enumerate() {
        let beside = |index: Option<usize>| {
            index
                .and_then(|i| characters.get(i))
                .is_some_and(|c| c.is_alphanumeric())
        };
        match character {
            '<' => escaped.push_str("&lt;"),
            // Only what could be read as an entity.
            '&' if characters
                .get(at + 1)
                .is_some_and(|c| c.is_ascii_alphabetic() || *c == '#') =>
            {
                escaped.push_str("&amp;");
            }
            '_' if beside(at.checked_sub(1)) && beside(Some(at + 1)) => escaped.push('_'),
            '\\' | '`' | '*' | '_' | '|' | '~' | '$' => {
                escaped.push('\\');
                escaped.push(character);
            }
            // A link needs both; brackets alone are text.
            ']' if matches!(characters.get(at + 1), Some('(' | '[')) => escaped.push_str("\\]"),
            _ => escaped.push(character),
        }
    }
    escaped
}

/// A code span whose fence is longer than any run of backticks inside.
fn code(text: &str) -> String {
    let text = line(text);
    let mut longest = 0;
    let mut run = 0;
    for character in text.chars() {
        run = if character == '`' { run + 1 } else { 0 };
        longest = longest.max(run);
    }
    let fence = "`".repeat(longest + 1);
    if longest > 0 {
        format!("{fence} {text} {fence}")
    } else {
        format!("{fence}{text}{fence}")
    }
}
