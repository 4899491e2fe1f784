//! `metric audit`: faults that are put in on purpose are seen by the metrics that should see them, and
//! only by those.

use crate::support::{fails, storyeval};
use serde_json::Value;
use std::fs;
use std::path::{Path, PathBuf};

/// A card of the user's own.
fn protocol(folder: &Path) -> PathBuf {
    let cards = Path::new(env!("CARGO_MANIFEST_DIR")).join("eval-configs/protocols");
    let path = folder.join("own.toml");
    fs::copy(cards.join("strict.toml"), &path).unwrap();
    path
}

fn audit(out: &Path, protocol: &Path, more: &[&str]) -> Value {
    let mut command = storyeval();
    command
        .arg("metric")
        .arg("audit")
        .arg("--protocol")
        .arg(protocol);
    command.args(["--stories", "4", "--format", "json"]);
    command.args(more).arg("--out").arg(out);
    let output = command.output().unwrap();
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{stderr}");
    serde_json::from_slice(&output.stdout).unwrap()
}

/// Damage of a fault at strength 5.
fn damage(answer: &Value, metric: &str, fault: &str) -> f64 {
    let with = |list: &Value, key: &str, name: &str| -> Value {
        let found = list
            .as_array()
            .unwrap()
            .iter()
            .find(|entry| entry[key] == name);
        found.unwrap_or_else(|| panic!("no {name}")).clone()
    };
    let row = with(&answer["rows"], "metric", metric);
    with(&row["cells"], "fault", fault)["damage"][4]
        .as_f64()
        .unwrap()
}

#[test]
fn each_fault_is_seen_by_the_metric_for_it() {
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().join("new/audit");
    let answer = audit(&out, &protocol(folder.path()), &["--skip", "captioner"]);
    let damage = |metric, fault| damage(&answer, metric, fault);
    assert!(damage("char_acc", "swapped-character") > 0.5);
    assert!(damage("bg_acc", "swapped-character").abs() < 0.2);
    assert!(damage("bg_acc", "wrong-background") > 0.5);
    assert!(damage("char_acc", "wrong-background").abs() < 0.2);
    assert!(damage("lpips", "blur") > 0.1);
    assert!(damage("lpips", "noise") > 0.1);
    assert!(damage("clip_ti", "shifted-captions") > 0.1);
    // A metric of sets cannot know the order of frames; consistency takes repetition for merit.
    assert!(damage("fid", "shifted-captions").abs() < 1e-6);
    assert!(damage("consistency", "repeated-frame") < 0.0);

    // Of every condition the CSV has every metric, and nothing else is left in the folder.
    let mut names: Vec<_> = fs::read_dir(&out)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    assert_eq!(names, ["audit.csv", "audit.svg"]);
    let csv = fs::read_to_string(out.join("audit.csv")).unwrap();
    assert!(
        csv.starts_with("fault,strength,metric,value,low,high,n,"),
        "{csv}"
    );
    assert_eq!(
        csv.lines()
            .filter(|line| line.contains(",char_acc,"))
            .count(),
        33
    );
    assert!(csv.contains("\nnone,0,char_acc,"));
    assert!(csv.contains("\nblur,5,lpips,"));
    let svg = fs::read_to_string(out.join("audit.svg")).unwrap();
    assert!(svg.starts_with("<svg ") && svg.contains("swapped-character"));
}

#[test]
fn the_same_seed_gives_the_same_numbers_and_the_table_is_markdown() {
    let folder = tempfile::tempdir().unwrap();
    let few = ["--skip", "captioner,clip,lpips,features"];
    let card = protocol(folder.path());
    let run = |name: &str, seed: &str| {
        let out = folder.path().join(name);
        let mut command = storyeval();
        command.args(["metric", "audit", "--stories", "2", "--seed", seed]);
        command.arg("--protocol").arg(&card);
        let output = command.args(few).arg("--out").arg(&out).output().unwrap();
        assert!(output.status.success());
        let table = String::from_utf8(output.stdout).unwrap();
        (table, fs::read_to_string(out.join("audit.csv")).unwrap())
    };
    let (table, csv) = run("one", "5");
    assert_eq!((table.clone(), csv.clone()), run("two", "5"));
    assert_ne!(csv, run("three", "6").1);
    assert!(table.contains("| char_acc"), "{table}");
    assert!(!table.contains('±'), "{table}");
    assert!(
        table.contains("damage = movement towards worse / range"),
        "{table}"
    );
}

#[test]
fn several_seeds_give_means_and_spreads() {
    let folder = tempfile::tempdir().unwrap();
    let few = ["--skip", "captioner,clip,lpips,features,locator"];
    let card = protocol(folder.path());
    let at = |name: &str| folder.path().join(name);
    // What a killed study left there before is gone afterwards, and what is somebody's own is not.
    let mark = "A folder of `storyeval metric audit`, removed when the study ends.\n";
    for (name, words) in [(".audit-killed", mark), (".audit-mine", "mine\n")] {
        let run = at("both").join(name).join("run");
        fs::create_dir_all(&run).unwrap();
        fs::write(run.parent().unwrap().join("storyeval-audit"), words).unwrap();
    }
    let one = |seed: &str| {
        let more = [&few[..], &["--seed", seed]].concat();
        audit(&at(seed), &card, &more)
    };
    let single = [one("3"), one("4")];
    let more = [&few[..], &["--seed", "3", "--seeds", "2"]].concat();
    let both = audit(&at("both"), &card, &more);
    assert!(!at("both").join(".audit-killed").exists());
    assert!(at("both").join(".audit-mine/run").exists());
    assert_eq!(both["seeds"], serde_json::json!([3, 4]));
    for (metric, fault) in [
        ("char_acc", "swapped-character"),
        ("bg_acc", "wrong-background"),
        ("char_f1", "repeated-frame"),
    ] {
        let values = [&single[0], &single[1]].map(|answer| damage(answer, metric, fault));
        let mean = f64::midpoint(values[0], values[1]);
        assert!(
            (damage(&both, metric, fault) - mean).abs() < 1e-9,
            "{metric}"
        );
    }
    let csv = |name: &str| fs::read_to_string(at(name).join("audit.csv")).unwrap();
    // Every line of either seed, and the real frames, which were observed once, under both.
    let lines = |name: &str| {
        csv(name)
            .lines()
            .skip(1)
            .map(str::to_owned)
            .collect::<Vec<_>>()
    };
    assert_eq!(lines("both"), [lines("3"), lines("4")].concat());
    let mut command = storyeval();
    command.args(["metric", "audit", "--stories", "2", "--seeds", "2"]);
    let output = command
        .arg("--protocol")
        .arg(&card)
        .args(few)
        .output()
        .unwrap();
    let table = String::from_utf8(output.stdout).unwrap();
    assert!(table.contains("mean of seeds 0 to 1"), "{table}");
    assert!(
        table.contains(" ±") && table.contains("means over seeds"),
        "{table}"
    );
}

#[test]
fn what_cannot_be_audited_is_said_before_the_work() {
    let audit = |arguments: &[&str]| {
        let mut command = storyeval();
        command.args(["metric", "audit"]).args(arguments);
        command
    };
    for bad in [
        ["--stories", "0"],
        ["--stories", "1"],
        ["--stories", "-3"],
        ["--seed", "x"],
        ["--seeds", "0"],
        ["--format", "pdf"],
        ["--skip", "eyes"],
    ] {
        fails(&mut audit(&bad)).says(2, &["error: "]);
    }
    fails(&mut audit(&["--protocol", "stict"])).says(2, &["stict", "hint: "]);
    fails(&mut audit(&["--dataset", "minivs"])).says(2, &["minivs", "hint: "]);
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("file");
    fs::write(&file, "").unwrap();
    fails(audit(&[]).arg("--out").arg(file.join("audit"))).says(110, &["file/audit", "hint: "]);
    let all = "characters,backgrounds,features,clip,lpips,captioner";
    fails(&mut audit(&["--stories", "2", "--skip", all])).says(2, &["no metric", "hint: "]);
}
