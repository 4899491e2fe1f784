//! Two generators that are worth nothing; they set the scale.

use serde::Serialize;
use std::fmt;

/// A worthless generator.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Anchor {
    /// Real frames of other stories: it knows the world and ignores the text.
    Shuffled,
    /// Every channel of every pixel uniform in 0..=255: it knows nothing.
    Static,
}

impl Anchor {
    /// Both.
    pub const ALL: [Self; 2] = [Self::Shuffled, Self::Static];
}

impl fmt::Display for Anchor {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Shuffled => "shuffled",
            Self::Static => "static",
        })
    }
}
