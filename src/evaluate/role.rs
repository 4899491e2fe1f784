//! What a network is asked for.

use crate::card::{EvaluatorBundles, Protocol};
use crate::metric::{ExtractorName, Extractors};
use crate::record::Role;

impl Role {
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
