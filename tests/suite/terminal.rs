//! What a terminal of some width is shown, by `script`, which runs a command in one.

use crate::runs::group;
use crate::support::{printed, storyeval};
use std::process::Command;
use unicode_width::UnicodeWidthStr;

/// What a command prints in a terminal of 80 columns, or as many as COLUMNS says.
fn in_a_terminal(line: &str, columns: Option<&str>) -> Option<String> {
    let program = env!("CARGO_BIN_EXE_storyeval");
    // Set last: a shell in a terminal replaces the variable.
    let columns = columns.map_or_else(String::new, |columns| format!("COLUMNS={columns}"));
    let mut command = Command::new("script");
    command
        .args(["--quiet", "--return", "--command"])
        .arg(format!(
            "stty cols 80 rows 24; exec env -u COLUMNS {columns} '{program}' -q {line}"
        ))
        .arg("/dev/null")
        .current_dir(group());
    let output = command.output().ok()?;
    assert!(output.status.success(), "{output:?}");
    Some(
        String::from_utf8(output.stdout)
            .unwrap()
            .replace("\r\n", "\n"),
    )
}

fn widest(text: &str) -> usize {
    let tables = text.lines().filter(|line| line.starts_with('|'));
    tables.map(UnicodeWidthStr::width).max().unwrap()
}

#[test]
fn tables_fit_the_terminal_and_are_whole_in_a_pipe() {
    for line in [
        "table ground-truth shuffled",
        "compare shuffled ground-truth",
    ] {
        let piped = printed(
            storyeval()
                .args(line.split(' '))
                .current_dir(group())
                .env("COLUMNS", "60"),
        );
        let piped = String::from_utf8(piped).unwrap();
        assert!(widest(&piped) > 100, "{piped}");
        assert!(!piped.contains("Signatures"), "{piped}");
        let Some(eighty) = in_a_terminal(line, None) else {
            eprintln!("no `script` here");
            return;
        };
        assert!(widest(&eighty) <= 80, "{eighty}");
        let hundred = in_a_terminal(line, Some("100")).unwrap();
        assert!((81..=100).contains(&widest(&hundred)), "{hundred}");
        let wide = in_a_terminal(line, Some("400")).unwrap();
        assert_eq!(wide, piped);
    }
}

#[test]
fn signatures_are_printed_where_they_are_wanted_and_named_where_not() {
    let table = |more: &[&str]| {
        let mut command = storyeval();
        command
            .args(["table", "ground-truth", "shuffled"])
            .args(more);
        let output = command.current_dir(group()).output().unwrap();
        assert!(output.status.success(), "{output:?}");
        [output.stdout, output.stderr].map(|text| String::from_utf8(text).unwrap())
    };
    let [text, said] = table(&[]);
    assert!(!text.contains("|dataset:minisv@"), "{text}");
    assert!(
        said.contains("`--signatures`") && said.contains("scores.json"),
        "{said}"
    );
    let [text, said] = table(&["--signatures"]);
    assert!(text.contains("- `a char_acc|dataset:minisv@"), "{text}");
    assert!(!said.contains("--signatures"), "{said}");
    let [latex, _] = table(&["--format", "latex"]);
    assert!(!latex.contains("allowbreak"), "{latex}");
    let [json, said] = table(&["--format", "json"]);
    assert!(json.contains("|dataset:minisv@") && !said.contains("--signatures"));
}
