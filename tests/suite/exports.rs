//! Runs as one long table. That pandas, pyarrow and polars read all formats alike is shown by
//! `tools/exports/check.py`.

use crate::runs::group;
use crate::support::{copy, fails, printed, storyeval};
use assert_cmd::Command;
use serde_json::Value;
use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

fn export(runs: &[&Path], what: &str) -> Command {
    let mut command = storyeval();
    command.arg("export").args(runs).args(["--what", what]);
    command
}

fn csv_rows(bytes: &[u8]) -> Vec<csv::StringRecord> {
    let mut reader = csv::Reader::from_reader(bytes);
    reader.records().map(Result::unwrap).collect()
}

fn json_rows(bytes: &[u8]) -> Vec<Value> {
    let text = std::str::from_utf8(bytes).unwrap();
    text.lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect()
}

#[test]
fn every_table_has_the_rows_of_every_run_in_every_format() {
    let (a, b) = (group().join("ground-truth"), group().join("shuffled"));
    let folder = tempfile::tempdir().unwrap();
    // Two stories of four frames: 7 characters and 12 places; about 94 scores per run.
    for (what, rows) in [
        ("observations", 16),
        ("labels", 16 * 19),
        ("captions", 0),
        ("scores", 0),
    ] {
        let csv = csv_rows(&printed(&mut export(&[&a, &b], what)));
        let json = json_rows(&printed(
            export(&[&a, &b], what).args(["--format", "jsonl"]),
        ));
        assert_eq!(csv.len(), json.len(), "{what}");
        if what != "scores" {
            assert_eq!(csv.len(), rows, "{what}");
        }
        for (line, object) in csv.iter().zip(&json) {
            let object = object.as_object().unwrap();
            assert_eq!(line.len(), object.len());
            for (field, value) in line.iter().zip(object.values()) {
                let same = match value {
                    Value::Null => field.is_empty(),
                    Value::String(text) => field == text,
                    Value::Number(number) => {
                        field.parse::<f64>().unwrap().to_bits()
                            == number.as_f64().unwrap().to_bits()
                    }
                    Value::Bool(flag) => field.parse::<bool>().unwrap() == *flag,
                    other => panic!("{what} has a list or an object: {other}"),
                };
                assert!(same, "{what}: {field} is not {value}");
            }
        }
        let out = folder.path().join(format!("{what}.parquet"));
        let mut parquet = export(&[&a, &b], what);
        parquet.arg("--out").arg(&out).assert().success();
        let bytes = fs::read(&out).unwrap();
        assert!(bytes.starts_with(b"PAR1") && bytes.ends_with(b"PAR1"));
        // The same runs give the same bytes.
        parquet.assert().success();
        assert_eq!(fs::read(&out).unwrap(), bytes);
    }
}

#[test]
fn scores_are_those_of_the_run() {
    let run = group().join("shuffled");
    let rows = json_rows(&printed(
        export(&[&run], "scores").args(["--format", "jsonl"]),
    ));
    let scores: Value =
        serde_json::from_slice(&fs::read(run.join("scores.json")).unwrap()).unwrap();
    let scores = scores["scores"].as_array().unwrap();
    assert_eq!(rows.len(), scores.len());
    for (row, score) in rows.iter().zip(scores) {
        for name in ["metric", "slice", "value", "n", "planned", "signature"] {
            assert_eq!(row[name], score[name]);
        }
        assert_eq!(row["low"], score["interval"][0]);
        assert_eq!(row["model"], "shuffled");
    }
}

#[test]
fn hostile_names_stay_text() {
    let folder = tempfile::tempdir().unwrap();
    let run = folder.path().join("=cmd|' ,\"x\"");
    copy(&group().join("shuffled"), &run);
    let manifest = fs::read_to_string(run.join("manifest.json")).unwrap();
    let hostile = manifest.replacen(
        "\"model\": \"shuffled\"",
        "\"model\": \"=HYPERLINK(\\\"x\\\")\\n,\"",
        1,
    );
    fs::write(run.join("manifest.json"), hostile).unwrap();
    let rows = csv_rows(&printed(&mut export(&[&run], "scores")));
    let names: BTreeSet<(&str, &str)> = rows.iter().map(|row| (&row[1], &row[4])).collect();
    let expected = ("'=cmd|' ,\"x\"", "'=HYPERLINK(\"x\")\n,");
    assert_eq!(names, BTreeSet::from([expected]));
    let json = json_rows(&printed(
        export(&[&run], "scores").args(["--format", "jsonl"]),
    ));
    assert_eq!(json[0]["model"], "=HYPERLINK(\"x\")\n,");
}

#[test]
fn what_cannot_be_exported_is_named_and_leaves_no_file() {
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path();
    let run = |name: &str| {
        let to = root.join(name);
        copy(&group().join("shuffled"), &to);
        to
    };
    let whole = run("whole");
    let out = root.join("out.csv");
    let said = |damaged: &Path, what: &str| {
        let mut command = export(&[&whole, damaged], what);
        let said = fails(command.arg("--out").arg(&out));
        assert!(!out.exists());
        said
    };
    let unscored = run("unscored");
    fs::remove_file(unscored.join("scores.json")).unwrap();
    said(&unscored, "scores").says(5, &["unscored", "storyeval score"]);
    let unseen = run("unseen");
    fs::remove_file(unseen.join("observed.json")).unwrap();
    said(&unseen, "observations").says(5, &["unseen", "storyeval observe"]);
    let cut = run("cut");
    let bytes = fs::read(cut.join("observations.parquet")).unwrap();
    fs::write(cut.join("observations.parquet"), &bytes[..bytes.len() / 2]).unwrap();
    said(&cut, "labels").says(97, &["cut", "hint: "]);
    let bad = run("bad");
    fs::write(bad.join("scores.json"), "{\"scores\": 1e999}").unwrap();
    said(&bad, "scores").says(97, &["scores.json", "hint: "]);
    said(&root.join("nowhere"), "scores").says(2, &["nowhere", "hint: "]);
    said(&whole.join("../whole"), "scores").says(2, &["twice", "hint: "]);
    let mut parquet = export(&[&whole], "scores");
    fails(parquet.args(["--format", "parquet"])).says(2, &["--out", "hint: "]);
    let mut nowhere = export(&[&whole], "scores");
    fails(nowhere.arg("--out").arg(root.join("no/where.csv"))).says(110, &["hint: "]);
}

#[cfg(target_os = "linux")]
#[test]
fn a_full_disk_is_reported() {
    let full = fs::OpenOptions::new()
        .write(true)
        .open("/dev/full")
        .unwrap();
    let output = std::process::Command::new(env!("CARGO_BIN_EXE_storyeval"))
        .arg("export")
        .arg(group().join("shuffled"))
        .args(["--what", "scores"])
        .stdout(full)
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(110));
    assert!(
        String::from_utf8(output.stderr)
            .unwrap()
            .contains("error: ")
    );
}

#[test]
fn frames_and_real_frames_are_named_by_their_files() {
    let (truth, shuffled) = (group().join("ground-truth"), group().join("shuffled"));
    let named = |more: &[&str]| {
        let mut command = export(&[&shuffled], "observations");
        json_rows(&printed(command.args(["--format", "jsonl"]).args(more)))
    };
    for row in named(&[]) {
        assert!(Path::new(row["path"].as_str().unwrap()).is_file());
        assert!(row["truth_path"].is_null());
    }
    let rows = named(&["--truth", truth.to_str().unwrap()]);
    assert_eq!(rows.len(), 8);
    for row in rows {
        let (path, real) = (
            row["path"].as_str().unwrap(),
            row["truth_path"].as_str().unwrap(),
        );
        assert!(Path::new(real).is_file() && real.contains("ground-truth"));
        let end = |path: &str| path.rsplit("frames/").next().unwrap().to_owned();
        assert_eq!(end(path), end(real));
    }
    let said = fails(
        export(&[&truth], "observations")
            .arg("--truth")
            .arg(&shuffled),
    );
    assert_eq!(said.code, 2);
    assert!(
        said.stderr.contains("not of ground-truth"),
        "{}",
        said.stderr
    );
}
