//! Characters cut out of MiniSV: found on real frames, and other stories' frames have others.

use crate::support::storyeval;
use serde_json::Value;
use std::fs;
use std::path::Path;

/// Runs a model on a few stories, and gives the scores by metric (slice `all`).
fn scores(model: &str, more: &[&str], out: &Path) -> Value {
    let mut command = storyeval();
    command.args([
        "run",
        "--dataset",
        "minisv",
        "--model",
        model,
        "--limit",
        "12",
        "--skip",
        "lpips,captioner,features",
    ]);
    command.args(more).arg("--out").arg(out).assert().success();
    serde_json::from_str(&fs::read_to_string(out.join("scores.json")).unwrap()).unwrap()
}

fn score<'a>(scores: &'a Value, metric: &str) -> &'a Value {
    let scores = scores["scores"].as_array().unwrap();
    let found = scores.iter().find(|score| score["metric"] == metric);
    found.unwrap_or_else(|| panic!("{metric} is not scored"))
}

#[test]
fn characters_are_found_and_differ_between_stories() {
    let folder = tempfile::tempdir().unwrap();
    let truth = scores("ground-truth", &[], &folder.path().join("truth"));
    let swapped = scores("shuffled", &[], &folder.path().join("swapped"));
    let value = |of: &Value, metric: &str| score(of, metric)["value"].as_f64().unwrap();
    for side in ["char_found", "char_found_gt"] {
        assert!(value(&truth, side) > 95.0, "{side}");
    }
    // A real frame is its own ground truth.
    assert!((value(&truth, "char_likeness") - 1.0).abs() < 1e-6);
    assert!(
        (value(&truth, "char_consistency") - value(&truth, "char_consistency_gt")).abs() < 1e-6
    );
    // Who was promised is mostly not there, and who is there in name stands elsewhere in another pose.
    assert!(value(&swapped, "char_found") < value(&truth, "char_found") - 20.0);
    assert!(value(&swapped, "char_likeness") < value(&truth, "char_likeness") - 0.1);
    // The real frames are the same for both.
    assert_eq!(
        score(&swapped, "char_consistency_gt")["value"],
        score(&truth, "char_consistency_gt")["value"]
    );
}

#[test]
fn without_a_locator_there_is_a_reason() {
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().join("run");
    let blind = scores("ground-truth", &["--skip", "locator"], &out);
    let reason = score(&blind, "char_found")["unscored"].as_str().unwrap();
    assert!(reason.contains("no locator"), "{reason}");
    assert!(!out.join("features/crops_generated.npy").exists());
    assert!(score(&blind, "clip_ii")["value"].is_f64());
}
