//! MiniSV in every layout, as the program writes and reads it.

use crate::support::{fails, printed, storyeval};
use serde_json::Value;
use std::fs;
use std::path::{Path, PathBuf};

const LAYOUTS: [&str; 8] = [
    "flintstones",
    "flintstones-full",
    "storygpt-v",
    "pororo",
    "vist",
    "arldm-h5",
    "mugen",
    "folder",
];

fn synth(folder: &Path, layout: &str, stories: &str) -> PathBuf {
    let out = folder.join(layout);
    let mut draw = storyeval();
    draw.args(["dataset", "synth", "--layout", layout, "--seed", "7"]);
    draw.args(["--stories", stories, "--out"]).arg(&out);
    draw.assert().success();
    out
}

/// The stories of a folder: the captions of each.
fn rows(dataset: &str, data: Option<&Path>, more: &[&str]) -> Vec<Vec<String>> {
    let mut command = storyeval();
    command.args([
        "dataset",
        "referential",
        "--variant",
        "original",
        "--dataset",
        dataset,
    ]);
    if let Some(data) = data {
        command.arg("--data").arg(data);
    }
    let text = String::from_utf8(printed(command.args(more))).unwrap();
    let story = |line: &str| {
        let line: Value = serde_json::from_str(line).unwrap();
        let frames = line["frames"].as_array().unwrap().iter();
        frames
            .map(|frame| frame["text"].as_str().unwrap().to_owned())
            .collect()
    };
    text.lines().map(story).collect()
}

#[test]
fn every_layout_tells_the_same_stories() {
    let folder = tempfile::tempdir().unwrap();
    let drawn = LAYOUTS.map(|layout| (layout, synth(folder.path(), layout, "2")));
    let four = rows("minisv", Some(&drawn[0].1), &[]);
    let mut five = Vec::new();
    for (layout, out) in &drawn {
        let stories = rows("minisv", Some(out), &[]);
        assert_eq!(stories.len(), 2, "{layout}");
        if ["vist", "arldm-h5"].contains(layout) {
            five.push(stories);
        } else {
            assert_eq!(stories, four, "{layout}");
        }
        // The folder has a card of its own, but for the one that MiniSV is drawn in.
        if *layout != "flintstones" {
            let named = rows(&out.display().to_string(), None, &[]);
            assert_eq!(named, rows("minisv", Some(out), &[]), "{layout}");
        }
    }
    assert_eq!(five[0], five[1]);
    // The same world, in more stories.
    let longer = synth(&folder.path().join("longer"), "flintstones", "30");
    let longer = rows("minisv", Some(&longer), &["--story-length", "5"]);
    assert_eq!(five[0], longer[..2]);
}

fn scores(out: &Path) -> Vec<Value> {
    let text = fs::read_to_string(out.join("scores.json")).unwrap();
    let json: Value = serde_json::from_str(&text).unwrap();
    json["scores"].as_array().unwrap().clone()
}

fn run(data: &Path, out: &Path) -> Vec<Value> {
    let mut command = storyeval();
    command.args([
        "run",
        "--dataset",
        "minisv",
        "--model",
        "ground-truth",
        "--limit",
        "1",
    ]);
    command.arg("--data").arg(data).arg("--out").arg(out);
    command.assert().success();
    scores(out)
}

fn value<'a>(scores: &'a [Value], metric: &str) -> &'a Value {
    let of = |score: &&Value| score["metric"] == metric && score["slice"] == "all";
    scores
        .iter()
        .find(of)
        .unwrap_or_else(|| panic!("no {metric}"))
}

#[test]
fn runs_score_what_a_layout_has_and_say_what_it_has_not() {
    let folder = tempfile::tempdir().unwrap();
    let pororo = synth(folder.path(), "pororo", "2");
    let scored = run(&pororo, &folder.path().join("run-pororo"));
    assert!(value(&scored, "char_acc")["value"].is_number());
    assert!(value(&scored, "bg_acc")["value"].is_null());
    let arldm = synth(folder.path(), "arldm-h5", "2");
    let scored = run(&arldm, &folder.path().join("run-arldm"));
    assert!(value(&scored, "char_acc")["value"].is_null());
    assert!(value(&scored, "clip_ti")["value"].is_number());
}

fn convert(data: &Path, to: &str, out: &Path, more: &[&str]) -> assert_cmd::Command {
    let mut command = storyeval();
    command.args(["dataset", "convert", "--dataset", "minisv", "--to", to]);
    command
        .args(more)
        .arg("--data")
        .arg(data)
        .arg("--out")
        .arg(out);
    command
}

#[test]
fn a_conversion_says_what_it_wrote_and_what_it_did_not_keep() {
    let folder = tempfile::tempdir().unwrap();
    let data = synth(folder.path(), "flintstones", "3");
    let out = folder.path().join("out");
    let output = convert(&data, "arldm-h5", &out, &["--story-length", "3"])
        .output()
        .unwrap();
    let stderr = String::from_utf8(output.stderr).unwrap();
    assert!(output.status.success(), "{stderr}");
    assert!(
        stderr.contains("not kept: labels of characters"),
        "{stderr}"
    );
    let stdout = String::from_utf8(output.stdout).unwrap();
    let drawn = rows("minisv", Some(&data), &["--story-length", "3"]);
    assert!(
        stdout.contains(&format!("test: {}\n", drawn.len())),
        "{stdout}"
    );
    let stories = rows(&format!("{}/", out.display()), None, &[]);
    assert_eq!(stories, drawn);
    assert!(stories.iter().all(|story| story.len() == 3));
    // A subset, into a list of stories.
    let first = folder.path().join("own-split");
    convert(
        &data,
        "folder",
        &first,
        &["--subset", "own-split", "--split", "test"],
    )
    .assert()
    .success();
    let listed = rows(&format!("{}/", first.display()), None, &[]);
    assert_eq!(
        listed,
        rows("minisv", Some(&data), &["--subset", "own-split"])
    );
}

#[test]
fn bad_targets_are_refused_before_anything_is_written() {
    let folder = tempfile::tempdir().unwrap();
    let data = synth(folder.path(), "vist", "2");
    let out = folder.path().join("out");
    fails(&mut convert(&data, "cinema", &out, &[])).says(2, &["cinema", "storygpt-v"]);
    fails(&mut convert(&data, "flintstones", &out, &[])).says(
        2,
        &[
            "has no character labels",
            "layout flintstones",
            "hint: ",
            "--to folder",
        ],
    );
    fails(&mut convert(&data, "folder", &data, &[])).says(110, &["not an empty folder", "hint: "]);
    fails(&mut convert(
        &data,
        "arldm-h5",
        &out,
        &["--story-length", "9"],
    ))
    .says(4, &[]);
    let mut left: Vec<_> = fs::read_dir(folder.path())
        .unwrap()
        .map(|entry| entry.unwrap().file_name())
        .collect();
    left.sort();
    assert_eq!(left, ["vist"]);
}
