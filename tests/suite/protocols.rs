//! Protocols on the command line, and every metric of a run.

use crate::support::{cache, fails, ground_truth, storyeval};
use predicates::prelude::PredicateBooleanExt;
use predicates::str::contains;
use serde_json::Value;
use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use storyeval::metric::Metric;

fn scores(run: &Path) -> Value {
    serde_json::from_str(&fs::read_to_string(run.join("scores.json")).unwrap()).unwrap()
}

/// The score of a metric on all frames.
fn of_all<'a>(scores: &'a Value, metric: &str) -> &'a Value {
    scores["scores"]
        .as_array()
        .unwrap()
        .iter()
        .find(|score| score["metric"] == metric && score["slice"] == "all")
        .unwrap_or_else(|| panic!("no {metric}"))
}

#[test]
fn real_frames_have_the_best_value_of_every_metric() {
    let folder = tempfile::tempdir().unwrap();
    ground_truth(&folder.path().join("run"), &[])
        .assert()
        .success();
    let scores = scores(&folder.path().join("run"));
    let value = |metric| of_all(&scores, metric)["value"].as_f64().unwrap();
    let best = [
        ("char_acc", 100.0),
        ("char_f1", 100.0),
        ("char_f1_macro", 100.0),
        ("bg_acc", 100.0),
        ("fid", 0.0),
        ("precision", 1.0),
        ("coverage", 1.0),
        ("bleu4", 1.0),
        ("clip_ii", 1.0),
        ("lpips", 0.0),
    ];
    for (metric, wanted) in best {
        let found = value(metric);
        // Classes that two stories do not have count 0 in the macro average, as in scikit-learn.
        if metric == "char_f1_macro" {
            assert!(found > 0.0 && found <= wanted);
        } else {
            assert!((found - wanted).abs() < 1e-6, "{metric} {found}");
        }
    }
    assert!(value("cider") > 1.0);
    assert!(value("clip_ti") > 0.5);
    // Eight frames cannot be cut into ten splits: a reason, and no made-up number.
    assert!(
        of_all(&scores, "is")["unscored"]
            .as_str()
            .unwrap()
            .contains("splits")
    );
    assert!((value("consistency") - value("consistency_gt")).abs() < 1e-9);
    for score in scores["scores"].as_array().unwrap() {
        let text = score.to_string();
        let metric = Metric::find(score["metric"].as_str().unwrap()).unwrap();
        let version = format!("|v:{}", metric.version);
        assert!(
            score["signature"].as_str().unwrap().ends_with(&version),
            "{text}"
        );
        assert!(
            score["value"].is_number() != score["unscored"].is_string(),
            "{text}"
        );
    }
}

#[test]
fn a_protocol_scores_only_what_it_has_a_section_for() {
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().join("run");
    ground_truth(&out, &["--protocol", "clean-fid"])
        .assert()
        .success();
    let scores = scores(&out);
    let metrics: Vec<&str> = scores["scores"]
        .as_array()
        .unwrap()
        .iter()
        .map(|score| score["metric"].as_str().unwrap())
        .collect();
    assert_eq!(metrics, ["fid", "kid"]);
    assert!(
        of_all(&scores, "fid")["signature"]
            .as_str()
            .unwrap()
            .contains("pixels:pillow-f32-bicubic-64+squash+centred128")
    );
}

#[test]
fn a_network_may_be_left_out_and_its_metrics_say_so() {
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().join("run");
    ground_truth(&out, &["--skip", "clip,captioner"])
        .assert()
        .success();
    let scores = scores(&out);
    for metric in ["clip_ti", "clip_ii", "consistency", "bleu4", "cider"] {
        let score = of_all(&scores, metric);
        assert!(
            score["value"].is_null() && score["unscored"].is_string(),
            "{score}"
        );
        assert_eq!(score["planned"], 8);
    }
    assert!(of_all(&scores, "lpips")["value"].is_number());
}

#[test]
fn a_missing_network_is_named_with_the_way_to_do_without() {
    let mut command = storyeval();
    command.args(["run", "--dataset", "flintstones", "--model", "ground-truth"]);
    fails(&mut command).says(
        96,
        &[
            "clip-vit-b-32",
            "--skip clip",
            "inception-fid",
            "lpips-alex",
            "hint: ",
        ],
    );
}

#[test]
fn frames_are_counted_under_every_protocol() {
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().join("run");
    ground_truth(&out, &[]).assert().success();
    let effect = |more: &[&str]| {
        let output = storyeval()
            .args(["protocol", "effect"])
            .arg(&out)
            .args(more)
            .output()
            .unwrap();
        assert!(output.status.success(), "{output:?}");
        String::from_utf8(output.stdout).unwrap()
    };
    let table = effect(&[]);
    for id in [
        "strict",
        "storygptv-released",
        "make-a-story",
        "gill-vist",
        "pytorch-fid",
    ] {
        assert!(table.contains(&format!("| {id} ")), "{table}");
    }
    let json: Value = serde_json::from_str(&effect(&[
        "--protocols",
        "gill-vist,make-a-story,storydalle-64,storygptv-released,storygptv-vfid512",
        "--format",
        "json",
    ]))
    .unwrap();
    let of = |protocol: &str| {
        let all = json.as_array().unwrap();
        all.iter().find(|run| run["protocol"] == protocol).unwrap()
    };
    assert_eq!(of_all(of("strict"), "char_acc")["planned"], 8);
    assert_eq!(of_all(of("gill-vist"), "clip_ii")["planned"], 2);
    assert_eq!(of_all(of("storydalle-64"), "char_acc")["planned"], 6);
    // Scripts that read a flat folder see each clip once, and drop what does not fill a batch of 16.
    let plan = fs::read_to_string(out.join("plan.jsonl")).unwrap();
    let lines = plan
        .lines()
        .map(|line| serde_json::from_str::<Value>(line).unwrap());
    let clips: BTreeSet<String> = lines
        .flat_map(|line| line["clips"].as_array().unwrap().clone())
        .map(|clip| clip.to_string())
        .collect();
    assert!((1..8).contains(&clips.len()), "{plan}");
    for metric in ["clip_ti", "clip_ii"] {
        let clip = of_all(of("storygptv-released"), metric);
        assert_eq!(
            (&clip["n"], &clip["planned"]),
            (&clips.len().into(), &clips.len().into())
        );
        assert!(
            clip["signature"]
                .to_string()
                .contains("|repeats:last-of-clip|order:clip|")
        );
    }
    let fid = of_all(of("storygptv-vfid512"), "fid");
    assert!(
        fid["signature"]
            .to_string()
            .contains("|drop-last:16-images|order:clip|")
    );
    assert!(
        fid["warnings"]
            .to_string()
            .contains("8 of 8 scored frames are left out")
    );
    assert!(fid["unscored"].is_string());
    // All frames are compared with the labels of frame 1.
    let accuracy = of_all(of("make-a-story"), "char_acc")["value"]
        .as_f64()
        .unwrap();
    assert!(accuracy < 100.0, "{accuracy}");
    // The run itself is as it was.
    assert!((of_all(&scores(&out), "char_acc")["value"].as_f64().unwrap() - 100.0).abs() < 1e-9);
    let mut command = storyeval();
    command
        .args(["protocol", "effect"])
        .arg(&out)
        .args(["--protocols", "strickt"]);
    fails(&mut command).says(2, &["did you mean `strict`"]);
}

#[test]
fn protocols_are_shown_and_compared() {
    storyeval()
        .args(["protocol", "show", "storygptv-released"])
        .assert()
        .success()
        .stdout(contains("imagenet-standardised").and(contains("drop_last")));
    storyeval()
        .args(["protocol", "diff", "strict", "storygptv-released"])
        .assert()
        .success()
        .stdout(contains("random(42)").and(contains("captions.bleu")));
    storyeval()
        .args(["protocol", "diff", "strict", "strict"])
        .assert()
        .success()
        .stdout(contains("comparable"));
    let output = storyeval()
        .args(["protocol", "show", "strict", "--format", "json"])
        .output()
        .unwrap();
    let card: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(card["sha256"].as_str().unwrap().len(), 64);
    let mut unknown = storyeval();
    fails(unknown.args(["protocol", "show", "nonsense"])).says(2, &["storyeval ls protocols"]);
}

#[test]
fn what_was_seen_on_real_frames_is_kept_and_a_damaged_cache_is_mended() {
    let folder = tempfile::tempdir().unwrap();
    let (first, second) = (folder.path().join("a/run"), folder.path().join("b/run"));
    let own = folder.path().join("cache");
    // A cache of its own, with the library and the data of the tests' cache.
    crate::support::copy(&cache(), &own);
    let _ = fs::remove_dir_all(own.join("ground-truth"));
    let draw = |out: &Path| {
        storyeval()
            .env("STORYEVAL_CACHE", &own)
            .args([
                "run",
                "--dataset",
                "minisv",
                "--model",
                "shuffled",
                "--limit",
                "2",
                "--out",
            ])
            .arg(out)
            .assert()
            .success();
    };
    draw(&first);
    let mut segments = 0;
    let keys = fs::read_dir(own.join("ground-truth")).unwrap();
    let keys = keys.map(|key| key.unwrap().path());
    // Beside the keys lies a file for taking turns.
    for key in keys.filter(|key| key.is_dir()) {
        for file in fs::read_dir(key).unwrap() {
            let path = file.unwrap().path();
            if path.extension().is_some_and(|suffix| suffix == "seg") {
                let bytes = fs::read(&path).unwrap();
                fs::write(&path, &bytes[..bytes.len() / 2]).unwrap();
                segments += 1;
            }
        }
    }
    assert_eq!(segments, 4, "features, CLIP, captions, crops");
    draw(&second);
    for name in [
        "observations.parquet",
        "scores.json",
        "features/ground_truth.npy",
    ] {
        let read = |run: &Path| fs::read(run.join(name)).unwrap();
        assert!(read(&first) == read(&second), "{name}");
    }
}
