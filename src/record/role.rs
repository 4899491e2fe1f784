//! What an evaluator is asked about a frame.

use std::fmt;

/// A question that an evaluator answers about a frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Role {
    /// Which characters are there.
    Characters,
    /// Which place it is.
    Backgrounds,
    /// Features of the distribution metrics.
    Features,
    /// CLIP embeddings.
    Clip,
    /// Perceptual distance.
    Lpips,
    /// A caption.
    Captioner,
    /// Where each character is.
    Locator,
}

impl Role {
    /// All of them, in the order that commands name them.
    pub const ALL: [Self; 7] = [
        Self::Characters,
        Self::Backgrounds,
        Self::Features,
        Self::Clip,
        Self::Lpips,
        Self::Captioner,
        Self::Locator,
    ];
}

impl fmt::Display for Role {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Characters => "characters",
            Self::Backgrounds => "backgrounds",
            Self::Features => "features",
            Self::Clip => "clip",
            Self::Lpips => "lpips",
            Self::Captioner => "captioner",
            Self::Locator => "locator",
        })
    }
}
