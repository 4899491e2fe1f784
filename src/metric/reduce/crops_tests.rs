//! Hand-counted crops: two labels, embeddings of two numbers.

use super::super::tests::{context, observation, protocol};
use super::super::{Features, ReduceInput, ScoreContext, reduce};
use super::*;
use crate::record::{Observation, Score};
use ndarray::{Array2, arr2};

const N: f32 = f32::NAN;

/// Two stories of two frames: otto twice and mira once, then mira twice.
fn stories() -> Vec<Observation> {
    vec![
        observation(0, 1, [true, false], None),
        observation(0, 2, [true, true], None),
        observation(1, 1, [false, true], None),
        observation(1, 2, [false, true], None),
    ]
}

/// Mira is not found on the second frame.
fn generated() -> Array2<f32> {
    arr2(&[
        [1.0, 0.0, N, N],
        [0.6, 0.8, N, N],
        [N, N, 0.0, 2.0],
        [N, N, 0.0, 3.0],
    ])
}

/// Everybody is found; mira changes in the second story.
fn ground_truth() -> Array2<f32> {
    arr2(&[
        [1.0, 0.0, N, N],
        [5.0, 0.0, 1.0, 0.0],
        [N, N, 0.0, 1.0],
        [N, N, 1.0, 0.0],
    ])
}

fn reduced(
    rows: &[Observation],
    sets: Option<[&Array2<f32>; 2]>,
    whole: Option<[&Array2<f32>; 2]>,
    context: &ScoreContext,
) -> Vec<Score> {
    let mut features = Features::default();
    for (names, sets) in [(CROPS, sets), (CLIP, whole)] {
        if let Some(sets) = sets {
            features = features.with_pair(names, sets.map(Array2::clone));
        }
    }
    reduce(&ReduceInput {
        observations: rows,
        own: &[],
        features: &features,
        protocol: &protocol(),
        context,
    })
}

fn scores(generated: &Array2<f32>, ground_truth: &Array2<f32>) -> Vec<Score> {
    reduced(
        &stories(),
        Some([generated, ground_truth]),
        None,
        &context(),
    )
}

fn find<'a>(scores: &'a [Score], metric: &str) -> &'a Score {
    let mut found = scores.iter().filter(|score| score.metric == metric);
    let score = found.next().unwrap();
    assert!(found.next().is_none(), "{metric} stands on one slice only");
    score
}

fn value(scores: &[Score], metric: &str) -> f64 {
    find(scores, metric).value.unwrap()
}

fn reason(scores: &[Score], metric: &str) -> String {
    let score = find(scores, metric);
    assert_eq!(score.value, None);
    score.unscored.clone().unwrap()
}

#[test]
fn the_numbers_are_those_of_a_hand_count() {
    let scores = scores(&generated(), &ground_truth());
    let near = |metric, expected: f64| {
        let found = value(&scores, metric);
        assert!((found - expected).abs() < 1e-7, "{metric} {found}");
    };
    near("char_consistency", f64::midpoint(0.6, 1.0));
    near("char_consistency_gt", f64::midpoint(1.0, 0.0));
    // Otto 1 and 0.6, mira 1 and 0.
    near("char_likeness", 2.6 / 4.0);
    near("char_found", 80.0);
    near("char_found_gt", 100.0);
    let consistency = find(&scores, "char_consistency");
    assert_eq!((consistency.n, consistency.stories), (4, 2));
    // 0.6 and 1: two stories leave all cosines open.
    let [low, high] = consistency.interval.unwrap();
    assert!((low + 1.0).abs() < 1e-7 && (high - 1.0).abs() < 1e-7);
    let likeness = find(&scores, "char_likeness");
    assert_eq!((likeness.n, likeness.planned, likeness.stories), (4, 4, 2));
}

#[test]
fn the_signature_names_both_networks_and_the_cut() {
    let scores = scores(&generated(), &ground_truth());
    assert_eq!(
        find(&scores, "char_consistency").signature,
        "char_consistency|dataset:minisv@0123456789ab|subset:test/followers-3|text:algorithm1|\
         frames:1-2|gt:middle|pixels:pillow-bilinear-64+squash+symmetric;\
         crops=pillow-bilinear-64+squash+symmetric|\
         extractor:locator@fedcba987654+clip@fedcba987654|crop:pillow-bicubic-64+min8+margin0.1|of:generated|\
         avg:mean-over-pairs|ci:story-skew-t|n:4|v:4"
    );
}

#[test]
fn pairs_are_of_one_story_and_one_character() {
    // Two stories of otto that point in different directions, and mira beside him: no pair crosses.
    let rows: Vec<Observation> = (0..4)
        .map(|i| observation(i / 2, i as u32 % 2 + 1, [true, true], None))
        .collect();
    let set = arr2(&[
        [1.0, 0.0, 0.0, 1.0],
        [1.0, 0.0, 0.0, 1.0],
        [0.0, 1.0, 1.0, 0.0],
        [0.0, 1.0, 1.0, 0.0],
    ]);
    let scores = reduced(&rows, Some([&set, &set]), None, &context());
    for metric in ["char_consistency", "char_consistency_gt", "char_likeness"] {
        assert!((value(&scores, metric) - 1.0).abs() < 1e-12);
    }
}

#[test]
fn a_crop_without_a_label_does_not_count() {
    let mut generated = generated();
    let before = scores(&generated, &ground_truth());
    generated[[0, 2]] = 9.0;
    generated[[0, 3]] = -9.0;
    assert_eq!(scores(&generated, &ground_truth()), before);
}

#[test]
fn what_is_missing_has_a_reason() {
    let (generated, truth) = (generated(), ground_truth());
    let sets = Some([&generated, &truth]);
    let mut blind = context();
    blind.extractors.remove(Role::LOCATOR);
    let no_locator = reduced(&stories(), sets, None, &blind);
    assert!(reason(&no_locator, "char_found").contains("no locator"));
    let mut blind = context();
    blind.extractors.remove(Role::CLIP);
    let no_clip = reduced(&stories(), sets, None, &blind);
    assert!(reason(&no_clip, "char_consistency").contains("no CLIP"));
    let no_crops = reduced(&stories(), None, None, &context());
    assert!(reason(&no_crops, "char_likeness").contains("observe it again"));

    let none = Array2::from_elem((4, 4), N);
    let nobody = scores(&none, &truth);
    assert!(reason(&nobody, "char_consistency").contains("two frames of a story"));
    assert!(reason(&nobody, "char_likeness").contains("real one"));
    assert_eq!(find(&nobody, "char_found").value, Some(0.0));
    let nameless = [observation(0, 1, [false, false], None)];
    let row = Array2::from_elem((1, 4), N);
    let nameless = reduced(&nameless, Some([&row, &row]), None, &context());
    assert!(reason(&nameless, "char_found").contains("labelled"));
}

#[test]
fn broken_crops_are_refused() {
    let (generated, truth) = (generated(), ground_truth());
    for wrong in [
        Array2::zeros((3, 4)),
        Array2::zeros((4, 5)),
        Array2::zeros((4, 0)),
    ] {
        let reason = reason(&scores(&wrong, &truth), "char_found");
        assert!(reason.contains("do not fit 4 observations"), "{reason}");
    }
    let wide = Array2::from_elem((4, 8), 1.0);
    assert!(reason(&scores(&generated, &wide), "char_found").contains("do not fit"));
    let mut zero = generated.clone();
    zero[[1, 0]] = 0.0;
    zero[[1, 1]] = 0.0;
    let zero = scores(&zero, &truth);
    assert!(reason(&zero, "char_consistency").contains("otto on frame 2"));
    // The real side does not read it.
    assert!(find(&zero, "char_consistency_gt").value.is_some());
    let mut half = generated;
    half[[1, 1]] = N;
    let half = reason(&scores(&half, &truth), "char_likeness");
    assert!(half.contains("not finite"), "{half}");
}

#[test]
fn a_frame_that_was_not_looked_at_is_not_a_frame_without_characters() {
    let (mut generated, truth) = (generated(), ground_truth());
    let mut whole = Array2::from_elem((4, 3), 1.0);
    generated.row_mut(3).fill(N);
    let found = |whole: &Array2<f32>| {
        let scores = reduced(
            &stories(),
            Some([&generated, &truth]),
            Some([whole, whole]),
            &context(),
        );
        let found = find(&scores, "char_found");
        (found.value.unwrap(), found.n)
    };
    assert_eq!(found(&whole), (60.0, 4));
    whole.row_mut(3).fill(N);
    assert_eq!(found(&whole), (75.0, 3));
}
