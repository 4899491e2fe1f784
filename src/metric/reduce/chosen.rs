//! The frames that a protocol scores, out of those that were planned.

use super::ReduceInput;
use super::similarity::Similarities;
use crate::card::{Repeats, Subset};
use crate::record::{Observation, StoryId};
use std::collections::{BTreeMap, BTreeSet};

/// The scored rows of a run, and what belongs to their stories.
///
/// Rows and stories have the order of their keys (story id, frame number) and not that of the plan, so
/// that no permutation of the observations shows in a sum, a draw or a split. What a published script
/// defines by position asks for [`Chosen::listed`].
pub(in crate::metric) struct Chosen<'a> {
    pub(super) input: ReduceInput<'a>,
    /// CLIP similarities of the planned frames.
    pub(super) similarities: Similarities,
    /// Rows of the observations, by story id and frame number.
    pub(super) rows: Vec<usize>,
    /// Number of the story of each planned row, in order of the ids.
    story_of: Vec<usize>,
    /// Row of the first frame of each story.
    first_row: Vec<usize>,
    /// Why stories are fewer than planned.
    cut: Option<usize>,
}

/// A story of the plan.
struct Planned {
    /// How many stories the plan has before it.
    place: usize,
    first_row: usize,
    length: usize,
}

impl<'a> Chosen<'a> {
    /// Applies the protocol's rules for stories and frames.
    pub(super) fn new(input: &ReduceInput<'a>) -> Self {
        let observations = input.observations;
        let mut stories: BTreeMap<&StoryId, Planned> = BTreeMap::new();
        for (row, observation) in observations.iter().enumerate() {
            let place = stories.len();
            let story = stories.entry(&observation.story).or_insert(Planned {
                place,
                first_row: row,
                length: 0,
            });
            if observation.frame < observations[story.first_row].frame {
                story.first_row = row;
            }
            story.length = story.length.max(observation.frame.0 as usize);
        }
        let protocol = input.protocol;
        let first = protocol.stories.first.unwrap_or(usize::MAX);
        let mut rows: Vec<usize> = (0..observations.len())
            .filter(|row| {
                let story = &stories[&observations[*row].story];
                let position = observations[*row].frame.0 as usize;
                story.place < first && protocol.scores_frame(position, story.length)
            })
            .collect();
        rows.sort_by_key(|row| (&observations[*row].story, observations[*row].frame));
        let numbers: BTreeMap<&StoryId, usize> = stories.keys().copied().zip(0..).collect();
        Self {
            input: *input,
            similarities: Similarities::default(),
            rows,
            cut: (first < stories.len()).then_some(first),
            story_of: observations.iter().map(|o| numbers[&o.story]).collect(),
            first_row: stories.values().map(|story| story.first_row).collect(),
        }
    }

    /// The scored frames with their rows, by story id and frame number.
    pub(super) fn observations(&self) -> impl Iterator<Item = (usize, &'a Observation)> + '_ {
        self.rows
            .iter()
            .map(|row| (*row, &self.input.observations[*row]))
    }

    /// Number of the story that a row belongs to.
    pub(super) fn story(&self, row: usize) -> usize {
        self.story_of[row]
    }

    /// Number of planned stories.
    pub(super) fn stories(&self) -> usize {
        self.first_row.len()
    }

    /// The first frame of the story that a row belongs to.
    pub(super) fn first_frame(&self, row: usize) -> &'a Observation {
        &self.input.observations[self.first_row[self.story_of[row]]]
    }

    /// The story subset as signatures say it.
    pub(super) fn subset(&self) -> Subset {
        let planned = self.input.context.subset.clone();
        match self.cut {
            Some(first) => planned.cut(first),
            None => planned,
        }
    }

    /// Positions that are scored, as a range.
    pub(super) fn frames(&self) -> String {
        let positions: BTreeSet<u32> = self.observations().map(|(_, o)| o.frame.0).collect();
        match (positions.first(), positions.last()) {
            (Some(first), Some(last)) => format!("{first}-{last}"),
            _ => "none".to_owned(),
        }
    }

    /// Of `rows`, those that count under `repeats`: all, or the last of each clip.
    pub(super) fn without_repeats(&self, rows: &[usize], repeats: Repeats) -> Vec<usize> {
        if repeats != Repeats::LastOfClip {
            return rows.to_vec();
        }
        let shown = self.last_of_clip(rows);
        let pairs = rows.iter().zip(&shown);
        pairs.filter(|(a, b)| a == b).map(|(row, _)| *row).collect()
    }

    /// The row whose image stands for each of `rows`: itself, or under [`Repeats::LastForAll`] the last
    /// of its clip.
    pub(super) fn shown(&self, rows: &[usize], repeats: Repeats) -> Vec<usize> {
        match repeats {
            Repeats::EveryFrame | Repeats::LastOfClip => rows.to_vec(),
            Repeats::LastForAll => self.last_of_clip(rows),
        }
    }

    /// For each of `rows` the one of its clip that the plan has last, as a script that overwrites files
    /// has it.
    fn last_of_clip(&self, rows: &[usize]) -> Vec<usize> {
        let clip = |row: &usize| &self.input.observations[*row].clip;
        let mut last: BTreeMap<_, usize> = BTreeMap::new();
        for row in rows {
            let place = last.entry(clip(row)).or_insert(*row);
            *place = (*place).max(*row);
        }
        rows.iter().map(|row| last[clip(row)]).collect()
    }

    /// `rows` as a script lists them, for what it does by position (a last batch that it drops, means of
    /// batches, sums in single precision), and how a signature names the order: stories as the plan has
    /// them; a flat folder, which has no stories and no order of its own, by clip id.
    pub(super) fn listed(&self, rows: &[usize], repeats: Repeats) -> (Vec<usize>, &'static str) {
        let mut rows = rows.to_vec();
        match repeats {
            Repeats::EveryFrame | Repeats::LastForAll => {
                rows.sort_unstable();
                (rows, "plan")
            }
            Repeats::LastOfClip => {
                rows.sort_by_key(|row| &self.input.observations[*row].clip);
                (rows, "clip")
            }
        }
    }
}

/// Renumbers stories that have scored rows from 0: the clusters of intervals.
#[derive(Default)]
pub(super) struct Clusters {
    numbers: BTreeMap<usize, usize>,
}

impl Clusters {
    /// The cluster of a story.
    pub(super) fn number(&mut self, story: usize) -> usize {
        let next = self.numbers.len();
        *self.numbers.entry(story).or_insert(next)
    }

    /// Stories seen so far.
    pub(super) fn len(&self) -> usize {
        self.numbers.len()
    }
}
