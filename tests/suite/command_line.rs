//! Help, lists, usage errors, and what a user without data or weights reads.

use crate::support::{fails, printed, storyeval};
use predicates::prelude::*;
use predicates::str::contains;

#[test]
fn help_names_every_verb_and_exit_code() {
    let verbs = [
        "run", "generate", "observe", "score", "table", "dataset", "model", "ls", "doctor",
    ];
    let mut command = storyeval();
    let mut assert = command
        .arg("--help")
        .assert()
        .success()
        .stdout(contains("Exit codes"));
    for verb in verbs {
        assert = assert.stdout(contains(format!("\n  {verb} ")));
        storyeval().args([verb, "--help"]).assert().success();
    }
}

#[test]
fn lists_name_the_shipped_cards() {
    for (kind, ids) in [
        ("datasets", &["minisv", "flintstones"][..]),
        (
            "models",
            &[
                "storygpt-v-mini",
                "char-ldm-mini",
                "storygpt-v",
                "ground-truth",
                "shuffled",
            ],
        ),
        (
            "protocols",
            &["strict", "strict-original", "strict-eval-text"],
        ),
    ] {
        let output = storyeval().args(["ls", kind]).output().unwrap();
        let text = String::from_utf8(output.stdout).unwrap();
        for id in ids {
            assert!(
                text.lines().any(|line| line.starts_with(&format!("{id} "))),
                "{id} in:\n{text}"
            );
        }
    }
}

#[test]
fn a_published_run_without_data_or_weights_names_everything_that_is_missing() {
    let folder = tempfile::tempdir().unwrap();
    let mut command = storyeval();
    command
        .args(["run", "--dataset", "flintstones", "--model", "storygpt-v"])
        .current_dir(folder.path());
    fails(&mut command).says(
        96,
        &[
            "flintstones_annotations_v1-0.json",
            "train-val-test_split.json",
            "labels.pkl",
            "video_frames_sampled",
            "data/flintstones",
            "first-stage/pytorch_model.bin",
            "opt-6.7b",
            "clip-vit-large-patch14",
            "bundle.toml",
            "classifier_char.pt",
            "classifier_bg.pt",
            "pt_inception-2015-12-05",
            "published at",
            "hint: ",
            "storyeval run --dataset minisv --model storygpt-v-mini",
        ],
    );
    assert!(
        folder.path().read_dir().unwrap().next().is_none(),
        "a failed run leaves nothing behind"
    );
}

#[test]
fn a_misspelt_id_gets_a_suggestion() {
    let said = fails(storyeval().args(["run", "--dataset", "minisv", "--model", "storygptv-mini"]));
    said.says(2, &["storygpt-v-mini", "hint: "]);
}

#[test]
fn a_limit_of_zero_selects_nothing() {
    let said =
        fails(storyeval().args(["run", "-d", "minisv", "-m", "ground-truth", "--limit", "0"]));
    said.says(4, &["no story is selected"]);
}

#[test]
fn a_dry_run_prints_the_plan_and_writes_nothing() {
    let folder = tempfile::tempdir().unwrap();
    storyeval()
        .args([
            "run",
            "-d",
            "minisv",
            "-m",
            "storygpt-v-mini,shuffled",
            "--limit",
            "5",
            "--dry-run",
        ])
        .current_dir(folder.path())
        .assert()
        .success()
        .stdout(
            contains("5 stories, 20 frames").and(contains("runs/minisv-strict-first5/shuffled")),
        );
    assert!(folder.path().read_dir().unwrap().next().is_none());
}

#[test]
fn a_dry_run_prints_the_plan_of_what_cannot_run_yet_and_says_so() {
    let folder = tempfile::tempdir().unwrap();
    let mut command = storyeval();
    command
        .args(["run", "-d", "minisv", "-m", "storygpt-v", "--limit", "5"])
        .current_dir(folder.path());
    let said = fails(&mut command);
    said.says(96, &["the weights of model storygpt-v are not installed"]);
    command
        .arg("--dry-run")
        .assert()
        .code(96)
        .stdout(contains("5 stories, 20 frames").and(contains("runs/minisv-strict-first5")))
        .stderr(contains(
            "the weights of model storygpt-v are not installed",
        ));
    assert!(folder.path().read_dir().unwrap().next().is_none());
}

#[test]
fn cuda_on_a_machine_without_it_fails_clearly() {
    let output = storyeval()
        .args(["doctor", "--device", "cuda"])
        .output()
        .unwrap();
    if output.status.success() {
        // A machine with CUDA: then it must say so.
        assert!(String::from_utf8(output.stdout).unwrap().contains("cuda:0"));
        return;
    }
    assert_eq!(output.status.code(), Some(96));
    let stderr = String::from_utf8(output.stderr).unwrap();
    assert!(
        stderr.contains("CUDA") && stderr.contains("hint: "),
        "{stderr}"
    );
}

#[test]
fn without_a_library_and_offline_everything_that_was_tried_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let mut command = storyeval();
    command
        .args(["doctor", "--offline"])
        .env("STORYEVAL_CACHE", folder.path().join("cache"))
        .env("PATH", folder.path())
        .env_remove("ORT_DYLIB_PATH")
        .env_remove("STORYEVAL_ORT")
        .env_remove("STORYEVAL_PYTHON");
    fails(&mut command).says(
        96,
        &["cache", "python3", "offline", "hint: ", "onnxruntime"],
    );
}

#[test]
fn doctor_says_what_is_in_place() {
    storyeval().arg("doctor").assert().success().stdout(
        contains("ONNX Runtime")
            .and(contains("real frames  ").and(contains("ground-truth")))
            .and(contains("storygpt-v-mini: ok"))
            .and(contains("minisv-evaluators: ok"))
            .and(contains("storygpt-v: not installed")),
    );
}

#[test]
fn referential_text_comes_with_its_provenance() {
    let output = storyeval()
        .args(["dataset", "referential", "--dataset", "minisv"])
        .output()
        .unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    let mut replaced = 0;
    for line in text.lines() {
        let story: serde_json::Value = serde_json::from_str(line).unwrap();
        for frame in story["frames"].as_array().unwrap() {
            let original = frame["original"].as_str().unwrap();
            for replacement in frame["replacements"].as_array().unwrap() {
                let words = replacement["words"].as_str().unwrap();
                let offset = replacement["offset"].as_u64().unwrap() as usize;
                assert!(original[offset..].starts_with(words), "{line}");
                assert!(
                    frame["text"]
                        .as_str()
                        .unwrap()
                        .contains(replacement["pronoun"].as_str().unwrap())
                );
                replaced += 1;
            }
        }
    }
    assert_eq!(text.lines().count(), 100);
    assert!(replaced > 50, "{replaced} replacements in 100 stories");
}

#[test]
fn a_printed_card_can_be_copied() {
    let folder = tempfile::tempdir().unwrap();
    for (verb, kind, id) in [
        ("protocol", "protocols", "strict"),
        ("dataset", "datasets", "pororo"),
        ("model", "models", "storygpt-v"),
    ] {
        let show = |from: &str, format: &str| {
            printed(
                storyeval()
                    .args([verb, "show", from, "--format", format])
                    .current_dir(folder.path()),
            )
        };
        let card = show(id, "toml");
        let shipped = format!("eval-configs/{kind}/{id}.toml");
        assert_eq!(card, std::fs::read(&shipped).unwrap());
        let copy = folder.path().join("copy.toml");
        std::fs::write(&copy, &card).unwrap();
        assert_eq!(show("copy.toml", "toml"), card);
        assert_eq!(show("copy.toml", "json"), show(id, "json"));
    }
}
