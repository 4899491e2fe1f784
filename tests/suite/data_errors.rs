//! Damaged data sets: each a typed error with path and hint, and nothing is scored.

use crate::support::{Said, fails, small_world, storyeval};
use std::fs;
use std::path::{Path, PathBuf};

fn run_on(data: &Path, out: &Path) -> Said {
    let mut command = storyeval();
    command.args([
        "run",
        "--dataset",
        "minisv",
        "--model",
        "ground-truth",
        "--data",
    ]);
    fails(command.arg(data).arg("--out").arg(out))
}

/// Damages a small world and runs on it.
fn damaged(damage: impl FnOnce(&Path)) -> Said {
    let folder = tempfile::tempdir().unwrap();
    let data = small_world(folder.path());
    damage(&data);
    let said = run_on(&data, &folder.path().join("run"));
    assert!(!folder.path().join("run/scores.json").exists());
    said
}

fn first_frames(data: &Path) -> PathBuf {
    let mut files: Vec<PathBuf> = fs::read_dir(data.join("video_frames_sampled"))
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .collect();
    files.sort();
    files.remove(0)
}

fn edit_json(path: &Path, edit: impl FnOnce(&mut serde_json::Value)) {
    let mut json = serde_json::from_str(&fs::read_to_string(path).unwrap()).unwrap();
    edit(&mut json);
    fs::write(path, json.to_string()).unwrap();
}

#[test]
fn a_truncated_npy_is_named() {
    let said = damaged(|data| {
        let path = first_frames(data);
        let bytes = fs::read(&path).unwrap();
        fs::write(&path, &bytes[..bytes.len() / 2]).unwrap();
    });
    said.says(97, &["video_frames_sampled", ".npy", "hint: "]);
}

#[test]
fn missing_frames_are_named() {
    let said = damaged(|data| fs::remove_file(first_frames(data)).unwrap());
    said.says(96, &["video_frames_sampled/s_01_e_01", "hint: "]);
}

#[test]
fn a_malformed_annotation_is_named_with_its_line() {
    let said = damaged(|data| {
        fs::write(
            data.join("flintstones_annotations_v1-0.json"),
            "[{\"globalID\": 7}]",
        )
        .unwrap();
    });
    said.says(97, &["flintstones_annotations_v1-0.json:1", "hint: "]);
}

#[test]
fn a_missing_follower_is_named() {
    let said = damaged(|data| {
        edit_json(&data.join("flintstones_annotations_v1-0.json"), |json| {
            json.as_array_mut().unwrap().remove(1);
        });
    });
    said.says(
        97,
        &["s_01_e_01", "flintstones_annotations_v1-0.json", "hint: "],
    );
}

#[test]
fn an_id_that_leaves_the_folder_is_refused() {
    let said = damaged(|data| {
        edit_json(&data.join("train-val-test_split.json"), |json| {
            json["test"][0] = "../../../etc/passwd".into();
        });
    });
    said.says(97, &["../../../etc/passwd"]);
}

#[test]
fn a_pickle_that_would_run_code_is_refused() {
    let said = damaged(|data| {
        // cos\nsystem\n(S'touch pwned'\ntR. : what `pickle.loads` would execute.
        fs::write(
            data.join("labels.pkl"),
            b"cos\nsystem\n(S'touch pwned'\ntR.",
        )
        .unwrap();
    });
    said.says(97, &["labels.pkl", "os.system"]);
    assert!(!Path::new("pwned").exists());
}

#[test]
fn a_folder_that_is_not_there_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let said = run_on(&folder.path().join("nowhere"), &folder.path().join("run"));
    said.says(96, &["nowhere", "hint: "]);
}
