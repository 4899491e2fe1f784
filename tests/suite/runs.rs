//! Listing, showing and comparing run folders, and runs of several seeds.

use crate::support::{TWO_STORIES, copy, fails, ground_truth, printed, shared, storyeval};
use serde_json::Value;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

/// Networks of these tests: enough to score something, and quick.
pub(crate) const SKIP: [&str; 2] = ["--skip", "captioner,lpips,clip,locator"];

/// Two stories of two models, made once.
pub(crate) fn group() -> &'static Path {
    static GROUP: OnceLock<PathBuf> = OnceLock::new();
    GROUP.get_or_init(|| {
        let path = shared("runs").join("group");
        let mut command = storyeval();
        command.args([
            "run",
            "-d",
            "minisv",
            "-m",
            "ground-truth,shuffled",
            "--limit",
            "2",
        ]);
        command
            .args(SKIP)
            .arg("--out")
            .arg(&path)
            .assert()
            .success();
        path
    })
}

fn json(bytes: &[u8]) -> Value {
    serde_json::from_slice(bytes).unwrap()
}

#[test]
fn runs_are_listed_with_their_states_and_damaged_ones_with_the_reason() {
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path();
    let run = |name: &str| {
        let to = root.join("runs").join(name);
        copy(&group().join("shuffled"), &to);
        to
    };
    run("x/scored");
    fs::remove_file(run("x/observed").join("scores.json")).unwrap();
    let complete = run("complete");
    fs::remove_file(complete.join("observed.json")).unwrap();
    let partial = run("partial");
    let journal = fs::read_to_string(partial.join("journal.jsonl")).unwrap();
    let first = journal.lines().next().unwrap();
    fs::write(
        partial.join("journal.jsonl"),
        format!("{first}\n{{\"unit\":"),
    )
    .unwrap();
    fs::write(run("planned").join("journal.jsonl"), "").unwrap();
    fs::write(run("bad").join("manifest.json"), "{\"format\": 99}").unwrap();
    fs::remove_file(run("torn").join("manifest.json")).unwrap();
    fs::write(run("cut").join("plan.jsonl"), "[").unwrap();
    fs::write(run("|=1+1").join("scores.json"), "\0").unwrap();

    let mut command = storyeval();
    command
        .current_dir(root)
        .args(["ls", "runs", "--format", "json"]);
    let listing = json(&printed(&mut command));
    let states: Vec<(String, String)> = listing["runs"]
        .as_array()
        .unwrap()
        .iter()
        .map(|run| {
            let text = |name: &str| run[name].as_str().unwrap().to_owned();
            assert_eq!(
                (run["planned"].as_u64(), run["seed"].as_u64()),
                (Some(2), Some(0))
            );
            (text("run"), text("state"))
        })
        .collect();
    let expected = [
        ("runs/complete", "complete"),
        ("runs/partial", "partial"),
        ("runs/planned", "planned"),
        ("runs/x/observed", "observed"),
        ("runs/x/scored", "scored"),
    ];
    assert_eq!(
        states,
        expected.map(|(run, state)| (run.to_owned(), state.to_owned()))
    );
    let damaged: Vec<&str> = listing["damaged"]
        .as_array()
        .unwrap()
        .iter()
        .map(|run| run["run"].as_str().unwrap())
        .collect();
    assert_eq!(damaged, ["runs/bad", "runs/cut", "runs/torn", "runs/|=1+1"]);
    assert_eq!(listing["runs"][4]["scores"][0]["metric"], "char_acc");

    let table = printed(storyeval().current_dir(root).args(["ls", "runs"]));
    let table = String::from_utf8(table).unwrap();
    for words in [
        "runs/torn: ",
        "no manifest.json",
        "has format 99",
        "torn line",
        "\\|=1+1",
    ] {
        assert!(table.contains(words), "`{words}` is not in:\n{table}");
    }
    let mut csv = storyeval();
    csv.current_dir(root)
        .args(["ls", "runs", "runs/x", "runs/planned", "--format", "csv"]);
    let csv = String::from_utf8(printed(&mut csv)).unwrap();
    assert_eq!(csv.lines().count(), 4, "{csv}");
}

#[test]
fn no_run_is_no_failure_and_no_folder_is() {
    let folder = tempfile::tempdir().unwrap();
    let mut command = storyeval();
    command.current_dir(folder.path()).args(["ls", "runs"]);
    assert!(printed(&mut command).is_empty());
    fails(
        storyeval()
            .args(["ls", "runs"])
            .arg(folder.path().join("nowhere")),
    )
    .says(2, &["nowhere", "hint: "]);
    fails(storyeval().args(["ls", "models", "runs"])).says(2, &["hint: "]);
}

#[test]
fn a_run_is_shown_with_coverage_timing_and_scores() {
    let run = group().join("shuffled");
    let page = json(&printed(
        storyeval().arg("show").arg(&run).args(["--format", "json"]),
    ));
    assert_eq!(page["state"], "scored");
    assert_eq!(page["identity"]["model"], "shuffled");
    assert_eq!(page["frames"], serde_json::json!([8, 8]));
    let networks = page["networks"].as_array().unwrap();
    let seen = |name: &str| {
        let network = networks.iter().find(|it| it["network"] == name).unwrap();
        network["seen"].as_u64().unwrap()
    };
    assert_eq!(
        (seen("characters"), seen("features"), seen("lpips")),
        (8, 8, 0)
    );
    let stages: Vec<&str> = page["timing"]
        .as_array()
        .unwrap()
        .iter()
        .map(|stage| stage["stage"].as_str().unwrap())
        .collect();
    assert_eq!(stages, ["generate", "observe", "score"]);
    let text = |more: &[&str]| {
        let bytes = printed(storyeval().arg("show").arg(&run).args(more));
        String::from_utf8(bytes).unwrap()
    };
    let short = text(&[]);
    for words in ["### Networks", "### Timing", "Char-Acc %", "Session 1"] {
        assert!(short.contains(words), "`{words}` is not in:\n{short}");
    }
    assert!(text(&["--slices"]).lines().count() > short.lines().count() + 20);
    let both = String::from_utf8(printed(storyeval().arg("show").arg(group()))).unwrap();
    assert!(
        both.contains("ground-truth: scored") && both.contains("shuffled: scored"),
        "{both}"
    );
    let folder = tempfile::tempdir().unwrap();
    fails(storyeval().arg("show").arg(folder.path())).says(2, &["no run", "hint: "]);
}

#[test]
fn a_run_without_observations_has_no_coverage() {
    let folder = tempfile::tempdir().unwrap();
    let mut generate = storyeval();
    generate.arg("generate").args(&TWO_STORIES[1..]);
    generate.arg("--out").arg(folder.path()).assert().success();
    let mut show = storyeval();
    show.arg("show")
        .arg(folder.path())
        .args(["--format", "json"]);
    let page = json(&printed(&mut show));
    assert_eq!(page["state"], "complete");
    assert!(page["networks"].is_null() && page["scores"].is_null());
    fs::write(folder.path().join("observed.json"), "{").unwrap();
    fails(storyeval().arg("show").arg(folder.path())).says(97, &["observed.json", "hint: "]);
}

#[test]
fn two_runs_differ_field_by_field_and_comparable_scores_are_named() {
    let (a, b) = (group().join("ground-truth"), group().join("shuffled"));
    let diff = |a: &Path, b: &Path| {
        let mut command = storyeval();
        command.arg("diff").arg(a).arg(b).args(["--format", "json"]);
        json(&printed(&mut command))
    };
    let same = diff(&a, &a);
    for part in ["identity", "cards", "sessions"] {
        assert_eq!(same[part], serde_json::json!([]), "{part}");
    }
    let other = diff(&a, &b);
    let fields: Vec<&str> = other["identity"]
        .as_array()
        .unwrap()
        .iter()
        .map(|it| it["field"].as_str().unwrap())
        .collect();
    assert_eq!(fields, ["model", "plan_hash"]);
    let score = |difference: &Value, metric: &str| {
        let scores = difference["scores"].as_array().unwrap();
        let is_it = |it: &&Value| it["metric"] == metric && it["slice"] == "all";
        scores.iter().find(is_it).unwrap().clone()
    };
    assert_eq!(score(&other, "char_acc")["comparable"], true);

    let folder = tempfile::tempdir().unwrap();
    let original = folder.path().join("original");
    let protocol = ["--protocol", "strict-original"];
    ground_truth(&original, &[&protocol[..], &SKIP].concat())
        .assert()
        .success();
    let difference = diff(&a, &original);
    let score = score(&difference, "char_acc");
    assert_eq!(score["comparable"], false);
    assert!(
        score["why"][0]
            .as_str()
            .unwrap()
            .starts_with("text: algorithm1 / ")
    );
    let text = printed(storyeval().arg("diff").arg(&a).arg(&original));
    let text = String::from_utf8(text).unwrap();
    for words in [
        "protocol.text",
        "text: algorithm1 / ",
        "### Cards",
        "Sessions",
    ] {
        assert!(text.contains(words), "`{words}` is not in:\n{text}");
    }
    fails(storyeval().arg("diff").arg(&a).arg(folder.path())).says(2, &["is not a run", "hint: "]);
}

#[test]
fn seeds_are_runs_of_their_own_and_a_row_of_their_means() {
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().join("group");
    let run = |seeds: &str| {
        let mut command = storyeval();
        command.args([
            "run",
            "-d",
            "minisv",
            "-m",
            "shuffled,ground-truth",
            "--limit",
            "2",
        ]);
        command
            .args(["--seeds", seeds])
            .args(SKIP)
            .arg("--out")
            .arg(&out);
        command
    };
    let table = String::from_utf8(printed(&mut run("0..2"))).unwrap();
    assert!(
        table.contains(" ± ") && table.contains("mean over the seeds 0, 1, 2"),
        "{table}"
    );
    let models = ["shuffled", "ground-truth"];
    let mut journals = Vec::new();
    for (model, seed) in models
        .iter()
        .flat_map(|model| (0..3).map(move |seed| (model, seed)))
    {
        let run = out.join(model).join(format!("seed-{seed}"));
        journals.push(fs::read(run.join("journal.jsonl")).unwrap());
        let manifest = json(&fs::read(run.join("manifest.json")).unwrap());
        assert_eq!(manifest["identity"]["seed"], seed);
    }
    // The same again draws nothing, and `table` shows what `run` showed.
    assert_eq!(String::from_utf8(printed(&mut run("0..2"))).unwrap(), table);
    assert!(out.join("sheet.png").is_file());
    let shown = printed(
        storyeval()
            // `run` tests nothing, and sets nothing in bold.
            .args(["table", "--no-bold"])
            .args(models.map(|model| out.join(model))),
    );
    let rows = |text: &str| -> Vec<String> {
        let rows = text.lines().filter(|line| line.contains(" ± "));
        rows.map(str::to_owned).collect()
    };
    assert_eq!(rows(&String::from_utf8(shown).unwrap()), rows(&table));
    let mut as_json = storyeval();
    as_json
        .arg("table")
        .arg(out.join("shuffled"))
        .args(["--format", "json"]);
    let scores = json(&printed(&mut as_json));
    assert_eq!(scores["scores"][0]["seeds"]["count"], 3);
    // A fourth seed is drawn beside the others.
    assert!(printed(&mut run("0..3")).len() > 100);
    let first = fs::read(out.join("shuffled/seed-0/journal.jsonl")).unwrap();
    assert_eq!(first, journals[0]);
    let mut twice = run("0..1");
    fails(twice.args(["--seed", "1"])).says(2, &["--seed"]);
    fails(&mut run("4..0")).says(2, &["--seeds"]);
    fails(&mut ground_truth(
        &out.join("shuffled/seed-0"),
        &["--seeds", "0..1"],
    ))
    .says(2, &["one seed", "hint: "]);
}
