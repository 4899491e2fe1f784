//! `storyeval gate` and `gate update` on small runs, whole and damaged.

use crate::support::{copy, fails, ground_truth, printed, shared, storyeval};
use assert_cmd::Command;
use quick_xml::events::Event;
use serde_json::Value;
use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;
use tempfile::TempDir;

/// A run of two stories and the baseline of it, in a folder that the test may spoil.
struct Gate {
    folder: TempDir,
}

impl Gate {
    fn new() -> Self {
        static RUN: OnceLock<PathBuf> = OnceLock::new();
        let made = RUN.get_or_init(|| {
            let folder = shared("gate");
            let run = folder.join("run");
            ground_truth(&run, &["--skip", "captioner,locator"])
                .assert()
                .success();
            folder
        });
        let folder = tempfile::tempdir().unwrap();
        copy(made, folder.path());
        let gate = Self { folder };
        gate.update().assert().success();
        gate
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn update(&self) -> Command {
        let mut command = storyeval();
        command.args(["gate", "update"]).arg(self.path("run"));
        command.arg("--baseline").arg(self.path("baseline.json"));
        command
    }

    fn gate(&self) -> Command {
        let mut command = storyeval();
        command.arg("gate").arg(self.path("run"));
        command.arg("--baseline").arg(self.path("baseline.json"));
        command
    }

    /// The gate with these rules.
    fn with(&self, rules: &str) -> Command {
        fs::write(self.path("rules.toml"), rules).unwrap();
        let mut command = self.gate();
        command.arg("--rules").arg(self.path("rules.toml"));
        command
    }

    /// Changes the run's scores.
    fn spoil(&self, change: impl FnOnce(&mut Value)) {
        let path = self.path("run/scores.json");
        let mut scores: Value = serde_json::from_slice(&fs::read(&path).unwrap()).unwrap();
        change(&mut scores);
        // The file's own hash would tell of it.
        scores.as_object_mut().unwrap().remove("sha256");
        fs::write(&path, scores.to_string()).unwrap();
    }

    /// Changes one score of the run.
    fn spoil_score(&self, metric: &str, change: impl FnOnce(&mut Value)) {
        self.spoil(|scores| {
            let list = scores["scores"].as_array_mut().unwrap();
            let score = list
                .iter_mut()
                .find(|score| score["metric"] == metric && score["slice"] == "all");
            change(score.unwrap());
        });
    }

    fn edit_baseline(&self, from: &str, to: &str) {
        let path = self.path("baseline.json");
        let text = fs::read_to_string(&path).unwrap();
        assert!(text.contains(from), "{from} is not in the baseline");
        fs::write(&path, text.replace(from, to)).unwrap();
    }
}

/// A rule that no run of the baseline's own breaks.
const EXACT: &str = "format = 1\n[default]\nabsolute = 0\n";

/// The judgement of one score in `--format json`.
fn judgement(gate: &mut Command, metric: &str) -> Value {
    let output = gate.args(["--format", "json"]).output().unwrap();
    let verdict: Value = serde_json::from_slice(&output.stdout).unwrap();
    let scores = verdict["scores"].as_array().unwrap();
    let score = scores
        .iter()
        .find(|score| score["metric"] == metric && score["slice"] == "all");
    score.unwrap().clone()
}

#[test]
fn a_run_passes_the_gate_of_its_own_baseline() {
    let gate = Gate::new();
    gate.gate().assert().success();
    let printed = printed(&mut gate.with(EXACT));
    let printed = String::from_utf8(printed).unwrap();
    assert!(printed.contains("char_acc"), "{printed}");
    assert!(!printed.contains("failed"), "{printed}");
}

#[test]
fn an_update_without_a_change_writes_the_same_bytes() {
    let gate = Gate::new();
    let before = fs::read(gate.path("baseline.json")).unwrap();
    let said = String::from_utf8(printed(&mut gate.update())).unwrap();
    assert!(said.contains("scores stay as they are"), "{said}");
    assert!(!said.contains("->"), "{said}");
    assert_eq!(before, fs::read(gate.path("baseline.json")).unwrap());
}

#[test]
fn an_update_shows_what_changes_and_a_dry_run_writes_nothing() {
    let gate = Gate::new();
    gate.spoil(|scores| {
        let list = scores["scores"].as_array_mut().unwrap();
        list.retain(|score| score["metric"] != "lpips");
        list[0]["value"] = 62.5.into();
    });
    let before = fs::read(gate.path("baseline.json")).unwrap();
    let said = String::from_utf8(printed(gate.update().arg("--dry-run"))).unwrap();
    assert!(said.contains("char_acc all: 100 -> 62.5"), "{said}");
    assert!(said.contains("lpips all: gone: 0"), "{said}");
    assert_eq!(before, fs::read(gate.path("baseline.json")).unwrap());
    printed(&mut gate.update());
    gate.with(EXACT).assert().success();
}

#[test]
fn a_worse_value_fails_with_its_reason_in_every_output() {
    let gate = Gate::new();
    gate.spoil_score("clip_ti", |score| score["value"] = 0.1.into());
    let (junit, summary) = (gate.path("junit.xml"), gate.path("summary.md"));
    fs::write(gate.path("step.md"), "an earlier step\n").unwrap();
    let said = fails(
        gate.with(EXACT)
            .arg("--junit")
            .arg(&junit)
            .arg("--summary")
            .arg(&summary)
            .arg("--github")
            .env("GITHUB_STEP_SUMMARY", gate.path("step.md")),
    );
    said.says(
        100,
        &[
            "failed: ground-truth clip_ti all: 0.1000, baseline 0.",
            ": worse",
            "the gate failed: 1 of ",
            "::error title=ground-truth clip_ti all::0.1000",
            "hint: ",
        ],
    );
    let cases = cases(&fs::read_to_string(junit).unwrap());
    assert_eq!(
        cases["clip_ti all"],
        Some(("failure".to_owned(), "worse".to_owned()))
    );
    assert_eq!(cases["clip_ii all"], None);
    let summary = fs::read_to_string(summary).unwrap();
    let failed = summary.find("clip_ti").unwrap();
    assert!(failed < summary.find("<details>").unwrap(), "{summary}");
    let step = fs::read_to_string(gate.path("step.md")).unwrap();
    assert_eq!(step, format!("an earlier step\n{summary}"));
}

#[test]
fn a_value_that_is_too_good_fails_unless_the_rule_looks_at_one_side() {
    let gate = Gate::new();
    gate.spoil_score("clip_ti", |score| score["value"] = 0.999.into());
    fails(&mut gate.with(EXACT)).says(100, &["clip_ti all: 0.9990", "suspiciously good"]);
    let one_sided = "format = 1\n[default]\nabsolute = 0\ntwo_sided = false\n";
    gate.with(one_sided).assert().success();
}

#[test]
fn bounds_hold_whatever_the_baseline_says() {
    let gate = Gate::new();
    let rules = "format = 1\n[[rule]]\nmetric = \"char_acc\"\nmax = 90\n\
                 [[rule]]\nmetric = \"clip_ti\"\nmin = 0.99\n[default]\nignore = true\n";
    fails(&mut gate.with(rules)).says(100, &["above the maximum 90", "below the minimum 0.99"]);
}

#[test]
fn what_vanished_has_no_value_or_lacks_frames_fails_and_what_is_new_does_not() {
    let gate = Gate::new();
    gate.spoil(|scores| {
        let list = scores["scores"].as_array_mut().unwrap();
        list.retain(|score| score["metric"] != "lpips");
        let mut new = list[0].clone();
        new["metric"] = "sparkle".into();
        list.push(new);
    });
    gate.spoil_score("clip_ti", |score| {
        score["value"] = Value::Null;
        score["unscored"] = "the network was tired".into();
    });
    gate.spoil_score("char_acc", |score| score["n"] = 5.into());
    let mut command = gate.with(EXACT);
    fails(&mut command).says(
        100,
        &[
            "lpips all: no value, baseline 0.0000: in the baseline, but no longer scored",
            "clip_ti all: no value, baseline",
            "no value: the network was tired",
            "5 frames scored, 8 wanted",
        ],
    );
    let new = judgement(&mut command, "sparkle");
    assert_eq!(new["status"], "new");
}

#[test]
fn another_signature_fails_with_the_parts_and_other_data_are_not_comparable() {
    let gate = Gate::new();
    let sign = |from: &str, to: &str| {
        gate.spoil(|scores| {
            for score in scores["scores"].as_array_mut().unwrap() {
                let signature = score["signature"].as_str().unwrap().replace(from, to);
                score["signature"] = signature.into();
            }
        });
    };
    sign("gt:middle", "gt:first");
    fails(&mut gate.with(EXACT)).says(100, &["gt: middle / first"]);
    let any = "format = 1\n[default]\nabsolute = 0\nsignature = \"any\"\n";
    gate.with(any).assert().success();
    sign("dataset:minisv@", "dataset:other@");
    fails(&mut gate.with(any)).says(98, &["no score could be compared", "dataset: minisv@"]);
}

/// A cosine of -0.95 can fall by 0.05, and with two stories less than 0.09 is explained by chance.
#[test]
fn a_gate_that_could_not_fail_says_so_and_is_refused_where_power_is_required() {
    let gate = Gate::new();
    let path = gate.path("baseline.json");
    let mut baseline: Value = serde_json::from_slice(&fs::read(&path).unwrap()).unwrap();
    let scores = baseline["models"][0]["scores"].as_array_mut().unwrap();
    let similarity = |score: &&mut Value| score["metric"] == "clip_ti" && score["slice"] == "all";
    scores.iter_mut().find(similarity).unwrap()["value"] = (-0.95).into();
    fs::write(&path, baseline.to_string()).unwrap();
    let output = gate.gate().output().unwrap();
    let said = String::from_utf8(output.stderr).unwrap();
    let words = "warning: too few stories: no difference of ground-truth clip_ti";
    assert!(said.contains(words), "{said}");
    fails(gate.gate().arg("--require-power")).says(98, &["too few stories", "--limit"]);
    // A window is no test: nothing is refused.
    let window = "format = 1\n[default]\nabsolute = 2\n";
    gate.with(window).arg("--require-power").assert().success();
}

#[test]
fn a_model_without_a_run_fails_unless_only_the_given_are_asked_for() {
    let gate = Gate::new();
    gate.edit_baseline("\"model\": \"ground-truth\"", "\"model\": \"painter\"");
    let said = fails(&mut gate.with(EXACT));
    said.says(100, &["failed: painter: no run of this model was given ("]);
    // A line per model, and not per score.
    assert_eq!(said.stderr.matches("no run of this model").count(), 1);
    let mut given = gate.with(EXACT);
    fails(given.arg("--only-given")).says(98, &["no score could be compared"]);
}

#[test]
fn rules_that_cannot_be_meant_are_refused_with_their_line() {
    let gate = Gate::new();
    let refused = |rules: &str, words: &[&str]| fails(&mut gate.with(rules)).says(2, words);
    refused(
        "format = 1\n[[rule]]\nabsolut = 1\n",
        &["rules.toml:3", "absolut"],
    );
    refused("format = 7\n", &["rules.toml:1", "format 7"]);
    refused(
        "format = 1\n\n[[rule]]\nmetric = \"fid\"\n",
        &["rules.toml:3", "demands nothing"],
    );
    refused(
        "format = 1\n[default]\nframes = 1\n",
        &["fid all", "frames are points"],
    );
    let mut missing = gate.gate();
    missing.args(["--rules", "nowhere.toml"]);
    fails(&mut missing).says(2, &["nowhere.toml"]);
    let idle = "format = 1\n[[rule]]\nmetric = \"fidd\"\nabsolute = 1\n[default]\nabsolute = 0\n";
    let output = gate.with(idle).output().unwrap();
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(
        said.contains("the rule in line 2") && said.contains("fidd"),
        "{said}"
    );
}

#[test]
fn baselines_and_runs_that_are_neither_are_distinguished() {
    let gate = Gate::new();
    let whole = fs::read_to_string(gate.path("baseline.json")).unwrap();
    let with = |text: &str| {
        fs::write(gate.path("baseline.json"), text).unwrap();
        fails(&mut gate.gate())
    };
    with(&whole[..whole.len() / 2]).says(97, &["baseline.json:", "no baseline"]);
    with("").says(97, &["no baseline"]);
    with(&whole.replace("\"format\": 1", "\"format\": 2")).says(97, &["format 2"]);
    with(&whole.replace("\"program\"", "\"programme\"")).says(97, &["programme"]);
    let (before, after) = whole.split_once("\"sums\":[[").unwrap();
    with(&format!("{before}\"sums\":[[7.0],[{after}")).says(97, &["not one row per story"]);
    fs::remove_file(gate.path("baseline.json")).unwrap();
    fails(&mut gate.gate()).says(2, &["baseline.json", "storyeval gate update"]);
    gate.update().assert().success();
    fs::write(gate.path("run/scores.json"), "{\"scores\": NaN}").unwrap();
    fails(&mut gate.gate()).says(97, &["scores.json"]);
    fs::remove_dir_all(gate.path("run")).unwrap();
    fails(&mut gate.gate()).says(2, &["run"]);
}

#[test]
fn names_from_files_stay_text_in_every_output() {
    let gate = Gate::new();
    let name = "a<b>&\"c\"|d\n::error::%0A\u{1b}[1m]]>\u{0}";
    let in_json = serde_json::to_string(name).unwrap();
    gate.edit_baseline("\"ground-truth\"", &in_json);
    gate.spoil(|scores| scores["model"] = name.into());
    gate.spoil_score("clip_ti", |score| score["value"] = 0.1.into());
    let (junit, summary) = (gate.path("junit.xml"), gate.path("summary.md"));
    let output = gate
        .with(EXACT)
        .arg("--github")
        .env_remove("GITHUB_STEP_SUMMARY")
        .arg("--junit")
        .arg(&junit)
        .arg("--summary")
        .arg(&summary)
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(100));
    let said = String::from_utf8(output.stderr).unwrap();
    let commands: Vec<&str> = said.lines().filter(|line| line.starts_with("::")).collect();
    assert_eq!(commands.len(), 1, "{said}");
    assert!(commands[0].contains("%0A%3A%3Aerror%3A%3A%250A"), "{said}");
    assert!(!said.contains('\u{1b}') && !said.contains('\0'), "{said:?}");
    let xml = fs::read_to_string(junit).unwrap();
    assert_eq!(cases(&xml)["clip_ti all"].as_ref().unwrap().0, "failure");
    let summary = fs::read_to_string(summary).unwrap();
    assert!(summary.contains("a&lt;b>"), "{summary}");
    assert!(!summary.contains("<b>"), "{summary}");
}

#[test]
fn outputs_that_cannot_be_written_are_said_and_the_others_are_written() {
    let gate = Gate::new();
    gate.spoil_score("clip_ti", |score| score["value"] = 0.1.into());
    let mut command = gate.with(EXACT);
    command
        .arg("--junit")
        .arg(gate.path("no/such/folder/junit.xml"));
    command.arg("--summary").arg(gate.path("summary.md"));
    fails(&mut command).says(110, &["failed: ground-truth clip_ti", "junit.xml"]);
    assert!(gate.path("summary.md").is_file());
}

#[test]
fn a_run_that_is_not_whole_becomes_no_baseline_unless_forced() {
    let gate = Gate::new();
    let path = gate.path("run/journal.jsonl");
    let journal = fs::read_to_string(&path).unwrap();
    let lines: Vec<&str> = journal.lines().collect();
    fs::write(&path, format!("{}\n", lines[..lines.len() - 1].join("\n"))).unwrap();
    fails(&mut gate.update()).says(5, &["cannot be a baseline", "1 of 2 stories"]);
    gate.update().arg("--force").assert().success();
    let mut twice = gate.update();
    twice.arg("--force").arg(gate.path("run"));
    fails(&mut twice).says(2, &["both runs of ground-truth"]);
}

#[test]
fn a_baseline_states_a_command_without_folders_of_this_machine() {
    let gate = Gate::new();
    let text = fs::read_to_string(gate.path("baseline.json")).unwrap();
    let baseline: Value = serde_json::from_str(&text).unwrap();
    let command: Vec<&str> = baseline["commands"][0]
        .as_array()
        .unwrap()
        .iter()
        .map(|word| word.as_str().unwrap())
        .collect();
    assert_eq!(
        command.join(" "),
        "run --dataset minisv --model ground-truth --limit 2 --skip captioner,locator"
    );
    let home = Path::new(env!("CARGO_MANIFEST_DIR")).to_str().unwrap();
    assert!(!text.contains(home));
}

/// Cases of a JUnit file by name: what they hold besides their name, and its type. Fails on anything that
/// Jenkins' schema does not know, and on counts that are not those of the cases.
fn cases(xml: &str) -> BTreeMap<String, Option<(String, String)>> {
    let mut reader = quick_xml::Reader::from_str(xml);
    reader.config_mut().trim_text(true);
    let mut cases = BTreeMap::new();
    let (mut open, mut stated): (Option<String>, BTreeMap<String, String>) = Default::default();
    loop {
        let event = reader.read_event().unwrap();
        let (start, empty) = match &event {
            Event::Eof => break,
            Event::Start(start) => (start.clone(), false),
            Event::Empty(start) => (start.clone(), true),
            _ => continue,
        };
        let attributes: BTreeMap<String, String> = start
            .attributes()
            .map(|attribute| {
                let attribute = attribute.unwrap();
                let value = attribute
                    .normalized_value(quick_xml::XmlVersion::Implicit1_0)
                    .unwrap()
                    .into_owned();
                (
                    String::from_utf8(attribute.key.as_ref().to_vec()).unwrap(),
                    value,
                )
            })
            .collect();
        let keys: Vec<&str> = attributes.keys().map(String::as_str).collect();
        match start.name().as_ref() {
            b"testsuites" => {
                assert_eq!(keys, ["errors", "failures", "name", "tests", "time"]);
                stated = attributes;
            }
            b"testsuite" => {
                assert_eq!(
                    keys,
                    ["errors", "failures", "name", "skipped", "tests", "time"]
                );
            }
            b"testcase" => {
                assert_eq!(keys, ["classname", "name", "time"]);
                let name = attributes["name"].clone();
                assert!(!cases.contains_key(&name), "{name} twice");
                cases.insert(name.clone(), None);
                open = (!empty).then_some(name);
            }
            child @ (b"failure" | b"error" | b"skipped") => {
                let child = String::from_utf8(child.to_vec()).unwrap();
                let kind = attributes.get("type").cloned().unwrap_or_default();
                let name = open.clone().expect("inside a case");
                cases.insert(name, Some((child, kind)));
            }
            other => panic!("{} is not JUnit", String::from_utf8_lossy(other)),
        }
    }
    let failures = cases
        .values()
        .flatten()
        .filter(|it| it.0 == "failure")
        .count();
    assert_eq!(stated["tests"], cases.len().to_string());
    assert_eq!(stated["failures"], failures.to_string());
    cases
}
