//! Intervals of the scores of one run.

use super::world::{CLIP, Dice, Gap, World};
use super::*;
use storyeval::record::StoryId;

const METRICS: [&str; 4] = ["char_acc", "char_f1_micro", "clip_ii", "lpips"];

fn truths(world: &World) -> [f64; 4] {
    let right = world.accuracy();
    [100.0 * right, World::f1(right), CLIP, world.lpips()]
}

/// The shares of studies whose intervals hold the truth, by metric.
fn coverage(world: World, stories: usize, count: usize) -> Vec<f64> {
    let prepared = world.prepared(Gap::NONE);
    let held: Vec<Vec<bool>> = (0..count)
        .into_par_iter()
        .map(|study| {
            let run = prepared.runs(&mut Dice::new(study), stories, 1, false);
            let scores = reduced(&run[0], &METRICS);
            let held = scores.iter().zip(truths(&world));
            held.map(|(score, truth)| holds(score.score.interval, truth))
                .collect()
        })
        .collect();
    let shares = (0..METRICS.len()).map(|at| share(held.iter().map(|study| study[at])));
    shares.collect()
}

#[test]
fn intervals_of_scores_hold_the_truth() {
    let count = studies(200);
    for (metric, covered) in METRICS.iter().zip(coverage(WORLDS[0], 50, count)) {
        println!(
            "score | {metric} | 50 stories | {count} studies | {:.1} %",
            100.0 * covered
        );
        within(covered, 0.95, 0.01, count);
    }
}

#[test]
#[ignore = "slow: thousands of simulated runs"]
fn intervals_of_scores_hold_the_truth_in_every_world() {
    let count = studies(2000);
    let mut misses = Vec::new();
    for world in WORLDS {
        for stories in SIZES {
            for (metric, covered) in METRICS.iter().zip(coverage(world, stories, count)) {
                let what = format!("score | {metric} | {} | {stories} stories", world.name);
                println!("{what} | {count} studies | {:.1} %", 100.0 * covered);
                expect(
                    &mut misses,
                    &what,
                    covered,
                    bounds(metric, &world, stories),
                    count,
                );
            }
        }
    }
    assert!(misses.is_empty(), "{misses:#?}");
}

/// What is promised: 94 to 96 %. Near the end of the range few stories have an error, and the interval is rather too wide
/// than too narrow; how wide depends on where the few values lie that such scores can take.
fn bounds(metric: &str, world: &World, stories: usize) -> [f64; 2] {
    let expected_errors = stories as f64 * (1.0 - world.accuracy());
    match metric {
        "char_acc" | "char_f1_micro" if expected_errors < 4.0 => [0.94, 0.985],
        _ => [0.94, 0.96],
    }
}

#[test]
#[ignore = "slow: thousands of simulated runs with captions"]
fn intervals_of_caption_scores_hold_the_mean_of_their_draws() {
    let count = studies(2000);
    let mut misses = Vec::new();
    let prepared = WORLDS[0].prepared(Gap::NONE);
    let metrics = ["bleu1", "bleu4", "cider"];
    for stories in SIZES {
        let found: Vec<Vec<Reduced>> = (0..count)
            .into_par_iter()
            .map(|study| {
                let run = prepared.runs(&mut Dice::new(study), stories, 1, true);
                reduced(&run[0], &metrics)
            })
            .collect();
        for (at, metric) in metrics.iter().enumerate() {
            // Both are biased in the number of frames, as FID is: document frequencies are those of the frames.
            let centre = mean(found.iter().map(|study| study[at].score.value.unwrap()));
            let covered = share(
                found
                    .iter()
                    .map(|study| holds(study[at].score.interval, centre)),
            );
            let what = format!("score | {metric} | {stories} stories");
            println!(
                "{what} | {count} studies | {:.1} % of {centre:.3}",
                100.0 * covered
            );
            expect(&mut misses, &what, covered, [0.94, 0.96], count);
        }
    }
    assert!(misses.is_empty(), "{misses:#?}");
}

#[test]
fn frames_in_place_of_stories_would_not_hold_it() {
    let count = studies(200);
    let prepared = WORLDS[0].prepared(Gap::NONE);
    let hits: Vec<bool> = (0..count)
        .into_par_iter()
        .map(|study| {
            let mut run = prepared
                .runs(&mut Dice::new(study), 100, 1, false)
                .remove(0);
            for (at, observation) in run.iter_mut().enumerate() {
                observation.story = StoryId::new(format!("frame {at:04}"));
            }
            let score = &reduced(&run, &["char_acc"])[0].score;
            holds(score.interval, 100.0 * WORLDS[0].accuracy())
        })
        .collect();
    let covered = share(hits.into_iter());
    println!(
        "frames as stories | accuracy | 100 stories | {count} studies | {:.1} %",
        100.0 * covered
    );
    assert!(
        covered < 0.87,
        "{covered}: these tests could not tell stories from frames"
    );
}
