//! Whether jackknife intervals hold what they promise: made-up test sets, drawn again and again.
//!
//! The numbers are in `docs/metrics.md`; `cargo test jackknife_errors -- --nocapture` prints them.

use super::tests::{context, observation, protocol};
use super::*;
use ndarray::Array2;
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;
use rand_distr::{Distribution, StandardNormal};

const STORIES: usize = 60;
const FRAMES: usize = 4;
const DIM: usize = 6;
const WORLDS: u64 = 150;
const METRICS: [&str; 5] = ["precision", "recall", "density", "coverage", "is"];

/// A test set of independent stories, and what a model drew for it. Frames of a story share most of what
/// they are; the model keeps some of the story, varies less, and is a little off.
fn drawn(seed: u64) -> Vec<Score> {
    let mut random = ChaCha8Rng::seed_from_u64(seed);
    let mut normal = || -> f32 { StandardNormal.sample(&mut random) };
    let n = STORIES * FRAMES;
    let (mut generated, mut real) = (Array2::zeros((n, DIM)), Array2::zeros((n, DIM)));
    for story in 0..STORIES {
        let centre: [f32; DIM] = std::array::from_fn(|_| normal());
        for row in story * FRAMES..(story + 1) * FRAMES {
            for (column, centre) in centre.iter().enumerate() {
                real[[row, column]] = centre + 0.5 * normal();
                generated[[row, column]] = 0.8 * centre + 0.2 + 0.7 * normal();
            }
        }
    }
    let rows: Vec<_> = (0..n)
        .map(|row| observation(row / FRAMES, (row % FRAMES) as u32 + 1, [true, false], None))
        .collect();
    let mut protocol = protocol();
    protocol.fid = None;
    protocol.kid = None;
    protocol.classifiers = None;
    protocol.inception_score.as_mut().unwrap().splits = 2;
    let logits = &generated * 2.0;
    reduce(&ReduceInput {
        observations: &rows,
        own: &[],
        features: &Features::default()
            .with_pair(FEATURES, [generated, real])
            .with(LOGITS, logits),
        protocol: &protocol,
        context: &context(),
    })
}

#[test]
fn jackknife_errors_are_about_right_and_not_too_small() {
    let worlds: Vec<Vec<Score>> = (0..WORLDS).map(drawn).collect();
    for metric in METRICS {
        let scores: Vec<&Score> = worlds
            .iter()
            .map(|world| world.iter().find(|s| s.metric == metric).unwrap())
            .collect();
        let values: Vec<f64> = scores.iter().map(|s| s.value.unwrap()).collect();
        let intervals: Vec<[f64; 2]> = scores.iter().map(|s| s.interval.unwrap()).collect();
        let count = WORLDS as f64;
        let mean = values.iter().sum::<f64>() / count;
        let spread = values.iter().map(|v| (v - mean).powi(2)).sum::<f64>() / (count - 1.0);
        let widths = intervals.iter().map(|[low, high]| (high - low) / 2.0);
        let half = widths.sum::<f64>() / count;
        // 2.001 is Student's percentile of 59 degrees of freedom.
        let ratio = half / 2.001 / spread.sqrt();
        let holding = intervals
            .iter()
            .filter(|[low, high]| (*low..=*high).contains(&mean));
        let held = holding.count() as f64 / count;
        println!(
            "{metric}: mean {mean:.3}, spread {:.4}, error / spread {ratio:.2}, holds the mean {held:.2}",
            spread.sqrt()
        );
        assert!((0.85..2.0).contains(&ratio), "{metric} {ratio}");
        assert!(held > 0.9, "{metric} {held}");
    }
}

#[test]
fn a_value_without_an_interval_says_why() {
    let rows: Vec<_> = (0..40)
        .map(|row| observation(row / 4, row as u32 % 4 + 1, [true, false], None))
        .collect();
    let same = crate::metric::golden::fill(40, 3, 1);
    let scores = |rows: &[crate::record::Observation], set: &Array2<f32>| {
        reduce(&ReduceInput {
            observations: rows,
            own: &[],
            features: &Features::default()
                .with_pair(FEATURES, [set.clone(), set.clone()])
                .with(LOGITS, set.clone()),
            protocol: &protocol(),
            context: &context(),
        })
    };
    let find = |scores: &[Score], metric: &str| {
        scores.iter().find(|s| s.metric == metric).unwrap().clone()
    };
    // A set in itself: every frame lies in its own ball, whatever is left out.
    let recall = find(&scores(&rows, &same), "recall");
    assert_eq!((recall.value, recall.interval), (Some(1.0), None));
    assert!(
        recall
            .warnings
            .iter()
            .any(|w| w.contains("no story moves the value"))
    );
    assert!(recall.signature.contains("|ci:story-jackknife-10|"));
    // Seven stories are too few.
    let seven = scores(&rows[..28], &same.slice(ndarray::s![..28, ..]).to_owned());
    for metric in ["density", "is"] {
        let found = find(&seven, metric);
        assert!(
            found.value.is_some() && found.interval.is_none(),
            "{metric}"
        );
        assert!(
            found.warnings.iter().any(|w| w.contains("7 stories")),
            "{metric}"
        );
    }
}
