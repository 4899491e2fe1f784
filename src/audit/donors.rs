//! Clips that differ from a clip in one thing only.

use super::Fault;
use crate::record::{ClipId, Story, StoryFrame};
use std::collections::BTreeMap;

/// Every clip of a split with its labels.
pub(super) struct Donors<'a> {
    clips: BTreeMap<&'a ClipId, &'a StoryFrame>,
}

impl<'a> Donors<'a> {
    /// The clips of a split's stories.
    pub(super) fn new(split: &'a [Story]) -> Self {
        let frames = split.iter().flat_map(|story| &story.frames);
        Self {
            clips: frames.map(|frame| (&frame.clip, frame)).collect(),
        }
    }

    /// Clips that can stand for `frame` under a fault, by id. None where the data set has no places.
    pub(super) fn of(&self, frame: &StoryFrame, fault: Fault) -> Vec<&'a ClipId> {
        let fits = |other: &StoryFrame| {
            if other.clip == frame.clip {
                return false;
            }
            let (Some(own), Some(place)) = (&frame.background_labels, &other.background_labels)
            else {
                return false;
            };
            let (Some(cast), Some(others)) = (&frame.character_labels, &other.character_labels)
            else {
                return false;
            };
            match fault {
                Fault::SwappedCharacter => {
                    own == place && others.contains(&true) && disjoint(cast, others)
                }
                Fault::WrongBackground => others == cast && own != place,
                _ => false,
            }
        };
        let clips = self.clips.iter();
        clips
            .filter(|(_, other)| fits(other))
            .map(|(clip, _)| *clip)
            .collect()
    }
}

fn disjoint(first: &[bool], second: &[bool]) -> bool {
    first.len() == second.len() && !first.iter().zip(second).any(|(a, b)| *a && *b)
}
