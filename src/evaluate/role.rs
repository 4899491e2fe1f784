//! What a network is asked for.

use crate::card::{EvaluatorBundles, Protocol};
use crate::metric::{ExtractorName, Extractors};
use std::fmt;

/// A question that a network answers about a frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, clap::ValueEnum)]
pub enum Role {
    /// Which characters are there.
    Characters,
    /// Which place it is.
    Backgrounds,
    /// Features of FID and its kin.
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

    /// Whether a protocol has a use for it.
    #[must_use]
    pub fn wanted_by(self, protocol: &Protocol) -> bool {
        match self {
            Self::Characters | Self::Backgrounds => protocol.classifiers.is_some(),
            Self::Features => protocol.features.is_some(),
            Self::Clip => protocol.clip.is_some(),
            Self::Lpips => protocol.lpips.is_some(),
            Self::Captioner => protocol.captions.is_some(),
            Self::Locator => protocol.crops.is_some(),
        }
    }

    /// The network that looked for it.
    #[must_use]
    pub fn of(self, extractors: &Extractors) -> Option<&ExtractorName> {
        match self {
            Self::Characters => &extractors.characters,
            Self::Backgrounds => &extractors.backgrounds,
            Self::Features => &extractors.features,
            Self::Clip => &extractors.clip,
            Self::Lpips => &extractors.lpips,
            Self::Captioner => &extractors.captioner,
            Self::Locator => &extractors.locator,
        }
        .as_ref()
    }

    /// The bundle that a data set's card names for it.
    #[must_use]
    pub fn bundle(self, bundles: &EvaluatorBundles) -> Option<&str> {
        match self {
            Self::Characters => &bundles.characters,
            Self::Backgrounds => &bundles.backgrounds,
            Self::Features => &bundles.features,
            Self::Clip => &bundles.clip,
            Self::Lpips => &bundles.lpips,
            Self::Captioner => &bundles.captioner,
            Self::Locator => &bundles.locator,
        }
        .as_deref()
    }
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
