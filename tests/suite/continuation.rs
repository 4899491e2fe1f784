//! Stories that go on: real frames that are given, captions that the model writes, long stories.

use crate::support::{fails, printed, storyeval};
use assert_cmd::Command;
use serde_json::Value;
use std::fs;
use std::path::{Path, PathBuf};

fn run(model: &str, protocol: &str, out: &Path, more: &[&str]) -> Command {
    let mut command = storyeval();
    command
        .args([
            "run",
            "--dataset",
            "minisv",
            "--model",
            model,
            "--protocol",
            protocol,
        ])
        .args([
            "--limit",
            "2",
            "--skip",
            "captioner,locator,lpips,features",
            "--out",
        ])
        .arg(out)
        .args(more);
    command
}

fn scores(run: &Path) -> Vec<Value> {
    let text = fs::read_to_string(run.join("scores.json")).unwrap();
    let value: Value = serde_json::from_str(&text).unwrap();
    value["scores"].as_array().unwrap().clone()
}

fn score<'a>(scores: &'a [Value], metric: &str, slice: &str) -> &'a Value {
    let found = scores
        .iter()
        .find(|it| it["metric"] == metric && it["slice"] == slice);
    found.unwrap_or_else(|| panic!("no {metric} on {slice}"))
}

fn journal(run: &Path) -> Vec<Value> {
    let text = fs::read_to_string(run.join("journal.jsonl")).unwrap();
    text.lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect()
}

fn manifest(run: &Path) -> Value {
    serde_json::from_slice(&fs::read(run.join("manifest.json")).unwrap()).unwrap()
}

#[test]
fn a_given_frame_is_read_not_drawn_and_not_scored() {
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().join("run");
    printed(&mut run(
        "storygpt-v-mini",
        "strict-continuation",
        &out,
        &[],
    ));
    for entry in journal(&out) {
        assert_eq!(entry["frames"][0]["absent"], "not-drawn");
        assert!(
            entry["frames"][1]["file"]
                .as_str()
                .unwrap()
                .ends_with("/2.png")
        );
        assert!(entry.get("written").is_none());
    }
    let scores = scores(&out);
    let accuracy = score(&scores, "char_acc", "all");
    assert_eq!(
        (&accuracy["n"], &accuracy["planned"]),
        (&6.into(), &6.into())
    );
    let signature = accuracy["signature"].as_str().unwrap();
    assert!(
        signature.contains("|task:continuation(1)|frames:2-4|"),
        "{signature}"
    );
    assert!(!scores.iter().any(|it| it["slice"] == "frame_1"));
    // The same model that draws its first frame itself has other frames behind it.
    let own = folder.path().join("own");
    printed(
        storyeval()
            .args([
                "generate",
                "--dataset",
                "minisv",
                "--model",
                "storygpt-v-mini",
            ])
            .args(["--limit", "2", "--out"])
            .arg(&own),
    );
    let drawn = |run: &Path| journal(run)[0]["frames"][1]["sha256"].clone();
    assert_ne!(drawn(&out), drawn(&own));
    let shown = String::from_utf8(printed(storyeval().args([
        "protocol",
        "diff",
        "strict",
        "strict-continuation",
    ])))
    .unwrap();
    assert!(
        shown.contains("task") && shown.contains("visualisation"),
        "{shown}"
    );
}

#[test]
fn a_story_whose_frames_are_all_given_is_an_error() {
    let folder = tempfile::tempdir().unwrap();
    let card = folder.path().join("all.toml");
    let text = include_str!("../../eval-configs/protocols/strict-continuation.toml");
    fs::write(&card, text.replace("given = 1", "given = 4")).unwrap();
    let mut command = run(
        "ground-truth",
        card.to_str().unwrap(),
        &folder.path().join("run"),
        &[],
    );
    fails(&mut command).says(
        2,
        &[
            "every frame of story",
            "is given: it has 4",
            "--story-length",
        ],
    );
    fs::write(&card, text.replace("given = 1\n", "")).unwrap();
    let mut command = run(
        "ground-truth",
        card.to_str().unwrap(),
        &folder.path().join("run"),
        &[],
    );
    fails(&mut command).says(2, &["given = 0"]);
}

#[test]
fn the_miniature_writes_draws_and_is_scored_on_both() {
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().join("run");
    let printed_text = printed(&mut run(
        "storygpt-v-mini-writer",
        "strict-written",
        &out,
        &[],
    ));
    let text = String::from_utf8(printed_text).unwrap();
    assert!(
        text.contains("written captions") && text.contains("Perplexity"),
        "{text}"
    );
    for entry in journal(&out) {
        assert!(entry["written"][0].is_null() && entry["likelihoods"][0].is_null());
        for at in 1..4 {
            let caption = entry["written"][at].as_str().unwrap();
            assert!(
                caption.split(' ').count() > 1 && !caption.contains("image"),
                "{caption}"
            );
            assert!(
                entry["likelihoods"][at]["log_probability"]
                    .as_f64()
                    .unwrap()
                    < 0.0
            );
        }
    }
    let found = scores(&out);
    let value = |metric: &str| score(&found, metric, "all")["value"].as_f64().unwrap();
    // Of 105 words; a model that knows nothing has a perplexity of 105.
    assert!(
        (1.0..15.0).contains(&value("perplexity")),
        "{}",
        value("perplexity")
    );
    for metric in ["written_bleu1", "distinct1", "distinct2"] {
        assert!((0.0..=1.0).contains(&value(metric)), "{metric}");
    }
    for metric in [
        "written_cider",
        "repetition4",
        "repeated_captions",
        "names_kept",
        "names_f1",
    ] {
        assert!(value(metric) >= 0.0, "{metric}");
    }
    let similarity = score(&found, "clip_ti", "all")["signature"]
        .as_str()
        .unwrap();
    assert!(similarity.contains("caption:written"), "{similarity}");
    let drawing = manifest(&out)["identity"]["drawing"]
        .as_str()
        .unwrap()
        .to_owned();
    assert!(drawing.contains("writer"), "{drawing}");
    // The same command again, elsewhere, writes the same words and draws the same bytes.
    let again = folder.path().join("again");
    let mut command = storyeval();
    command
        .args([
            "generate",
            "--dataset",
            "minisv",
            "--model",
            "storygpt-v-mini-writer",
        ])
        .args(["--protocol", "strict-written", "--limit", "2", "--out"])
        .arg(&again);
    printed(&mut command);
    let words = |run: &Path| -> Vec<(Value, Value)> {
        let entries = journal(run).into_iter();
        entries
            .map(|it| (it["written"].clone(), it["frames"].clone()))
            .collect()
    };
    assert_eq!(words(&out), words(&again));
    let mut other = command_with_card(folder.path(), "temperature = 0", &again);
    fails(&mut other).says(98, &["what the model's card chooses"]);
}

/// The writer under a card that samples in another way.
fn command_with_card(folder: &Path, sampling: &str, out: &Path) -> Command {
    let text = include_str!("../../eval-configs/models/storygpt-v-mini-writer.toml");
    let card = folder.join("greedy.toml");
    fs::write(&card, format!("{text}\n[sampling]\n{sampling}\n")).unwrap();
    let mut command = storyeval();
    command
        .args(["generate", "--dataset", "minisv", "--model"])
        .arg(card)
        .args(["--protocol", "strict-written", "--limit", "2", "--out"])
        .arg(out);
    command
}

#[test]
fn a_model_that_cannot_write_says_so_before_anything_is_kept() {
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().join("run");
    for model in ["storygpt-v-mini", "char-ldm-mini"] {
        let mut command = run(model, "strict-written", &out.join(model), &["--batch", "1"]);
        fails(&mut command).says(
            2,
            &["cannot write the caption of frame 2 of story", "ls models"],
        );
    }
}

#[test]
fn a_model_of_captions_alone_draws_another_second_frame() {
    let folder = tempfile::tempdir().unwrap();
    let draw = |model: &str| -> PathBuf {
        let out = folder.path().join(model);
        let mut command = storyeval();
        command.args([
            "generate",
            "--dataset",
            "minisv",
            "--limit",
            "1",
            "--model",
            model,
            "--out",
        ]);
        printed(command.arg(&out));
        out
    };
    let (whole, captions) = (draw("storygpt-v-mini"), draw("storygpt-v-mini-captions"));
    let frames = |run: &Path| journal(run)[0]["frames"].clone();
    assert_eq!(
        frames(&whole)[0],
        frames(&captions)[0],
        "the first frame has none before it"
    );
    assert_ne!(frames(&whole)[1], frames(&captions)[1]);
    assert!(manifest(&whole)["identity"].get("drawing").is_none());
    assert_eq!(
        manifest(&captions)["identity"]["drawing"],
        r#"{"reads":"captions"}"#
    );
}

#[test]
fn forty_frames_that_go_on_are_scored_by_position() {
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().join("run");
    let more = ["--subset", "long-40"];
    printed(&mut run("ground-truth", "strict-written", &out, &more));
    let found = scores(&out);
    for position in 2..=40 {
        assert_eq!(
            score(&found, "char_acc", &format!("frame_{position}"))["n"],
            2
        );
    }
    assert_eq!(score(&found, "char_acc", "all")["planned"], 2 * 39);
    // The data set's own words: nothing is missing of them.
    let bleu = score(&found, "written_bleu4", "all")["value"]
        .as_f64()
        .unwrap();
    assert!((bleu - 1.0).abs() < 1e-9, "{bleu}");
    assert!(score(&found, "perplexity", "all")["unscored"].is_string());
    let table = printed(storyeval().args(["table", "--by-position"]).arg(&out));
    let table = String::from_utf8(table).unwrap();
    assert!(
        table.contains("ground-truth, by position in the story"),
        "{table}"
    );
    let rows = table.lines().filter(|line| line.contains("2 / 2"));
    assert_eq!(rows.count(), 39, "{table}");
    let shown = printed(storyeval().arg("show").arg(&out));
    assert!(
        String::from_utf8(shown)
            .unwrap()
            .contains("by position in the story")
    );
}

#[test]
fn bundles_that_write_are_verified_with_their_graphs() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let golden = root.join("reference-data/golden/written/llama2");
    for (bundle, graphs) in [
        ("storygpt-v-mini-words", vec!["llm_logits"]),
        (golden.to_str().unwrap(), vec!["llm_step", "llm_logits"]),
    ] {
        let said = printed(storyeval().args(["model", "verify", bundle]));
        let said = String::from_utf8(said).unwrap();
        for graph in graphs {
            assert!(said.contains(graph), "{said}");
        }
    }
}
