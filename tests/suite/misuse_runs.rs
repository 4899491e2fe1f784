//! Runs, folders and options that are named wrongly: said at once, with a way that works.

use crate::support::{fails, ground_truth, printed, shared, storyeval};
use serde_json::json;
use std::fs;
use std::path::{Path, PathBuf};

/// A folder with the run `truth` of two stories.
fn truth(test: &str) -> PathBuf {
    let folder = shared(&format!("misuse-runs-{test}"));
    printed(&mut ground_truth(&folder.join("truth"), &[]));
    folder
}

fn said(folder: &Path, line: &str) -> crate::support::Said {
    fails(
        storyeval()
            .current_dir(folder)
            .args(line.split_whitespace()),
    )
}

#[test]
fn parts_of_a_run_name_the_run() {
    let folder = truth("parts");
    for line in [
        "table truth/scores.json",
        "table truth/frames",
        "show truth/frames",
        "score truth/frames",
        "observe truth/frames",
        "export truth/frames --what scores",
        "compare truth truth/scores.json",
    ] {
        said(&folder, line).says(2, &["lies in one", "hint: name the run: truth"]);
    }
    said(&folder, "score --images truth --dataset minisv --dry-run")
        .says(2, &["truth is a run of storyeval", "--images truth/frames"]);
    said(&folder, "table truth --slices frame_0").says(2, &["frames count from 1"]);
}

#[test]
fn places_that_cannot_be_are_named_with_what_makes_them() {
    let folder = truth("places");
    fs::write(folder.join("caps.txt"), "a caption\n").unwrap();
    said(&folder, "ls runs nope").says(2, &["there is no folder nope"]);
    said(&folder, "ls runs caps.txt").says(2, &["caps.txt is a file"]);
    said(
        &folder,
        "generate -d minisv -m ground-truth --limit 1 --out caps.txt",
    )
    .says(2, &["caps.txt is a file", "--out runs/NAME"]);
    for line in [
        "export truth --what scores --out nodir/x.csv",
        "gate update truth --baseline nodir/b.json --force",
    ] {
        said(&folder, line).says(110, &["there is no folder nodir", "mkdir -p nodir"]);
    }
    said(&folder, "export truth --what scores --value lpips").says(2, &["--what side-by-side"]);
    said(&folder, "export truth --what scores --truth truth").says(2, &["--what observations"]);
}

#[test]
fn the_hint_about_a_baseline_can_be_followed() {
    let folder = truth("baseline");
    fs::write(folder.join("cc.txt"), "a caption\n").unwrap();
    for (file, what) in [
        ("cc.txt", "not a JSON object"),
        ("truth/scores.json", "the scores of a run"),
        ("truth/manifest.json", "the manifest of a run"),
    ] {
        let refused = said(&folder, &format!("gate truth --baseline {file}"));
        let place = Path::new(file).with_file_name("baseline.json");
        let hint = format!("--baseline {}", place.display());
        refused.says(97, &[what, &hint]);
    }
    printed(storyeval().current_dir(&folder).args([
        "gate",
        "update",
        "truth",
        "--baseline",
        "baseline.json",
    ]));
}

#[test]
fn a_damaged_plan_is_not_the_selection() {
    let folder = truth("plan");
    printed(&mut ground_truth(&folder.join("broken"), &[]));
    fs::write(folder.join("broken/plan.jsonl"), "").unwrap();
    for verb in ["show", "score"] {
        said(&folder, &format!("{verb} broken")).says(97, &["plan.jsonl is damaged"]);
    }
}

#[test]
fn own_stories_say_field_value_and_reason() {
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path();
    let write = |image: &str| {
        let frame = json!({"image": image, "caption": "a"});
        let line = json!({"id": "s1", "split": "test", "frames": [frame]});
        fs::write(root.join("own/stories.jsonl"), format!("{line}\n")).unwrap();
    };
    fs::create_dir_all(root.join("own/images")).unwrap();
    let picture = image::RgbImage::from_pixel(8, 8, image::Rgb([1, 2, 3]));
    picture.save(root.join("own/images/0.png")).unwrap();
    let draw = "generate -d ./own -m ground-truth --out run";
    for (image, why) in [
        ("/abs/0.png", "it is absolute"),
        ("https://a.b/0.png", "it is an address"),
        ("../0.png", "it holds `..`"),
    ] {
        write(image);
        said(root, draw).says(97, &["line 1: `frames[0].image` is", image, why]);
    }
    for (number, image) in ["./images/0.png", "images\\0.png"].iter().enumerate() {
        write(image);
        let out = format!("run-{number}");
        let mut command = storyeval();
        command
            .current_dir(root)
            .args(["generate", "-d", "./own", "-m", "ground-truth"]);
        printed(command.args(["--out", &out]));
    }
    picture.save(root.join("own/images/0.bmp")).unwrap();
    write("images/0.bmp");
    said(root, draw).says(97, &["a whole BMP file: convert it to PNG or JPEG"]);
    fs::write(root.join("own/stories.jsonl"), "").unwrap();
    said(root, draw).says(97, &["stories.jsonl holds no story"]);
}

#[test]
fn a_wrong_variable_is_named() {
    for (name, value, takes) in [
        ("STORYEVAL_THREADS", "two", "STORYEVAL_THREADS"),
        ("STORYEVAL_OFFLINE", "maybe", "true, false, 1 or 0"),
    ] {
        let mut command = storyeval();
        command
            .env(name, value)
            .args(["run", "--dry-run", "-d", "minisv", "-m", "ground-truth"]);
        fails(&mut command).says(2, &[name, takes]);
    }
}
