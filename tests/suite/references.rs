//! `storyeval references` on small runs; the numbers themselves have golden values in `src/compare/references`.

use crate::columns::{SKIP, group};
use crate::support::{fails, printed, shared, storyeval};
use serde_json::Value;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

/// The shuffled stories of `group`, drawn for captions with names.
fn names() -> &'static Path {
    static RUN: OnceLock<PathBuf> = OnceLock::new();
    RUN.get_or_init(|| {
        let path = shared("references").join("names");
        let mut command = storyeval();
        command.args(["run", "-d", "minisv", "-m", "shuffled", "--limit", "2"]);
        command.args(["--protocol", "strict-original"]);
        command.args(SKIP).arg("--out").arg(&path);
        command.assert().success();
        path
    })
}

fn measured(runs: &[&Path]) -> Value {
    let mut command = storyeval();
    command
        .arg("references")
        .args(runs)
        .args(["--format", "json"]);
    serde_json::from_slice(&printed(&mut command)).unwrap()
}

#[test]
fn groups_add_up_and_the_slice_of_pronouns_is_all_of_them() {
    let run = group().join("shuffled");
    let found = measured(&[&run]);
    let groups = found["groups"].as_array().unwrap();
    let of = |by: &str| -> Vec<&Value> { groups.iter().filter(|it| it["by"] == by).collect() };
    let all = of("all")[0];
    assert!(found["references"].as_u64().unwrap() > 0);
    for by in ["pronoun", "distance", "candidates"] {
        let counts = of(by)
            .into_iter()
            .map(|it| it["references"].as_u64().unwrap());
        assert_eq!(counts.sum::<u64>(), all["references"], "{by}");
    }
    let scores: Value =
        serde_json::from_slice(&fs::read(run.join("scores.json")).unwrap()).unwrap();
    let mut scores = scores["scores"].as_array().unwrap().iter();
    let pronoun = scores
        .find(|it| it["metric"] == "char_acc" && it["slice"] == "pronoun")
        .unwrap();
    assert_eq!(all["char_acc"]["value"], pronoun["value"]);
    assert_eq!(all["char_acc"]["interval"], pronoun["interval"]);
    assert_eq!(all["frames"], pronoun["n"]);
    assert_eq!(found["signature"], pronoun["signature"]);
    assert!(all["cost"].is_null() && found["costs"].as_array().unwrap().is_empty());
}

#[test]
fn the_same_frames_cost_nothing_and_every_metric_says_so() {
    let run = group().join("shuffled");
    let found = measured(&[&run, names()]);
    let costs = found["costs"].as_array().unwrap();
    let metrics: Vec<&str> = costs
        .iter()
        .map(|it| it["metric"].as_str().unwrap())
        .collect();
    for metric in ["char_acc", "char_f1", "bg_acc", "clip_ti", "lpips"] {
        assert!(metrics.contains(&metric), "{metrics:?}");
    }
    assert!(costs.iter().all(|it| it["cost"] == 0.0), "{costs:?}");
    let groups = found["groups"].as_array().unwrap();
    assert!(groups.iter().all(|it| it["cost"]["value"] == 0.0));
}

#[test]
fn tables_come_in_every_format_with_a_chart_and_the_line_that_makes_the_second_run() {
    let run = group().join("shuffled");
    let folder = tempfile::tempdir().unwrap();
    let plot = folder.path().join("references.svg");
    for (format, word) in [
        ("md", "| by pronoun"),
        ("latex", "\\begin{tabular}"),
        ("html", "<table"),
        ("csv", "pronoun,"),
    ] {
        let mut command = storyeval();
        command.arg("references").arg(&run).arg(names());
        command.args(["--format", format, "--plot"]).arg(&plot);
        let text = String::from_utf8(printed(&mut command)).unwrap();
        let word = word.trim_start_matches("| ");
        assert!(text.contains(word), "{format}: {text}");
    }
    let svg = fs::read_to_string(&plot).unwrap();
    assert!(svg.starts_with("<svg") && svg.ends_with("</svg>\n"));
    assert!(
        svg.contains("by distance") && svg.contains(">she<"),
        "{svg}"
    );
    let output = storyeval().arg("references").arg(&run).output().unwrap();
    let said = String::from_utf8(output.stderr).unwrap();
    let line = "storyeval run --dataset minisv --model shuffled --protocol strict-original --seed 0 --limit 2";
    assert!(said.contains(line), "{said}");
}

#[test]
fn runs_that_do_not_go_together_are_refused() {
    let run = group().join("shuffled");
    let mut nothing = storyeval();
    fails(nothing.arg("references").arg(names())).says(4, &["has a pronoun", "--protocol strict"]);
    let mut model = storyeval();
    model
        .arg("references")
        .arg(&run)
        .arg(group().join("ground-truth"));
    fails(&mut model).says(
        98,
        &["text: it read algorithm1", "model: shuffled / ground-truth"],
    );
}
