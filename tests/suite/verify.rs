//! `dataset verify`: sound data pass, damaged ones end with 97 and say what is wrong, and a killed pass
//! goes on.

use crate::support::storyeval;
use serde_json::Value;
use std::fmt::Write;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::time::{Duration, Instant};
use storyeval::minisv::{SplitSizes, World, write};

/// A MiniSV with all three splits.
fn world(folder: &Path, train_clips: usize) -> PathBuf {
    let data = folder.join("world");
    let sizes = SplitSizes {
        test_stories: 4,
        val_stories: 2,
        train_clips,
    };
    write(&data, World { seed: 5, sizes }, &|_, _| {}).unwrap();
    data
}

fn command(dataset: &str, data: &Path, cache: &Path, more: &[&str]) -> assert_cmd::Command {
    let mut command = storyeval();
    command.args(["dataset", "verify", "--dataset", dataset, "--data"]);
    command.arg(data).arg("--cache").arg(cache).args(more);
    command
}

#[track_caller]
fn json(output: &Output, code: i32) -> Value {
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(code), "{stderr}");
    serde_json::from_slice(&output.stdout).unwrap()
}

fn kinds(report: &Value, severity: &str) -> Vec<String> {
    let findings = report["findings"].as_array().unwrap();
    let of = findings.iter().filter(|one| one["severity"] == severity);
    of.map(|one| one["kind"].as_str().unwrap().to_owned())
        .collect()
}

fn first_clip(data: &Path) -> PathBuf {
    let entries = fs::read_dir(data.join("video_frames_sampled")).unwrap();
    let mut files: Vec<PathBuf> = entries.map(|entry| entry.unwrap().path()).collect();
    files.sort();
    files.remove(0)
}

#[test]
fn a_drawn_world_is_sound_and_signs_what_a_run_signs() {
    let folder = tempfile::tempdir().unwrap();
    let data = world(folder.path(), 12);
    let cache = folder.path().join("cache");
    let first = command("minisv", &data, &cache, &["--format", "json"])
        .output()
        .unwrap();
    let report = json(&first, 0);
    assert_eq!(report["passed"], true);
    assert_eq!(report["layout"], "flintstones");
    assert_eq!(kinds(&report, "error"), [""; 0]);
    assert_eq!(report["splits"]["train"]["found"], 12);
    assert_eq!(report["splits"]["test"]["stories"], 4);
    let clips = report["clips"].as_u64().unwrap();
    assert_eq!(report["frames"], 5 * clips);

    // The same again, out of the journal: the same bytes, and stderr says that nothing was decoded.
    let again = command("minisv", &data, &cache, &["--format", "json"])
        .output()
        .unwrap();
    assert_eq!(again.stdout, first.stdout);
    let said = String::from_utf8(again.stderr).unwrap();
    assert!(
        said.contains(&format!("{clips} of {clips} clips have not changed")),
        "{said}"
    );
    let fresh = command("minisv", &data, &cache, &["--format", "json", "--fresh"])
        .output()
        .unwrap();
    assert_eq!(fresh.stdout, first.stdout);
    assert!(
        !String::from_utf8(fresh.stderr)
            .unwrap()
            .contains("not changed")
    );

    let text = command("minisv", &data, &cache, &[]).output().unwrap();
    let text = String::from_utf8(text.stdout).unwrap();
    let signature = report["content"]["signature"].as_str().unwrap();
    assert!(
        text.contains(signature) && text.contains("passed: "),
        "{text}"
    );

    let run = folder.path().join("run");
    let mut run_command = storyeval();
    run_command.args([
        "run",
        "--dataset",
        "minisv",
        "--model",
        "ground-truth",
        "--data",
    ]);
    run_command
        .arg(&data)
        .arg("--out")
        .arg(&run)
        .assert()
        .success();
    let scores = fs::read_to_string(run.join("scores.json")).unwrap();
    assert!(scores.contains(signature), "{signature} is not in {scores}");
}

#[test]
fn a_damaged_world_ends_with_97_and_says_where() {
    let folder = tempfile::tempdir().unwrap();
    let data = world(folder.path(), 8);
    let cache = folder.path().join("cache");
    let path = first_clip(&data);
    let bytes = fs::read(&path).unwrap();
    fs::write(&path, &bytes[..1000]).unwrap();
    let output = command("minisv", &data, &cache, &["--format", "json"])
        .output()
        .unwrap();
    let report = json(&output, 97);
    assert_eq!(report["passed"], false);
    assert_eq!(kinds(&report, "error"), ["frames-undecodable"]);
    let clip = path.file_stem().unwrap().to_str().unwrap();
    assert_eq!(report["findings"][0]["examples"][0], clip);
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(
        said.contains("failed verification") && said.contains("hint: "),
        "{said}"
    );

    fs::write(data.join("labels.pkl"), "no pickle").unwrap();
    let output = command("minisv", &data, &cache, &["--format", "json"])
        .output()
        .unwrap();
    let report = json(&output, 97);
    assert_eq!(kinds(&report, "error"), ["file-malformed"]);
    assert_eq!(report["layout"], Value::Null);

    let nowhere = command("minisv", &folder.path().join("nowhere"), &cache, &[])
        .output()
        .unwrap();
    assert_eq!(nowhere.status.code(), Some(96));
    let split = command(
        "minisv",
        &world(&folder.path().join("b"), 0),
        &cache,
        &["--split", "x"],
    )
    .output()
    .unwrap();
    assert_eq!(split.status.code(), Some(2));
}

#[test]
fn counts_are_held_against_the_card_and_strict_counts_warnings() {
    let folder = tempfile::tempdir().unwrap();
    let data = world(folder.path(), 6);
    let cache = folder.path().join("cache");
    let shipped = Path::new(env!("CARGO_MANIFEST_DIR")).join("eval-configs/datasets/minisv.toml");
    let shipped = fs::read_to_string(shipped).unwrap();
    let card = folder.path().join("own.toml");
    let with = |train: usize| {
        let expected = format!("[expected]\ntrain = {train}\n\n[[layouts]]");
        fs::write(&card, shipped.replacen("[[layouts]]", &expected, 1)).unwrap();
        let name = card.to_str().unwrap();
        command(name, &data, &cache, &["--format", "json"])
            .output()
            .unwrap()
    };
    assert_eq!(kinds(&json(&with(6), 0), "error"), [""; 0]);
    let report = json(&with(7), 97);
    assert_eq!(kinds(&report, "error"), ["count-differs"]);
    assert_eq!(report["findings"][0]["split"], "train");
    assert_eq!(report["splits"]["train"]["expected"], 7);

    // A whole clip in one colour is a warning: it passes, and fails where warnings count.
    let path = first_clip(&data);
    let mut bytes = fs::read(&path).unwrap();
    let pixels = bytes.len() - 5 * 128 * 128 * 3;
    bytes[pixels..].fill(90);
    fs::write(&path, bytes).unwrap();
    let report = json(
        &command("minisv", &data, &cache, &["--format", "json"])
            .output()
            .unwrap(),
        0,
    );
    assert!(kinds(&report, "warning").contains(&"frame-constant".to_owned()));
    let strict = command("minisv", &data, &cache, &["--strict"])
        .output()
        .unwrap();
    assert_eq!(strict.status.code(), Some(97));
}

/// Killed in the middle, the next pass goes on from the journal and reports the same.
#[test]
fn a_killed_pass_goes_on() {
    let folder = tempfile::tempdir().unwrap();
    // Large enough that a pass takes long enough to be killed.
    let mut lines = String::new();
    let picture = image::RgbImage::from_fn(512, 512, |x, y| {
        image::Rgb([x as u8, y as u8, (x * y) as u8])
    });
    let bytes = storyeval::vision::encode_png(&picture).unwrap();
    let own = folder.path().join("own.d");
    fs::create_dir(&own).unwrap();
    for clip in 0..600 {
        let file = format!("{clip}.png");
        fs::write(own.join(&file), &bytes).unwrap();
        let frame = serde_json::json!({"image": file, "caption": "a slope of colours"});
        let line =
            serde_json::json!({"id": format!("s{clip}"), "split": "test", "frames": [frame]});
        writeln!(lines, "{line}").unwrap();
    }
    fs::write(own.join("stories.jsonl"), lines).unwrap();
    let cache = folder.path().join("cache");
    let mut child = Command::new(env!("CARGO_BIN_EXE_storyeval"))
        .args(["dataset", "verify", "--format", "json", "--dataset"])
        .arg(&own)
        .arg("--cache")
        .arg(&cache)
        .env("RAYON_NUM_THREADS", "1")
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let journal = || {
        let files = fs::read_dir(cache.join("verify")).ok()?;
        let file = files.flatten().next()?;
        Some(fs::metadata(file.path()).ok()?.len())
    };
    let begin = Instant::now();
    while journal().unwrap_or(0) == 0 && begin.elapsed() < Duration::from_mins(1) {
        std::thread::sleep(Duration::from_millis(2));
    }
    child.kill().unwrap();
    child.wait().unwrap();

    let own = own.to_str().unwrap();
    let mut resumed = storyeval();
    resumed.args(["dataset", "verify", "--format", "json", "--dataset", own]);
    let resumed = resumed.arg("--cache").arg(&cache).output().unwrap();
    let said = String::from_utf8(resumed.stderr.clone()).unwrap();
    assert!(said.contains(" of 600 clips have not changed"), "{said}");
    let mut fresh = storyeval();
    fresh.args([
        "dataset",
        "verify",
        "--format",
        "json",
        "--fresh",
        "--dataset",
        own,
    ]);
    let fresh = fresh.arg("--cache").arg(&cache).output().unwrap();
    assert_eq!(json(&resumed, 0), json(&fresh, 0));
    assert_eq!(resumed.stdout, fresh.stdout);
}
