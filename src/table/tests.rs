//! Tests of all formats on the same document.

use super::*;

/// What names and captions may hold.
const HOSTILE: [&str; 9] = [
    r"a_b & \input{/etc/passwd} 5% #1 $x$ {~^}",
    "<script>alert('x')</script>",
    "say \"he\" -- or 'she'",
    "line\nbreak | bar",
    "[optional] *star* `code`",
    "\u{1f996} emoji",
    "\u{5e9}\u{5dc}\u{5d5}\u{5dd} right to left",
    "&lt; and &amp; as written",
    "=1+1",
];

fn document() -> Document {
    let mut rows = vec![Row::Group("originals & others".to_owned())];
    for name in HOSTILE {
        rows.push(Row::Cells(vec![
            Cell::new(name),
            Cell {
                text: "88.4".to_owned(),
                interval: Some(["86.2".to_owned(), "90.4".to_owned()]),
                best: name.starts_with('='),
                marks: vec!["a".to_owned()],
            },
            Cell::absent(),
        ]));
    }
    let mut document = Document {
        blocks: vec![
            Block::Heading("A & B".to_owned()),
            Block::Text("Text with 95 % in it.".to_owned()),
            Block::Table(Table {
                title: Some("All frames".to_owned()),
                columns: vec![
                    Column::text("model"),
                    Column::number("Char-Acc %", Some(Direction::Up)),
                    Column::number("FID", Some(Direction::Down)),
                ],
                rows,
            }),
        ],
    };
    document.note("Nothing", Vec::new());
    document.note(
        "Signatures",
        vec![
            Line::Code("char_acc|gt:middle|v:`1`".to_owned()),
            Line::Prose("5 % of <all> frames".to_owned()),
        ],
    );
    document
}

/// Cells of a Markdown line, as GitHub cuts it.
fn cells(line: &str) -> Vec<String> {
    let mut cells = vec![String::new()];
    let mut characters = line.chars().peekable();
    while let Some(character) = characters.next() {
        match character {
            '\\' => {
                cells.last_mut().unwrap().push('\\');
                cells.last_mut().unwrap().extend(characters.next());
            }
            '|' => cells.push(String::new()),
            other => cells.last_mut().unwrap().push(other),
        }
    }
    cells
}

#[test]
fn every_markdown_row_has_as_many_cells() {
    let text = document().render(Format::Markdown).unwrap();
    let rows: Vec<&str> = text.lines().filter(|line| line.starts_with('|')).collect();
    assert_eq!(rows.len(), 12);
    for row in rows {
        assert_eq!(cells(row).len(), 5, "{row}");
    }
    assert!(text.contains("| model"), "{text}");
    assert!(text.contains("Char-Acc % ↑ |") && text.contains("FID ↓ |"));
    assert!(text.contains("**88.4** [86.2, 90.4]ᵃ"));
    assert!(text.contains("&lt;script>") && !text.contains("<script"));
    assert!(text.contains(r"a_b & \\input{/etc/passwd} 5% #1 \$x\$ {\~^}"));
    assert!(text.contains(r"[optional] \*star\* \`code\`"));
    assert!(text.contains("&amp;lt; and &amp;amp; as written"));
    assert!(text.contains("- `` char_acc|gt:middle|v:`1` ``"));
    assert!(!text.contains("Nothing"));
}

#[test]
fn prose_that_begins_like_markup_is_prose() {
    let mut document = Document::default();
    let lines = ["# Chars: seven", "> 4 frames"].map(|words| Line::Prose(words.to_owned()));
    document.note("Notes", lines.to_vec());
    let text = document.render(Format::Markdown).unwrap();
    assert!(
        text.contains("- \\# Chars: seven\n- \\> 4 frames\n"),
        "{text}"
    );
}

#[test]
fn markdown_columns_stand_below_each_other() {
    let mut document = document();
    // Scripts that terminals draw in other widths are left to them.
    if let Block::Table(table) = &mut document.blocks[2] {
        table.rows.truncate(6);
    }
    let text = document.render(Format::Markdown).unwrap();
    let widths: std::collections::BTreeSet<usize> = text
        .lines()
        .filter(|line| line.starts_with('|'))
        .map(|line| line.chars().count())
        .collect();
    assert_eq!(widths.len(), 1, "{text}");
}

#[test]
fn nothing_in_latex_text_is_a_command() {
    let text = document().render(Format::Latex).unwrap();
    assert!(text.contains(
        r"a\_b \& \textbackslash{}input\{/etc/passwd\} 5\% \#1 \$x\$ \{\textasciitilde{}\textasciicircum{}\}"
    ));
    assert!(text.contains(r"{[}optional{]} {*}star{*} \textasciigrave{}code\textasciigrave{}"));
    assert!(text.contains(r"\storyevalchar{1F996} emoji"));
    assert!(text.contains(r"\storyevalchar{5E9}\storyevalchar{5DC}"));
    assert!(text.contains(r#"say {"}he{"} -{}-{} or '{}she'{}"#));
    assert!(text.contains(r"\textbf{88.4} {\scriptsize {[}86.2, 90.4{]}}\textsuperscript{a} & --"));
    assert!(text.contains(r"Char-{}Acc \% $\uparrow$ & FID $\downarrow$"));
    assert!(text.contains(r"\texttt{char\_acc\textbar{}\allowbreak{}gt:\allowbreak{}middle"));
    assert!(text.contains(r"\multicolumn{3}{@{}l}{\emph{originals \& others}}"));
}

#[test]
fn a_negative_number_has_a_minus_sign_in_latex() {
    let mut document = document();
    if let Block::Table(table) = &mut document.blocks[2] {
        table.rows = vec![Row::Cells(vec![
            Cell::new("-x"),
            Cell {
                interval: Some(["-0.5".to_owned(), "0.1".to_owned()]),
                best: true,
                ..Cell::new("-0.2")
            },
            Cell::new("3 - 4"),
        ])];
    }
    let text = document.render(Format::Latex).unwrap();
    assert!(
        text.contains(r"-{}x & \textbf{$-$0.2} {\scriptsize {[}$-$0.5, 0.1{]}} & 3 -{} 4 \\"),
        "{text}"
    );
}

#[test]
fn html_escapes_and_keeps_directions_apart() {
    let text = document().render(Format::Html).unwrap();
    assert!(text.starts_with("<!DOCTYPE html>"));
    assert!(!text.contains("<script"));
    assert!(text.contains("&lt;script&gt;"));
    assert!(text.contains("<bdi>\u{5e9}\u{5dc}\u{5d5}\u{5dd} right to left</bdi>"));
    assert!(text.contains("&amp;lt; and &amp;amp; as written"));
    assert!(text.contains("<strong>88.4</strong>"));
    assert!(text.contains("<title>A &amp; B</title>"));
}

#[test]
fn csv_is_read_back_cell_by_cell() {
    let text = document().render(Format::Csv).unwrap();
    let mut reader = csv::Reader::from_reader(text.as_bytes());
    assert_eq!(
        reader.headers().unwrap(),
        &csv::StringRecord::from(vec![
            "table",
            "group",
            "model",
            "Char-Acc %",
            "Char-Acc % low",
            "Char-Acc % high",
            "FID"
        ])
    );
    let rows: Vec<csv::StringRecord> = reader.records().map(Result::unwrap).collect();
    assert_eq!(rows.len(), HOSTILE.len());
    for (row, name) in rows.iter().zip(HOSTILE).take(8) {
        assert_eq!(&row[2], name);
        assert_eq!(&row[1], "originals & others");
        assert_eq!(&row[4], "86.2");
    }
    assert_eq!(&rows[8][2], "'=1+1");
    assert_eq!(super::spreadsheet::tame("-0.5"), "-0.5");
    assert_eq!(super::spreadsheet::tame("+1.2 [a]"), "'+1.2 [a]");
}

#[test]
fn a_row_that_does_not_fit_is_an_error() {
    let table = Table {
        title: Some("short".to_owned()),
        columns: vec![Column::text("a"), Column::text("b")],
        rows: vec![Row::Cells(vec![Cell::new("1")])],
    };
    let document = Document {
        blocks: vec![Block::Table(table)],
    };
    let error = document.render(Format::Markdown).unwrap_err();
    assert_eq!(
        error.to_string(),
        "table `short` has 2 columns and a row of 1 cells"
    );
}
