//! Which stories and frames a protocol scores.

use serde::{Deserialize, Serialize};
use std::fmt;

/// Which frames of a story are scored.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, strum::Display)]
#[strum(serialize_all = "kebab-case")]
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

/// Which clips start a story. One value so far, which cards name and hash.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum StorySubset {
    /// Every clip of the split with exactly `length - 1` followers, in the split's order.
    Followers,
}

/// Where the next story starts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Overlap {
    /// At the next clip: one clip is in up to `length` stories.
    #[default]
    Sliding,
    /// Behind the last clip of the story before.
    Disjoint,
}

/// Whether a story may go on in the next episode.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum EpisodeRule {
    /// A story ends with its episode.
    #[default]
    Within,
    /// A story goes on with the first clip of the next episode.
    Across,
}

/// Which clips may follow the first one.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ClipScope {
    /// Clips of any split, as the published loaders do: a test story may end in training clips.
    #[default]
    AnySplit,
    /// Clips of the split only; what lies between two of them is skipped.
    OwnSplit,
}

/// How clips in sequence become stories.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct WindowRule {
    /// Where the next story starts.
    pub overlap: Overlap,
    /// Whether a story may go on in the next episode.
    pub episodes: EpisodeRule,
    /// Which clips may follow the first one.
    pub clips: ClipScope,
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
    /// Where the next story starts.
    #[serde(default, skip_serializing_if = "is_default")]
    pub overlap: Overlap,
    /// Whether a story may go on in the next episode.
    #[serde(default, skip_serializing_if = "is_default")]
    pub episodes: EpisodeRule,
    /// Which clips may follow the first one.
    #[serde(default, skip_serializing_if = "is_default")]
    pub clips: ClipScope,
}

/// What is left at its default stays out of the hash, so that a new choice changes no old number.
pub(in crate::card) fn is_default<T: Default + PartialEq>(value: &T) -> bool {
    *value == T::default()
}

impl StoryRule {
    /// How clips in sequence become stories.
    #[must_use]
    pub fn windows(&self) -> WindowRule {
        WindowRule {
            overlap: self.overlap,
            episodes: self.episodes,
            clips: self.clips,
        }
    }
}

impl WindowRule {
    /// The rule that displays as `suffix`.
    pub(in crate::card) fn of_suffix(suffix: &str) -> Option<Self> {
        let mut rule = Self::default();
        for word in suffix.split('+').skip(1) {
            match word {
                "disjoint" => rule.overlap = Overlap::Disjoint,
                "across" => rule.episodes = EpisodeRule::Across,
                "own-split" => rule.clips = ClipScope::OwnSplit,
                _ => return None,
            }
        }
        (rule.to_string() == suffix).then_some(rule)
    }
}

impl fmt::Display for WindowRule {
    /// What differs from the published way, as signatures append it to the subset: `+disjoint+across`.
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.overlap == Overlap::Disjoint {
            formatter.write_str("+disjoint")?;
        }
        if self.episodes == EpisodeRule::Across {
            formatter.write_str("+across")?;
        }
        if self.clips == ClipScope::OwnSplit {
            formatter.write_str("+own-split")?;
        }
        Ok(())
    }
}

/// How often a clip counts that is scored in several stories.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, strum::Display)]
#[strum(serialize_all = "kebab-case")]
#[serde(rename_all = "kebab-case")]
pub enum Repeats {
    /// Once a story.
    #[default]
    EveryFrame,
    /// Once: scripts that name output files after clips keep the frame of the last story. Their folder
    /// is flat, and is listed by clip id.
    LastOfClip,
    /// Once per story, with the frame of the last one: scripts that go through stories and open a file
    /// that is named after the clip.
    LastForAll,
}
