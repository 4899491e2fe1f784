//! Text with pronouns, and statistics of a data set, as the program prints them.

use crate::support::{fails, printed, storyeval};
use serde_json::{Value, json};
use std::fs;
use std::path::{Path, PathBuf};

const STORIES: usize = 24;
const ANNOTATIONS: &str = "flintstones_annotations_v1-0.json";
const VARIANTS: [&str; 5] = [
    "original",
    "algorithm1",
    "make-a-story",
    "storygptv-train",
    "storygptv-eval",
];

/// A MiniSV drawn by the program.
fn world(folder: &Path) -> PathBuf {
    let data = folder.join("world");
    let mut draw = storyeval();
    draw.args(["dataset", "synth", "--seed", "3", "--val-stories", "2"]);
    draw.args(["--stories", &STORIES.to_string(), "--out"]);
    draw.arg(&data).assert().success();
    data
}

fn dataset(verb: &str, card: &str, data: &Path, more: &[&str]) -> assert_cmd::Command {
    let mut command = storyeval();
    command.args(["dataset", verb, "--dataset", card, "--data"]);
    command.arg(data).args(more);
    command
}

fn lines(stdout: &[u8]) -> Vec<Value> {
    let text = std::str::from_utf8(stdout).unwrap();
    text.lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect()
}

/// The story lines of a variant.
fn stories_of(data: &Path, variant: &str) -> Vec<Value> {
    let more = ["--variant", variant];
    lines(&printed(&mut dataset("referential", "minisv", data, &more)))
}

fn stats(card: &str, data: &Path, more: &[&str]) -> Value {
    let mut command = dataset("stats", card, data, &["--format", "json"]);
    serde_json::from_slice(&printed(command.args(more))).unwrap()
}

fn frames(lines: &[Value]) -> impl Iterator<Item = &Value> {
    lines
        .iter()
        .flat_map(|line| line["frames"].as_array().unwrap())
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap()
}

/// The original caption, from the text and its replacements.
fn undone(frame: &Value) -> String {
    let mut rest = text(&frame["text"]);
    let mut out = String::new();
    for replacement in frame["replacements"].as_array().unwrap() {
        let offset = usize::try_from(replacement["offset"].as_u64().unwrap()).unwrap();
        let (before, after) = rest.split_at(offset - out.len());
        out.push_str(before);
        out.push_str(text(&replacement["words"]));
        rest = after.strip_prefix(text(&replacement["pronoun"])).unwrap();
    }
    out + rest
}

/// Empties the annotated characters of every clip whose id `emptied` accepts.
fn without_characters(data: &Path, emptied: impl Fn(&str) -> bool) {
    let path = data.join(ANNOTATIONS);
    let mut clips: Vec<Value> = serde_json::from_slice(&fs::read(&path).unwrap()).unwrap();
    for clip in &mut clips {
        if emptied(text(&clip["globalID"])) {
            clip["characters"] = json!([]);
        }
    }
    fs::write(&path, json!(clips).to_string()).unwrap();
}

#[test]
fn every_variant_is_printed_with_where_each_pronoun_comes_from() {
    let folder = tempfile::tempdir().unwrap();
    let data = world(folder.path());
    let mut texts = Vec::new();
    for variant in VARIANTS {
        let lines = stories_of(&data, variant);
        assert_eq!(lines.len(), STORIES);
        for frame in frames(&lines) {
            assert_eq!(undone(frame), text(&frame["original"]), "{variant} {frame}");
            let changed = frame["text"] != frame["original"];
            assert_eq!(
                frame["decision"] == "replaced",
                changed,
                "{variant} {frame}"
            );
        }
        assert!(lines.iter().all(|line| line["variant"] == variant));
        let all: Vec<String> = frames(&lines)
            .map(|f| text(&f["text"]).to_owned())
            .collect();
        texts.push(all.join("\n"));
    }
    let [original, algorithm1, make_a_story, train, eval] = <[String; 5]>::try_from(texts).unwrap();
    // Only the evaluation loader knows women; only Algorithm 1 writes pronouns inside a sentence.
    assert!(!original.contains("She ") && !original.contains("He "));
    assert!(algorithm1.contains("She ") && algorithm1.contains(" he "));
    assert!(make_a_story.contains("He ") && !make_a_story.contains("She "));
    assert!(train.contains("He ") && !train.contains("She "));
    assert!(eval.contains("She ") && eval.contains("He ") && eval.contains("They "));
    assert!(!eval.contains(" he "));
    // The order of annotation matters to Make-A-Story alone.
    assert!(train.matches("They").count() > make_a_story.matches("They").count());
}

#[test]
fn stories_on_which_released_code_crashes_are_named_and_the_others_printed() {
    let folder = tempfile::tempdir().unwrap();
    let data = world(folder.path());
    let first = stories_of(&data, "original");
    let clips: Vec<String> = first[0]["frames"].as_array().unwrap()[1..3]
        .iter()
        .map(|frame| text(&frame["clip"]).to_owned())
        .collect();
    without_characters(&data, |id| clips.iter().any(|clip| clip == id));
    for variant in ["make-a-story", "storygptv-train", "storygptv-eval"] {
        let mut command = dataset("referential", "minisv", &data, &["--variant", variant]);
        let output = command.output().unwrap();
        let lines = lines(&output.stdout);
        let (crashed, made): (Vec<&Value>, Vec<&Value>) =
            lines.iter().partition(|line| line.get("error").is_some());
        assert_eq!(lines.len(), STORIES);
        assert!(!crashed.is_empty() && !made.is_empty());
        assert_eq!(crashed[0]["story"], first[0]["story"]);
        assert_eq!(crashed[0]["frame"], 3);
        assert!(text(&crashed[0]["error"]).contains("IndexError"));
        let count = format!("{} of {STORIES} stories", crashed.len());
        fails(&mut command).says(97, &[&count, variant, "hint: ", "algorithm1"]);

        let found = stats("minisv", &data, &["--variant", variant]);
        let numbers = &found["variants"][variant];
        assert_eq!(numbers["crashed"], crashed.len());
        assert_eq!(numbers["stories"], made.len());
        assert!(numbers["refs_true"].is_number());
        assert_eq!(found["original"]["stories"], STORIES);
    }
    // What is defined for every story stays whole.
    assert_eq!(stories_of(&data, "algorithm1").len(), STORIES);
    let mut command = dataset("stats", "minisv", &data, &[]);
    command
        .assert()
        .success()
        .stderr(predicates::str::contains("crashes on"));
}

#[test]
fn statistics_are_those_of_the_text_that_is_printed() {
    let folder = tempfile::tempdir().unwrap();
    let data = world(folder.path());
    let found = stats("minisv", &data, &[]);
    let pronouns = ["he", "she", "they", "his", "her", "him", "their", "them"];
    for variant in VARIANTS {
        let lines = stories_of(&data, variant);
        let (mut whole_words, mut letters) = (0, 0);
        for line in &lines {
            let frames = line["frames"].as_array().unwrap();
            let mut so_far = String::new();
            for (index, frame) in frames.iter().enumerate() {
                let lower = text(&frame["text"]).to_lowercase();
                let words = lower.split(|c: char| !c.is_alphabetic());
                whole_words += words.filter(|word| pronouns.contains(word)).count();
                let seen = if index == 0 { &lower } else { &so_far };
                letters += usize::from(seen.contains("he"));
                so_far.push_str(&lower);
                let decision = frame["decision"].to_string();
                let carried = ["replaced", "stand-apart", "literal-absent", "no-rule"];
                letters += usize::from(carried.iter().any(|word| decision.contains(word)));
            }
        }
        let numbers = match variant {
            "original" => &found["original"],
            other => &found["variants"][other],
        };
        let mean = |count: usize| count as f64 / STORIES as f64;
        assert_eq!(numbers["refs_true"], mean(whole_words), "{variant}");
        assert_eq!(numbers["refs_compat"], mean(letters), "{variant}");
        assert_eq!(numbers["crashed"], 0, "{variant}");
    }
    assert_eq!(found["refs_true"], found["original"]["refs_true"]);
    assert_eq!(found["refs_compat"], found["original"]["refs_compat"]);
    assert_eq!(found["stories"], STORIES);
    assert_eq!(found["frames"], 4 * STORIES);
    let count = |label: &Value| label["frames"].as_u64().unwrap();
    let labels = |kind: &str| found[kind]["each"].as_array().unwrap().clone();
    // Everybody in a frame was introduced or seen before.
    let seen: u64 = labels("characters").iter().map(count).sum();
    let introduced = found["reappearance"]["introductions"].as_u64().unwrap();
    let again = found["reappearance"]["distance"]["n"].as_u64().unwrap();
    assert_eq!(seen, introduced + again);
    // A frame of MiniSV has one place.
    let places: u64 = labels("backgrounds").iter().map(count).sum();
    assert_eq!(places, 4 * STORIES as u64);
    assert_eq!(labels("backgrounds")[0]["name"], "kitchen");
    // No paper speaks of MiniSV.
    assert_eq!(found["published"], json!([]));
}

#[test]
fn all_splits_together() {
    let folder = tempfile::tempdir().unwrap();
    let data = world(folder.path());
    let of = |split: &str| {
        stats(
            "minisv",
            &data,
            &["--split", split, "--variant", "algorithm1"],
        )
    };
    let (all, val, test) = (of("all"), of("val"), of("test"));
    let count = |found: &Value| found["stories"].as_u64().unwrap();
    assert_eq!(all["split"], json!("all"));
    assert_eq!(count(&all), count(&val) + count(&test));
    assert_eq!(all["variants"].as_object().unwrap().len(), 1);
}

#[test]
fn published_figures_stand_beside_those_of_their_data_set() {
    let folder = tempfile::tempdir().unwrap();
    let data = world(folder.path());
    // The world in the layout of FlintstonesSV, but for the number of backgrounds.
    fs::remove_file(data.join("labels_bg.pkl")).unwrap();
    let found = stats("flintstones", &data, &[]);
    let figures = found["published"].as_array().unwrap();
    assert_eq!(figures.len(), 6);
    let extended = figures
        .iter()
        .find(|figure| figure["published"] == "4.61")
        .unwrap();
    assert_eq!(extended["counted_in"], "make-a-story");
    assert_eq!(
        extended["counted"],
        found["variants"]["make-a-story"]["refs_compat"]
    );
    let printed = printed(&mut dataset("stats", "flintstones", &data, &[]));
    let text = String::from_utf8(printed).unwrap();
    for words in [
        "Published (cvpr-supp-table-6)",
        "3.58",
        "refs_true",
        "refs_compat",
    ] {
        assert!(text.contains(words), "{words}\n{text}");
    }
}

#[test]
fn a_data_set_without_released_code_has_what_is_defined_for_all() {
    let folder = tempfile::tempdir().unwrap();
    let data = world(folder.path());
    let card = fs::read_to_string(
        Path::new(env!("CARGO_MANIFEST_DIR")).join("eval-configs/datasets/minisv.toml"),
    )
    .unwrap();
    let own = card.replace("text_procedure = \"flintstones\"\n", "");
    assert_ne!(own, card);
    let path = folder.path().join("own.toml");
    fs::write(&path, own).unwrap();
    let card = path.to_str().unwrap();
    for verb in ["referential", "stats"] {
        let mut command = dataset(verb, card, &data, &["--variant", "storygptv-eval"]);
        fails(&mut command).says(2, &["storygptv-eval", "hint: ", "algorithm1"]);
    }
    let found = stats(card, &data, &[]);
    assert_eq!(found["refs_compat"], Value::Null);
    assert!(found["variants"]["algorithm1"]["refs_true"].is_number());
    assert_eq!(found["variants_not_defined"].as_array().unwrap().len(), 3);
}

#[test]
fn the_protocol_of_make_a_story_reads_make_a_storys_text() {
    let folder = tempfile::tempdir().unwrap();
    let data = world(folder.path());
    let out = folder.path().join("run");
    let mut generate = storyeval();
    generate.args(["generate", "--dataset", "minisv", "--model", "ground-truth"]);
    generate.args(["--protocol", "make-a-story", "--limit", "6", "--data"]);
    generate
        .arg(&data)
        .arg("--out")
        .arg(&out)
        .assert()
        .success();
    let plan = lines(&fs::read(out.join("plan.jsonl")).unwrap());
    let released = stories_of(&data, "make-a-story");
    assert_eq!(plan.len(), 6);
    for (unit, line) in plan.iter().zip(&released) {
        let texts: Vec<&Value> = frames(std::slice::from_ref(line))
            .map(|f| &f["text"])
            .collect();
        assert_eq!(unit["text"], json!(texts));
    }
}
