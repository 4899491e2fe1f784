//! Which frame of a clip represents the clip.

use crate::record::Seed;
use serde::{Deserialize, Serialize};
use std::fmt;

/// Which of the frames of a ground-truth clip is compared with the generated one.
///
/// In TOML and JSON: `"middle"`, `{ fixed = 2 }` or `{ random = 7 }`. The published loaders draw a
/// frame at random on every access and set no seed, so no published number says which frames it saw.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum GroundTruthRule {
    /// The frame at index `n / 2` (from 0) of the clip's `n` frames.
    Middle,
    /// The frame at this index, from 0. A clip with fewer frames is an error.
    Fixed(usize),
    /// A frame drawn from (seed, clip id) alone, so the same in every run with this seed.
    Random(Seed),
}

impl fmt::Display for GroundTruthRule {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Middle => formatter.write_str("middle"),
            Self::Fixed(index) => write!(formatter, "fixed({index})"),
            Self::Random(seed) => write!(formatter, "random({})", seed.0),
        }
    }
}
