//! `storyeval compare`, `--format` and all, and what `storyeval table` sets in bold.

use crate::support::{copy, fails, printed, storyeval};
use serde_json::Value;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

/// Ground truth and shuffled frames of the same ten stories, drawn once for all tests here.
fn runs() -> &'static [PathBuf; 2] {
    static RUNS: OnceLock<[PathBuf; 2]> = OnceLock::new();
    RUNS.get_or_init(|| {
        let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("compare");
        let _ = fs::remove_dir_all(&folder);
        ["ground-truth", "shuffled"].map(|model| {
            let out = folder.join(model);
            let mut run = storyeval();
            run.args([
                "run",
                "--dataset",
                "minisv",
                "--model",
                model,
                "--limit",
                "10",
            ]);
            run.args(["--skip", "captioner,locator"]);
            run.arg("--out").arg(&out).assert().success();
            out
        })
    })
}

fn compare(paths: &[&Path], more: &[&str]) -> assert_cmd::Command {
    let mut command = storyeval();
    command
        .arg("compare")
        .args(paths)
        .args(["--resamples", "1000"])
        .args(more);
    command
}

fn json(paths: &[&Path], more: &[&str]) -> Value {
    let mut command = compare(paths, more);
    serde_json::from_slice(&printed(command.args(["--format", "json"]))).unwrap()
}

fn finding<'a>(study: &'a Value, metric: &str, slice: &str) -> &'a Value {
    let findings = study["candidates"][0]["findings"].as_array().unwrap();
    let this = |f: &&Value| f["metric"] == metric && f["slice"] == slice;
    findings.iter().find(this).unwrap()
}

#[test]
fn shuffled_frames_are_worse_and_the_verdict_says_so() {
    let [truth, shuffled] = runs();
    let study = json(&[truth, shuffled], &[]);
    let against = &study["candidates"][0];
    assert_eq!(against["verdict"]["word"], "worse");
    let sentence = against["verdict"]["sentence"].as_str().unwrap();
    assert!(
        sentence.contains("shuffled is worse than ground-truth"),
        "{sentence}"
    );
    let clip = finding(&study, "clip_ii", "all");
    let number = |name: &str| clip[name].as_f64().unwrap();
    let apart = number("candidate") - number("base") - number("difference");
    assert!(apart.abs() < 1e-12);
    assert_eq!(
        (clip["stories"].as_u64(), &study["stories"]),
        (Some(10), &Value::from(10))
    );
    // Interval and p are of one t.
    assert!(number("p") < 0.05, "{clip}");
    assert_eq!(
        (&clip["p_method"], &clip["interval_method"]),
        (&"t".into(), &"t".into())
    );
    let tests = against["findings"].as_array().unwrap().iter();
    let on_all = tests
        .filter(|f| f["slice"] == "all" && f["p"].is_number())
        .count() as f64;
    assert!(number("p_holm") <= number("p") * on_all + 1e-12 && number("p_holm") >= number("p"));
    assert!(number("detectable") > 0.0 && number("effect") < 0.0);
    let [low, high] = [0, 1].map(|end| clip["interval"][end].as_f64().unwrap());
    assert!(low < number("difference") && number("difference") < high && high < 0.0);
    for slice in ["pronoun", "no_pronoun", "frame_1", "frame_4"] {
        finding(&study, "clip_ii", slice);
    }
    let changed = against["changed"].as_array().unwrap();
    assert!(!changed.is_empty() && changed[0]["captions"].as_array().unwrap().len() == 4);
}

#[test]
fn the_values_are_those_of_the_scores() {
    let [truth, shuffled] = runs();
    let study = json(&[truth, shuffled], &["--metrics", "all"]);
    for (run, side) in [(truth, "base"), (shuffled, "candidate")] {
        let text = fs::read_to_string(run.join("scores.json")).unwrap();
        let scores: Value = serde_json::from_str(&text).unwrap();
        let mut compared = 0;
        for score in scores["scores"].as_array().unwrap() {
            let metric = score["metric"].as_str().unwrap();
            if metric.ends_with("_gt") || !score["value"].is_number() {
                continue;
            }
            let found = finding(&study, metric, score["slice"].as_str().unwrap());
            assert_eq!(found[side], score["value"], "{score}");
            compared += 1;
        }
        assert!(compared > 60, "{compared}");
    }
}

#[test]
fn a_run_does_not_differ_from_itself() {
    let [truth, _] = runs();
    let study = json(&[truth, truth], &[]);
    assert_eq!(study["candidates"][0]["verdict"]["word"], "no-difference");
    let clip = finding(&study, "clip_ii", "all");
    assert_eq!(
        (clip["difference"].as_f64(), clip["p"].as_f64()),
        (Some(0.0), Some(1.0))
    );
    assert_eq!(
        study["candidates"][0]["changed"].as_array().unwrap().len(),
        0
    );
}

#[test]
fn every_format_is_printed_and_the_same_seed_prints_the_same() {
    let [truth, shuffled] = runs();
    let pair: [&Path; 2] = [truth, shuffled];
    let text = |format: &str| {
        let mut command = compare(
            &pair,
            &[
                "--metrics",
                "char_acc,fid",
                "--top",
                "1",
                "--format",
                format,
            ],
        );
        String::from_utf8(printed(&mut command)).unwrap()
    };
    let markdown = text("md");
    for words in [
        "Verdict: ",
        "| metric",
        "FID",
        "p (Holm)",
        "by character",
        "stories that changed most",
    ] {
        assert!(markdown.contains(words), "`{words}` is not in:\n{markdown}");
    }
    assert_eq!(markdown, text("md"));
    assert!(text("latex").contains("\\toprule"));
    assert!(text("html").contains("<table"));
    let csv = text("csv");
    let mut lines = csv::Reader::from_reader(csv.as_bytes());
    assert!(lines.headers().unwrap().iter().any(|name| name == "p_holm"));
    assert!(lines.records().count() > 8);
}

#[test]
fn frames_that_one_run_lacks_are_left_out_on_both_sides_and_counted() {
    let [truth, _] = runs();
    // Six stories against ten: other stories, so another signature, unless forced.
    let folder = tempfile::tempdir().unwrap();
    let few = folder.path().join("few");
    let mut run = storyeval();
    run.args([
        "run",
        "--dataset",
        "minisv",
        "--model",
        "shuffled",
        "--limit",
        "6",
    ]);
    run.args(["--skip", "captioner,locator"]);
    run.arg("--out").arg(&few).assert().success();
    fails(&mut compare(&[truth, &few], &[])).says(98, &["subset", "--force-incomparable"]);
    let study = json(&[truth, &few], &["--force-incomparable"]);
    assert_eq!(
        (&study["stories"], &study["frames"]),
        (&Value::from(6), &Value::from(24))
    );
    let notes = study["notes"].to_string();
    assert!(
        notes.contains("16 frames") && notes.contains("forced together"),
        "{notes}"
    );
}

#[test]
fn seeds_add_their_part_of_the_uncertainty() {
    let [truth, shuffled] = runs();
    let folder = tempfile::tempdir().unwrap();
    let group = folder.path().join("shuffled");
    for seed in [0, 1, 2] {
        let out = group.join(format!("seed-{seed}"));
        if seed == 0 {
            copy(shuffled, &out);
            continue;
        }
        let mut run = storyeval();
        run.args([
            "run",
            "--dataset",
            "minisv",
            "--model",
            "shuffled",
            "--limit",
            "10",
        ]);
        run.args(["--skip", "captioner,locator", "--seed", &seed.to_string()]);
        run.arg("--out").arg(&out).assert().success();
    }
    let study = json(&[truth, &group], &[]);
    let clip = finding(&study, "clip_ii", "all");
    let seeds = &clip["seeds"];
    assert_eq!(seeds["seeds"], serde_json::json!([1, 3]));
    assert_eq!(seeds["freedom"], serde_json::json!([0, 2]));
    let share = seeds["share"].as_f64().unwrap();
    assert!(share > 0.0 && share < 1.0, "{seeds}");
    assert!(clip["remarks"].to_string().contains("one seed"));
    // On both sides: the test is of the models.
    let study = json(&[&group, &group], &[]);
    let clip = finding(&study, "clip_ii", "all");
    assert_eq!(
        (clip["p_method"].as_str(), clip["difference"].as_f64()),
        (Some("t"), Some(0.0))
    );
    // The mean over seeds is what is compared.
    let mean: f64 = (0..3)
        .map(|seed| {
            let path = group.join(format!("seed-{seed}/scores.json"));
            let scores: Value = serde_json::from_str(&fs::read_to_string(path).unwrap()).unwrap();
            let all = scores["scores"].as_array().unwrap();
            let this = |s: &&Value| s["metric"] == "clip_ii" && s["slice"] == "all";
            all.iter().find(this).unwrap()["value"].as_f64().unwrap()
        })
        .sum::<f64>()
        / 3.0;
    assert!((clip["base"].as_f64().unwrap() - mean).abs() < 1e-12);
}

#[test]
fn the_best_is_bold_where_it_is_earned() {
    let [truth, shuffled] = runs();
    let table = |paths: &[&Path], more: &[&str]| {
        let mut command = storyeval();
        command
            .arg("table")
            .args(paths)
            .args(["--columns", "clip_ii,lpips"])
            .args(more);
        String::from_utf8(printed(&mut command)).unwrap()
    };
    let bold = table(&[truth, shuffled], &["--slices", "all"]);
    assert_eq!(bold.matches("**").count(), 4, "{bold}");
    assert!(bold.contains("In bold"), "{bold}");
    assert!(!table(&[truth, shuffled], &["--no-bold"]).contains("**"));
    // The same run twice: nothing is best.
    assert!(!table(&[truth, truth], &[]).contains("**"));
    // Without observations it is not known, unless the two are far apart by their own intervals.
    let folder = tempfile::tempdir().unwrap();
    let bare = folder.path().join("bare");
    copy(shuffled, &bare);
    fs::remove_file(bare.join("observed.json")).unwrap();
    let text = fs::read_to_string(bare.join("scores.json")).unwrap();
    let mut scores: Value = serde_json::from_str(&text).unwrap();
    scores.as_object_mut().unwrap().remove("sha256");
    for score in scores["scores"].as_array_mut().unwrap() {
        if let Some(value) = score["value"].as_f64() {
            score["value"] = Value::from(value * 0.999 + 0.001);
        }
    }
    fs::write(bare.join("scores.json"), scores.to_string()).unwrap();
    let unknown = table(&[shuffled, &bare], &[]);
    assert!(unknown.contains("Not tested, so not in bold"), "{unknown}");
    // Nor with observations of an earlier version, whose scores are shown all the same.
    let observed = fs::read_to_string(shuffled.join("observed.json")).unwrap();
    let mut observed: Value = serde_json::from_str(&observed).unwrap();
    observed["format"] = 1.into();
    fs::write(bare.join("observed.json"), observed.to_string()).unwrap();
    assert_eq!(table(&[shuffled, &bare], &[]), unknown);
}

#[test]
fn bad_input_is_named() {
    let [truth, shuffled] = runs();
    let folder = tempfile::tempdir().unwrap();
    let nothing = folder.path().join("nothing");
    fails(&mut compare(&[truth, &nothing], &[])).says(2, &["nothing", "hint: "]);
    fails(&mut compare(&[truth, folder.path()], &[])).says(2, &["no run", "hint: "]);
    fails(&mut compare(&[truth, shuffled], &["--metrics", "fidd"])).says(2, &["fidd", "fid"]);
    fails(&mut compare(&[truth, shuffled], &["--slices", "frame_9"])).says(2, &["frame_9"]);
    let damaged = folder.path().join("damaged");
    copy(shuffled, &damaged);
    let path = damaged.join("observations.parquet");
    let bytes = fs::read(&path).unwrap();
    fs::write(&path, &bytes[..bytes.len() / 2]).unwrap();
    fails(&mut compare(&[truth, &damaged], &[])).says(97, &["observations.parquet", "hint: "]);
    fs::remove_file(damaged.join("observed.json")).unwrap();
    fails(&mut compare(&[truth, &damaged], &[])).says(5, &["not observed", "hint: "]);
    fs::remove_file(damaged.join("scores.json")).unwrap();
    fails(&mut compare(&[truth, &damaged], &[]))
        .says(5, &["no scores", "goes on where it stopped"]);
}

#[test]
fn nothing_is_locked_or_written() {
    let [truth, shuffled] = runs();
    let before = listing(truth);
    compare(&[truth, shuffled], &["--metrics", "lpips"])
        .assert()
        .success();
    assert_eq!(listing(truth), before);
}

fn listing(folder: &Path) -> Vec<(PathBuf, u64)> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let entry = entry.unwrap();
        found.push((entry.path(), entry.metadata().unwrap().len()));
    }
    found.sort();
    found
}
