//! Tables as LaTeX, for `booktabs`.

use super::Comparison;
use super::comparison::Cell;
use super::markdown::scored;
use std::fmt::Write as _;

/// One `tabular` with a block a slice; notes and signatures follow as comments, so that they stay with
/// the numbers. Needs `\usepackage{booktabs}`.
#[must_use]
pub fn latex(comparison: &Comparison) -> String {
    let mut text = String::new();
    let columns = comparison
        .sections
        .iter()
        .map(|s| s.columns.len())
        .max()
        .unwrap_or(0);
    let _ = writeln!(
        text,
        "\\begin{{tabular}}{{l{}r}}\n\\toprule",
        "r".repeat(columns)
    );
    for (number, section) in comparison.sections.iter().enumerate() {
        if number > 0 {
            text.push_str("\\midrule\n");
        }
        let width = columns + 2;
        let _ = writeln!(
            text,
            "\\multicolumn{{{width}}}{{l}}{{\\emph{{{}}}}} \\\\",
            escape(&section.title)
        );
        text.push_str("model");
        for column in &section.columns {
            let arrow = if column.higher_is_better {
                "\\uparrow"
            } else {
                "\\downarrow"
            };
            let _ = write!(text, " & {} ${arrow}$", escape(&column.name));
        }
        // Sections may have fewer metrics than the widest one.
        let filler = " &".repeat(columns - section.columns.len());
        let _ = writeln!(text, "{filler} & scored / planned \\\\\n\\midrule");
        for row in &section.rows {
            text.push_str(&escape(&row.label));
            for cell in &row.cells {
                let _ = write!(
                    text,
                    " & {}",
                    cell.as_ref().map_or_else(|| "--".to_owned(), show)
                );
            }
            let _ = writeln!(text, "{filler} & {} \\\\", scored(row).replace('–', "--"));
        }
    }
    text.push_str("\\bottomrule\n\\end{tabular}\n");
    for (heading, lines) in &comparison.notes {
        let _ = writeln!(text, "% {heading}:");
        for line in lines {
            let _ = writeln!(text, "% {}", line.replace(['\n', '\r'], " "));
        }
    }
    text
}

fn show(cell: &Cell) -> String {
    match &cell.interval {
        Some([low, high]) => format!("{} {{\\scriptsize [{low}, {high}]}}", cell.value),
        None => cell.value.clone(),
    }
}

fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '&' | '%' | '$' | '#' | '_' | '{' | '}' => {
                escaped.push('\\');
                escaped.push(character);
            }
            '\\' => escaped.push_str("\\textbackslash{}"),
            '~' => escaped.push_str("\\textasciitilde{}"),
            '^' => escaped.push_str("\\textasciicircum{}"),
            '\n' | '\r' => escaped.push(' '),
            _ => escaped.push(character),
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_in_a_name_is_a_command() {
        assert_eq!(
            escape(r"a_b & \input{x} 5%"),
            r"a\_b \& \textbackslash{}input\{x\} 5\%"
        );
    }
}
