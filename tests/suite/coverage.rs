//! Simulated studies: whether intervals hold what they say, tests keep their level, and the two agree.
//!
//! Worlds with known truth, in which frames of a story depend on each other. Every study goes through the reduction
//! and the comparison that runs go through. A few hundred studies of one world are in the ordinary tests: they fail
//! when something is broken. Those that can tell 95 % from 93 % are slow:
//!
//! `cargo test --release --test suite coverage:: -- --ignored --nocapture --test-threads 1`
//!
//! prints the tables of docs/evidence/statistics.md; `STORYEVAL_STUDIES` is another number of studies.

mod captions;
mod difference;
mod fid;
mod single;
mod world;

use ndarray::Array2;
use rayon::prelude::*;
use std::collections::BTreeSet;
use storyeval::card::{self, Protocol};
use storyeval::compare::Finding;
use storyeval::metric::{
    CLIP, ExtractorName, Features, ReduceInput, Reduced, ScoreContext, Selection, reduce_with_parts,
};
use storyeval::record::{Observation, Role, TextVariant};
use storyeval::stats::Resampling;
use world::{Right, World};

/// The worlds of the slow tests; the first one is that of the quick ones.
const WORLDS: [World; 5] = [
    World {
        name: "half of the stories hard",
        right: Right::Halves(0.2, 0.9),
        lpips: [0.3, 0.2],
        unequal: false,
    },
    World {
        name: "75 % right",
        right: Right::Logit(0.75, 1.0),
        lpips: [0.5, 0.5],
        unequal: false,
    },
    World {
        name: "90 % right",
        right: Right::Logit(0.9, 1.0),
        lpips: [0.5, 1.0],
        unequal: false,
    },
    World {
        name: "90 % right, stories far apart and of 2 to 8 frames",
        right: Right::Logit(0.9, 2.0),
        lpips: [1.0, 0.5],
        unequal: true,
    },
    World {
        name: "97 % right",
        right: Right::Logit(0.97, 1.0),
        lpips: [1.0, 1.0],
        unequal: false,
    },
];
/// Numbers of stories of the slow tests.
const SIZES: [usize; 3] = [20, 50, 200];

/// How many studies: the usual number unless asked for another.
fn studies(usual: usize) -> usize {
    std::env::var("STORYEVAL_STUDIES")
        .ok()
        .and_then(|count| count.parse().ok())
        .unwrap_or(usual)
}

fn protocol() -> Protocol {
    card::protocol("strict").unwrap()
}

fn context() -> ScoreContext {
    let name = ExtractorName::default();
    ScoreContext {
        dataset: "simulated".to_owned(),
        dataset_hash: String::new(),
        subset: "test/listed".parse().unwrap(),
        text: TextVariant::Original,
        reads: Vec::new(),
        characters: vec!["otto".to_owned(), "mira".to_owned()],
        refused: None,
        extractors: [
            Role::CHARACTERS,
            Role::FEATURES,
            Role::CLIP,
            Role::LPIPS,
            Role::CAPTIONER,
        ]
        .into_iter()
        .map(|role| (role, name.clone()))
        .collect(),
    }
}

/// CLIP embeddings with the similarities of these rows.
fn embeddings(observations: &[Observation]) -> Features {
    let rows = observations.len();
    let cosine = |row: usize| observations[row].number("clip_ii").unwrap();
    let generated = Array2::from_shape_fn((rows, 2), |(_, at)| [1.0, 0.0][at]);
    let real = Array2::from_shape_fn((rows, 2), |(row, at)| {
        let cosine = cosine(row);
        [cosine, (1.0 - cosine * cosine).sqrt()][at] as f32
    });
    Features::default().with_pair(CLIP, [generated, real])
}

/// These metrics on all frames, in this order.
fn reduced(observations: &[Observation], metrics: &[&str]) -> Vec<Reduced> {
    let (protocol, context) = (protocol(), context());
    let input = ReduceInput {
        observations,
        own: &[],
        features: &embeddings(observations),
        protocol: &protocol,
        context: &context,
    };
    let wanted = metrics.iter().map(|metric| (*metric).to_owned()).collect();
    let slices = BTreeSet::from(["all".to_owned()]);
    let found = reduce_with_parts(&input, &Selection::new(wanted, slices));
    metrics
        .iter()
        .map(|metric| {
            let mut of_metric = found.iter().filter(|r| r.score.metric == *metric);
            of_metric.next().unwrap().clone()
        })
        .collect()
}

fn compared(runs: &[Vec<Observation>], metrics: &[&str]) -> Vec<Finding> {
    let plan = Resampling {
        resamples: 1000,
        seed: 0,
    };
    let [a, b] = [&runs[0], &runs[1]].map(|run| reduced(run, metrics));
    let pairs = a.iter().zip(&b);
    pairs
        .map(|(a, b)| Finding::new(&[a], &[b], plan).unwrap())
        .collect()
}

fn share(hits: impl Iterator<Item = bool>) -> f64 {
    let (mut held, mut all) = (0, 0);
    for hit in hits {
        held += usize::from(hit);
        all += 1;
    }
    held as f64 / f64::from(all.max(1))
}

fn mean(values: impl Iterator<Item = f64>) -> f64 {
    let values: Vec<f64> = values.collect();
    values.iter().sum::<f64>() / values.len() as f64
}

fn holds(interval: Option<[f64; 2]>, truth: f64) -> bool {
    interval.is_some_and(|[low, high]| low <= truth && truth <= high)
}

/// What chance allows around a share, four standard errors of it, and as much again as the method is known to
/// miss by.
#[track_caller]
fn within(found: f64, expected: f64, slack: f64, studies: usize) {
    let error = (expected * (1.0 - expected) / studies as f64).sqrt();
    assert!(
        (found - expected).abs() <= slack + 4.0 * error,
        "{found} instead of {expected} over {studies} studies"
    );
}

/// A share between two others, but for two and a half standard errors of chance. Keeps what is not, so that a whole table is printed
/// before a test fails.
fn expect(misses: &mut Vec<String>, what: &str, found: f64, [low, high]: [f64; 2], studies: usize) {
    let error = |share: f64| 2.5 * (share * (1.0 - share) / studies as f64).sqrt();
    if found < low - error(low) || found > high + error(high) {
        misses.push(format!(
            "{what}: {found:.4} is not in {low} to {high} over {studies} studies"
        ));
    }
}
