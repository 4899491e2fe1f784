//! Characters cut out of MiniSV: found on real frames, and other stories' frames have others.

use crate::support::{copy, fails, storyeval};
use image::imageops::FilterType;
use serde_json::Value;
use std::fmt::Write;
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
    // Who was promised is mostly not there, and who is there in name is elsewhere in another pose.
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

/// Brings every frame of a run to `side` pixels.
fn shrink(frames: &Path, side: u32, filter: FilterType) {
    for story in fs::read_dir(frames).unwrap() {
        for frame in fs::read_dir(story.unwrap().path()).unwrap() {
            let path = frame.unwrap().path();
            let image = image::open(&path).unwrap();
            let small = image.resize_exact(side, side, filter);
            small.to_rgb8().save(&path).unwrap();
        }
    }
}

/// Scores the frames of the run in `truth`, half as large.
fn halved(truth: &Path, folder: &Path, filter: FilterType) -> Value {
    let images = folder.join(format!("images-{filter:?}"));
    let out = folder.join(format!("halved-{filter:?}"));
    let plan = fs::read_to_string(truth.join("plan.jsonl")).unwrap();
    let mut manifest = "story,frame,path\n".to_owned();
    for line in plan.lines() {
        let unit: Value = serde_json::from_str(line).unwrap();
        let story = unit["story"].as_str().unwrap();
        for frame in 1..=unit["clips"].as_array().unwrap().len() {
            writeln!(manifest, "{story},{frame},{story}/{frame}.png").unwrap();
        }
    }
    copy(&truth.join("frames"), &images);
    shrink(&images, 64, filter);
    fs::write(images.join("manifest.csv"), manifest).unwrap();
    storyeval()
        .args(["score", "-d", "minisv", "--limit", "12"])
        .args(["--skip", "lpips,captioner,features", "--layout", "manifest"])
        .arg("--images")
        .arg(&images)
        .arg("--out")
        .arg(&out)
        .assert()
        .success();
    serde_json::from_str(&fs::read_to_string(out.join("scores.json")).unwrap()).unwrap()
}

#[test]
fn the_same_picture_at_two_sizes_is_nearly_alike() {
    let folder = tempfile::tempdir().unwrap();
    let truth = folder.path().join("truth");
    scores("ground-truth", &[], &truth);
    // Crops at each image's own size gave 0.89. What is left is rounding where both were shrunk by the
    // same filter, and the difference of two filters where not.
    for (filter, least, most) in [
        (FilterType::CatmullRom, 0.995, 0.005),
        (FilterType::Triangle, 0.97, 0.025),
    ] {
        let halved = halved(&truth, folder.path(), filter);
        let value = |metric: &str| score(&halved, metric)["value"].as_f64().unwrap();
        let likeness = value("char_likeness");
        assert!(likeness > least, "{filter:?}: {likeness}");
        assert!((value("char_found") - value("char_found_gt")).abs() < 1.0);
        let gap = value("char_consistency") - value("char_consistency_gt");
        assert!(gap.abs() < most, "{filter:?}: {gap}");
        let signature = &score(&halved, "char_likeness")["signature"];
        let signature = signature.as_str().unwrap();
        assert!(
            signature.contains("|crop:pillow-bicubic-64+min8+margin0.1|"),
            "{signature}"
        );
    }
}

#[test]
fn the_size_of_crops_is_a_choice_that_is_shown_and_checked() {
    let folder = tempfile::tempdir().unwrap();
    let strict = include_str!("../../eval-configs/protocols/strict.toml");
    let card = |id: &str, more: &str| {
        let path = folder.path().join(format!("{id}.toml"));
        let text = strict
            .replace("id = \"strict\"", &format!("id = \"{id}\""))
            .replace("size = 64\n", more);
        fs::write(&path, text).unwrap();
        path
    };
    let large = card("large", "size = 128\n");
    let mut diff = storyeval();
    diff.args(["protocol", "diff", "strict"]).arg(&large);
    let said = diff.assert().success().get_output().stdout.clone();
    let said = String::from_utf8(said).unwrap();
    let line = said.lines().find(|line| line.starts_with("crops.size"));
    let words: Vec<&str> = line.unwrap().split_whitespace().collect();
    assert_eq!(words, ["crops.size", "64", "128"]);
    let small = card("small", "size = 4\n");
    fails(storyeval().args(["protocol", "show"]).arg(&small))
        .says(2, &["small.toml", "crops.min_side is at most crops.size"]);
}
