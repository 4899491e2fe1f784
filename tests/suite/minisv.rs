//! MiniSV end to end, gated on the committed baseline.

use crate::support::storyeval;
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
    storyeval()
        .args(baseline_command())
        .arg("--out")
        .arg(&runs)
        .assert()
        .success();
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
