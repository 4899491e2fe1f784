//! Bundles of a user's own: completed by `model pack`, tried on real frames by `model verify --dataset`, and doubted by
//! a run where their classifier does not know the real frames.

use crate::support::{bundles, copy, fails, printed, storyeval};
use serde_json::Value;
use std::fs;
use std::path::{Path, PathBuf};

const CHARACTERS: &str = r#"characters = ["otto", "mira", "tilda", "pip", "bolt", "luna", "hank"]"#;
/// The same names, each one place on.
const ROTATED: &str = r#"characters = ["hank", "otto", "mira", "tilda", "pip", "bolt", "luna"]"#;
const BACKGROUNDS: &str = r#"backgrounds = ["kitchen", "bakery", "bedroom", "attic", "park", "orchard", "beach", "harbour", "library", "workshop", "street", "station"]"#;
/// Values so small that the network sees grey.
const DIM: &str =
    "[input]\nscale = { mean = [0.0, 0.0, 0.0], std = [10.0, 10.0, 10.0] }\n\n[files]";

/// A folder with the graphs of MiniSV's evaluators and this `bundle.toml`.
fn graphs(folder: &Path, manifest: &str) -> PathBuf {
    let bundle = folder.join("mine");
    copy(&bundles().join("minisv-evaluators"), &bundle);
    fs::write(bundle.join("bundle.toml"), manifest).unwrap();
    bundle
}

fn whole() -> String {
    format!(
        "# ours\nlicence = \"MIT\"   # as agreed\n\n[source]\nupstream = \"us\"\n\n[labels]\n{CHARACTERS}\n{BACKGROUNDS}\n\n\
         [input]\nscale = \"unit\"\n"
    )
}

fn pack(bundle: &Path, more: &[&str]) -> assert_cmd::Command {
    let mut command = storyeval();
    command.args(["model", "pack"]).arg(bundle).args(more);
    command
}

fn json(bytes: &[u8]) -> Value {
    serde_json::from_slice(bytes).unwrap()
}

#[test]
fn what_the_graphs_tell_is_filled_in_and_computes_the_same() {
    let folder = tempfile::tempdir().unwrap();
    let bundle = graphs(folder.path(), &whole());
    let said = json(&printed(&mut pack(&bundle, &["--format", "json"])));
    assert_eq!(said["written"], true);
    assert_eq!(said["graphs"].as_array().unwrap().len(), 3);
    let text = fs::read_to_string(bundle.join("bundle.toml")).unwrap();
    for kept in ["# ours\n", "licence = \"MIT\"   # as agreed\n"] {
        assert!(text.contains(kept), "{text}");
    }
    assert!(text.contains("kind = \"evaluators\"") && text.contains("dim = 64"));
    let content = |bundle: &Path| {
        let mut command = storyeval();
        command.args(["model", "verify", "--hashes-only", "--format", "json"]);
        json(&printed(command.arg(bundle)))["content"].clone()
    };
    // A written default is the same bundle, so it computes what the shipped one computes.
    assert_eq!(
        content(&bundle),
        content(&bundles().join("minisv-evaluators"))
    );
    let again = json(&printed(&mut pack(&bundle, &["--format", "json"])));
    assert_eq!(again["filled"].as_array().unwrap().len(), 0);
}

#[test]
fn every_problem_is_listed_at_once_and_nothing_is_written() {
    let folder = tempfile::tempdir().unwrap();
    let manifest =
        format!("[labels]\ncharacters = [\"ann\", \"bob\"]\n{BACKGROUNDS}\n\n[lable]\nx = 1\n");
    let bundle = graphs(folder.path(), &manifest);
    let listed = |bundle: &Path| {
        let output = pack(bundle, &["--format", "json"]).output().unwrap();
        assert_eq!(output.status.code(), Some(96));
        let said = json(&output.stdout);
        assert_eq!(said["written"], false);
        let problems = said["problems"].as_array().unwrap().iter();
        let text = |it: &Value| format!("{} {}", it["about"], it["what"]).replace(['"', '\\'], "");
        problems.map(text).collect::<Vec<_>>()
    };
    let has = |all: &[String], wanted: &str| all.iter().any(|it| it.contains(wanted));
    let all = listed(&bundle);
    for wanted in [
        "licence is missing",
        "source.upstream is missing",
        "input.scale is missing",
        "unknown field `lable`",
    ] {
        assert!(has(&all, wanted), "{wanted}: {all:#?}");
    }
    assert_eq!(
        fs::read_to_string(bundle.join("bundle.toml")).unwrap(),
        manifest
    );
    // Without the key that is not known, ports are compared too.
    fs::write(
        bundle.join("bundle.toml"),
        manifest.replace("[lable]\nx = 1\n", "[graphs]\nclip_image = \"none.onnx\"\n"),
    )
    .unwrap();
    let all = listed(&bundle);
    for wanted in [
        "licence is missing",
        "input.scale is missing",
        "output logits has shape [?, 7], expected [?, 2]",
        "none.onnx cannot be read",
    ] {
        assert!(has(&all, wanted), "{wanted}: {all:#?}");
    }
}

#[test]
fn a_hash_that_is_written_is_only_replaced_when_asked() {
    let folder = tempfile::tempdir().unwrap();
    let bundle = graphs(folder.path(), &whole());
    printed(&mut pack(&bundle, &["--no-load"]));
    let before = fs::read_to_string(bundle.join("bundle.toml")).unwrap();
    let other = fs::read(bundle.join("bg_classifier.onnx")).unwrap();
    let mut changed = other.clone();
    changed.extend([0xfa, 0x01, 0x00]); // an unknown field, which readers skip
    fs::write(bundle.join("bg_classifier.onnx"), changed).unwrap();
    fails(&mut pack(&bundle, &["--no-load"])).says(96, &["cannot be packed", "hint: "]);
    assert_eq!(
        fs::read_to_string(bundle.join("bundle.toml")).unwrap(),
        before
    );
    printed(&mut pack(&bundle, &["--no-load", "--update"]));
    let after = fs::read_to_string(bundle.join("bundle.toml")).unwrap();
    let differing = before.lines().zip(after.lines()).filter(|(a, b)| a != b);
    assert_eq!(differing.count(), 1);
    assert_eq!(before.lines().count(), after.lines().count());
}

/// `model verify --dataset` on the first stories of MiniSV.
fn tried(bundle: &Path, data: &[&str]) -> std::process::Output {
    let mut command = storyeval();
    command.args(["model", "verify"]).arg(bundle).args(data);
    command.args(["--format", "json"]).output().unwrap()
}

#[test]
fn the_shipped_classifiers_know_minisv() {
    let output = tried(
        &bundles().join("minisv-evaluators"),
        &["--dataset", "minisv", "--limit", "5"],
    );
    assert_eq!(output.status.code(), Some(0));
    let said = json(&output.stdout);
    let all = said["classifiers"].as_array().unwrap();
    assert_eq!(all.len(), 2);
    for one in all {
        assert_eq!(
            (&one["accuracy"], &one["near_chance"]),
            (&100.0.into(), &false.into())
        );
        assert!(one["constant_f1"].as_f64().unwrap() < 90.0);
    }
}

#[test]
fn another_input_scale_is_found_out() {
    let folder = tempfile::tempdir().unwrap();
    let bundle = folder.path().join("mine");
    copy(&bundles().join("minisv-evaluators"), &bundle);
    let path = bundle.join("bundle.toml");
    let text = fs::read_to_string(&path).unwrap().replace("[files]", DIM);
    fs::write(&path, text).unwrap();
    let output = tried(&bundle, &["--dataset", "minisv", "--limit", "10"]);
    assert_eq!(output.status.code(), Some(97));
    let said = String::from_utf8(output.stdout).unwrap();
    assert!(said.contains("scale = \\\"unit\\\""), "{said}");
    assert!(String::from_utf8_lossy(&output.stderr).contains("hint: "));
}

/// MiniSV in the folder layout, where labels are names, with a card and bundles whose characters are in another order
/// than the graph's outputs.
fn rotated(folder: &Path) -> PathBuf {
    let data = folder.join("rotated");
    let mut synth = storyeval();
    synth.args([
        "dataset",
        "synth",
        "--layout",
        "folder",
        "--stories",
        "8",
        "--out",
    ]);
    printed(synth.arg(&data));
    let card = fs::read_to_string(data.join("dataset.toml")).unwrap();
    let mut card: toml::Table = card.parse().unwrap();
    let cast = card["characters"].as_array_mut().unwrap();
    cast.rotate_right(1);
    card.remove("content_sha256");
    fs::write(data.join("dataset.toml"), card.to_string()).unwrap();
    let evaluators = folder.join("bundles/minisv-evaluators");
    copy(&bundles(), &folder.join("bundles"));
    let text = fs::read_to_string(evaluators.join("bundle.toml")).unwrap();
    assert!(text.contains(CHARACTERS));
    fs::write(
        evaluators.join("bundle.toml"),
        text.replace(CHARACTERS, ROTATED),
    )
    .unwrap();
    data
}

#[test]
fn outputs_in_another_order_are_found_out_and_doubted_by_a_run() {
    let folder = tempfile::tempdir().unwrap();
    let data = rotated(folder.path());
    let path = format!("{}/", data.display());
    let output = tried(
        &folder.path().join("bundles/minisv-evaluators"),
        &["--dataset", &path],
    );
    let said = String::from_utf8(output.stdout).unwrap();
    assert_eq!(output.status.code(), Some(97), "{said}");
    assert!(
        said.contains("otto, mira, tilda, pip, bolt, luna, hank"),
        "{said}"
    );

    let scores = |bundles: &Path, out: &str| {
        let mut run = storyeval();
        run.args([
            "run",
            "--model",
            "shuffled",
            "--skip",
            "clip,lpips,captioner,locator,features",
        ]);
        run.args(["--story-length", "4", "--dataset", &path, "--out"]);
        let run = run.arg(folder.path().join(out));
        printed(run.env("STORYEVAL_BUNDLES", bundles));
        json(&fs::read(find(&folder.path().join(out))).unwrap())
    };
    let notes = scores(&folder.path().join("bundles"), "doubted")["notes"].to_string();
    assert_eq!(
        notes.matches("does not know the real frames").count(),
        1,
        "{notes}"
    );
    assert!(
        notes.contains("Char-Acc and Char-F1 say nothing here"),
        "{notes}"
    );
}

#[test]
fn minisv_is_not_doubted() {
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().join("run");
    let mut run = storyeval();
    run.args([
        "run",
        "--dataset",
        "minisv",
        "--model",
        "shuffled",
        "--limit",
        "8",
    ]);
    run.args(["--skip", "clip,lpips,captioner,locator,features", "--out"]);
    printed(run.arg(&out));
    let scores = find(&out);
    let notes = &json(&fs::read(&scores).unwrap())["notes"];
    assert!(notes.as_array().is_none_or(Vec::is_empty), "{notes}");
    assert!(!scores.with_file_name("doubts.json").exists());
}

/// The scores of the only run below a folder.
fn find(folder: &Path) -> PathBuf {
    if folder.join("scores.json").is_file() {
        return folder.join("scores.json");
    }
    let mut below = fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path());
    find(&below.find(|it| it.is_dir()).unwrap())
}
