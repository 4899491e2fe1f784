//! Bold only where it is earned, and read only what is needed.

use super::*;
use crate::metric::{Parts, StorySums};
use crate::record::Unit;
use crate::stats::ClusterSums;
use std::convert::Infallible;

const PLAN: Resampling = Resampling {
    resamples: 2000,
    seed: 0,
};

fn score(value: f64, half: f64) -> Score {
    Score {
        metric: "lpips".to_owned(),
        slice: "all".to_owned(),
        value: Some(value),
        unscored: None,
        interval: Some([value - half, value + half]),
        unit: Unit::Distance,
        higher_is_better: true,
        n: 40,
        planned: 40,
        stories: 40,
        counts: None,
        seeds: None,
        own: None,
        signature: String::new(),
        warnings: Vec::new(),
    }
}

/// Forty stories around a value, which move together in all runs but for `noise`.
fn reduced(value: f64, noise: f64) -> Reduced {
    let values: Vec<f64> = (0..40)
        .map(|at| value + f64::from(at % 7) - 3.0 + noise * f64::from(at * 13 % 11 - 5))
        .collect();
    Reduced {
        score: score(value, 1.0),
        parts: Parts::Sums(StorySums::of_mean(ClusterSums::of_values(&values))),
    }
}

fn best(scores: &[Score], runs: &[Reduced]) -> (Best, Vec<usize>) {
    let mut asked = Vec::new();
    let scores: Vec<&Score> = scores.iter().collect();
    let found = best_of_column(&scores, PLAN, |at| {
        asked.push(at);
        Ok::<_, Infallible>(runs.get(at).cloned())
    });
    (found.unwrap(), asked)
}

#[test]
fn a_small_difference_on_the_same_stories_is_found() {
    let scores = [score(5.3, 1.0), score(5.0, 1.0), score(4.9, 1.0)];
    let runs = [reduced(5.3, 0.0), reduced(5.0, 0.01), reduced(4.9, 0.02)];
    assert_eq!(best(&scores, &runs), (Best::Significant, vec![0, 1, 2]));
}

#[test]
fn the_first_rival_within_chance_ends_it() {
    let scores = [score(5.3, 1.0), score(5.2, 1.0), score(1.0, 1.0)];
    let runs = [reduced(5.3, 0.0), reduced(5.2, 1.0), reduced(1.0, 0.0)];
    assert_eq!(best(&scores, &runs), (Best::WithinChance, vec![0, 1]));
}

#[test]
fn rivals_far_away_are_not_read() {
    let scores = [score(9.0, 0.5), score(5.0, 0.5), score(4.0, 0.5)];
    assert_eq!(best(&scores, &[]), (Best::Significant, vec![]));
}

#[test]
fn what_cannot_be_read_is_not_bold() {
    let scores = [score(5.3, 1.0), score(5.0, 1.0)];
    assert!(matches!(best(&scores, &[]).0, Best::Untested(_)));
    let same = [score(5.0, 1.0), score(5.0, 1.0)];
    assert_eq!(best(&same, &[]).0, Best::WithinChance);
}

#[test]
fn many_close_rivals_are_not_all_read() {
    let values: Vec<f64> = (0..40).map(|at| 5.3 - 0.1 * f64::from(at)).collect();
    let mut scores: Vec<Score> = values.iter().map(|value| score(*value, 1.0)).collect();
    for score in &mut scores {
        score.interval = None;
    }
    let runs: Vec<Reduced> = values.iter().map(|value| reduced(*value, 0.0)).collect();
    let (found, asked) = best(&scores, &runs);
    assert!(matches!(found, Best::Untested(_)), "{found:?}");
    assert_eq!(asked, (0..=MOST_READ).collect::<Vec<_>>());
}
