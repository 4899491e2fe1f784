//! Documents made shorter for a reader: without signatures, and no wider than a terminal.

use super::markdown::{BESIDE, widths};
use super::{Block, Cell, Document, Line, Row, Table};
use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};

/// A column that may be cut keeps so many characters on the narrowest terminal.
const LEAST: usize = 20;
/// With less room than this beside all other columns, it gets a table in which it is beside the first one only.
const ENOUGH: usize = 40;

impl Document {
    /// Whether signatures are in it.
    #[must_use]
    pub fn has_signatures(&self) -> bool {
        self.blocks.iter().any(|block| match block {
            Block::Notes { lines, .. } => lines.iter().any(is_signature),
            _ => false,
        })
    }

    /// The document without signatures. Their letters go, too, but where cells of a column were computed in another
    /// way than the column says.
    #[must_use]
    pub fn folded(&self) -> Self {
        let mut document = self.clone();
        for block in &mut document.blocks {
            match block {
                Block::Notes { lines, .. } => lines.retain(|line| !is_signature(line)),
                Block::Table(table) => fold(table),
                Block::Heading(_) | Block::Text(_) => {}
            }
        }
        let empty = |block: &Block| matches!(block, Block::Notes { lines, .. } if lines.is_empty());
        document.blocks.retain(|block| !empty(block));
        document
    }

    /// The document with long cells cut where their column allows it, and, given the width of a terminal, with each
    /// wider table as several below each other: a few columns at a time, the first one in all of them.
    #[must_use]
    pub fn within(&self, width: Option<usize>) -> Self {
        let parts = self.blocks.iter().flat_map(|block| match block {
            Block::Table(table) => {
                let table = cut(table, width);
                let parts = match width {
                    Some(width) => stack(&table, width),
                    None => vec![table],
                };
                parts.into_iter().map(Block::Table).collect()
            }
            other => vec![other.clone()],
        });
        Self {
            blocks: parts.collect(),
        }
    }
}

fn is_signature(line: &Line) -> bool {
    matches!(line, Line::Signature(_))
}

fn fold(table: &mut Table) {
    for (at, column) in table.columns.iter_mut().enumerate() {
        let marked = |row: &Row| matches!(row, Row::Cells(cells) if cells.get(at).is_some_and(|cell| !cell.marks.is_empty()));
        if !table.rows.iter().any(marked) {
            column.signature = None;
        }
    }
}

fn total(widths: &[usize]) -> usize {
    widths.iter().map(|width| width + BESIDE).sum::<usize>() + 1
}

/// Shortens the cells of the columns that say so: to what they say, or to the room that the others leave.
fn cut(table: &Table, width: Option<usize>) -> Table {
    let mut table = table.clone();
    for at in 0..table.columns.len() {
        let Some(mut most) = table.columns[at].at_most else {
            continue;
        };
        if let Some(width) = width {
            let widths = widths(&table);
            let beside_all = width.saturating_sub(total(&widths) - widths[at]);
            let beside_first = width.saturating_sub(total(&widths[..1]) + BESIDE);
            let room = if beside_all < ENOUGH {
                beside_first
            } else {
                beside_all
            };
            most = most.min(room).max(LEAST);
        }
        for row in &mut table.rows {
            if let Row::Cells(cells) = row
                && let Some(cell) = cells.get_mut(at)
            {
                cell.text = shortened(&cell.text, most);
            }
        }
    }
    table
}

/// Text of at most so many columns of a terminal, with an ellipsis where something is left out.
fn shortened(text: &str, most: usize) -> String {
    if text.width() <= most {
        return text.to_owned();
    }
    let mut short = String::new();
    let mut used = 1;
    for character in text.chars() {
        used += character.width().unwrap_or(0);
        if used > most {
            break;
        }
        short.push(character);
    }
    short.truncate(short.trim_end().len());
    short + "…"
}

/// The table as tables of fewer columns, none wider than `width` if it need not be. The first one has the title.
fn stack(table: &Table, width: usize) -> Vec<Table> {
    let widths = widths(table);
    if total(&widths) <= width || widths.len() < 3 {
        return vec![table.clone()];
    }
    let mut parts: Vec<Vec<usize>> = Vec::new();
    let mut used = usize::MAX;
    for (at, own) in widths.iter().enumerate().skip(1) {
        match parts.last_mut() {
            Some(part) if used + own + BESIDE <= width => part.push(at),
            _ => {
                parts.push(vec![0, at]);
                used = total(&widths[..1]);
            }
        }
        used += own + BESIDE;
    }
    let mut parts: Vec<Table> = parts.iter().map(|part| some_columns(table, part)).collect();
    if let Some(first) = parts.first_mut() {
        first.title.clone_from(&table.title);
    }
    parts
}

fn some_columns(table: &Table, chosen: &[usize]) -> Table {
    let cells = |cells: &Vec<Cell>| {
        chosen
            .iter()
            .filter_map(|at| cells.get(*at))
            .cloned()
            .collect()
    };
    let row = |row: &Row| match row {
        Row::Cells(of) => Row::Cells(cells(of)),
        Row::Group(name) => Row::Group(name.clone()),
    };
    Table {
        title: None,
        columns: chosen.iter().map(|at| table.columns[*at].clone()).collect(),
        rows: table.rows.iter().map(row).collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::table::{Column, Format};

    fn wide() -> Document {
        let mut columns = vec![Column::text("model")];
        columns.extend((1..=6).map(|number| Column {
            signature: Some("a".to_owned()),
            ..Column::number(format!("metric {number}"), None)
        }));
        let row = |name: &str| {
            let values = (1..=6).map(|number| Cell::new(format!("{number}.0 [0.5, 9.5]")));
            std::iter::once(Cell::new(name)).chain(values).collect()
        };
        let table = Table::of(columns, [row("painter"), row("shuffled")]).titled("All");
        let mut document = Document::from(table);
        document.note("Signatures", vec![Line::Signature("a fid|v:1".to_owned())]);
        document
    }

    #[test]
    fn no_table_is_wider_than_the_terminal_and_no_value_is_lost() {
        let document = wide().folded();
        let whole = document.render(Format::Markdown).unwrap();
        for width in [30, 60, 80, 120] {
            let text = document
                .within(Some(width))
                .render(Format::Markdown)
                .unwrap();
            let widest = text.lines().map(UnicodeWidthStr::width).max().unwrap();
            assert!(widest <= width, "{width}: {text}");
            for number in 1..=6 {
                assert_eq!(
                    text.matches(&format!("metric {number}")).count(),
                    1,
                    "{text}"
                );
                assert_eq!(text.matches(&format!(" {number}.0 [0.5, 9.5]")).count(), 2);
            }
            assert_eq!(text.matches("### All").count(), 1);
            let tables = text.lines().filter(|it| it.starts_with("|---")).count();
            assert_eq!(text.matches("| painter ").count(), tables, "{text}");
            assert!(tables > 1 || width == 120, "{text}");
        }
        assert_eq!(
            document.within(Some(200)).render(Format::Markdown).unwrap(),
            whole
        );
        assert_eq!(document.within(None), document);
    }

    #[test]
    fn signatures_go_with_their_letters_but_where_cells_differ_from_the_column() {
        let document = wide();
        assert!(document.has_signatures() && !document.folded().has_signatures());
        let text = document.folded().render(Format::Markdown).unwrap();
        assert!(
            !text.contains('ᵃ') && !text.contains("Signatures"),
            "{text}"
        );
        let mut forced = document.clone();
        if let Block::Table(table) = &mut forced.blocks[0]
            && let Row::Cells(cells) = &mut table.rows[1]
        {
            cells[2].marks.push("b".to_owned());
        }
        let text = forced.folded().render(Format::Markdown).unwrap();
        assert_eq!(text.matches('ᵃ').count(), 1, "{text}");
        assert_eq!(text.matches('ᵇ').count(), 1, "{text}");
    }

    #[test]
    fn long_cells_end_in_an_ellipsis_where_their_column_may_be_cut() {
        let caption = "Pip and Bolt walk along the river, and then they sit down";
        let table = Table::of(
            vec![
                Column::text("story"),
                Column {
                    at_most: Some(30),
                    ..Column::text("captions")
                },
            ],
            [vec![Cell::new("s-0001"), Cell::new(caption)]],
        );
        let document = Document::from(table);
        let cell = |width| {
            let text = document.within(width).render(Format::Markdown).unwrap();
            let row = text.lines().nth(2).unwrap().to_owned();
            row.rsplit('|').nth(1).unwrap().trim().to_owned()
        };
        assert_eq!(cell(None), "Pip and Bolt walk along the r…");
        assert_eq!(cell(Some(37)), "Pip and Bolt walk along…");
        assert_eq!(cell(Some(10)), "Pip and Bolt walk a…");
        assert_eq!(shortened("short", 20), "short");
    }
}
