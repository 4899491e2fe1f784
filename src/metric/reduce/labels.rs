//! Accuracy and F1 of a slice, from counts per story.

use super::ReduceInput;
use super::signature::signature;
use super::slice::{Clusters, Slice};
use crate::metric::accuracy::{percent, positive};
use crate::metric::f1::{Confusion, ZeroDivision};
use crate::record::{Observation, Score, Unit};
use crate::stats::{Resampling, bootstrap};

/// Which labels of a frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Labels {
    Characters,
    Backgrounds,
}

impl Labels {
    fn graph(self) -> &'static str {
        match self {
            Self::Characters => "char_classifier",
            Self::Backgrounds => "bg_classifier",
        }
    }

    fn metrics(self) -> [&'static str; 2] {
        match self {
            Self::Characters => ["char_acc", "char_f1"],
            Self::Backgrounds => ["bg_acc", "bg_f1"],
        }
    }

    fn truth(self, observation: &Observation) -> Option<&[bool]> {
        match self {
            Self::Characters => Some(&observation.character_labels),
            Self::Backgrounds => observation.background_labels.as_deref(),
        }
    }

    fn probabilities(self, observation: &Observation) -> Option<&[f32]> {
        match self {
            Self::Characters => observation.character_probabilities.as_deref(),
            Self::Backgrounds => observation.background_probabilities.as_deref(),
        }
    }
}

/// Sufficient statistics of one story.
#[derive(Clone, Copy, Default)]
struct Counts {
    frames: u64,
    right: u64,
    confusion: Confusion,
}

impl Counts {
    fn add_times(&mut self, other: &Self, times: u64) {
        self.frames += times * other.frames;
        self.right += times * other.right;
        self.confusion.add_times(&other.confusion, times);
    }

    fn accuracy(&self) -> Option<f64> {
        percent(self.right, self.frames)
    }

    /// F1 without positive labels measures nothing, and is not reported.
    fn f1(&self) -> Option<f64> {
        if self.confusion.support() == 0 {
            return None;
        }
        Some(100.0 * self.confusion.f1(ZeroDivision::LeaveOut)?)
    }
}

/// What was counted on a slice.
#[derive(Default)]
struct Tally {
    stories: Vec<Counts>,
    total: Counts,
    planned: usize,
    labelled: usize,
    unusable: usize,
}

/// Accuracy and F1 of a slice.
pub(super) fn scores(input: &ReduceInput<'_>, labels: Labels, slice: &Slice) -> [Score; 2] {
    let tally = count(input, labels, slice);
    let averages = match slice {
        Slice::Character { .. } => ["label", "binary"],
        _ => ["exact", "micro"],
    };
    let statistics: [fn(&Counts) -> Option<f64>; 2] = [Counts::accuracy, Counts::f1];
    std::array::from_fn(|which| {
        one(
            input,
            labels,
            slice,
            &tally,
            averages[which],
            statistics[which],
            labels.metrics()[which],
        )
    })
}

fn one(
    input: &ReduceInput<'_>,
    labels: Labels,
    slice: &Slice,
    tally: &Tally,
    average: &str,
    statistic: fn(&Counts) -> Option<f64>,
    metric: &str,
) -> Score {
    let plan = Resampling {
        resamples: input.protocol.resamples,
        seed: input.protocol.seed.0,
    };
    let value = statistic(&tally.total);
    let mut warnings = Vec::new();
    if tally.unusable > 0 {
        warnings.push(format!(
            "{} frames were not scored because their probabilities are not finite or not as many as the labels",
            tally.unusable
        ));
    }
    // One story has nothing to be resampled with: an interval of width zero would be a lie.
    let interval = if value.is_some() && tally.stories.len() > 1 {
        let distribution = bootstrap(tally.stories.len(), plan, |multiplicities| {
            let mut total = Counts::default();
            for (story, times) in tally.stories.iter().zip(multiplicities) {
                total.add_times(story, u64::from(*times));
            }
            statistic(&total)
        });
        if distribution.undefined() > 0 {
            warnings.push(format!(
                "the value is not defined on {} of {} resamples; the interval is of the others",
                distribution.undefined(),
                plan.resamples
            ));
        }
        distribution.interval(0.95)
    } else {
        None
    };
    let n = tally.total.frames as usize;
    let own = [("threshold", "p>0.5"), ("avg", average)];
    let ci = format!("story-bootstrap-{}@{}", plan.resamples, plan.seed);
    Score {
        metric: metric.to_owned(),
        slice: slice.name(),
        value,
        unscored: value.is_none().then(|| reason(tally)),
        interval,
        unit: Unit::Percent,
        higher_is_better: true,
        n,
        planned: tally.planned,
        stories: tally.stories.len(),
        signature: signature(metric, input, labels.graph(), &own, &ci, n),
        warnings,
    }
}

/// Why there is no value, the first cause first.
fn reason(tally: &Tally) -> String {
    let text = if tally.planned == 0 {
        "no frame in this slice"
    } else if tally.labelled == 0 {
        "the data set has no labels for it"
    } else if tally.total.frames == 0 {
        "no frame of this slice was scored"
    } else {
        "no positive label among the scored frames: F1 is undefined"
    };
    text.to_owned()
}

fn count(input: &ReduceInput<'_>, labels: Labels, slice: &Slice) -> Tally {
    let mut tally = Tally::default();
    let mut clusters = Clusters::default();
    for observation in input.observations.iter().filter(|o| slice.holds(o)) {
        tally.planned += 1;
        let Some(truth) = labels.truth(observation) else {
            continue;
        };
        tally.labelled += 1;
        let Some(probabilities) = labels.probabilities(observation) else {
            continue;
        };
        if probabilities.len() != truth.len() || probabilities.iter().any(|p| !p.is_finite()) {
            tally.unusable += 1;
            continue;
        }
        let mut pairs: Vec<(bool, bool)> = probabilities
            .iter()
            .map(|p| positive(*p))
            .zip(truth.iter().copied())
            .collect();
        if let Slice::Character { index, .. } = slice {
            let Some(pair) = pairs.get(*index).copied() else {
                tally.unusable += 1;
                continue;
            };
            pairs = vec![pair];
        }
        let mut counts = Counts {
            frames: 1,
            ..Counts::default()
        };
        counts.right = u64::from(pairs.iter().all(|(predicted, label)| predicted == label));
        for (predicted, label) in pairs {
            counts.confusion.add(predicted, label);
        }
        let cluster = clusters.number(&observation.story);
        tally.stories.resize(clusters.len(), Counts::default());
        tally.stories[cluster].add_times(&counts, 1);
        tally.total.add_times(&counts, 1);
    }
    tally
}
