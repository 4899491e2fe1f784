//! A small StoryGPT-V with random weights draws what PyTorch draws from the same latents.
//!
//! The values are in `reference-data/golden/generator/`, written by `tools/golden/export_storygpt_v.py` with the bundle.

use crate::support::{fails, printed, storyeval};
use assert_cmd::Command;
use image::RgbImage;
use serde_json::Value;
use std::fs;
use std::path::{Path, PathBuf};
use storyeval::format::LatentFiles;
use storyeval::record::{FrameIndex, StoryId};

/// Channels, rows and columns of the bundle's latents.
const SHAPE: [usize; 3] = [4, 8, 8];

fn golden() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("reference-data/golden")
}

fn latents(path: &Path) -> LatentFiles {
    LatentFiles::open(path, |story| story.as_str().to_owned()).unwrap()
}

/// Two stories of MiniSV, drawn by the small bundle into `folder/run`.
fn generate(folder: &Path, initial: &Path) -> Command {
    let card = folder.join("card.toml");
    let text = "id = \"storygpt-v-opt-tiny\"\nname = \"tiny\"\ndescription = \"random weights\"\ngenerator = \"storygpt-v\"\n\
                bundle = \"storygpt-v-opt-tiny\"\nlicence = \"MIT OR Apache-2.0\"\n";
    fs::write(&card, text).unwrap();
    let mut command = storyeval();
    command
        .env("STORYEVAL_BUNDLES", golden().join("export"))
        .args([
            "generate",
            "--dataset",
            "minisv",
            "--limit",
            "2",
            "--batch",
            "2",
        ])
        .args(["--threads", "1", "--device", "cpu"])
        .arg("--model")
        .arg(card)
        .arg("--latents")
        .arg(initial)
        .arg("--out")
        .arg(folder.join("run"));
    command
}

/// The stories with the captions that PyTorch was given.
fn stories() -> Vec<Value> {
    let text = fs::read_to_string(golden().join("generator/stories.json")).unwrap();
    let golden: Value = serde_json::from_str(&text).unwrap();
    golden["stories"].as_array().unwrap().clone()
}

/// Largest difference by the largest value.
fn relative(found: &ndarray::Array3<f32>, wanted: &ndarray::Array3<f32>) -> f32 {
    let largest = |values: &mut dyn Iterator<Item = f32>| values.fold(0.0, f32::max);
    let difference = largest(&mut found.iter().zip(wanted).map(|(a, b)| (a - b).abs()));
    difference / largest(&mut wanted.iter().map(|value| value.abs()))
}

/// Values of all channels that differ by more than one grey level, and all values.
fn unlike(found: &RgbImage, wanted: &RgbImage) -> (usize, usize) {
    assert_eq!(found.dimensions(), wanted.dimensions());
    let pairs = found.as_raw().iter().zip(wanted.as_raw());
    (
        pairs.filter(|(a, b)| a.abs_diff(**b) > 1).count(),
        found.as_raw().len(),
    )
}

fn png(path: &Path) -> RgbImage {
    image::open(path).unwrap().into_rgb8()
}

#[test]
fn four_frames_of_thirty_one_calls_end_where_pytorch_s_do() {
    let folder = tempfile::tempdir().unwrap();
    let initial = golden().join("generator/initial.npz");
    let kept = folder.path().join("latents");
    let mut command = generate(folder.path(), &initial);
    command.arg("--save-latents").arg(&kept);
    printed(&mut command);

    let (mut found, mut wanted) = (
        latents(&kept),
        latents(&golden().join("generator/final.npz")),
    );
    let (mut other, mut all, mut frames) = (0, 0, 0);
    for story in stories() {
        let id = story["story"].as_str().unwrap();
        for frame in 1..=story["captions"].as_array().unwrap().len() {
            let index = FrameIndex(frame as u32);
            let story = StoryId::new(id);
            let a = found.read(&story, index, SHAPE).unwrap();
            let b = wanted.read(&story, index, SHAPE).unwrap();
            // A later frame has seen earlier ones in eight bits: a value on the edge between two grey levels moves it.
            // Everything that could be wrong with a context moves some frame by more (`measures` in stories.json).
            let tolerance = if frame == 1 { 1e-4 } else { 1e-3 };
            let difference = relative(&a, &b);
            assert!(
                difference < tolerance,
                "story {id}, frame {frame}: {difference:e}"
            );
            let place = format!("{id}/{frame}.png");
            let drawn = png(&folder.path().join("run/frames").join(&place));
            let (unlike, values) = unlike(&drawn, &png(&golden().join("generator").join(&place)));
            other += unlike;
            all += values;
            frames += 1;
        }
    }
    assert_eq!(frames, 8);
    assert!(
        other * 1000 <= all,
        "{other} of {all} values differ by more than one level"
    );

    // The latents belong to the run: it goes on with the same ones from another file, and not with others.
    let manifest = fs::read_to_string(folder.path().join("run/manifest.json")).unwrap();
    let manifest: Value = serde_json::from_str(&manifest).unwrap();
    assert_eq!(
        manifest["identity"]["latents_hash"].as_str().unwrap().len(),
        64
    );
    fails(&mut generate(folder.path(), &kept)).says(98, &["the initial latents differ"]);
}

#[test]
fn the_captions_are_those_that_pytorch_was_given() {
    let mut command = storyeval();
    command.args(["dataset", "referential", "--dataset", "minisv"]);
    let text = String::from_utf8(printed(&mut command)).unwrap();
    for (line, story) in text.lines().zip(stories()) {
        let row: Value = serde_json::from_str(line).unwrap();
        assert_eq!(row["story"], story["story"]);
        let frames = row["frames"].as_array().unwrap();
        for (index, frame) in frames.iter().enumerate() {
            assert_eq!(frame["text"], story["captions"][index]);
            assert_eq!(frame["reference_flag"], story["reference_flags"][index]);
        }
    }
}

#[test]
fn latents_that_are_missing_are_named_before_anything_is_drawn() {
    let folder = tempfile::tempdir().unwrap();
    let id = stories()[1]["story"].as_str().unwrap().to_owned();
    let whole = golden().join("generator/initial.npz");
    let mut given = latents(&whole);
    let initial = folder.path().join("initial");
    let written =
        storyeval::format::LatentFolder::create(&initial, |story| story.as_str().to_owned())
            .unwrap();
    for story in stories() {
        let story = StoryId::new(story["story"].as_str().unwrap());
        for frame in 1..=4 {
            let values = given.read(&story, FrameIndex(frame), SHAPE).unwrap();
            written
                .write(&story, FrameIndex(frame), &values.view())
                .unwrap();
        }
    }
    fs::remove_file(initial.join(&id).join("3.npy")).unwrap();
    let said = fails(&mut generate(folder.path(), &initial));
    said.says(97, &[&format!("{id}/3.npy"), "frame 3", "--save-latents"]);
    assert!(!folder.path().join("run").exists());
    let absent = folder.path().join("absent.npz");
    fails(&mut generate(folder.path(), &absent)).says(96, &["absent.npz"]);
}

#[test]
fn latents_are_for_models_that_have_some() {
    let mut command = storyeval();
    command.args([
        "generate",
        "-d",
        "minisv",
        "-m",
        "ground-truth",
        "--latents",
        "x.npz",
    ]);
    fails(&mut command).says(2, &["ground-truth has no latents", "--latents"]);
    let mut command = storyeval();
    command.args([
        "generate",
        "-d",
        "minisv",
        "-m",
        "storygpt-v-mini,char-ldm-mini",
        "--save-latents",
        "x",
    ]);
    fails(&mut command).says(2, &["--save-latents", "one model"]);
}
