//! What released scripts do by position, on the code that scores runs: values made by
//! `tools/golden/released_scripts.py`, which calls what the scripts call.

use super::super::chosen::Chosen;
use super::super::features::both;
use super::super::tests::{context, protocol as strict};
use super::super::{CLIP, FEATURES, Features, ReduceInput, reduce};
use super::kept;
use crate::card::{self, MeanOver, Protocol, Repeats};
use crate::metric::golden::{fill, floats, number, numbers, of_cosines};
use crate::metric::{Gaussian, MeanPrecision};
use crate::record::{ClipId, FrameIndex, Observation, Score, StoryId};
use ndarray::{Array2, Axis};
use serde_json::Value;

fn cases() -> Vec<Value> {
    numbers("../protocols/folders.json")
}

fn size(case: &Value, name: &str) -> usize {
    case[name].as_u64().unwrap() as usize
}

fn seed(case: &Value, more: u64) -> u64 {
    case["seed"].as_u64().unwrap() + more
}

/// The script's plan: sliding windows in an order that is not that of their ids.
fn planned(case: &Value) -> Vec<Observation> {
    let (stories, length) = (size(case, "stories"), size(case, "length"));
    let name = |clip: usize| format!("s_{}_e_{}_shot_{clip}", clip % 3, clip * 7 % 10);
    (0..stories * length)
        .map(|row| {
            let start = row / length * size(case, "stride") % stories;
            let frame = row % length;
            let mut observation = Observation::unseen(
                StoryId::new(name(start)),
                FrameIndex(frame as u32 + 1),
                ClipId::new(name(start + frame)),
            );
            observation.character_labels = vec![true, false];
            observation
        })
        .collect()
}

/// CLIP similarities of the planned frames: with the caption, and with the ground truth.
fn cosines(case: &Value) -> Vec<[Option<f64>; 2]> {
    let rows = size(case, "stories") * size(case, "length");
    let similarity = fill(rows, 2, seed(case, 2));
    let of = |row, column| Some(f64::from(similarity[[row, column]]) / 8.0);
    (0..rows).map(|row| [of(row, 0), of(row, 1)]).collect()
}

fn sets(case: &Value) -> [Array2<f32>; 2] {
    let (rows, dim) = (
        size(case, "stories") * size(case, "length"),
        size(case, "dim"),
    );
    [0, 1].map(|more| fill(rows, dim, seed(case, more)))
}

fn quick(id: &str) -> Protocol {
    card::protocol(id).unwrap()
}

fn scores(protocol: &Protocol, rows: &[Observation], features: &Features) -> Vec<Score> {
    reduce(&ReduceInput {
        observations: rows,
        own: &[],
        features,
        protocol,
        context: &context(),
    })
}

fn of_all(scores: &[Score], metric: &str) -> Score {
    let mut found = scores.iter().filter(|s| s.slice == "all");
    found.find(|s| s.metric == metric).unwrap().clone()
}

/// The distance of a protocol, and the means that it is computed with, to the bit.
fn equals_the_script(id: &str, case: &Value, name: &str, signed: &str) {
    let (protocol, rows, sets) = (quick(id), planned(case), sets(case));
    let wanted = &case[name];
    let features = Features::default().with_pair(FEATURES, sets);
    let score = of_all(&scores(&protocol, &rows, &features), "fid");
    assert_eq!(
        (score.n, score.planned),
        (size(wanted, "n"), size(wanted, "n")),
        "{id}"
    );
    assert!(score.signature.contains(signed), "{}", score.signature);
    let (value, expected) = (score.value.unwrap(), number(wanted, "fid"));
    assert!(
        (value / expected - 1.0).abs() < 1e-6,
        "{id}: {value} {expected}"
    );
    let context = context();
    let input = ReduceInput {
        observations: &rows,
        own: &[],
        features: &features,
        protocol: &protocol,
        context: &context,
    };
    let chosen = Chosen::new(&input);
    let (listed, _) = kept(&chosen, protocol.fid.as_ref().unwrap());
    let pair = both(input.pair(FEATURES), &chosen, &listed).unwrap();
    for (at, set) in [pair.generated, pair.ground_truth].iter().enumerate() {
        let mean = Gaussian::fit_with(&set.view(), MeanPrecision::F32).mean;
        let bits: Vec<u32> = mean.iter().map(|v| (*v as f32).to_bits()).collect();
        assert_eq!(bits, floats(&wanted["means"][at]), "{id}");
    }
}

#[test]
fn batches_of_a_flat_folder_are_of_images() {
    for case in cases() {
        let signed = "|mean:f32|repeats:last-of-clip|drop-last:16-images|order:clip|";
        equals_the_script("storygptv-vfid512", &case, "images_16", signed);
    }
}

#[test]
fn batches_of_a_folder_of_stories_are_of_stories() {
    for case in cases() {
        let signed = "|mean:f32|repeats:every-frame|drop-last:16-stories|order:plan|";
        equals_the_script("storygptv-released", &case, "stories_16", signed);
        let signed = "|mean:f32|repeats:every-frame|drop-last:none|order:plan|";
        equals_the_script("arldm-64", &case, "all", signed);
    }
}

#[test]
fn the_images_left_out_of_a_flat_folder_are_the_scripts() {
    let protocol = quick("storygptv-vfid512");
    for case in cases() {
        let (rows, [generated, truth]) = (planned(&case), sets(&case));
        let fid = |generated: &Array2<f32>| {
            let pair = [generated.clone(), truth.clone()];
            let features = Features::default().with_pair(FEATURES, pair);
            let score = of_all(&scores(&protocol, &rows, &features), "fid");
            (score.value.unwrap().to_bits(), score)
        };
        let (before, score) = fid(&generated);
        let left_out: Vec<usize> = floats(&case["left_out"])
            .iter()
            .map(|v| *v as usize)
            .collect();
        assert_eq!(left_out.len(), size(&case, "images") % 16);
        let mut others = generated.clone();
        for row in &left_out {
            others.row_mut(*row).fill(1e6);
        }
        assert_eq!(fid(&others).0, before);
        let gone = rows.len() - score.n;
        let warning = format!("{gone} of {} scored frames are left out", rows.len());
        assert!(score.warnings.iter().any(|w| w.starts_with(&warning)));
        // Every other image of the folder counts.
        let mut counted = 0;
        for row in 0..rows.len().min(60) {
            let mut one = generated.clone();
            one.row_mut(row).fill(2.0);
            counted += usize::from(fid(&one).0 != before);
            assert!(fid(&one).0 == before || !left_out.contains(&row));
        }
        assert!(counted > 0);
    }
}

#[test]
fn clip_of_a_flat_folder_is_a_mean_of_batches_of_its_images() {
    for case in cases() {
        let (mut protocol, rows) = (quick("storygptv-released"), planned(&case));
        let sets = of_cosines(&cosines(&case));
        let near = |score: &Score, name: &str| {
            let expected = number(&case["clip"], name);
            assert!((score.value.unwrap() - expected).abs() < 1e-13, "{name}");
        };
        let images = size(&case, "images");
        for id in ["storygptv-released", "storygptv-released-original"] {
            protocol.clip = card::protocol(id).unwrap().clip;
            let found = scores(&protocol, &rows, &sets);
            for (metric, name) in [("clip_ti", "ti"), ("clip_ii", "ii")] {
                let score = of_all(&found, metric);
                near(&score, name);
                assert_eq!((score.n, score.planned), (images, images));
                let signed = "|avg:mean-of-batches-64|repeats:last-of-clip|order:clip|";
                assert!(score.signature.contains(signed), "{}", score.signature);
                let [low, high] = score.interval.unwrap();
                assert!(low < score.value.unwrap() && score.value.unwrap() < high);
            }
        }
        protocol.clip.as_mut().unwrap().repeats = Repeats::EveryFrame;
        let found = scores(&protocol, &rows, &sets);
        near(&of_all(&found, "clip_ti"), "every_ti");
        near(&of_all(&found, "clip_ii"), "every_ii");
        assert_eq!(of_all(&found, "clip_ii").n, rows.len());
    }
}

#[test]
fn an_image_without_a_value_is_planned_and_not_scored() {
    let case = &cases()[0];
    let (protocol, rows) = (quick("storygptv-released"), planned(case));
    let mut cosines = cosines(case);
    let last = rows
        .iter()
        .rposition(|row| row.frame == FrameIndex(1))
        .unwrap();
    cosines[last][1] = None;
    let sets = of_cosines(&cosines);
    let score = of_all(&scores(&protocol, &rows, &sets), "clip_ii");
    assert_eq!(
        (score.n, score.planned),
        (size(case, "images") - 1, size(case, "images"))
    );
}

#[test]
fn one_file_stands_for_the_frames_of_all_stories_of_its_clip() {
    for case in cases() {
        let (mut rows, sets) = (planned(&case), of_cosines(&cosines(&case)));
        for row in &mut rows {
            let photo = row.clip.as_str().chars().last().unwrap();
            row.clip = ClipId::new(photo.to_string());
        }
        let mut protocol = strict();
        let rule = protocol.clip.as_mut().unwrap();
        (rule.mean, rule.repeats) = (MeanOver::Frames, Repeats::LastForAll);
        let score = of_all(&scores(&protocol, &rows, &sets), "clip_ii");
        let expected = number(&case["shared"], "ii");
        assert!((score.value.unwrap() - expected).abs() < 1e-13);
        assert_eq!((score.n, score.planned), (rows.len(), rows.len()));
        assert!(
            score
                .signature
                .contains("|avg:mean|repeats:last-for-all|ci:")
        );
    }
    assert_eq!(
        card::protocol("gill-vist").unwrap().clip.unwrap().repeats,
        Repeats::LastForAll
    );
}

#[test]
fn consistency_is_of_the_frames_that_are_left() {
    // Two stories of two frames share their second clip: one pair is left.
    let row = |story: &str, frame, clip: &str| {
        Observation::unseen(StoryId::new(story), FrameIndex(frame), ClipId::new(clip))
    };
    let rows = [
        row("a", 1, "x"),
        row("a", 2, "y"),
        row("b", 1, "z"),
        row("b", 2, "y"),
    ];
    let generated = ndarray::array![[1.0_f32, 0.0], [1.0, 0.0], [1.0, 0.0], [0.0, 1.0]];
    let sets = Features::default().with_pair(CLIP, [generated, Array2::ones((4, 2))]);
    let mut protocol = strict();
    let value = |protocol: &Protocol| of_all(&scores(protocol, &rows, &sets), "consistency");
    assert_eq!(value(&protocol).value, Some(0.5));
    protocol.clip.as_mut().unwrap().repeats = Repeats::LastOfClip;
    let left = value(&protocol);
    assert_eq!((left.value, left.n, left.planned), (Some(0.0), 2, 3));
    assert!(left.signature.contains("|repeats:last-of-clip|"));
    protocol.clip.as_mut().unwrap().repeats = Repeats::LastForAll;
    assert_eq!(value(&protocol).value, Some(0.0));
}

#[test]
fn a_flat_folder_has_no_order_but_that_of_its_names() {
    let case = &cases()[1];
    let (protocol, mut rows) = (quick("storygptv-vfid512"), planned(case));
    let sets = of_cosines(&cosines(case)).with_pair(FEATURES, sets(case));
    let mut with_clip = quick("storygptv-released");
    with_clip.fid = protocol.fid;
    for (at, row) in rows.iter_mut().enumerate() {
        row.clip = ClipId::new(format!("clip {}", at * 7919 % 1009));
    }
    let order: Vec<usize> = (0..rows.len()).rev().collect();
    let turned: Vec<Observation> = order.iter().map(|row| rows[*row].clone()).collect();
    let before = scores(&with_clip, &rows, &sets);
    let after = scores(
        &with_clip,
        &turned,
        &sets.map(|set| set.select(Axis(0), &order)),
    );
    for metric in ["fid", "clip_ti", "clip_ii"] {
        let [a, b] = [&before, &after].map(|scores| of_all(scores, metric).value.unwrap());
        assert_eq!(a.to_bits(), b.to_bits(), "{metric}");
    }
}
