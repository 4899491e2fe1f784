//! Which stories and frames a protocol scores.

use serde::{Deserialize, Serialize};
use std::fmt;

/// Which frames of a story are scored.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum FrameRule {
    /// All of them.
    All,
    /// All but the first, which a continuation model is given (StoryDALL-E).
    SkipFirst,
    /// The last one only (GILL on VIST).
    Last,
}

impl FrameRule {
    /// Whether the frame at `position` (from 1) of a story of `length` frames is scored.
    #[must_use]
    pub fn holds(self, position: usize, length: usize) -> bool {
        match self {
            Self::All => true,
            Self::SkipFirst => position > 1,
            Self::Last => position == length,
        }
    }
}

impl fmt::Display for FrameRule {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::All => "all",
            Self::SkipFirst => "skip-first",
            Self::Last => "last",
        })
    }
}

/// Which clips start a story.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum StorySubset {
    /// Every clip of the split with exactly `length - 1` followers, in the split's order. Windows
    /// overlap, and later frames may be clips of another split.
    Followers,
}

/// Which stories are scored.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct StoryRule {
    /// Which clips start one.
    pub subset: StorySubset,
    /// Frames a story; absent for the data set's own length.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub length: Option<usize>,
    /// Only so many stories from the start; absent for all.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub first: Option<usize>,
}

/// How often a clip counts that is scored in several stories.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Repeats {
    /// Once a story.
    #[default]
    EveryFrame,
    /// Once: scripts that name output files after clips keep the frame of the last story.
    LastOfClip,
}

impl fmt::Display for Repeats {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::EveryFrame => "every-frame",
            Self::LastOfClip => "last-of-clip",
        })
    }
}
