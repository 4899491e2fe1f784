//! Any permutation of the frames, on any number of threads, gives the same scores to the last bit.

use super::tests::{context, observation, protocol};
use super::*;
use crate::card::{MeanOver, Repeats};
use crate::metric::golden::fill;
use crate::record::Observation;
use ndarray::{Array2, Axis};
use proptest::prelude::*;

const WORDS: [&str; 6] = ["otto", "walks", "in", "the", "blue", "kitchen"];

/// Everything that a run has seen, in some order.
#[derive(Clone)]
struct Seen {
    observations: Vec<Observation>,
    features: Features,
}

fn caption(seed: usize) -> String {
    let words = (0..3 + seed % 4).map(|at| WORDS[(seed * 7 + at * (1 + seed % 3)) % WORDS.len()]);
    words.collect::<Vec<_>>().join(" ")
}

/// Stories of four frames; some frames are absent, and some captions.
fn seen(stories: usize, seed: u64) -> Seen {
    let n = stories * 4;
    let number = fill(n, 6, seed);
    let observations = (0..n)
        .map(|at| {
            let value = |column: usize| (number[[at, column]] % 1.0).abs();
            // Ids whose order is not that of the plan.
            let story = (at / 4 * 7919 + seed as usize) % 1009;
            let truth = [value(0) > 0.4, value(1) > 0.5];
            let there = value(2) > 0.1;
            let mut row = observation(
                story,
                (at % 4) as u32 + 1,
                truth,
                there.then_some([value(3), value(4)]),
            );
            row.background_labels = Some(vec![truth[1], !truth[1]]);
            row.set(
                "background_probabilities",
                there.then(|| vec![value(5), value(0)]),
            );
            row.set("lpips", there.then(|| f64::from(value(5)) / 1.3));
            let written = there.then(|| vec![caption(at * 5 + seed as usize)]);
            row.set("generated_captions", written);
            let beams = (0..5).map(|beam| caption(at * 3 + beam + seed as usize));
            row.set("ground_truth_captions", Some(beams.collect::<Vec<_>>()));
            row
        })
        .collect::<Vec<_>>();
    let absent = |mut set: Array2<f32>| {
        for (mut row, observation) in set.axis_iter_mut(Axis(0)).zip(&observations) {
            if observation.number("lpips").is_none() {
                row.fill(f32::NAN);
            }
        }
        set
    };
    let pair = |dim, first| [absent(fill(n, dim, first)), fill(n, dim, first + 1)];
    Seen {
        features: Features::default()
            .with_pair(FEATURES, pair(5, seed + 1))
            .with(LOGITS, absent(fill(n, 4, seed + 3)))
            .with_pair(CLIP, pair(6, seed + 4))
            .with_pair(CROPS, pair(8, seed + 6))
            .with(CLIP_TEXT, fill(n, 6, seed + 8)),
        observations,
    }
}

impl Seen {
    fn permuted(&self, order: &[usize]) -> Self {
        Self {
            observations: order
                .iter()
                .map(|row| self.observations[*row].clone())
                .collect(),
            features: self.features.map(|set| set.select(Axis(0), order)),
        }
    }

    fn scores(&self, protocol: &crate::card::Protocol) -> Vec<Score> {
        reduce(&ReduceInput {
            observations: &self.observations,
            own: &[],
            features: &self.features,
            protocol,
            context: &context(),
        })
    }
}

/// Metrics and slices whose JSON differs.
fn differing(a: &[Score], b: &[Score]) -> Vec<String> {
    assert_eq!(a.len(), b.len());
    let text = |score: &Score| serde_json::to_string(score).unwrap();
    let pairs = a.iter().zip(b).filter(|(a, b)| text(a) != text(b));
    pairs
        .map(|(a, _)| format!("{} {}", a.metric, a.slice))
        .collect()
}

fn on_threads<T: Send>(threads: usize, work: impl FnOnce() -> T + Send) -> T {
    let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build();
    pool.unwrap().install(work)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 12, failure_persistence: None, ..ProptestConfig::default() })]

    /// Values and intervals of every metric of `strict`, released BLEU and subsets of KID included.
    #[test]
    fn no_permutation_of_the_frames_moves_a_bit(
        stories in 3_usize..14,
        seed in 0_u64..1000,
        shuffle in any::<u32>(),
        threads in 1_usize..4,
        subsets in any::<bool>(),
    ) {
        let mut protocol = protocol();
        if subsets {
            let kid = protocol.kid.as_mut().unwrap();
            (kid.subsets, kid.subset_size) = (4, 6);
            protocol.captions.as_mut().unwrap().bleu = crate::card::BleuRule::StorygptvReleased;
        }
        protocol.inception_score.as_mut().unwrap().splits = 2;
        let run = seen(stories, seed);
        let order = crate::metric::RandomState::new(shuffle).permutation(stories * 4);
        let before = on_threads(1, || run.scores(&protocol));
        let after = on_threads(threads, || run.permuted(&order).scores(&protocol));
        prop_assert_eq!(differing(&before, &after), Vec::<String>::new());
        // The test would be empty if nothing had a value.
        for metric in ["char_f1_samples", "fid", "kid", "density", "is", "clip_ti", "lpips", "bleu4", "cider", "consistency", "char_consistency"] {
            prop_assert!(before.iter().any(|s| s.metric == metric && s.value.is_some()), "{}", metric);
        }
    }
}

/// What published scripts define by position follows the plan: the last batch that is dropped, means
/// of batches, and which file of a clip was written last. Frames of a story may come in any order where a batch
/// is of stories.
#[test]
fn what_scripts_define_by_position_follows_the_plan() {
    let run = seen(7, 5);
    let stories_reversed: Vec<usize> = (0..28).rev().collect();
    let within_stories: Vec<usize> = (0..28).map(|row| row / 4 * 4 + (3 - row % 4)).collect();
    let moved = |change: &dyn Fn(&mut crate::card::Protocol), order: &[usize]| {
        let mut protocol = protocol();
        change(&mut protocol);
        differing(
            &run.scores(&protocol),
            &run.permuted(order).scores(&protocol),
        )
    };
    let dropped = |protocol: &mut crate::card::Protocol| {
        protocol.fid.as_mut().unwrap().drop_last = Some(2);
    };
    assert_eq!(moved(&dropped, &stories_reversed), ["fid all"]);
    assert!(moved(&dropped, &within_stories).is_empty());
    let batches = |protocol: &mut crate::card::Protocol| {
        protocol.clip.as_mut().unwrap().mean = MeanOver::Batches(3);
    };
    let found = moved(&batches, &stories_reversed);
    assert!(found.iter().any(|name| name == "clip_ti all"));
    assert!(found.iter().all(|name| name.starts_with("clip_")));
    let mut repeated = run.clone();
    for (at, row) in repeated.observations.iter_mut().enumerate() {
        row.clip = crate::record::ClipId::new(format!("clip {}", at % 5));
    }
    let mut protocol = protocol();
    protocol.lpips.as_mut().unwrap().repeats = Repeats::LastOfClip;
    let [before, after] =
        [repeated.clone(), repeated.permuted(&stories_reversed)].map(|run| run.scores(&protocol));
    let found = differing(&before, &after);
    assert!(found.iter().any(|name| name == "lpips all"));
    assert!(found.iter().all(|name| name.starts_with("lpips ")));
}
