//! Which frames a score is about.

use super::chosen::Chosen;
use crate::record::{self, FrameIndex, Observation};
use std::collections::BTreeSet;

/// A subset of the scored frames, or one label on all of them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::metric) enum Slice {
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
    pub(super) fn all_of(chosen: &Chosen<'_>) -> Vec<Self> {
        let frames: BTreeSet<FrameIndex> = chosen.observations().map(|(_, o)| o.frame).collect();
        let characters = chosen.input.context.characters.iter().enumerate();
        [Self::All, Self::Pronoun(true), Self::Pronoun(false)]
            .into_iter()
            .chain(frames.into_iter().map(Self::Frame))
            .chain(characters.map(|(index, name)| Self::Character {
                index,
                name: name.clone(),
            }))
            .collect()
    }

    /// Name in scores.
    pub(super) fn name(&self) -> String {
        let slice = match self {
            Self::All => record::Slice::All,
            Self::Pronoun(pronoun) => record::Slice::Pronoun(*pronoun),
            Self::Frame(frame) => record::Slice::Frame(*frame),
            Self::Character { name, .. } => record::Slice::Character(name.clone()),
        };
        slice.to_string()
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
