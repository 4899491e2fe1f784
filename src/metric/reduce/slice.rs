//! Which frames a score is about.

use super::ReduceInput;
use crate::record::{FrameIndex, Observation, StoryId};
use std::collections::{BTreeMap, BTreeSet};

/// A subset of the planned frames, or one label on all of them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Slice {
    /// Every frame.
    All,
    /// Frames whose text holds a pronoun that replaced a name, or the others.
    Pronoun(bool),
    /// Frames at one position of their story.
    Frame(FrameIndex),
    /// Every frame, one character.
    Character {
        /// Position in the label vector.
        index: usize,
        /// Name.
        name: String,
    },
}

impl Slice {
    /// The slices of a run, in the order of its scores.
    pub(super) fn all_of(input: &ReduceInput<'_>) -> Vec<Self> {
        let frames: BTreeSet<FrameIndex> = input.observations.iter().map(|o| o.frame).collect();
        let characters = input.protocol.characters.iter().enumerate();
        [Self::All, Self::Pronoun(true), Self::Pronoun(false)]
            .into_iter()
            .chain(frames.into_iter().map(Self::Frame))
            .chain(characters.map(|(index, name)| Self::Character {
                index,
                name: name.clone(),
            }))
            .collect()
    }

    /// Name in scores: `all`, `pronoun`, `no_pronoun`, `frame_1`, `character:otto`.
    pub(super) fn name(&self) -> String {
        match self {
            Self::All => "all".to_owned(),
            Self::Pronoun(true) => "pronoun".to_owned(),
            Self::Pronoun(false) => "no_pronoun".to_owned(),
            Self::Frame(frame) => format!("frame_{frame}"),
            Self::Character { name, .. } => format!("character:{name}"),
        }
    }

    /// Whether a frame belongs to it.
    pub(super) fn holds(&self, observation: &Observation) -> bool {
        match self {
            Self::All | Self::Character { .. } => true,
            Self::Pronoun(pronoun) => observation.pronoun == *pronoun,
            Self::Frame(frame) => observation.frame == *frame,
        }
    }
}

/// Numbers stories in order of first appearance: the clusters of the bootstrap.
#[derive(Default)]
pub(super) struct Clusters<'a> {
    numbers: BTreeMap<&'a StoryId, usize>,
}

impl<'a> Clusters<'a> {
    /// The number of a story.
    pub(super) fn number(&mut self, story: &'a StoryId) -> usize {
        let next = self.numbers.len();
        *self.numbers.entry(story).or_insert(next)
    }

    /// Stories seen so far.
    pub(super) fn len(&self) -> usize {
        self.numbers.len()
    }
}
