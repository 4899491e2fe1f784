//! Output that cannot be written, folders of other runs, and the stages alone.

use crate::support::{TWO_STORIES, fails, ground_truth, storyeval};
use std::fs;
use std::path::Path;
use std::process::Command;

#[test]
fn a_folder_that_cannot_be_made_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("file");
    fs::write(&file, "").unwrap();
    fails(&mut ground_truth(&file.join("run"), &[])).says(2, &["file is a file", "hint: "]);
}

#[cfg(target_os = "linux")]
#[test]
fn a_read_only_folder_is_named() {
    // /proc refuses new files to everybody, root included.
    fails(&mut ground_truth(Path::new("/proc/storyeval-run"), &[]))
        .says(110, &["/proc/storyeval-run", "hint: "]);
}

#[cfg(unix)]
#[test]
fn a_disk_that_fills_up_stops_the_run_and_the_run_goes_on_later() {
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().join("run");
    drop(
        ground_truth(&folder.path().join("warm-up"), &[])
            .assert()
            .success(),
    );
    // A limit on file size fails writes as a full disk does; frames are larger than 4 blocks of 512 bytes.
    let limited = Command::new("sh")
        .args(["-c", "trap '' XFSZ; ulimit -f 4; exec \"$@\"", "sh"])
        .arg(env!("CARGO_BIN_EXE_storyeval"))
        .args(TWO_STORIES)
        .arg("--out")
        .arg(&out)
        .env("STORYEVAL_CACHE", crate::support::cache())
        .output()
        .unwrap();
    let stderr = String::from_utf8(limited.stderr).unwrap();
    assert_eq!(limited.status.code(), Some(110), "{stderr}");
    assert!(stderr.contains("hint: "), "{stderr}");
    assert!(!out.join("scores.json").exists());
    ground_truth(&out, &[]).assert().success();
    let same = |name: &str| {
        fs::read(out.join(name)).unwrap()
            == fs::read(folder.path().join("warm-up").join(name)).unwrap()
    };
    assert!(same("observations.parquet") && same("features/generated.npy"));
}

#[test]
fn another_run_in_the_same_folder_is_refused_with_what_differs() {
    let folder = tempfile::tempdir().unwrap();
    ground_truth(folder.path(), &[]).assert().success();
    let said = fails(&mut ground_truth(folder.path(), &["--seed", "1"]));
    said.says(98, &["seed", "hint: "]);
}

#[test]
fn a_folder_of_something_else_is_left_alone() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("thesis.tex"), "chapter 1").unwrap();
    fails(&mut ground_truth(folder.path(), &[])).says(110, &["hint: "]);
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
}

#[test]
fn the_stages_alone_give_what_run_gives() {
    let folder = tempfile::tempdir().unwrap();
    let (whole, staged) = (folder.path().join("a/run"), folder.path().join("b/run"));
    ground_truth(&whole, &[]).assert().success();
    let mut generate = storyeval();
    generate.arg("generate").args(&TWO_STORIES[1..]);
    generate.arg("--out").arg(&staged).assert().success();
    assert!(!staged.join("observations.parquet").exists());
    fails(storyeval().arg("score").arg(&staged)).says(5, &["storyeval observe"]);
    storyeval().arg("observe").arg(&staged).assert().success();
    // Options that change how frames are observed are not ignored when none is observed.
    for option in [
        ["--skip", "clip"],
        ["--device", "cpu"],
        ["--threads", "1"],
        ["--data", "elsewhere"],
        ["--cache", "elsewhere"],
    ] {
        let said = fails(storyeval().arg("score").arg(&staged).args(option));
        said.says(
            2,
            &[option[0], "cannot apply", "hint: ", "storyeval observe"],
        );
    }
    // Variables that are set for other commands are no request.
    let mut score = storyeval();
    score.env("STORYEVAL_DATA_DIR", "elsewhere");
    score.env("STORYEVAL_DEVICE", "cpu");
    score.arg("score").arg(&staged).assert().success();
    for name in [
        "observations.parquet",
        "features/generated.npy",
        "features/ground_truth.npy",
        "features/logits.npy",
        "features/clip_generated.npy",
        "features/clip_ground_truth.npy",
        "scores.json",
    ] {
        assert_eq!(
            fs::read(whole.join(name)).unwrap(),
            fs::read(staged.join(name)).unwrap(),
            "{name}"
        );
    }
}

#[test]
fn runs_with_different_texts_do_not_share_a_column() {
    let folder = tempfile::tempdir().unwrap();
    let (one, other) = (folder.path().join("one"), folder.path().join("other"));
    ground_truth(&one, &[]).assert().success();
    ground_truth(&other, &["--protocol", "strict-original"])
        .assert()
        .success();
    let mut table = storyeval();
    fails(table.arg("table").arg(&one).arg(&other)).says(98, &["text", "hint: "]);
    storyeval()
        .arg("table")
        .arg(&one)
        .arg(&other)
        .arg("--force")
        .assert()
        .success();
    for format in ["latex", "csv", "json"] {
        storyeval()
            .arg("table")
            .arg(&one)
            .args(["--format", format])
            .assert()
            .success();
    }
}

#[test]
fn a_protocols_recipe_is_obeyed_and_signed() {
    let folder = tempfile::tempdir().unwrap();
    let strict = fs::read_to_string(
        Path::new(env!("CARGO_MANIFEST_DIR")).join("eval-configs/protocols/strict.toml"),
    )
    .unwrap();
    let card = folder.path().join("lanczos.toml");
    fs::write(
        &card,
        strict.replace("pillow-f32-bicubic", "pillow-lanczos"),
    )
    .unwrap();
    let (plain, other) = (folder.path().join("plain"), folder.path().join("other"));
    ground_truth(&plain, &[]).assert().success();
    ground_truth(&other, &["--protocol", card.to_str().unwrap()])
        .assert()
        .success();
    let scores = fs::read_to_string(other.join("scores.json")).unwrap();
    assert!(
        scores.contains("pixels:pillow-lanczos-64+squash"),
        "{scores}"
    );
    let seen = |run: &Path| fs::read(run.join("features/ground_truth.npy")).unwrap();
    assert!(
        seen(&plain) != seen(&other),
        "the filter changes what the networks see"
    );
}
