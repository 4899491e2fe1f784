//! What references cost: a run with names restored, minus the run that read pronouns, on the same frames.

use super::find::Reference;
use super::group::Group;
use super::tally::{Measured, Tally, predictions, referent_found};
use crate::compare::ComparedRun;
use crate::compare::finding::Finding;
use crate::metric::{Metric, Reduced, Selection, reduce_with_parts};
use crate::record::{
    FrameIndex, OwnMetric, Slice, StoryId, TextVariant, Unit, signature_differences,
};
use crate::stats::{ClusterSums, Pair, Resampling};
use serde::Serialize;
use std::collections::BTreeSet;

/// Arrangements where a difference has no standard error.
const PLAN: Resampling = Resampling {
    resamples: 10_000,
    seed: 0,
};

/// What references cost in one metric, over all frames with a reference.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct MetricCost {
    /// Metric id.
    pub metric: String,
    /// Unit of values and cost.
    pub unit: Unit,
    /// Whether a larger value is better.
    pub higher_is_better: bool,
    /// Value where the model read pronouns.
    pub references: Option<f64>,
    /// Value where it read names.
    pub restored: Option<f64>,
    /// How much worse the first is than the second; negative where it is better.
    pub cost: Option<f64>,
    /// Its 95 % interval over stories.
    pub interval: Option<[f64; 2]>,
    /// Two-sided p value.
    pub p: Option<f64>,
    /// Frames of both.
    pub frames: [usize; 2],
    /// Stories that have a part in it.
    pub stories: usize,
    /// What the metric is, where the user brought it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub own: Option<OwnMetric>,
    /// What a reader must know.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub remarks: Vec<String>,
}

/// In what the second run is not the first one with names restored; `None` where it is.
pub(super) fn mismatch(run: &ComparedRun, restored: &ComparedRun) -> Option<Vec<String>> {
    let mut found = Vec::new();
    if restored.context.text != TextVariant::Original {
        let text = restored.context.text;
        found.push(format!("text: it read {text}, not the captions with names"));
    }
    let [first, second] = [run, restored].map(|run| &run.scores.model);
    if first != second {
        found.push(format!("model: {first} / {second}"));
    }
    for score in run.scores.scores.iter().filter(|it| it.slice == "all") {
        let same = restored.scores.scores.iter();
        let Some(other) = same
            .filter(|it| it.slice == "all" && it.value.is_some())
            .find(|it| it.metric == score.metric && score.value.is_some())
        else {
            continue;
        };
        for difference in signature_differences(&score.signature, &other.signature) {
            let text = difference.starts_with("text:");
            if !text && !found.contains(&difference) {
                found.push(difference);
            }
        }
    }
    (!found.is_empty()).then_some(found)
}

/// The cost in the share of referents that are found, on the frames of a group that both runs have.
pub(super) fn cost_of_groups(
    tally: &Tally<'_>,
    group: &Group,
    runs: [&ComparedRun; 2],
) -> Measured {
    let rows = runs.map(|run| run.stored.observations());
    // Rows are paired by now.
    let both: BTreeSet<(&StoryId, FrameIndex)> = rows[0]
        .iter()
        .zip(rows[1])
        .filter(|(a, b)| predictions(a).is_some() && predictions(b).is_some())
        .map(|(a, _)| (&a.story, a.frame))
        .collect();
    let [read, restored] =
        rows.map(|rows| tally.count(group, rows, &|o| both.contains(&(&o.story, o.frame))));
    let (read, restored) = shared(&read, &restored);
    let pair = Pair::new(&read, &restored, referent_found);
    let Some(test) = pair.test(PLAN) else {
        return Measured::default();
    };
    Measured {
        value: Some(test.difference),
        interval: test.interval,
        p: test.p,
    }
}

/// The stories that have a frame in both, which are the same.
fn shared(read: &ClusterSums, restored: &ClusterSums) -> (ClusterSums, ClusterSums) {
    let width = read.width();
    let mut kept = [ClusterSums::new(0, width), ClusterSums::new(0, width)];
    for (a, b) in read.rows().zip(restored.rows()) {
        if a[width - 1] > 0.0 {
            let next = kept[0].clusters();
            kept[0].add(next, a);
            kept[1].add(next, b);
        }
    }
    let [read, restored] = kept;
    (read, restored)
}

/// The cost in every metric of frames, over the frames with a reference. Both runs have the same rows.
pub(super) fn cost_of_metrics(
    found: &[Reference],
    run: ComparedRun,
    restored: ComparedRun,
) -> Vec<MetricCost> {
    let referring: BTreeSet<(StoryId, FrameIndex)> = found
        .iter()
        .map(|it| (it.story.clone(), it.frame))
        .collect();
    let slice = Slice::Pronoun(true).to_string();
    let wanted = |run: &ComparedRun| {
        let scores = run.scores.scores.iter().filter(|it| it.slice == slice);
        Selection::new(
            scores.map(|it| it.metric.clone()).collect(),
            BTreeSet::from([slice.clone()]),
        )
    };
    let selection = wanted(&run);
    let [read, names] = [run, restored].map(|mut run| {
        // In captions with names no frame has a pronoun: the slice is of the frames of the other run.
        run.stored
            .mark_pronouns(|story, frame| referring.contains(&(story.clone(), frame)));
        reduce_with_parts(&run.stored.input(&run.protocol, &run.context), &selection)
    });
    read.iter()
        .filter(|it| !Metric::find(&it.score.metric).is_some_and(|metric| metric.of_real_frames))
        .filter_map(|read| {
            let same = |other: &&Reduced| other.score.metric == read.score.metric;
            let names = names.iter().find(same)?;
            Finding::new(&[read], &[names], PLAN)
        })
        .filter(|finding| finding.base.is_some() || finding.candidate.is_some())
        .map(of_finding)
        .collect()
}

fn of_finding(finding: Finding) -> MetricCost {
    let better = finding.higher_is_better;
    // Not `-value`, which gives 0 a sign.
    let turned = |value: f64| if better { value } else { 0.0 - value };
    MetricCost {
        cost: finding.difference.map(turned),
        interval: finding.interval.map(|[low, high]| {
            if better {
                [low, high]
            } else {
                [turned(high), turned(low)]
            }
        }),
        metric: finding.metric,
        unit: finding.unit,
        higher_is_better: better,
        references: finding.base,
        restored: finding.candidate,
        p: finding.p,
        frames: finding.frames,
        stories: finding.stories,
        own: finding.own,
        remarks: finding.remarks,
    }
}
