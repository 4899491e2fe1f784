//! `storyeval paper`: published tables, alone and with runs.

use crate::support::{fails, ground_truth, printed, storyeval};
use serde_json::Value;
use std::fmt::Write;
use std::fs;
use std::path::{Path, PathBuf};
use storyeval::record::sha256_hex;

/// Every table that there is.
fn ids() -> Vec<String> {
    let list: Value = serde_json::from_slice(&printed(
        storyeval().args(["paper", "ls", "--format", "json"]),
    ))
    .unwrap();
    let tables = list.as_array().unwrap().iter();
    tables
        .map(|table| table["table"].as_str().unwrap().to_owned())
        .collect()
}

fn text(arguments: &[&str]) -> String {
    String::from_utf8(printed(storyeval().arg("paper").args(arguments))).unwrap()
}

#[test]
fn every_table_is_printed_in_every_format() {
    let folder = tempfile::tempdir().unwrap();
    let ids = ids();
    assert!(ids.len() >= 14, "{ids:?}");
    let mut hashes = String::new();
    for (format, ending) in [
        ("md", "md"),
        ("latex", "tex"),
        ("html", "html"),
        ("csv", "csv"),
        ("json", "json"),
    ] {
        printed(
            storyeval()
                .args(["paper", "all", "--format", format, "--out"])
                .arg(folder.path()),
        );
        for id in ids.iter().map(String::as_str).chain(["index"]) {
            let path = folder.path().join("papers").join(format!("{id}.{ending}"));
            let bytes = fs::read(&path).unwrap();
            assert!(!bytes.is_empty(), "{}", path.display());
            let _ = writeln!(hashes, "{}  {id}.{ending}", sha256_hex(&bytes));
        }
    }
    // `paper-*.snap` have one of them in full, reports/papers/ all of them as Markdown.
    insta::assert_snapshot!("paper-hashes", hashes);
    let table = text(&["cvpr-supp-table-3"]);
    assert!(table.contains("Char-Acc ↑"), "{table}");
    assert!(
        table.contains("| Llama2 | 7b       |      89.08 |"),
        "{table}"
    );
    assert_eq!(text(&[]), text(&["ls"]));
    // Numbers and texts as they are printed, whatever the format.
    assert!(
        text(&["cvpr-supp-long", "--format", "latex"]).contains("225.75 sec & 75.92 GB & 63.40")
    );
    assert!(text(&["arxiv-table-1", "--format", "csv"]).contains(",.5070,0.507,score,"));
}

/// What lies in `reports/papers/` is what the program prints.
#[test]
fn the_committed_tables_are_up_to_date() {
    let folder = tempfile::tempdir().unwrap();
    printed(
        storyeval()
            .args(["paper", "all", "--out"])
            .arg(folder.path()),
    );
    let committed = Path::new(env!("CARGO_MANIFEST_DIR")).join("reports/papers");
    for entry in fs::read_dir(folder.path().join("papers")).unwrap() {
        let made = entry.unwrap().path();
        let there = committed.join(made.file_name().unwrap());
        assert_eq!(
            fs::read_to_string(&made).unwrap(),
            fs::read_to_string(&there).unwrap(),
            "`storyeval paper all` makes another {}",
            there.display()
        );
    }
}

#[test]
fn unknown_tables_and_rows_are_refused_with_what_was_meant() {
    fails(storyeval().args(["paper", "cvpr-table-3"])).says(
        2,
        &[
            "no published table is called `cvpr-table-3`",
            "storyeval paper cvpr-supp-table-3",
        ],
    );
    fails(storyeval().args(["paper", "../../etc/passwd"])).says(2, &["storyeval paper ls"]);
    fails(storyeval().args(["paper", "ls", "--with", "runs/x"])).says(2, &["no table is named"]);
}

#[test]
fn folders_that_are_no_runs_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    let with = |run: &Path| {
        let mut command = storyeval();
        command
            .args(["paper", "cvpr-supp-charldm", "--with"])
            .arg(run);
        fails(&mut command)
    };
    with(&folder.path().join("nowhere")).says(2, &["nowhere", "hint:"]);
    let run = folder.path().join("run");
    ground_truth(&run, &[]).assert().success();
    let spoil = |name: &str, change: &dyn Fn(&str) -> String| {
        let spoilt = folder.path().join("spoilt");
        let _ = fs::remove_dir_all(&spoilt);
        fs::create_dir(&spoilt).unwrap();
        for file in ["manifest.json", "scores.json"] {
            let text = fs::read_to_string(run.join(file)).unwrap();
            let text = if file == name { change(&text) } else { text };
            fs::write(spoilt.join(file), text).unwrap();
        }
        spoilt
    };
    let truncated = |text: &str| text[..text.len() / 2].to_owned();
    with(&spoil("scores.json", &truncated)).says(97, &["scores.json"]);
    with(&spoil("manifest.json", &truncated)).says(97, &["manifest.json"]);
    // Without a hash of its own, as an earlier program wrote it.
    let of_another = |text: &str| {
        let (rest, _) = text.split_once(",\n  \"sha256\"").unwrap();
        rest.replace("\"model\": \"ground-truth\"", "\"model\": \"storygpt-v\"") + "}"
    };
    let changed =
        |text: &str| text.replace("\"model\": \"ground-truth\"", "\"model\": \"storygpt-v\"");
    with(&spoil("scores.json", &changed)).says(97, &["scores.json has hash"]);
    with(&spoil("scores.json", &of_another))
        .says(97, &["the scores are not of this run", "storyeval score"]);
    // The data set's card names its usual split too, before the run's own.
    let no_cards = |text: &str| {
        let (before, after) = text.rsplit_once("\"split\": \"test\"").unwrap();
        format!("{before}\"split\": 7{after}")
    };
    with(&spoil("manifest.json", &no_cards)).says(97, &["made by another version of storyeval"]);
    let unscored = spoil("manifest.json", &str::to_owned);
    fs::remove_file(unscored.join("scores.json")).unwrap();
    with(&unscored).says(5, &["no scores", "goes on where it stopped"]);
    // A folder of several seeds counts as one run per seed.
    let seeds = folder.path().join("seeds");
    for seed in ["seed-0", "seed-1"] {
        fs::create_dir_all(seeds.join(seed)).unwrap();
        for file in ["manifest.json", "scores.json"] {
            fs::copy(run.join(file), seeds.join(seed).join(file)).unwrap();
        }
    }
    let mut command = storyeval();
    command
        .args(["paper", "cvpr-supp-charldm", "--with"])
        .arg(format!("2={}", seeds.display()));
    let text = String::from_utf8(printed(&mut command)).unwrap();
    assert_eq!(text.matches("Row 2: ground-truth in").count(), 2, "{text}");
    // A folder called like an assignment is a folder.
    let odd = folder.path().join("2=x");
    fs::rename(&run, &odd).unwrap();
    let mut command = storyeval();
    command
        .current_dir(folder.path())
        .args(["paper", "cvpr-supp-charldm", "--with", "2=x"]);
    let output = command.output().unwrap();
    assert!(output.status.success());
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(said.contains("no row is of model ground-truth"), "{said}");
}

/// A run that a test may dress up as one on FlintstonesSV.
struct Dressed(PathBuf);

impl Dressed {
    fn new(folder: &Path, minisv: &Path) -> Self {
        let run = folder.join("dressed");
        fs::create_dir(&run).unwrap();
        for file in ["manifest.json", "scores.json"] {
            fs::copy(minisv.join(file), run.join(file)).unwrap();
        }
        let dressed = Self(run);
        dressed.edit("manifest.json", |manifest| {
            manifest["identity"]["model"] = "storygpt-v".into();
            manifest["cards"]["model"] = card("model", "storygpt-v");
            manifest["cards"]["dataset"] = card("dataset", "flintstones");
            manifest["cards"]["subset"] = "test/followers-3".into();
        });
        dressed.edit("scores.json", |scores| {
            scores["model"] = "storygpt-v".into();
            for score in scores["scores"].as_array_mut().unwrap() {
                let signature = score["signature"].as_str().unwrap();
                let signature = signature.replace("followers-3[:2]", "followers-3");
                score["signature"] = signature.into();
                if score["metric"] == "char_acc" && score["slice"] == "all" {
                    score["value"] = 88.3.into();
                    score["interval"] = vec![88.0, 88.448].into();
                }
                if score["metric"] == "char_f1" && score["slice"] == "all" {
                    score["value"] = 90.0.into();
                    score["interval"] = vec![89.0, 91.0].into();
                }
                // The protocol drops an incomplete last batch of 16 stories, so two have no FID.
                if score["metric"] == "fid" && score["slice"] == "all" {
                    score["value"] = 21.7.into();
                    score["interval"] = vec![21.0, 22.0].into();
                    score.as_object_mut().unwrap().remove("unscored");
                }
            }
        });
        dressed
    }

    fn edit(&self, file: &str, change: impl Fn(&mut Value)) {
        let path = self.0.join(file);
        let mut value = serde_json::from_str(&fs::read_to_string(&path).unwrap()).unwrap();
        change(&mut value);
        // Its own hash would tell.
        value.as_object_mut().map(|it| it.remove("sha256"));
        fs::write(path, serde_json::to_string(&value).unwrap()).unwrap();
    }
}

/// A card as manifests hold it.
fn card(kind: &str, id: &str) -> Value {
    if kind == "model" {
        serde_json::to_value(storyeval::card::model(id).unwrap()).unwrap()
    } else {
        serde_json::to_value(storyeval::card::dataset(id).unwrap()).unwrap()
    }
}

#[test]
fn runs_get_verdicts() {
    let folder = tempfile::tempdir().unwrap();
    let run = folder.path().join("minisv");
    ground_truth(&run, &["--protocol", "storygptv-released"])
        .assert()
        .success();
    let dressed = Dressed::new(folder.path(), &run);
    let mut command = storyeval();
    command
        .args(["paper", "cvpr-supp-charldm", "--format", "json", "--with"])
        .arg(&dressed.0)
        .arg(format!("char-ldm={}", run.display()));
    let found: Value = serde_json::from_slice(&printed(&mut command)).unwrap();
    let finding = |row: u64, metric: &str| -> Value {
        let findings = found["findings"].as_array().unwrap();
        let one = findings
            .iter()
            .find(|f| f["row"] == row && f["metric"] == metric);
        one.unwrap_or_else(|| panic!("{found}")).clone()
    };
    let accuracy = finding(2, "char_acc");
    assert_eq!(accuracy["verdict"], "reproduced", "{accuracy}");
    assert_eq!(accuracy["printed"], "88.45");
    assert!((accuracy["difference"].as_f64().unwrap() + 0.15).abs() < 1e-9);
    assert_eq!(finding(2, "char_f1")["verdict"], "differs");
    let fid = finding(2, "fid");
    assert_eq!(fid["verdict"], "not-comparable");
    assert!(
        fid["reasons"][0]
            .as_str()
            .unwrap()
            .contains("published with 512"),
        "{fid}"
    );
    let mini = finding(1, "char_acc");
    assert_eq!(
        mini["reasons"],
        serde_json::json!(["data set: minisv, published on flintstones"])
    );

    for (format, words) in [
        ("md", "| reproduced"),
        ("latex", "reproduced \\\\"),
        ("html", "<td>reproduced</td>"),
        ("csv", ",reproduced,"),
    ] {
        let mut command = storyeval();
        command
            .args(["paper", "cvpr-supp-charldm", "--format", format, "--with"])
            .arg(&dressed.0);
        let text = String::from_utf8(printed(&mut command)).unwrap();
        assert!(text.contains(words), "{text}");
    }
    let mut command = storyeval();
    command
        .args(["paper", "cvpr-supp-charldm", "--with"])
        .arg(format!("9={}", run.display()));
    fails(&mut command).says(2, &["no rows `9`", "2 (StoryGPT-V (Ours); storygpt-v)"]);
    let mut command = storyeval();
    command
        .args(["paper", "all", "--with"])
        .arg(format!("1={}", run.display()));
    fails(&mut command).says(2, &["a row is one of a single table"]);
}
