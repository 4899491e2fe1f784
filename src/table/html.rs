//! Documents as one HTML page that needs no other file.

use super::text::line;
use super::{Align, Block, Cell, Column, Direction, Document, Line, Row, Table};
use maud::{DOCTYPE, Markup, PreEscaped, html};

/// System fonts, and colours that follow the reader's choice of light or dark.
const STYLE: &str = "
:root { color-scheme: light dark; }
body { font: 15px/1.5 system-ui, sans-serif; max-width: 78rem; margin: 2rem auto; padding: 0 1rem; }
.wide { overflow-x: auto; }
table { border-collapse: collapse; margin: 1rem 0; font-variant-numeric: tabular-nums; }
caption { text-align: left; font-weight: 600; padding-bottom: .4rem; }
th, td { padding: .25rem .7rem; white-space: nowrap; text-align: left; font-weight: normal; }
thead th { border-top: 2px solid; border-bottom: 1px solid; font-weight: 600; }
tbody tr:last-child > * { border-bottom: 2px solid; }
.number { text-align: right; }
.group { font-style: italic; padding-top: .8rem; }
.interval { opacity: .65; font-size: .85em; }
code { overflow-wrap: anywhere; font-size: .85em; }
";

pub(super) fn render(document: &Document) -> String {
    let title = document
        .blocks
        .iter()
        .find_map(|block| match block {
            Block::Heading(title) => Some(line(title).into_owned()),
            _ => None,
        })
        .unwrap_or_else(|| "storyeval".to_owned());
    let page = html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                title { (title) }
                style { (PreEscaped(STYLE)) }
            }
            body {
                @for block in &document.blocks { (part(block)) "\n" }
            }
        }
    };
    page.into_string() + "\n"
}

fn part(block: &Block) -> Markup {
    html! {
        @match block {
            Block::Heading(heading) => h1 { (text(heading)) },
            Block::Text(words) => p { (text(words)) },
            Block::Table(of) => (table(of)),
            Block::Notes { heading, lines } => {
                section {
                    h2 { (text(heading)) }
                    ul {
                        @for line in lines {
                            @match line {
                                Line::Prose(words) => li { (text(words)) },
                                Line::Code(words) | Line::Signature(words) => li { code { (text(words)) } },
                            }
                        }
                    }
                }
            }
        }
    }
}

fn table(of: &Table) -> Markup {
    html! {
        div class="wide" {
            table {
                @if let Some(title) = &of.title { caption { (text(title)) } }
                thead { tr {
                    @for column in &of.columns { (heading(column)) }
                } }
                tbody {
                    @for row in &of.rows {
                        "\n"
                        @match row {
                            Row::Group(name) => tr {
                                th class="group" colspan=(of.columns.len()) scope="rowgroup" { (text(name)) }
                            },
                            Row::Cells(cells) => tr {
                                @for (number, (cell, column)) in cells.iter().zip(&of.columns).enumerate() {
                                    @if number == 0 {
                                        th scope="row" { (value(cell)) }
                                    } @else {
                                        td class=[class(column)] { (value(cell)) }
                                    }
                                }
                            },
                        }
                    }
                }
            }
        }
    }
}

fn heading(column: &Column) -> Markup {
    html! {
        th scope="col" class=[class(column)] {
            (text(&column.name))
            @match column.direction {
                Some(Direction::Up) => { " " span title="larger is better" { "↑" } }
                Some(Direction::Down) => { " " span title="smaller is better" { "↓" } }
                None => {}
            }
            (raised(&column.raised()))
        }
    }
}

fn value(cell: &Cell) -> Markup {
    html! {
        @if cell.text.is_empty() {
            "–"
        } @else if cell.best {
            strong { (text(&cell.text)) }
        } @else {
            (text(&cell.text))
        }
        @if let Some([low, high]) = &cell.interval {
            " " span class="interval" { "[" (line(low)) ", " (line(high)) "]" }
        }
        (raised(&cell.marks))
    }
}

fn raised(marks: &[String]) -> Markup {
    html! {
        @if !marks.is_empty() { sup { (line(&marks.join(","))) } }
    }
}

/// Text whose direction is its own and does not reorder its neighbours.
fn text(words: &str) -> Markup {
    let words = line(words);
    if words.is_ascii() {
        html! { (words) }
    } else {
        html! { bdi { (words) } }
    }
}

fn class(column: &Column) -> Option<&'static str> {
    (column.align == Align::Right).then_some("number")
}
