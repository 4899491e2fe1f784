//! The metrics of written captions against a twin in Python, and on stories whose values are plain to see.

use super::super::{ReduceInput, ScoreContext, reduce};
use crate::card::{self, Protocol, Subset};
use crate::metric::{Extractors, Features};
use crate::record::{ClipId, FrameIndex, Observation, Score, StoryId, TextVariant};

/// A story: its first frame is given, and shows `given`; the others have a written caption each.
struct Told<'a> {
    given: [bool; 2],
    captions: Vec<&'a str>,
}

fn rows(stories: &[Told<'_>]) -> Vec<Observation> {
    let mut rows = Vec::new();
    for (number, story) in stories.iter().enumerate() {
        let id = StoryId::new(format!("s{number:02}"));
        let frame = |index: u32| {
            let clip = ClipId::new(format!("{number}-{index}"));
            Observation::unseen(id.clone(), FrameIndex(index), clip)
        };
        let mut first = frame(1);
        first.character_labels = story.given.to_vec();
        rows.push(first);
        for (at, caption) in story.captions.iter().enumerate() {
            let named = ["otto", "mira"].map(|name| f32::from(u8::from(caption.contains(name))));
            let mut row = frame(at as u32 + 2)
                .with("written", vec![(*caption).to_owned()])
                .with("written_names", named.to_vec())
                .with("likelihood", vec![-2.0 * (at as f32 + 1.0), 4.0])
                .with("character_probabilities", vec![0.9_f32, 0.1]);
            row.character_labels = vec![true, false];
            row.text = "otto waves in the park.".to_owned();
            rows.push(row);
        }
    }
    rows
}

fn scores(rows: &[Observation]) -> Vec<Score> {
    let strict: Protocol = card::protocol("strict-written").unwrap();
    let context = ScoreContext {
        dataset: "test".to_owned(),
        dataset_hash: "0".repeat(64),
        subset: "test/followers-3".parse::<Subset>().unwrap(),
        text: TextVariant::Original,
        reads: Vec::new(),
        refused: None,
        characters: vec!["otto".to_owned(), "mira".to_owned()],
        extractors: Extractors::default(),
    };
    reduce(&ReduceInput {
        observations: rows,
        features: &Features::default(),
        protocol: &strict,
        context: &context,
        own: &[],
    })
}

fn find<'a>(scores: &'a [Score], metric: &str) -> &'a Score {
    let mut of_all = scores.iter().filter(|score| score.slice == "all");
    of_all.find(|score| score.metric == metric).unwrap()
}

fn value(scores: &[Score], metric: &str) -> f64 {
    let score = find(scores, metric);
    score.value.unwrap_or_else(|| panic!("{score:?}"))
}

#[test]
fn repetition_and_variety_are_those_of_the_twin() {
    let text = std::fs::read_to_string("reference-data/golden/written/scores.json").unwrap();
    let golden: serde_json::Value = serde_json::from_str(&text).unwrap();
    let stories: Vec<Vec<String>> = serde_json::from_value(golden["stories"].clone()).unwrap();
    let told: Vec<Told<'_>> = stories
        .iter()
        .map(|captions| Told {
            given: [true, false],
            captions: captions.iter().map(String::as_str).collect(),
        })
        .collect();
    let scores = scores(&rows(&told));
    for metric in ["distinct1", "distinct2", "repetition4", "repeated_captions"] {
        let (found, wanted) = (value(&scores, metric), golden[metric].as_f64().unwrap());
        assert!((found - wanted).abs() < 1e-12, "{metric}: {found} {wanted}");
        let [low, high] = find(&scores, metric)
            .interval
            .unwrap_or_else(|| panic!("no interval of {metric}"));
        assert!(low < wanted && wanted < high, "{metric}: {low} {high}");
    }
}

#[test]
fn stories_whose_values_are_plain() {
    let told = [
        Told {
            given: [true, true],
            captions: vec!["otto waves in the park.", "he sits."],
        },
        Told {
            given: [false, true],
            captions: vec!["mira sings.", "mira sings."],
        },
    ];
    let rows = rows(&told);
    let scores = scores(&rows);
    // -2 and -4 for 4 tokens each, of both stories.
    assert!((value(&scores, "perplexity") - 0.75_f64.exp()).abs() < 1e-6);
    // Of otto and mira one is named; of mira one.
    assert!((value(&scores, "names_kept") - 200.0 / 3.0).abs() < 1e-9);
    // Otto is on all four: named once, and mira twice where she is not.
    let (hit, wrong, missed) = (1.0, 2.0, 3.0);
    let f1 = 100.0 * 2.0 * hit / (2.0 * hit + wrong + missed);
    assert!((value(&scores, "names_f1") - f1).abs() < 1e-9);
    // The classifier sees otto on the three frames whose caption names somebody: once rightly.
    assert!((value(&scores, "char_f1_written") - 100.0 * 2.0 / 6.0).abs() < 1e-9);
    assert_eq!(find(&scores, "char_f1_written").n, 3);
    assert!((value(&scores, "repeated_captions") - 0.25).abs() < 1e-12);
    assert!(value(&scores, "written_bleu1") > 0.0);
    for score in &scores {
        assert!(
            score.planned <= 4,
            "given frames are not planned: {score:?}"
        );
        assert!(
            score
                .signature
                .contains("|task:multimodal-continuation(1)|")
        );
    }
}

#[test]
fn a_perfect_text_scores_as_one() {
    let told: Vec<Told<'_>> = (0..3)
        .map(|_| Told {
            given: [true, false],
            captions: vec!["otto waves in the park."],
        })
        .collect();
    let scores = scores(&rows(&told));
    assert!((value(&scores, "written_bleu4") - 1.0).abs() < 1e-9);
    assert!((value(&scores, "names_f1") - 100.0).abs() < 1e-9);
    assert!((value(&scores, "names_kept") - 100.0).abs() < 1e-9);
}

#[test]
fn a_run_without_words_has_reasons_and_no_values() {
    let mut rows = rows(&[Told {
        given: [true, false],
        captions: vec!["otto"],
    }]);
    rows.iter_mut().for_each(Observation::forget);
    let scores = scores(&rows);
    for metric in [
        "perplexity",
        "written_cider",
        "distinct1",
        "repetition4",
        "names_kept",
    ] {
        let score = find(&scores, metric);
        assert!(
            score.value.is_none() && score.unscored.is_some(),
            "{score:?}"
        );
    }
}
