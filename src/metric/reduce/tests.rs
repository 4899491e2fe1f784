//! Tests of the reduction on made-up runs.

use super::*;
use crate::record::{ClipId, FrameIndex, Observation, Seed, StoryId, TextVariant};
use ndarray::Array2;
use proptest::prelude::*;

fn protocol() -> ScoreProtocol {
    ScoreProtocol {
        dataset: "minisv".to_owned(),
        dataset_hash: "0123456789abcdef".to_owned(),
        subset: "test[:3]".to_owned(),
        text: TextVariant::Algorithm1,
        ground_truth: "middle".to_owned(),
        resize: "pillow-bilinear-64".to_owned(),
        evaluators_hash: "fedcba9876543210".to_owned(),
        characters: vec!["otto".to_owned(), "mira".to_owned()],
        resamples: 100,
        fid_resamples: 20,
        seed: Seed(0),
    }
}

fn observation(story: usize, frame: u32, labels: [bool; 2], seen: Option<[f32; 2]>) -> Observation {
    Observation {
        story: StoryId::new(format!("story {story}")),
        frame: FrameIndex(frame),
        clip: ClipId::new(format!("clip {story} {frame}")),
        text: String::new(),
        pronoun: frame > 1,
        character_labels: labels.to_vec(),
        background_labels: None,
        character_probabilities: seen.map(|p| p.to_vec()),
        background_probabilities: None,
    }
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

fn scores(observations: &[Observation]) -> Vec<Score> {
    reduce(&ReduceInput {
        observations,
        features: None,
        protocol: &protocol(),
    })
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
        "char_acc|dataset:minisv@0123456789ab|subset:test[:3]|text:algorithm1|frames:1-2|gt:middle|\
         resize:pillow-bilinear-64|extractor:char_classifier@fedcba987654|threshold:p>0.5|avg:exact|\
         ci:story-bootstrap-100@0|n:4|v:1"
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
    let pair = FeaturePair {
        generated: generated.view(),
        ground_truth: ground_truth.view(),
    };
    let input = ReduceInput {
        observations: &observations,
        features: Some(pair),
        protocol: &protocol,
    };
    let scores = reduce(&input);
    let fid = find(&scores, "fid", "all");
    assert_eq!((fid.n, fid.planned, fid.stories), (39, 40, 10));
    let [low, high] = fid.interval.unwrap();
    assert!(low < high && fid.value.unwrap() < high);
    assert!(fid.warnings.iter().any(|w| w.contains("biased upward")));
    assert!(
        fid.signature
            .contains("|dim:3|avg:frechet|cov:n-1|ci:story-bootstrap-20@0|n:39|")
    );
    // A value that is broken, and not absent, is no reason to leave the frame out quietly.
    let mut broken = generated.clone();
    broken[[7, 1]] = f32::INFINITY;
    let pair = FeaturePair {
        generated: broken.view(),
        ground_truth: ground_truth.view(),
    };
    let broken = reduce(&ReduceInput {
        features: Some(pair),
        ..input
    });
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
    let protocol = protocol();
    let pair = FeaturePair {
        generated: same.view(),
        ground_truth: same.view(),
    };
    let scores = reduce(&ReduceInput {
        observations: &observations,
        features: Some(pair),
        protocol: &protocol,
    });
    assert!(find(&scores, "fid", "all").value.unwrap().abs() < 1e-9);
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

    /// Values (not intervals, whose draws follow the plan) do not depend on the order of stories.
    #[test]
    fn the_order_of_stories_does_not_move_a_value(
        seen in prop::collection::vec((any::<[bool; 2]>(), prop::option::of([0.0_f32..1.0, 0.0_f32..1.0])), 1..40),
    ) {
        let mut rows: Vec<Observation> = seen
            .iter()
            .enumerate()
            .map(|(i, (labels, p))| observation(i / 4, (i % 4) as u32 + 1, *labels, *p))
            .collect();
        let values = |rows: &[Observation]| -> Vec<_> {
            scores(rows).into_iter().map(|s| (s.metric, s.slice, s.value.map(f64::to_bits), s.n)).collect()
        };
        let before = values(&rows);
        rows.reverse();
        prop_assert_eq!(before, values(&rows));
    }
}
