//! References of MiniSV runs as `tools/golden/references.py` computes them.

use super::*;
use crate::card::{self, Character};
use crate::evaluate::StoredRun;
use crate::metric::{ExtractorName, Extractors, Features, ScoreContext, reduce};
use crate::record::{
    ClipId, FrameIndex, Observation, ReferentialCaption, Replacement, Role, Scores, StoryId,
};
use serde::Deserialize;

#[derive(Deserialize)]
struct Golden {
    cast: Vec<Character>,
    stories: Vec<GoldenStory>,
    groups: Vec<GoldenGroup>,
    char_acc_cost: GoldenCost,
    char_f1_cost: GoldenCost,
}

#[derive(Deserialize)]
struct GoldenStory {
    story: String,
    captions: Vec<GoldenCaption>,
    labels: Vec<Vec<bool>>,
    read: Vec<Vec<f64>>,
    restored: Vec<Vec<f64>>,
}

#[derive(Deserialize)]
struct GoldenCaption {
    text: String,
    replacements: Vec<Replacement>,
}

#[derive(Deserialize)]
struct GoldenGroup {
    by: String,
    group: String,
    references: usize,
    frames: usize,
    stories: usize,
    char_acc: f64,
    char_f1: f64,
    referent_found: f64,
    cost: GoldenCost,
}

#[derive(Deserialize)]
struct GoldenCost {
    value: f64,
    interval: Option<[f64; 2]>,
}

fn golden() -> Golden {
    let path = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/reference-data/golden/stats/references.json"
    );
    serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap()
}

fn run(golden: &Golden, text: TextVariant, seen: fn(&GoldenStory) -> &[Vec<f64>]) -> ComparedRun {
    let mut observations = Vec::new();
    for story in &golden.stories {
        for (at, probabilities) in seen(story).iter().enumerate() {
            let mut row = Observation::unseen(
                StoryId::new(story.story.as_str()),
                FrameIndex(at as u32 + 1),
                ClipId::new("c"),
            );
            row.character_labels.clone_from(&story.labels[at]);
            row.pronoun =
                text != TextVariant::Original && !story.captions[at].replacements.is_empty();
            let probabilities: Vec<f32> = probabilities.iter().map(|it| *it as f32).collect();
            observations.push(row.with("character_probabilities", probabilities));
        }
    }
    let extractors = Extractors::from_iter([(Role::CHARACTERS, ExtractorName::default())]);
    let mut protocol = card::protocol("strict").unwrap();
    (protocol.clip, protocol.lpips, protocol.captions) = (None, None, None);
    let context = ScoreContext {
        dataset: "minisv".to_owned(),
        dataset_hash: String::new(),
        subset: "test/followers-3".parse().unwrap(),
        text,
        reads: Vec::new(),
        refused: None,
        characters: golden.cast.iter().map(|it| it.name.clone()).collect(),
        extractors: extractors.clone(),
    };
    let stored = StoredRun::of_observations(observations, Features::default(), extractors);
    ComparedRun {
        scores: Scores {
            format: 2,
            run: text.name().to_owned(),
            model: "m".to_owned(),
            protocol: "strict".to_owned(),
            notes: Vec::new(),
            scores: reduce(&stored.input(&protocol, &context)),
        },
        stored,
        protocol,
        context,
        characters: golden.cast.clone(),
    }
}

fn stories(golden: &Golden) -> Vec<ReferentialStory> {
    let captions = |story: &GoldenStory| {
        let each = story.captions.iter().map(|caption| ReferentialCaption {
            text: caption.text.clone(),
            replacements: caption.replacements.clone(),
            reference_flag: false,
        });
        each.collect()
    };
    let all = golden.stories.iter().map(|story| ReferentialStory {
        story: StoryId::new(story.story.as_str()),
        captions: captions(story),
    });
    all.collect()
}

#[track_caller]
fn close(found: Option<f64>, wanted: f64) {
    let found = found.unwrap();
    assert!((found - wanted).abs() < 1e-9, "{found} {wanted}");
}

#[track_caller]
fn same(cost: (Option<f64>, Option<[f64; 2]>), wanted: &GoldenCost) {
    close(cost.0, wanted.value);
    assert_eq!(cost.1.is_some(), wanted.interval.is_some());
    for (found, wanted) in cost
        .1
        .into_iter()
        .flatten()
        .zip(wanted.interval.iter().flatten())
    {
        close(Some(found), *wanted);
    }
}

#[test]
fn groups_shares_and_paired_costs_are_those_of_the_twin() {
    let golden = golden();
    let read = run(&golden, TextVariant::Algorithm1, |story| &story.read);
    let restored = run(&golden, TextVariant::Original, |story| &story.restored);
    let pronoun = |scores: &Scores| {
        let mut all = scores.scores.iter();
        let found = all.find(|it| it.metric == "char_acc" && it.slice == "pronoun");
        found.map(|it| (it.value, it.interval))
    };
    let of_score = pronoun(&read.scores);
    let made = references(read, Some(restored), &stories(&golden)).unwrap();
    assert_eq!(made.groups.len(), golden.groups.len());
    for wanted in &golden.groups {
        let by = |it: &&GroupResult| {
            serde_json::to_value(it.by).unwrap() == wanted.by.as_str() && it.group == wanted.group
        };
        let found = made.groups.iter().find(by).unwrap();
        assert_eq!(
            (found.references, found.frames, found.stories),
            (wanted.references, wanted.frames, wanted.stories),
            "{} {}",
            wanted.by,
            wanted.group
        );
        close(found.char_acc.value, wanted.char_acc);
        close(found.char_f1.value, wanted.char_f1);
        close(found.referent_found.value, wanted.referent_found);
        let cost = found.cost.unwrap();
        same((cost.value, cost.interval), &wanted.cost);
    }
    // Frames with a reference are the slice `pronoun`.
    let all = made.groups[0].char_acc;
    assert_eq!(of_score, Some((all.value, all.interval)));
    for (metric, wanted) in [
        ("char_acc", &golden.char_acc_cost),
        ("char_f1", &golden.char_f1_cost),
    ] {
        let cost = made.costs.iter().find(|it| it.metric == metric).unwrap();
        same((cost.cost, cost.interval), wanted);
    }
    assert!(chart(&made).matches("<circle").count() > 2 * (made.groups.len() - 1));
}

#[test]
fn a_run_of_names_has_no_references_and_another_model_is_not_the_same_run() {
    let golden = golden();
    let read = run(&golden, TextVariant::Algorithm1, |story| &story.read);
    let names = run(&golden, TextVariant::Original, |story| &story.restored);
    let captions = stories(&golden);
    let nothing = references(names.clone(), None, &captions);
    assert!(matches!(nothing, Err(CompareError::NoReferences { .. })));
    let twice = references(read.clone(), Some(read.clone()), &captions);
    assert!(
        matches!(twice, Err(CompareError::NotRestored { differences, .. }) if differences[0].starts_with("text:"))
    );
    let mut other = names;
    other.scores.model = "n".to_owned();
    let error = references(read, Some(other), &captions)
        .unwrap_err()
        .to_string();
    assert!(error.contains("model: m / n"), "{error}");
}
