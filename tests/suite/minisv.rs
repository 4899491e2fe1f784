//! MiniSV end to end, gated on the committed baseline.

use crate::support::{printed, storyeval};
use serde_json::Value;
use std::fs;
use std::path::{Path, PathBuf};

/// A file of `reports/`.
pub(crate) fn report(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("reports")
        .join(name)
}

/// The command of the committed baseline.
pub(crate) fn baseline_command() -> Vec<String> {
    let text = fs::read_to_string(report("minisv-baseline.json")).unwrap();
    let baseline: Value = serde_json::from_str(&text).unwrap();
    serde_json::from_value(baseline["commands"][0].clone()).unwrap()
}

/// `reports/minisv-baseline.json` states a command; its runs are within the windows of
/// `reports/minisv-gate.toml`. They stay in `target/tmp/minisv-runs`, where `.ci/run` gates on them once more, with the
/// program as a user calls it.
#[test]
fn the_baseline_holds() {
    let runs = Path::new(env!("CARGO_TARGET_TMPDIR")).join("minisv-runs");
    if runs.exists() {
        fs::remove_dir_all(&runs).unwrap();
    }
    let text = printed(storyeval().args(baseline_command()).arg("--out").arg(&runs));
    the_pages_show_what_is_printed(&String::from_utf8(text).unwrap(), &runs);
    let folders = fs::read_dir(&runs)
        .unwrap()
        .map(|entry| entry.unwrap().path());
    storyeval()
        .arg("gate")
        .args(folders.filter(|path| path.is_dir()))
        .arg("--baseline")
        .arg(report("minisv-baseline.json"))
        .arg("--rules")
        .arg(report("minisv-gate.toml"))
        .assert()
        .success();
    assert!(runs.join("table.md").is_file());
    let sheet = image::open(runs.join("sheet.png")).unwrap();
    assert!(sheet.width() > 500 && sheet.height() > 500);
}

/// A page of this repository.
fn page(path: &str) -> String {
    fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(path)).unwrap()
}

/// Paragraphs: what blank lines part.
fn paragraphs(text: &str) -> Vec<&str> {
    text.split("\n\n").map(str::trim_end).collect()
}

/// The README's first command is that of the baseline; its sample is the first table, to the letter, and the page of
/// evidence has all of them. The README's verdict is that of `compare`.
fn the_pages_show_what_is_printed(text: &str, runs: &Path) {
    let readme = page("README.md");
    let command = format!(
        "\ncargo run --release -- {}\n",
        baseline_command().join(" ")
    );
    assert!(readme.contains(&command), "README.md lacks{command}");
    let printed_parts = paragraphs(text);
    let [title, first] = printed_parts[..2] else {
        panic!("{text}");
    };
    let sample = format!("\n\n{title}\n\n{first}\n\n");
    assert!(readme.contains(&sample), "README.md lacks:{sample}");
    let evidence = page("docs/evidence/minisv.md");
    let evidence = paragraphs(&evidence);
    let mut tables = 0;
    for table in printed_parts.iter().filter(|part| part.starts_with('|')) {
        assert!(
            evidence.contains(table),
            "docs/evidence/minisv.md lacks:\n{table}"
        );
        tables += 1;
    }
    assert_eq!(tables, 6, "{text}");
    assert!(!text.contains("Signatures"), "{text}");
    let kept = fs::read_to_string(runs.join("table.md")).unwrap();
    assert!(kept.contains("\n- `a char_acc|dataset:minisv@"), "{kept}");

    let compared = printed(
        storyeval()
            .args(["compare", "char-ldm-mini", "storygpt-v-mini"])
            .current_dir(runs),
    );
    let compared = String::from_utf8(compared).unwrap();
    let verdict = compared.lines().find(|line| line.starts_with("Verdict: "));
    let quoted: Vec<&str> = readme
        .lines()
        .filter_map(|line| line.strip_prefix("> "))
        .collect();
    assert_eq!(Some(quoted.join(" ").as_str()), verdict);
}
