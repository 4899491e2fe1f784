//! What the classifier found on frames with references, counted per story.

use super::GroupResult;
use super::find::Reference;
use super::group::Group;
use crate::metric::positive;
use crate::record::{FrameIndex, Observation, StoryId};
use crate::stats::{ClusterSums, Range, cluster_interval};
use serde::Serialize;
use std::collections::{BTreeMap, BTreeSet};

/// A number with its interval.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize)]
pub struct Measured {
    /// The number, in percent; `None` where nothing could be counted.
    pub value: Option<f64>,
    /// Its 95 % interval over stories.
    pub interval: Option<[f64; 2]>,
    /// Two-sided p value, of a difference.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub p: Option<f64>,
}

/// A number of the counts of [`Tally::count`].
pub(super) type Statistic = fn(&[f64]) -> Option<f64>;

/// Exactly right frames, true positives, false ones, missed ones, referents found, referents; the last counts frames.
const WIDTH: usize = 7;

pub(super) fn char_acc(sums: &[f64]) -> Option<f64> {
    share(sums[0], sums[6])
}

pub(super) fn char_f1(sums: &[f64]) -> Option<f64> {
    share(2.0 * sums[1], 2.0 * sums[1] + sums[2] + sums[3])
}

pub(super) fn referent_found(sums: &[f64]) -> Option<f64> {
    share(sums[4], sums[5])
}

fn share(part: f64, whole: f64) -> Option<f64> {
    (whole > 0.0).then(|| 100.0 * part / whole)
}

/// References, ready to be counted on the frames of runs.
pub(super) struct Tally<'a> {
    references: &'a [Reference],
    /// Stories with a reference, in order of their ids: the clusters.
    stories: BTreeMap<&'a StoryId, usize>,
}

impl<'a> Tally<'a> {
    pub(super) fn new(references: &'a [Reference]) -> Self {
        let ids: BTreeSet<&StoryId> = references.iter().map(|it| &it.story).collect();
        Self {
            references,
            stories: ids.into_iter().zip(0..).collect(),
        }
    }

    /// Frames with a reference of a group, each with the characters that these stand for.
    fn frames(&self, group: &Group) -> BTreeMap<(&'a StoryId, FrameIndex), BTreeSet<usize>> {
        let mut frames: BTreeMap<_, BTreeSet<usize>> = BTreeMap::new();
        for at in &group.members {
            let reference = &self.references[*at];
            let entry = frames.entry((&reference.story, reference.frame));
            entry.or_default().extend(&reference.characters);
        }
        frames
    }

    /// Counts per story on the frames of a group that `observations` have, as far as `also` allows.
    pub(super) fn count(
        &self,
        group: &Group,
        observations: &[Observation],
        also: &dyn Fn(&Observation) -> bool,
    ) -> ClusterSums {
        let frames = self.frames(group);
        let mut rows: Vec<&Observation> = observations.iter().filter(|o| also(o)).collect();
        rows.sort_by_key(|o| (&o.story, o.frame));
        let mut sums = ClusterSums::new(self.stories.len(), WIDTH);
        for row in rows {
            if let (Some(referents), Some(seen)) =
                (frames.get(&(&row.story, row.frame)), predictions(row))
            {
                let story = self.stories[&row.story];
                sums.add(story, &counts(&row.character_labels, &seen, referents));
            }
        }
        sums
    }

    pub(super) fn result(&self, group: &Group, observations: &[Observation]) -> GroupResult {
        let sums = with_a_part(&self.count(group, observations, &|_| true));
        let frames = sums.total()[WIDTH - 1];
        GroupResult {
            by: group.by,
            group: group.name.clone(),
            references: group.members.len(),
            planned: self.frames(group).len(),
            frames: frames as usize,
            stories: sums.clusters(),
            char_acc: measured(&sums, char_acc),
            char_f1: measured(&sums, char_f1),
            referent_found: measured(&sums, referent_found),
            cost: None,
        }
    }
}

/// What the classifier says of a frame; `None` where it says nothing that fits the labels.
pub(super) fn predictions(row: &Observation) -> Option<Vec<bool>> {
    let seen = row.vector("character_probabilities")?;
    let usable = seen.len() == row.character_labels.len()
        && !seen.is_empty()
        && seen.iter().all(|probability| probability.is_finite());
    usable.then(|| seen.iter().map(|it| positive(*it)).collect())
}

fn counts(truth: &[bool], seen: &[bool], referents: &BTreeSet<usize>) -> [f64; WIDTH] {
    let number = |of: &dyn Fn(bool, bool) -> bool| {
        let pairs = truth.iter().zip(seen);
        pairs.filter(|(truth, seen)| of(**truth, **seen)).count() as f64
    };
    let found = referents.iter().filter(|at| seen.get(**at) == Some(&true));
    [
        f64::from(u8::from(truth == seen)),
        number(&|truth, seen| truth && seen),
        number(&|truth, seen| !truth && seen),
        number(&|truth, seen| truth && !seen),
        found.count() as f64,
        referents.len() as f64,
        1.0,
    ]
}

/// The stories that have a frame.
pub(super) fn with_a_part(sums: &ClusterSums) -> ClusterSums {
    let mut kept = ClusterSums::new(0, WIDTH);
    for row in sums.rows().filter(|row| row[WIDTH - 1] > 0.0) {
        kept.add(kept.clusters(), row);
    }
    kept
}

fn measured(sums: &ClusterSums, statistic: Statistic) -> Measured {
    let Some(value) = statistic(&sums.total()) else {
        return Measured::default();
    };
    let left_out = sums.left_out(statistic);
    let interval = cluster_interval(value, &left_out, Range::Percent);
    Measured {
        value: Some(value),
        interval: interval.ok().filter(|_| sums.clusters() > 1),
        p: None,
    }
}
