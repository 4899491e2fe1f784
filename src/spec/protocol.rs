//! The protocol: every choice that a number depends on and that is not data or weights.

use super::{GroundTruthRule, ModelCard, SpecError, canonical_json};
use crate::record::sha256_hex;
use crate::record::{Seed, TextVariant};
use serde::{Deserialize, Serialize};

/// Which frames of a story are scored.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum FrameRule {
    /// All of them.
    All,
}

/// When a classifier says that a class is there.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum ThresholdRule {
    /// The sigmoid is strictly above one half; exactly one half is "absent".
    #[serde(rename = "p > 0.5")]
    AboveHalf,
}

/// How an image is brought to a network's size.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ResizeRule {
    /// Triangle filter with anti-aliasing on 8-bit images, as Pillow's `BILINEAR`.
    PillowBilinear,
    /// Cubic filter (a = -0.5) with anti-aliasing on 8-bit images, as Pillow's `BICUBIC`.
    PillowBicubic,
    /// Three-lobed sinc with anti-aliasing on 8-bit images, as Pillow's `LANCZOS`.
    PillowLanczos,
}

/// Which clips start a story.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum StorySubset {
    /// Every clip of the split with exactly `story_length - 1` followers, in the split's order.
    /// Windows overlap, and later frames may be clips of another split.
    Followers,
}

/// Which network's features the distance compares.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum FeatureSource {
    /// The feature network of the data set's evaluator bundle.
    Bundle,
}

/// Which real frames the generated ones are compared with.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ReferenceFrames {
    /// The ground-truth frame of each scored frame, as often as it occurs.
    SameFrames,
}

/// Divisor of the covariance.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum CovarianceRule {
    /// n - 1, as `numpy.cov`.
    Unbiased,
}

/// How the Fréchet distance is computed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FidRule {
    /// Which network's features.
    pub features: FeatureSource,
    /// Which real frames.
    pub reference: ReferenceFrames,
    /// Divisor of the covariance.
    pub covariance: CovarianceRule,
}

/// How intervals are computed: whole stories are drawn with replacement.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct BootstrapRule {
    /// Number of resamples.
    pub resamples: usize,
    /// Seed of the draws.
    pub seed: Seed,
    /// Coverage. Only 0.95 is known so far.
    pub level: f64,
}

/// A named protocol. Numbers of different protocols are not comparable.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Protocol {
    /// What the user types.
    pub id: String,
    /// Raised whenever a choice below changes.
    pub version: u32,
    /// What it is for, in a sentence. Not part of the hash.
    pub description: String,
    /// Text that generators read.
    pub text: TextVariant,
    /// Other texts that a model card may ask for.
    #[serde(default)]
    pub text_overrides: Vec<TextVariant>,
    /// Which frame of a clip is the ground truth.
    pub ground_truth: GroundTruthRule,
    /// Which frames are scored.
    pub frames: FrameRule,
    /// When a class counts as seen.
    pub threshold: ThresholdRule,
    /// How images are resized for the evaluators.
    pub resize: ResizeRule,
    /// Which clips start a story.
    pub story_subset: StorySubset,
    /// The Fréchet distance.
    pub fid: FidRule,
    /// The intervals.
    pub bootstrap: BootstrapRule,
}

impl Protocol {
    /// SHA-256 of the canonical JSON of everything but the description, so that rewording the
    /// description does not make numbers incomparable.
    #[must_use]
    pub fn hash(&self) -> String {
        let mut plain = self.clone();
        plain.description.clear();
        sha256_hex(canonical_json(&plain).as_bytes())
    }

    /// The text that `model` reads under this protocol.
    ///
    /// # Errors
    /// [`SpecError::TextNotAllowed`] when the model's card asks for a text this protocol does not
    /// admit.
    pub fn text_for(&self, model: &ModelCard) -> Result<TextVariant, SpecError> {
        match model.text {
            None => Ok(self.text),
            Some(text) if text == self.text || self.text_overrides.contains(&text) => Ok(text),
            Some(text) => Err(SpecError::TextNotAllowed {
                model: model.id.clone(),
                protocol: self.id.clone(),
                text,
            }),
        }
    }

    /// Rules that a type cannot express.
    pub(super) fn check(&self, path: &str) -> Result<(), SpecError> {
        let level = self.bootstrap.level;
        // Another level would be a setting that is silently ignored: scores and tables state 95 %.
        if (level - 0.95).abs() < 1e-12 && self.bootstrap.resamples > 0 {
            return Ok(());
        }
        Err(SpecError::Invalid {
            path: path.to_owned(),
            rule: "bootstrap.level is 0.95, as scores and tables say, and bootstrap.resamples is at least 1",
            found: format!("level {level}, resamples {}", self.bootstrap.resamples),
        })
    }
}
