//! What an evaluator is asked for.

use std::fmt;

/// A question that an evaluator answers about a frame, by its id: what `--skip` and reports call it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Role(&'static str);

impl Role {
    /// Which characters are there.
    pub const CHARACTERS: Self = Self("characters");
    /// Which place it is.
    pub const BACKGROUNDS: Self = Self("backgrounds");
    /// Features of the distribution metrics.
    pub const FEATURES: Self = Self("features");
    /// CLIP embeddings.
    pub const CLIP: Self = Self("clip");
    /// Perceptual distance.
    pub const LPIPS: Self = Self("lpips");
    /// A caption.
    pub const CAPTIONER: Self = Self("captioner");
    /// Where each character is.
    pub const LOCATOR: Self = Self("locator");

    /// The captions that the generator wrote itself.
    pub const WRITING: Self = Self("writing");

    /// Pixels against those of the ground truth.
    pub const PIXELS: Self = Self("pixels");

    /// The role of this id.
    #[must_use]
    pub const fn new(id: &'static str) -> Self {
        Self(id)
    }

    /// Its id.
    #[must_use]
    pub const fn id(self) -> &'static str {
        self.0
    }
}

impl fmt::Display for Role {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.pad(self.0)
    }
}
