//! Simulated studies: whether intervals hold what they say, and tests keep their level.
//!
//! Worlds with known truth, in which frames of a story depend on each other. Every study goes through the
//! reduction that runs go through. The quick version fails when something is broken (frames resampled in place
//! of stories cover about 78 %); the tables in docs/statistics.md are of the long one:
//!
//! `STORYEVAL_STUDIES=2000 cargo test --release --test suite coverage:: -- --nocapture`

use ndarray::Array2;
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;
use rand_distr::{Distribution, StandardNormal};
use rayon::prelude::*;
use std::collections::BTreeSet;
use storyeval::compare::Finding;
use storyeval::metric::{
    ExtractorName, Extractors, FeaturePair, ReduceInput, Reduced, ScoreContext, Wanted,
    reduce_with_parts,
};
use storyeval::record::{ClipId, FrameIndex, Observation, StoryId, TextVariant};
use storyeval::spec::{self, Protocol};
use storyeval::stats::Resampling;

const FRAMES: usize = 4;
const RESAMPLES: usize = 1000;

/// How many studies: few unless asked.
fn studies(few: usize) -> usize {
    std::env::var("STORYEVAL_STUDIES")
        .ok()
        .and_then(|count| count.parse().ok())
        .unwrap_or(few)
}

/// Whether the tables are made: then smaller and larger worlds are run too.
fn sizes(few: usize) -> Vec<usize> {
    match std::env::var_os("STORYEVAL_STUDIES") {
        Some(_) => vec![10, 25, 100, 500],
        None => vec![few],
    }
}

fn protocol() -> Protocol {
    let mut protocol = spec::protocol("strict").unwrap();
    protocol.bootstrap.resamples = RESAMPLES;
    protocol
}

fn context() -> ScoreContext {
    let name = ExtractorName::default();
    ScoreContext {
        dataset: "simulated".to_owned(),
        dataset_hash: String::new(),
        subset: "all".to_owned(),
        text: TextVariant::Original,
        characters: vec!["otto".to_owned(), "mira".to_owned()],
        extractors: Extractors {
            characters: Some(name.clone()),
            features: Some(name.clone()),
            clip: Some(name.clone()),
            lpips: Some(name),
            ..Extractors::default()
        },
    }
}

/// A world of stories. Everything of a story hangs on its difficulty.
struct World {
    random: ChaCha8Rng,
}

/// Means of the world: what an endless test set would give.
const TRUE_ACCURACY: f64 = 55.0;
const TRUE_CLIP: f64 = 0.25;

fn true_lpips() -> f64 {
    (-1.2_f64 + f64::midpoint(0.3 * 0.3, 0.2 * 0.2)).exp()
}

impl World {
    fn new(study: usize) -> Self {
        let mut random = ChaCha8Rng::seed_from_u64(20_240);
        random.set_stream(study as u64);
        Self { random }
    }

    fn normal(&mut self) -> f64 {
        StandardNormal.sample(&mut self.random)
    }

    fn chance(&mut self, p: f64) -> bool {
        use rand::Rng;
        self.random.random_bool(p)
    }

    /// Runs of `systems` models over the same stories. `better` is added to the later ones' chance of being
    /// right, and to their CLIP; LPIPS is multiplied by one less it.
    fn runs(&mut self, stories: usize, systems: usize, better: f64) -> Vec<Vec<Observation>> {
        let mut runs = vec![Vec::new(); systems];
        for story in 0..stories {
            // Half of the stories are hard: frames of one are right together, and wrong together.
            let p = if self.chance(0.5) { 0.2 } else { 0.9 };
            let (of_story, of_lpips) = (self.normal(), self.normal());
            for (system, run) in runs.iter_mut().enumerate() {
                let gain = if system > 0 { better } else { 0.0 };
                // A model has stories that it is good at.
                let own = 0.5 * self.normal();
                for frame in 1..=FRAMES {
                    let right = self.chance((p + gain).clamp(0.0, 1.0));
                    let mut o = Observation::unseen(
                        StoryId::new(format!("story {story:04}")),
                        FrameIndex(frame as u32),
                        ClipId::new(format!("clip {story} {frame}")),
                    );
                    o.character_labels = vec![true, frame % 2 == 0];
                    let seen = if right { [0.9, 0.1] } else { [0.1, 0.8] };
                    o.character_probabilities = Some(vec![
                        seen[0],
                        if frame % 2 == 0 {
                            1.0 - seen[1]
                        } else {
                            seen[1]
                        },
                    ]);
                    o.clip_ii =
                        Some(TRUE_CLIP + gain + 0.03 * (of_story + own) + 0.02 * self.normal());
                    let lpips = -1.2 + 0.3 * of_lpips + 0.2 * self.normal();
                    o.lpips = Some(lpips.exp() * (1.0 - gain));
                    run.push(o);
                }
            }
        }
        runs
    }

    /// Features of real frames and of what two models drew instead.
    fn features(&mut self, stories: usize, dim: usize, far: f64) -> [Array2<f32>; 3] {
        let n = stories * FRAMES;
        let mut sets: [Array2<f32>; 3] = std::array::from_fn(|_| Array2::zeros((n, dim)));
        for story in 0..stories {
            let of_story: Vec<f64> = (0..dim).map(|_| self.normal()).collect();
            for frame in 0..FRAMES {
                let row = story * FRAMES + frame;
                for (at, of_story) in of_story.iter().enumerate() {
                    let scale = (1.0 / (1.0 + at as f64)).sqrt();
                    let clip = self.normal();
                    let real = 0.6 * of_story + 0.8 * clip;
                    let mut put = |set: usize, value: f64| {
                        // Half-wave, as features of a network are.
                        sets[set][[row, at]] = (scale * value + 0.5).max(0.0) as f32;
                    };
                    put(0, real);
                    for (set, shift, spread) in [(1, 0.3, 1.1), (2, 0.2, 0.9)] {
                        let drawn = 0.6 * of_story + 0.5 * clip + 0.39_f64.sqrt() * self.normal();
                        put(set, spread_of(spread, far) * drawn + far * shift);
                    }
                }
            }
        }
        sets
    }
}

fn spread_of(spread: f64, far: f64) -> f64 {
    1.0 + far * (spread - 1.0)
}

fn reduced(observations: &[Observation], metrics: &[&str], intervals: bool) -> Vec<Reduced> {
    let mut protocol = protocol();
    if !intervals {
        protocol.bootstrap.resamples = 0;
    }
    let context = context();
    let input = ReduceInput {
        observations,
        features: None,
        logits: None,
        clip: None,
        crops: None,
        protocol: &protocol,
        context: &context,
    };
    let metrics = metrics.iter().map(|metric| (*metric).to_owned()).collect();
    let slices = BTreeSet::from(["all".to_owned()]);
    let mut found = reduce_with_parts(&input, &Wanted::new(metrics, slices));
    found.sort_by(|a, b| a.score.metric.cmp(&b.score.metric));
    found
}

fn fid(observations: &[Observation], generated: &Array2<f32>, real: &Array2<f32>) -> Reduced {
    let (protocol, context) = (protocol(), context());
    let pair = FeaturePair {
        generated: generated.view(),
        ground_truth: real.view(),
    };
    let input = ReduceInput {
        observations,
        features: Some(pair),
        logits: None,
        clip: None,
        crops: None,
        protocol: &protocol,
        context: &context,
    };
    let only = |name: &str| BTreeSet::from([name.to_owned()]);
    reduce_with_parts(&input, &Wanted::new(only("fid"), only("all"))).remove(0)
}

fn share(hits: impl Iterator<Item = bool>) -> f64 {
    let (mut held, mut all) = (0, 0);
    for hit in hits {
        held += usize::from(hit);
        all += 1;
    }
    held as f64 / f64::from(all.max(1))
}

fn holds(interval: [f64; 2], truth: f64) -> bool {
    interval[0] <= truth && truth <= interval[1]
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

#[test]
fn intervals_of_scores_hold_the_truth() {
    let count = studies(200);
    for stories in sizes(100) {
        let found: Vec<Vec<[f64; 2]>> = (0..count)
            .into_par_iter()
            .map(|study| {
                let run = World::new(study).runs(stories, 1, 0.0).remove(0);
                let scores = reduced(&run, &["char_acc", "clip_ii", "lpips"], true);
                let intervals = scores.iter().map(|r| r.score.interval.unwrap());
                intervals.collect()
            })
            .collect();
        for (at, (metric, truth)) in [
            ("accuracy", TRUE_ACCURACY),
            ("CLIP", TRUE_CLIP),
            ("LPIPS", true_lpips()),
        ]
        .into_iter()
        .enumerate()
        {
            let covered = share(found.iter().map(|study| holds(study[at], truth)));
            println!(
                "score | {metric} | {stories} stories | {count} studies | {:.1} %",
                100.0 * covered
            );
            if stories >= 100 {
                within(covered, 0.95, 0.02, count);
            }
        }
    }
}

#[test]
fn frames_in_place_of_stories_would_not_hold_it() {
    let count = studies(200);
    let hits: Vec<bool> = (0..count)
        .into_par_iter()
        .map(|study| {
            let mut run = World::new(study).runs(100, 1, 0.0).remove(0);
            for (at, observation) in run.iter_mut().enumerate() {
                observation.story = StoryId::new(format!("frame {at:04}"));
            }
            let score = &reduced(&run, &["char_acc"], true)[0].score;
            holds(score.interval.unwrap(), TRUE_ACCURACY)
        })
        .collect();
    let covered = share(hits.into_iter());
    println!(
        "frames resampled | accuracy | 100 stories | {count} studies | {:.1} %",
        100.0 * covered
    );
    assert!(
        covered < 0.87,
        "{covered}: these tests could not tell stories from frames"
    );
}

#[test]
fn intervals_of_differences_hold_the_truth() {
    let count = studies(150);
    let plan = Resampling {
        resamples: RESAMPLES,
        seed: 0,
    };
    let gain = 0.05;
    for stories in sizes(100) {
        let found: Vec<Vec<Finding>> = (0..count)
            .into_par_iter()
            .map(|study| {
                let runs = World::new(study).runs(stories, 2, gain);
                compared(&runs, &["char_acc", "clip_ii", "lpips"], plan)
            })
            .collect();
        let truths = [
            ("accuracy", 100.0 * gain),
            ("CLIP", gain),
            ("LPIPS", -gain * true_lpips()),
        ];
        for (at, (metric, truth)) in truths.into_iter().enumerate() {
            let covered = share(
                found
                    .iter()
                    .map(|study| study[at].interval.is_some_and(|i| holds(i, truth))),
            );
            let power = share(
                found
                    .iter()
                    .map(|study| study[at].p.is_some_and(|p| p <= 0.05)),
            );
            println!(
                "difference | {metric} | {stories} stories | {count} studies | {:.1} % | found in {:.1} %",
                100.0 * covered,
                100.0 * power
            );
            if stories >= 100 {
                within(covered, 0.95, 0.02, count);
            }
        }
    }
}

#[test]
fn paired_tests_keep_their_level() {
    let count = studies(200);
    let plan = Resampling {
        resamples: RESAMPLES,
        seed: 0,
    };
    let metrics = ["char_acc", "char_f1", "clip_ii", "lpips"];
    for stories in sizes(60) {
        let found: Vec<Vec<Finding>> = (0..count)
            .into_par_iter()
            .map(|study| {
                let runs = World::new(study).runs(stories, 2, 0.0);
                compared(&runs, &metrics, plan)
            })
            .collect();
        for (at, metric) in metrics.iter().enumerate() {
            let rejected = share(found.iter().map(|study| study[at].p.unwrap() <= 0.05));
            println!(
                "level | {metric} | {stories} stories | {count} studies | {:.1} %",
                100.0 * rejected
            );
            // Discrete p values of few stories stay below.
            within(
                rejected,
                0.05,
                if stories < 60 { 0.03 } else { 0.01 },
                count,
            );
        }
    }
}

fn compared(runs: &[Vec<Observation>], metrics: &[&str], plan: Resampling) -> Vec<Finding> {
    let [a, b] = [&runs[0], &runs[1]].map(|run| reduced(run, metrics, false));
    let pairs = a.iter().zip(&b);
    pairs
        .map(|(a, b)| Finding::new(&[a], &[b], plan).unwrap())
        .collect()
}

#[test]
fn a_difference_as_large_as_the_detectable_one_is_found_in_four_of_five() {
    let count = studies(200);
    let plan = Resampling {
        resamples: RESAMPLES,
        seed: 0,
    };
    // What a study of this size says it could find, on average; then worlds that differ by as much.
    let metrics = ["clip_ii"];
    let least: Vec<f64> = (0..count)
        .into_par_iter()
        .map(|study| {
            let runs = World::new(study).runs(100, 2, 0.0);
            compared(&runs, &metrics, plan)[0].detectable.unwrap()
        })
        .collect();
    let least = least.iter().sum::<f64>() / count as f64;
    let hits: Vec<bool> = (0..count)
        .into_par_iter()
        .map(|study| {
            let runs = World::new(count + study).runs(100, 2, least);
            compared(&runs, &metrics, plan)[0].p.unwrap() <= 0.05
        })
        .collect();
    let found = share(hits.into_iter());
    println!(
        "power | CLIP | 100 stories | {count} studies | {:.1} % at {least:.5}",
        100.0 * found
    );
    within(found, 0.8, 0.02, count);
}

#[test]
fn the_interval_of_fid_holds_the_mean_of_its_draws() {
    let count = studies(120);
    // Stories, features, and how far the models are from real: at 0 they draw as the world does.
    let worlds: &[(usize, usize, f64)] = match std::env::var_os("STORYEVAL_STUDIES") {
        Some(_) => &[
            (25, 64, 1.0),
            (50, 64, 1.0),
            (100, 64, 1.0),
            (500, 64, 1.0),
            (100, 16, 1.0),
            (100, 64, 0.0),
        ],
        None => &[(60, 8, 1.0)],
    };
    for (stories, dim, far) in worlds.iter().copied() {
        let plan = Resampling {
            resamples: 100,
            seed: 0,
        };
        let found: Vec<(Reduced, Finding)> = (0..count)
            .into_par_iter()
            .map(|study| {
                let mut world = World::new(study);
                let observations = world.runs(stories, 1, 0.0).remove(0);
                let [real, first, second] = world.features(stories, dim, far);
                let [a, b] = [first, second].map(|set| fid(&observations, &set, &real));
                let finding = Finding::new(&[&a], &[&b], plan).unwrap();
                (a, finding)
            })
            .collect();
        let values: Vec<f64> = found.iter().map(|(a, _)| a.score.value.unwrap()).collect();
        let differences: Vec<f64> = found.iter().map(|(_, f)| f.difference.unwrap()).collect();
        let mean = |values: &[f64]| values.iter().sum::<f64>() / values.len() as f64;
        let (centre, apart) = (mean(&values), mean(&differences));
        let covered = share(
            found
                .iter()
                .map(|(a, _)| holds(a.score.interval.unwrap(), centre)),
        );
        let of_difference = share(found.iter().map(|(_, f)| holds(f.interval.unwrap(), apart)));
        println!(
            "fid | {stories} stories, {dim} features, {far} away | {count} studies | {:.1} % | difference {:.1} %",
            100.0 * covered,
            100.0 * of_difference
        );
        // Of a model that draws as the world does, the distance is all bias, and the interval too wide.
        if far > 0.0 {
            within(covered, 0.95, 0.03, count);
            within(of_difference, 0.95, 0.03, count);
        } else {
            assert!(covered > 0.95, "{covered}");
        }
    }
}
