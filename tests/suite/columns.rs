//! Metrics that the user brings: a built-in one that is exported and joined again is the same number everywhere.

use crate::support::{copy, fails, printed, shared, storyeval};
use serde_json::Value;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;
use tempfile::TempDir;

/// Networks that these tests do without.
pub(crate) const SKIP: [&str; 2] = ["--skip", "captioner,features,locator"];

/// Runs of the ground truth and of shuffled stories, two stories each, with CLIP and LPIPS.
pub(crate) fn group() -> &'static Path {
    static GROUP: OnceLock<PathBuf> = OnceLock::new();
    GROUP.get_or_init(|| {
        let path = shared("columns").join("group");
        let mut command = storyeval();
        command.args(["run", "-d", "minisv", "-m", "ground-truth,shuffled"]);
        command
            .args(["--limit", "2"])
            .args(SKIP)
            .arg("--out")
            .arg(&path);
        command.assert().success();
        path
    })
}

/// Copies of a run of the ground truth and of one of shuffled stories.
struct Runs {
    folder: TempDir,
}

impl Runs {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        for run in ["ground-truth", "shuffled"] {
            copy(&group().join(run), &folder.path().join(run));
        }
        Self { folder }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// The stories of the exported runs, in order, each once.
    fn stories(&self) -> Vec<String> {
        let seen = fs::read_to_string(self.exported("seen.csv")).unwrap();
        let mut reader = csv::Reader::from_reader(seen.as_bytes());
        let at = reader
            .headers()
            .unwrap()
            .iter()
            .position(|it| it == "story")
            .unwrap();
        let mut stories: Vec<String> = reader
            .records()
            .map(|it| it.unwrap()[at].to_owned())
            .collect();
        stories.dedup();
        stories
    }

    /// The observations of both runs in one file: `run` and `model` say which rows are whose.
    fn exported(&self, name: &str) -> PathBuf {
        let out = self.path(name);
        let mut command = storyeval();
        command.arg("export");
        command.args([self.path("ground-truth"), self.path("shuffled")]);
        command.args(["--what", "observations", "--out"]).arg(&out);
        printed(&mut command);
        out
    }

    fn score(&self, run: &str, more: &[&str]) -> Vec<Value> {
        let mut command = storyeval();
        command.arg("score").arg(self.path(run)).args(more);
        let json = printed(command.args(["--format", "json"]));
        let document: Value = serde_json::from_slice(&json).unwrap();
        let of_run = document.as_array().map_or(&document, |all| &all[0]);
        of_run["scores"].as_array().unwrap().clone()
    }

    fn join(&self, run: &str, column: &str) -> Vec<Value> {
        self.score(
            run,
            &[
                "--column",
                column,
                "--lower-is-better",
                "--unit",
                "distance",
            ],
        )
    }

    fn refused(&self, column: &str, text: &str, code: i32, words: &[&str]) {
        let file = self.path(column.split(':').next().unwrap());
        fs::write(&file, text).unwrap();
        let mut command = storyeval();
        command.arg("score").arg(self.path("shuffled"));
        command.args(["--column", &format!("{}", self.path(column).display())]);
        fails(command.arg("--higher-is-better")).says(code, words);
    }
}

fn of<'a>(scores: &'a [Value], metric: &str, slice: &str) -> &'a Value {
    let mut found = scores.iter();
    let same = |score: &&Value| score["metric"] == metric && score["slice"] == slice;
    found
        .find(same)
        .unwrap_or_else(|| panic!("{metric} on {slice}"))
}

fn bits(value: &Value) -> Option<u64> {
    value.as_f64().map(f64::to_bits)
}

#[test]
fn a_built_in_metric_that_is_joined_again_has_the_same_bits_on_every_slice() {
    let runs = Runs::new();
    let before = fs::read(runs.path("shuffled/scores.json")).unwrap();
    for ending in ["csv", "jsonl", "parquet"] {
        let file = runs.exported(&format!("seen.{ending}"));
        let column = format!("again={}:lpips", file.display());
        let scores = runs.join("shuffled", &column);
        let built_in = scores.iter().filter(|score| score["metric"] == "lpips");
        let mut slices = 0;
        for score in built_in {
            let again = of(&scores, "again", score["slice"].as_str().unwrap());
            for field in ["n", "planned", "stories", "unit", "higher_is_better"] {
                assert_eq!(score[field], again[field], "{ending} {score}");
            }
            assert_eq!(bits(&score["value"]), bits(&again["value"]), "{ending}");
            for end in [0, 1] {
                assert_eq!(
                    bits(&score["interval"][end]),
                    bits(&again["interval"][end]),
                    "{ending} {score}"
                );
            }
            slices += 1;
        }
        assert!(slices >= 6, "{slices}");
        let hash = storyeval::record::sha256_file(&file).unwrap();
        let all = of(&scores, "again", "all");
        let source = format!("values:seen.{ending}:lpips@{}", &hash[..12]);
        assert!(
            all["signature"].as_str().unwrap().contains(&source),
            "{all}"
        );
        assert_eq!(all["own"]["per"], "frame");
    }
    // Frames that show a character, by their labels.
    let scores = runs.score("shuffled", &[]);
    let shown: u64 = scores
        .iter()
        .filter(|score| score["metric"] == "again")
        .filter(|score| score["slice"].as_str().unwrap().starts_with("character:"))
        .map(|score| score["n"].as_u64().unwrap())
        .sum();
    assert!(shown >= 8, "{shown}");
    // Taken out, the run is as it was.
    runs.score("shuffled", &["--drop-column", "again"]);
    assert_eq!(fs::read(runs.path("shuffled/scores.json")).unwrap(), before);
    assert!(!runs.path("shuffled/columns.json").exists());
    assert!(!runs.path("shuffled/columns/again.parquet").exists());
}

#[test]
fn tables_tests_exports_and_the_gate_take_it_for_a_built_in_metric() {
    let runs = Runs::new();
    let column = format!("again={}:lpips", runs.exported("seen.csv").display());
    for run in ["ground-truth", "shuffled"] {
        runs.join(run, &column);
    }
    let both = [runs.path("ground-truth"), runs.path("shuffled")];
    let mut table = storyeval();
    let text = String::from_utf8(printed(table.arg("table").args(&both))).unwrap();
    assert!(
        text.contains("own metrics") && text.contains("again"),
        "{text}"
    );

    let mut compared = storyeval();
    compared
        .arg("compare")
        .args(&both)
        .args(["--format", "json"]);
    let study: Value = serde_json::from_slice(&printed(&mut compared)).unwrap();
    let findings = study["candidates"][0]["findings"].as_array().unwrap();
    for slice in ["all", "pronoun", "frame_2"] {
        let (lpips, again) = (of(findings, "lpips", slice), of(findings, "again", slice));
        for field in ["difference", "p", "effect", "error", "stories"] {
            assert_eq!(lpips[field], again[field], "{slice} {field}");
        }
        assert_eq!(lpips["interval"], again["interval"]);
    }

    let mut exported = storyeval();
    exported
        .arg("export")
        .arg(&both[1])
        .args(["--what", "columns", "--format", "jsonl"]);
    let rows = String::from_utf8(printed(&mut exported)).unwrap();
    assert_eq!(rows.lines().count(), 8);
    let first: Value = serde_json::from_str(rows.lines().next().unwrap()).unwrap();
    assert_eq!(
        (&first["metric"], &first["per"]),
        (&"again".into(), &"frame".into())
    );

    let baseline = runs.path("baseline.json");
    let mut update = storyeval();
    update
        .args(["gate", "update"])
        .arg(&both[1])
        .arg("--baseline")
        .arg(&baseline);
    update.assert().success();
    gate_says_the_same(&runs, &baseline);
}

/// The gate on a run whose LPIPS, and so the column, is worse than its baseline.
fn gate_says_the_same(runs: &Runs, baseline: &Path) {
    let text = fs::read_to_string(baseline).unwrap();
    let mut made: Value = serde_json::from_str(&text).unwrap();
    for score in made["models"][0]["scores"].as_array_mut().unwrap() {
        if ["lpips", "again"].contains(&score["metric"].as_str().unwrap()) {
            for place in ["/value", "/interval/0", "/interval/1"] {
                if let Some(number) = score.pointer_mut(place).filter(|it| it.is_f64()) {
                    *number = Value::from(number.as_f64().unwrap() - 100.0);
                }
            }
            score.as_object_mut().unwrap().remove("sums");
        }
    }
    fs::write(baseline, made.to_string()).unwrap();
    let mut gate = storyeval();
    gate.arg("gate")
        .arg(runs.path("shuffled"))
        .arg("--baseline")
        .arg(baseline);
    let output = gate.args(["--format", "json"]).output().unwrap();
    let verdict: Value = serde_json::from_slice(&output.stdout)
        .unwrap_or_else(|_| panic!("{}", String::from_utf8_lossy(&output.stderr)));
    let mut outcomes: Vec<&Value> = Vec::new();
    collect(&verdict, &mut outcomes);
    let (lpips, again): (Vec<&Value>, Vec<&Value>) = outcomes
        .into_iter()
        .filter(|it| ["all", "pronoun", "frame_1"].contains(&it["slice"].as_str().unwrap_or("")))
        .partition(|it| it["metric"] == "lpips");
    assert_eq!((lpips.len(), again.len()), (3, 3), "{verdict}");
    for (first, second) in lpips.iter().zip(&again) {
        let mut second = (*second).clone();
        second["metric"] = "lpips".into();
        assert_ne!(first["status"], "held");
        assert_eq!(**first, second);
    }
}

/// Objects about the two metrics, wherever they are in the gate's answer.
fn collect<'a>(value: &'a Value, found: &mut Vec<&'a Value>) {
    match value {
        Value::Object(fields) => {
            let metric = fields.get("metric").and_then(Value::as_str);
            if metric.is_some_and(|metric| ["lpips", "again"].contains(&metric)) {
                found.push(value);
            }
            fields.values().for_each(|inner| collect(inner, found));
        }
        Value::Array(all) => all.iter().for_each(|inner| collect(inner, found)),
        _ => {}
    }
}

#[test]
fn a_card_says_what_stories_and_runs_are_worth() {
    let runs = Runs::new();
    let stories = runs.stories();
    let rows = format!("story,taste\n{},4\n{},\n", stories[0], stories[1]);
    fs::write(runs.path("taste.csv"), rows).unwrap();
    fs::write(
        runs.path("taste.toml"),
        "id = \"taste\"\nname = \"Taste\"\nbetter = \"higher\"\nunit = \"points\"\nfile = \"taste.csv\"\ndecimals = 2\nminimum = 1\nmaximum = 10\nversion = 3\n",
    )
    .unwrap();
    fs::write(
        runs.path("cost.jsonl"),
        "{\"model\": \"shuffled\", \"cents\": 12.5}\n{\"model\": \"x\", \"cents\": 1}\n",
    )
    .unwrap();
    let card = runs.path("taste.toml").display().to_string();
    let cost = format!("{}:cents", runs.path("cost.jsonl").display());
    let scores = runs.score(
        "shuffled",
        &[
            "--column",
            &card,
            "--column",
            &cost,
            "--lower-is-better",
            "--unit",
            "cents",
        ],
    );
    let taste = of(&scores, "taste", "all");
    assert_eq!(taste["value"], 4.0);
    assert_eq!(
        (&taste["n"], &taste["planned"], &taste["stories"]),
        (&4.into(), &8.into(), &1.into())
    );
    assert!(taste["interval"].is_null());
    let signature = taste["signature"].as_str().unwrap();
    assert!(
        signature.contains("|per:story|unit:points|better:higher|avg:mean|"),
        "{signature}"
    );
    assert!(signature.ends_with("|v:3"), "{signature}");
    let cents = of(&scores, "cents", "all");
    assert_eq!(
        (&cents["value"], &cents["higher_is_better"]),
        (&12.5.into(), &false.into())
    );
    assert!(
        cents["interval"].is_null() && cents["signature"].as_str().unwrap().contains("|ci:none|")
    );
    assert!(
        scores
            .iter()
            .all(|it| it["metric"] != "taste" || it["slice"] == "all")
    );
    // Other processes know what it is, also after another scoring.
    assert_eq!(runs.score("shuffled", &[]), scores);
    let mut table = storyeval();
    table.arg("table").arg(runs.path("shuffled"));
    let text = String::from_utf8(printed(&mut table)).unwrap();
    assert!(
        text.contains("Taste (points)") && text.contains("4.00"),
        "{text}"
    );
}

#[test]
fn what_does_not_fit_is_refused_and_nothing_is_kept() {
    let runs = Runs::new();
    let story = &runs.stories()[0];
    let row = |rest: &str| format!("story,frame,v\n{story},{rest}\n");
    runs.refused(
        "a.csv",
        &row("1,NaN"),
        97,
        &["line 2", "v = \"NaN\"", "no finite number"],
    );
    runs.refused(
        "a.csv",
        &row("1,good"),
        97,
        &["line 2", "text where a number"],
    );
    runs.refused(
        "a.csv",
        &row("0,1"),
        97,
        &["frame = \"0\"", "counted from 1"],
    );
    runs.refused(
        "a.csv",
        "story,frame,v\nnone,1,1\n",
        97,
        &["no row of", "called like \"none\""],
    );
    runs.refused(
        "lpips.csv",
        &row("1,1"),
        2,
        &["`lpips` is the built-in metric LPIPS", "my_lpips="],
    );
    runs.refused("Taste.csv", &row("1,1"), 2, &["small letters"]);
    assert!(!runs.path("shuffled/columns.json").exists());
    let mut undirected = storyeval();
    undirected
        .arg("score")
        .arg(runs.path("shuffled"))
        .arg("--column")
        .arg(runs.path("a.csv"));
    fails(&mut undirected).says(2, &["whether larger values", "--lower-is-better"]);
    let mut absent = storyeval();
    absent
        .arg("score")
        .arg(runs.path("shuffled"))
        .args(["--drop-column", "taste"]);
    fails(&mut absent).says(2, &["no column `taste`"]);
    // A file of a later program, and a damaged one.
    fs::write(runs.path("shuffled/columns.json"), "{\"format\": 9}").unwrap();
    let mut later = storyeval();
    fails(later.arg("score").arg(runs.path("shuffled"))).says(97, &["columns.json has format 9"]);
}
