//! Tests of the reduction on made-up runs.

use super::*;
use crate::card::{self, FrameRule, LabelRule, MeanOver, Protocol, Repeats};
use crate::metric::golden::of_cosines;
use crate::record::{ClipId, FrameIndex, Observation, Role, StoryId, TextVariant};
use ndarray::Array2;
use proptest::prelude::*;

pub(super) fn protocol() -> Protocol {
    card::protocol("strict").unwrap()
}

pub(super) fn context() -> ScoreContext {
    let name = |role: Role, graph: &str| {
        let name = ExtractorName {
            graph: graph.to_owned(),
            hash: "fedcba9876543210".to_owned(),
            preprocessing: "pillow-bilinear-64+squash+symmetric".to_owned(),
        };
        (role, name)
    };
    ScoreContext {
        dataset: "minisv".to_owned(),
        dataset_hash: "0123456789abcdef".to_owned(),
        subset: "test/followers-3".parse().unwrap(),
        text: TextVariant::Algorithm1,
        reads: Vec::new(),
        characters: vec!["otto".to_owned(), "mira".to_owned()],
        refused: None,
        extractors: Extractors::from_iter([
            name(Role::CHARACTERS, "char_classifier"),
            name(Role::BACKGROUNDS, "bg_classifier"),
            name(Role::FEATURES, "features"),
            name(Role::CLIP, "clip"),
            name(Role::LPIPS, "lpips"),
            name(Role::CAPTIONER, "captioner"),
            name(Role::LOCATOR, "locator"),
        ]),
    }
}

pub(super) fn observation(
    story: usize,
    frame: u32,
    labels: [bool; 2],
    seen: Option<[f32; 2]>,
) -> Observation {
    let mut row = Observation::unseen(
        StoryId::new(format!("story {story}")),
        FrameIndex(frame),
        ClipId::new(format!("clip {story} {frame}")),
    );
    row.pronoun = frame > 1;
    row.character_labels = labels.to_vec();
    row.set("character_probabilities", seen.map(|p| p.to_vec()));
    row
}

fn run() -> Vec<Observation> {
    vec![
        observation(0, 1, [true, false], Some([0.9, 0.1])),
        observation(0, 2, [true, true], Some([0.9, 0.5])),
        observation(1, 1, [false, true], Some([0.2, 0.8])),
        observation(1, 2, [false, true], None),
        observation(2, 1, [true, false], Some([0.6, 0.7])),
        observation(2, 2, [true, false], Some([f32::NAN, 0.7])),
    ]
}

fn scores_under(protocol: &Protocol, observations: &[Observation]) -> Vec<Score> {
    scores_of_features(protocol, observations, &Features::default())
}

fn scores_of_features(
    protocol: &Protocol,
    observations: &[Observation],
    features: &Features,
) -> Vec<Score> {
    reduce(&ReduceInput {
        observations,
        own: &[],
        features,
        protocol,
        context: &context(),
    })
}

fn scores(observations: &[Observation]) -> Vec<Score> {
    scores_under(&protocol(), observations)
}

fn scores_of_pair(
    protocol: &Protocol,
    observations: &[Observation],
    sets: [&Array2<f32>; 2],
) -> Vec<Score> {
    let pair = || sets.map(Array2::clone);
    let features = Features::default()
        .with_pair(FEATURES, pair())
        .with_pair(CLIP, pair());
    scores_of_features(protocol, observations, &features)
}

fn find<'a>(scores: &'a [Score], metric: &str, slice: &str) -> &'a Score {
    scores
        .iter()
        .find(|s| s.metric == metric && s.slice == slice)
        .unwrap()
}

#[test]
fn the_numbers_are_those_of_a_hand_count() {
    let scores = scores(&run());
    let accuracy = find(&scores, "char_acc", "all");
    // Right: 0/1 and 1/1; wrong: 0/2 (0.5 is negative) and 2/1.
    assert_eq!(accuracy.value, Some(50.0));
    assert_eq!((accuracy.n, accuracy.planned, accuracy.stories), (4, 6, 3));
    assert!(accuracy.warnings[0].starts_with("1 frames"));
    let [low, high] = accuracy.interval.unwrap();
    assert!((0.0..=50.0).contains(&low) && (50.0..=100.0).contains(&high));
    // tp: otto 3, mira 1; fp: mira 1; fn: mira 1.
    let f1 = find(&scores, "char_f1", "all");
    assert_eq!(f1.value, Some(80.0));
    assert_eq!(find(&scores, "char_acc", "pronoun").value, Some(0.0));
    assert_eq!(find(&scores, "char_acc", "frame_1").n, 3);
    assert_eq!(
        find(&scores, "char_f1", "character:otto").value,
        Some(100.0)
    );
    assert_eq!(find(&scores, "char_f1", "character:mira").value, Some(50.0));
    assert_eq!(
        find(&scores, "char_acc", "character:mira").value,
        Some(50.0)
    );
}

#[test]
fn the_signature_says_it_all() {
    let scores = scores(&run());
    assert_eq!(
        find(&scores, "char_acc", "all").signature,
        "char_acc|dataset:minisv@0123456789ab|subset:test/followers-3|text:algorithm1|frames:1-2|gt:middle|\
         pixels:pillow-bilinear-64+squash+symmetric|extractor:char_classifier@fedcba987654|\
         threshold:p>0.5|avg:exact|ci:story-wilson-t|n:4|v:4"
    );
}

#[test]
fn what_cannot_be_scored_has_a_reason() {
    let all = scores(&run());
    assert!(
        find(&all, "bg_acc", "all")
            .unscored
            .as_ref()
            .unwrap()
            .contains("no labels")
    );
    assert!(
        find(&all, "fid", "all")
            .unscored
            .as_ref()
            .unwrap()
            .contains("no features")
    );
    let none = scores(&[observation(0, 1, [false, false], Some([0.9, 0.1]))]);
    assert!(
        find(&none, "char_f1", "all")
            .unscored
            .as_ref()
            .unwrap()
            .contains("no positive label")
    );
    assert_eq!(find(&none, "char_acc", "all").value, Some(0.0));
    assert_eq!(find(&none, "char_acc", "all").interval, None);
    assert!(
        find(&none, "char_acc", "pronoun")
            .unscored
            .as_ref()
            .unwrap()
            .contains("no frame in")
    );
    let empty = scores(&[]);
    assert!(
        empty
            .iter()
            .all(|score| score.value.is_none() && score.unscored.is_some())
    );
}

fn features(rows: usize, dim: usize, salt: f32) -> Array2<f32> {
    Array2::from_shape_fn((rows, dim), |(i, j)| {
        ((i * 31 + j * 17) as f32 * salt).sin() + salt
    })
}

#[test]
fn the_distance_uses_frames_that_are_on_both_sides() {
    let observations: Vec<Observation> = (0..40)
        .map(|i| observation(i / 4, (i % 4) as u32 + 1, [true, false], None))
        .collect();
    let (mut generated, ground_truth) = (features(40, 3, 0.7), features(40, 3, 0.9));
    generated.row_mut(5).fill(f32::NAN);
    let protocol = protocol();
    let scores = scores_of_pair(&protocol, &observations, [&generated, &ground_truth]);
    let fid = find(&scores, "fid", "all");
    assert_eq!((fid.n, fid.planned, fid.stories), (39, 40, 10));
    let [low, high] = fid.interval.unwrap();
    assert!(low < fid.value.unwrap() && fid.value.unwrap() < high);
    assert!(
        fid.signature
            .contains("|dim:3|avg:frechet|cov:n-1|mean:f64|repeats:every-frame|drop-last:none|ci:story-influence-t|n:39|")
    );
    // A value that is broken, and not absent, is no reason to leave the frame out quietly.
    let mut broken = generated.clone();
    broken[[7, 1]] = f32::INFINITY;
    let broken = scores_of_pair(&protocol, &observations, [&broken, &ground_truth]);
    assert!(
        find(&broken, "fid", "all")
            .unscored
            .as_ref()
            .unwrap()
            .contains("not finite")
    );
}

#[test]
fn the_same_frames_are_at_distance_zero() {
    let observations: Vec<Observation> = (0..12)
        .map(|i| observation(i / 4, 1, [true, false], None))
        .collect();
    let same = features(12, 3, 0.7);
    let scores = scores_of_pair(&protocol(), &observations, [&same, &same]);
    assert!(find(&scores, "fid", "all").value.unwrap().abs() < 1e-9);
    // Rounding is no uncertainty.
    assert_eq!(find(&scores, "fid", "all").interval, None);
}

/// Ten stories of four frames without labels.
fn stories(count: usize) -> Vec<Observation> {
    (0..count * 4)
        .map(|i| observation(i / 4, (i % 4) as u32 + 1, [true, false], None))
        .collect()
}

#[test]
fn an_incomplete_last_batch_of_stories_is_dropped_from_the_distance() {
    let (x, y) = (features(17 * 4, 3, 0.7), features(17 * 4, 3, 0.9));
    let mut protocol = protocol();
    let fid = |protocol: &Protocol, count: usize| {
        let rows = count * 4;
        let [x, y] = [&x, &y].map(|set| set.slice(ndarray::s![..rows, ..]).to_owned());
        let scores = scores_of_pair(protocol, &stories(count), [&x, &y]);
        find(&scores, "fid", "all").clone()
    };
    let sixteen = fid(&protocol, 16);
    assert_ne!(fid(&protocol, 17).value, sixteen.value);
    protocol.fid.as_mut().unwrap().drop_last = Some(16);
    let dropped = fid(&protocol, 17);
    assert_eq!(dropped.value, sixteen.value);
    assert_eq!((dropped.n, dropped.planned), (64, 64));
    assert!(dropped.warnings.iter().any(|w| w.contains("4 of 68")));
    assert!(dropped.signature.contains("drop-last:16-stories"));
}

#[test]
fn protocols_choose_frames_and_stories() {
    let observations = stories(3);
    let mut protocol = protocol();
    protocol.frames = FrameRule::Last;
    protocol.stories.first = Some(2);
    let scores = scores_under(&protocol, &observations);
    let accuracy = find(&scores, "char_acc", "all");
    assert_eq!(accuracy.planned, 2);
    assert!(accuracy.signature.contains("|subset:test/followers-3[:2]|"));
    assert!(accuracy.signature.contains("|frames:4-4|"));
    protocol.frames = FrameRule::SkipFirst;
    let scores = scores_under(&protocol, &observations);
    assert_eq!(find(&scores, "char_acc", "all").planned, 6);
}

#[test]
fn the_quirks_of_make_a_story_are_counted_as_its_script_does() {
    // Frame 2 shows what its own labels say, and not what those of frame 1 say.
    let rows = [
        observation(0, 1, [true, false], Some([0.9, 0.1])),
        observation(0, 2, [false, true], Some([0.1, 0.9])),
    ];
    let mut protocol = protocol();
    let value =
        |protocol: &Protocol, metric| find(&scores_under(protocol, &rows), metric, "all").value;
    assert_eq!(value(&protocol, "char_acc"), Some(100.0));
    protocol.classifiers.as_mut().unwrap().labels = LabelRule::FirstFrame;
    assert_eq!(value(&protocol, "char_acc"), Some(50.0));
    // Column 0: tp 1, fn 1; column 1: fp 1, no support.
    protocol.classifiers.as_mut().unwrap().f1_columns = vec![0];
    let f1 = value(&protocol, "char_f1").unwrap();
    assert!((f1 - 200.0 / 3.0).abs() < 1e-9, "{f1}");
    // A column that the labels do not have.
    let said = |protocol: &Protocol, metric| {
        find(&scores_under(protocol, &rows), metric, "all")
            .warnings
            .join("")
    };
    assert!(!said(&protocol, "char_f1").contains("f1_columns"));
    protocol.classifiers.as_mut().unwrap().f1_columns = vec![0, 2];
    assert!(said(&protocol, "char_f1").contains("names column 2, but there are 2 labels"));
    assert!(!said(&protocol, "char_acc").contains("f1_columns"));
    assert_eq!(value(&protocol, "char_f1"), Some(f1));
}

#[test]
fn averages_are_those_of_scikit_learn() {
    // tp/fp/fn: otto 3/0/0, mira 1/1/1 (see `run`).
    let scores = scores(&run());
    let value = |metric| find(&scores, metric, "all").value.unwrap();
    assert!((value("char_f1_macro") - 75.0).abs() < 1e-9);
    assert!((value("char_f1_weighted") - (3.0 * 100.0 + 2.0 * 50.0) / 5.0).abs() < 1e-9);
    // Frames: 1, 2/3, 1, 2/3.
    assert!((value("char_f1_samples") - 250.0 / 3.0).abs() < 1e-9);
    assert!((value("char_acc_label") - 75.0).abs() < 1e-9);
    let counts = find(&scores, "char_acc", "character:mira").counts.unwrap();
    assert_eq!(
        [
            counts.true_positives,
            counts.false_positives,
            counts.false_negatives,
            counts.true_negatives
        ],
        [1, 1, 1, 1]
    );
}

#[test]
fn similarities_are_means_over_frames_files_or_batches() {
    let mut rows = stories(3);
    let text = |index: usize| (index != 5).then_some(index as f64 / 100.0);
    let clip = (0..12).map(|index| [text(index), Some(1.0)]);
    let clip = of_cosines(&clip.collect::<Vec<_>>());
    for (index, row) in rows.iter_mut().enumerate() {
        row.set("lpips", Some(index as f64));
        row.clip = ClipId::new(format!("clip {}", index % 4));
    }
    let mut protocol = protocol();
    let found = scores_of_features(&protocol, &rows, &clip);
    let text = find(&found, "clip_ti", "all");
    assert!((text.value.unwrap() - (66.0 - 5.0) / 11.0 / 100.0).abs() < 1e-12);
    assert_eq!((text.n, text.planned, text.stories), (11, 12, 3));
    assert!(text.interval.is_some());
    assert!((find(&found, "lpips", "all").value.unwrap() - 5.5).abs() < 1e-12);
    assert!((find(&found, "lpips", "frame_2").value.unwrap() - 5.0).abs() < 1e-12);
    protocol.lpips.as_mut().unwrap().repeats = Repeats::LastOfClip;
    protocol.clip.as_mut().unwrap().mean = MeanOver::Batches(8);
    let found = scores_of_features(&protocol, &rows, &clip);
    let lpips = find(&found, "lpips", "all");
    assert!((lpips.value.unwrap() - 9.5).abs() < 1e-12);
    assert_eq!((lpips.n, lpips.planned), (4, 4));
    // Batches of 8 and of 3: means of 0..=8 without 5, and of 9, 10, 11.
    let text = find(&found, "clip_ti", "all").value.unwrap();
    assert!((text - (31.0 / 8.0 + 10.0) / 200.0).abs() < 1e-12, "{text}");
}

#[test]
fn consistency_compares_frames_of_one_story_only() {
    let rows = stories(2);
    // Each story has a direction of its own; the generated ones turn in frame 4.
    let truth = Array2::from_shape_fn((8, 2), |(i, j)| f32::from(u8::from(i / 4 == j)));
    let mut generated = truth.clone();
    for row in [3, 7] {
        generated.row_mut(row).assign(&ndarray::arr1(&[1.0, 1.0]));
    }
    let scores = scores_of_pair(&protocol(), &rows, [&generated, &truth]);
    let value = |metric| find(&scores, metric, "all").value.unwrap();
    assert!((value("consistency_gt") - 1.0).abs() < 1e-12);
    let expected = (3.0 + 3.0 * 0.5_f64.sqrt()) / 6.0;
    assert!((value("consistency") - expected).abs() < 1e-6);
    assert!((value("consistency_shared") - expected).abs() < 1e-6);
}

#[test]
fn a_metric_without_a_section_is_absent() {
    let scores = scores_under(&card::protocol("pytorch-fid").unwrap(), &stories(2));
    assert!(!scores.is_empty() && scores.iter().all(|score| score.metric == "fid"));
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, ..ProptestConfig::default() })]

    /// A run in parts, put back into plan order, has the bits of the run in one piece.
    #[test]
    fn parts_put_together_give_the_same_bits(
        seen in prop::collection::vec((any::<[bool; 2]>(), prop::option::of([0.0_f32..1.0, 0.0_f32..1.0])), 1..40),
        parts in prop::collection::vec(0_usize..3, 40),
    ) {
        let whole: Vec<Observation> = seen
            .iter()
            .enumerate()
            .map(|(i, (labels, p))| observation(i / 4, (i % 4) as u32 + 1, *labels, *p))
            .collect();
        let mut shards: Vec<Vec<(usize, Observation)>> = vec![Vec::new(); 3];
        for (index, row) in whole.iter().enumerate() {
            shards[parts[index / 4]].push((index, row.clone()));
        }
        let mut merged: Vec<(usize, Observation)> = shards.into_iter().rev().flatten().collect();
        merged.sort_by_key(|(index, _)| *index);
        let merged: Vec<Observation> = merged.into_iter().map(|(_, row)| row).collect();
        let text = |rows: &[Observation]| serde_json::to_string(&scores(rows)).unwrap();
        prop_assert_eq!(text(&whole), text(&merged));
    }
}
