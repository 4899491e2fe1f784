//! MiniSV end to end, gated on the committed baseline.

use crate::support::storyeval;
use serde_json::Value;
use std::fs;
use std::path::Path;

/// Reads a score of a run.
fn score(run: &Path, metric: &str, slice: &str) -> f64 {
    let scores: Value =
        serde_json::from_str(&fs::read_to_string(run.join("scores.json")).unwrap()).unwrap();
    scores["scores"]
        .as_array()
        .unwrap()
        .iter()
        .find(|score| score["metric"] == metric && score["slice"] == slice)
        .and_then(|score| score["value"].as_f64())
        .unwrap_or_else(|| panic!("{metric} on {slice} has no value"))
}

/// `reports/minisv-baseline.json` names a command's models and stories, and every score within a
/// two-sided window: a score that is suspiciously good fails as well.
#[test]
fn the_baseline_holds() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("reports/minisv-baseline.json");
    let baseline: Value = serde_json::from_str(&fs::read_to_string(path).unwrap()).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let runs = folder.path().join("runs");
    let arguments: Vec<&str> = baseline["arguments"]
        .as_array()
        .unwrap()
        .iter()
        .map(|word| word.as_str().unwrap())
        .collect();
    storyeval()
        .args(arguments)
        .arg("--out")
        .arg(&runs)
        .assert()
        .success();

    let mut failures = Vec::new();
    for bound in baseline["scores"].as_array().unwrap() {
        let text = |name: &str| bound[name].as_str().unwrap();
        let number = |name: &str| bound[name].as_f64().unwrap();
        let found = score(&runs.join(text("model")), text("metric"), text("slice"));
        if (found - number("value")).abs() > number("window") {
            failures.push(format!(
                "{} {} {}: {found:.2}, baseline {:.2} +- {:.2}",
                text("model"),
                text("metric"),
                text("slice"),
                number("value"),
                number("window")
            ));
        }
    }
    assert!(failures.is_empty(), "{}", failures.join("\n"));
    assert!(runs.join("table.md").is_file());
    let sheet = image::open(runs.join("sheet.png")).unwrap();
    assert!(sheet.width() > 500 && sheet.height() > 500);
}
