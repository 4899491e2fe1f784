//! The frames that a protocol scores, out of those that were planned.

use super::ReduceInput;
use crate::record::{Observation, StoryId};
use crate::spec::Repeats;
use std::collections::{BTreeMap, BTreeSet};

/// The scored rows of a run, and what belongs to their stories.
pub(super) struct Chosen<'a> {
    pub(super) input: ReduceInput<'a>,
    /// Rows of the observations, ascending.
    pub(super) rows: Vec<usize>,
    /// Number of the story of each planned row, in order of first appearance.
    story_of: Vec<usize>,
    /// First row of each story.
    first_row: Vec<usize>,
    /// Why stories are fewer than planned.
    cut: Option<usize>,
}

impl<'a> Chosen<'a> {
    /// Applies the protocol's rules for stories and frames.
    pub(super) fn new(input: &ReduceInput<'a>) -> Self {
        let mut numbers: BTreeMap<&StoryId, usize> = BTreeMap::new();
        let mut first_row = Vec::new();
        let mut lengths: Vec<usize> = Vec::new();
        let mut story_of = Vec::with_capacity(input.observations.len());
        for (row, observation) in input.observations.iter().enumerate() {
            let next = numbers.len();
            let story = *numbers.entry(&observation.story).or_insert(next);
            if story == next {
                first_row.push(row);
                lengths.push(0);
            }
            lengths[story] = lengths[story].max(observation.frame.0 as usize);
            story_of.push(story);
        }
        let protocol = input.protocol;
        let first = protocol.stories.first.unwrap_or(usize::MAX);
        let rows = (0..input.observations.len())
            .filter(|row| {
                let story = story_of[*row];
                let position = input.observations[*row].frame.0 as usize;
                story < first && protocol.frames.holds(position, lengths[story])
            })
            .collect();
        Self {
            input: *input,
            rows,
            cut: (first < numbers.len()).then_some(first),
            story_of,
            first_row,
        }
    }

    /// The scored frames with their rows, in plan order.
    pub(super) fn observations(&self) -> impl Iterator<Item = (usize, &'a Observation)> + '_ {
        self.rows
            .iter()
            .map(|row| (*row, &self.input.observations[*row]))
    }

    /// Number of the story that a row belongs to.
    pub(super) fn story(&self, row: usize) -> usize {
        self.story_of[row]
    }

    /// The first planned frame of the story that a row belongs to.
    pub(super) fn first_frame(&self, row: usize) -> &'a Observation {
        &self.input.observations[self.first_row[self.story_of[row]]]
    }

    /// The story subset as signatures say it.
    pub(super) fn subset(&self) -> String {
        match self.cut {
            Some(first) => format!("{}[:{first}]", self.input.context.subset),
            None => self.input.context.subset.clone(),
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

    /// Of `rows`, those that count under `repeats`: all, or the last of each clip, in plan order.
    pub(super) fn without_repeats(&self, rows: &[usize], repeats: Repeats) -> Vec<usize> {
        if repeats == Repeats::EveryFrame {
            return rows.to_vec();
        }
        let last: BTreeMap<_, usize> = rows
            .iter()
            .map(|row| (&self.input.observations[*row].clip, *row))
            .collect();
        let mut rows: Vec<usize> = last.into_values().collect();
        rows.sort_unstable();
        rows
    }
}

/// Renumbers stories that have scored rows from 0: the clusters of the bootstrap.
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
