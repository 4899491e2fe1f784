//! Documents as LaTeX, for `booktabs`. Compiles with pdfLaTeX, XeLaTeX and LuaLaTeX.

use super::text::line;
use super::{Align, Block, Cell, Column, Direction, Document, Line, Row, Table};
use std::fmt::Write as _;

/// What the text needs. A character that pdfLaTeX has no glyph for is printed as its code point there, and
/// as itself by engines that read Unicode fonts. A table that is wider than the line is made as wide as the
/// line, where the document can scale.
const PREAMBLE: &str = "% Needs \\usepackage{booktabs}; with \\usepackage{graphicx} too, wide tables are scaled to the line.
\\providecommand{\\storyevalfit}[1]{\\setbox0=\\hbox{#1}\\ifdim\\wd0>\\linewidth\\ifdefined\\resizebox\\resizebox{\\linewidth}{!}{\\box0}\\else\\box0\\fi\\else\\box0\\fi}
\\providecommand{\\storyevalchar}[1]{\\ifdefined\\Umathchar\\char\"#1\\relax\\else{\\scriptsize U+#1}\\fi}
";

pub(super) fn render(document: &Document) -> String {
    let mut text = PREAMBLE.to_owned();
    for block in &document.blocks {
        text.push('\n');
        match block {
            Block::Heading(heading) => {
                let _ = writeln!(text, "\\subsection*{{{}}}", escape(heading));
            }
            Block::Text(words) => {
                let _ = writeln!(text, "\\noindent {}\\par", escape(words));
            }
            Block::Table(table) => write_table(&mut text, table),
            Block::Notes { heading, lines } => {
                let _ = writeln!(
                    text,
                    "{{\\footnotesize\\raggedright\\noindent {}:\\par",
                    escape(heading)
                );
                for line in lines {
                    let _ = match line {
                        Line::Prose(words) => writeln!(text, "\\noindent {}\\par", escape(words)),
                        Line::Code(words) | Line::Signature(words) => {
                            writeln!(text, "\\noindent \\texttt{{{}}}\\par", breakable(words))
                        }
                    };
                }
                text.push_str("}\n");
            }
        }
    }
    text
}

fn write_table(text: &mut String, table: &Table) {
    if let Some(title) = &table.title {
        let _ = writeln!(
            text,
            "\\medskip\\noindent\\emph{{{}}}\\par\\nobreak\\smallskip",
            escape(title)
        );
    }
    let columns: String = table
        .columns
        .iter()
        .map(|column| match column.align {
            Align::Left => 'l',
            Align::Right => 'r',
        })
        .collect();
    let _ = writeln!(
        text,
        "\\noindent\\storyevalfit{{\\begin{{tabular}}{{@{{}}{columns}@{{}}}}\n\\toprule"
    );
    let headings: Vec<String> = table.columns.iter().map(heading).collect();
    let _ = writeln!(text, "{} \\\\\n\\midrule", headings.join(" & "));
    for (number, row) in table.rows.iter().enumerate() {
        let _ = match row {
            Row::Cells(cells) => {
                let cells: Vec<String> = cells.iter().map(show).collect();
                writeln!(text, "{} \\\\", cells.join(" & "))
            }
            Row::Group(name) => {
                let rule = if number > 0 { "\\midrule\n" } else { "" };
                let width = table.columns.len();
                writeln!(
                    text,
                    "{rule}\\multicolumn{{{width}}}{{@{{}}l}}{{\\emph{{{}}}}} \\\\",
                    escape(name)
                )
            }
        };
    }
    text.push_str("\\bottomrule\n\\end{tabular}}\\par\\smallskip\n");
}

fn heading(column: &Column) -> String {
    let arrow = match column.direction {
        Some(Direction::Up) => " $\\uparrow$",
        Some(Direction::Down) => " $\\downarrow$",
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
        ("", _) => "--".to_owned(),
        (text, false) => number(text),
        (text, true) => format!("\\textbf{{{}}}", number(text)),
    };
    let interval = match &cell.interval {
        Some([low, high]) => {
            format!(
                " {{\\scriptsize {{[}}{}, {}{{]}}}}",
                number(low),
                number(high)
            )
        }
        None => String::new(),
    };
    format!("{text}{interval}{}", raised(&cell.marks))
}

/// A number has a minus sign and not a hyphen; other text is text.
fn number(text: &str) -> String {
    match text.strip_prefix('-') {
        Some(size) if size.parse::<f64>().is_ok() => format!("$-${}", escape(size)),
        _ => escape(text),
    }
}

fn raised(marks: &[String]) -> String {
    if marks.is_empty() {
        return String::new();
    }
    let marks: Vec<String> = marks.iter().map(|mark| escape(mark)).collect();
    format!("\\textsuperscript{{{}}}", marks.join(","))
}

/// A signature, which may break after its bars and where long values have joints.
fn breakable(text: &str) -> String {
    let mut parts = String::new();
    for character in line(text).chars() {
        parts.push_str(&escape(character.encode_utf8(&mut [0; 4])));
        if matches!(character, '|' | ':' | '+' | '@' | '/' | ',') {
            parts.push_str("\\allowbreak{}");
        }
    }
    parts
}

/// Keeps text from being commands, ligatures or optional arguments (a row that begins with `[` or `*`
/// would be read as an argument of the row's end before it).
fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for character in line(text).chars() {
        let command = match character {
            '&' | '%' | '$' | '#' | '_' | '{' | '}' => {
                escaped.push('\\');
                escaped.push(character);
                continue;
            }
            '\\' => "\\textbackslash{}",
            '~' => "\\textasciitilde{}",
            '^' => "\\textasciicircum{}",
            '<' => "\\textless{}",
            '>' => "\\textgreater{}",
            '|' => "\\textbar{}",
            '`' => "\\textasciigrave{}",
            '"' => "{\"}",
            '\'' => "'{}",
            '-' => "-{}",
            '[' => "{[}",
            ']' => "{]}",
            '*' => "{*}",
            '\u{a0}' => "~",
            '\u{2013}' => "\\textendash{}",
            '\u{2014}' => "\\textemdash{}",
            '\u{2018}' => "\\textquoteleft{}",
            '\u{2019}' => "\\textquoteright{}",
            '\u{201c}' => "\\textquotedblleft{}",
            '\u{201d}' => "\\textquotedblright{}",
            '\u{2026}' => "\\ldots{}",
            '\u{2020}' => "\\dag{}",
            '\u{2021}' => "\\ddag{}",
            '\u{d7}' => "$\\times$",
            '\u{b1}' => "$\\pm$",
            '\u{2212}' => "$-$",
            '\u{2264}' => "$\\leq$",
            '\u{2265}' => "$\\geq$",
            '\u{2248}' => "$\\approx$",
            '\u{394}' => "$\\Delta$",
            '\u{2191}' => "$\\uparrow$",
            '\u{2193}' => "$\\downarrow$",
            '\u{2190}' => "$\\leftarrow$",
            '\u{2192}' => "$\\rightarrow$",
            // Letters that every encoding of TeX can set.
            '\u{c0}'..='\u{ff}'
                if !matches!(
                    character,
                    '\u{d0}' | '\u{f0}' | '\u{de}' | '\u{fe}' | '\u{f7}'
                ) =>
            {
                escaped.push(character);
                continue;
            }
            ' '..='\u{7e}' => {
                escaped.push(character);
                continue;
            }
            _ => {
                let _ = write!(escaped, "\\storyevalchar{{{:X}}}", u32::from(character));
                continue;
            }
        };
        escaped.push_str(command);
    }
    escaped
}
