//! The protocol: every choice that a number depends on and that is not data or weights.

mod classifier;
mod crops;
mod distribution;
mod frames;
mod limits;
mod named;
mod pixels;
mod similarity;
mod task;

pub use classifier::{ClassifierRule, F1Average, LabelRule, ThresholdRule};
pub use crops::CropRule;
pub use distribution::{
    CovarianceRule, FeatureRule, FidRule, InceptionScoreRule, KidRule, MeanRule, NeighbourRule,
    ReferenceFrames,
};
pub use frames::{
    ClipScope, EpisodeRule, FrameRule, Overlap, Repeats, StoryRule, StorySubset, WindowRule,
};
pub use named::OtherChoice;
pub use pixels::{PixelRule, PsnrVariant, SsimVariant};
pub use similarity::{BleuRule, CaptionRule, CaptionText, ClipRule, LpipsRule, MeanOver, Words};
pub use task::Task;

pub(super) use frames::is_default;

use super::{CardError, GroundTruthRule, ModelCard};
use crate::record::{TextVariant, canonical_json, sha256_hex};
use crate::vision::PassOrder;
use serde::{Deserialize, Serialize};

/// How intervals are computed. The method goes with the metric, as signatures say; stories are the clusters.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct IntervalRule {
    /// Coverage. Only 0.95 is known so far.
    pub level: f64,
}

/// A named protocol. Numbers of different protocols are not comparable.
///
/// A metric whose section is absent is not a part of the protocol and is not scored under it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Protocol {
    /// What the user types.
    pub id: String,
    /// Raised whenever a choice below changes.
    pub version: u32,
    /// What it is for, in a sentence. Not part of the hash.
    pub description: String,
    /// The published script it follows, with its commit. Not part of the hash.
    #[serde(default)]
    pub source: Option<String>,
    /// What a reader must know about numbers of this protocol. Not part of the hash.
    #[serde(default)]
    pub notes: Vec<String>,
    /// Text that generators read.
    pub text: TextVariant,
    /// Other texts that a model card may ask for.
    #[serde(default)]
    pub text_overrides: Vec<TextVariant>,
    /// The version of Pillow whose order of passes every resize of this protocol has that is Pillow's.
    /// Left out of the card, and of the hash, where it is 12.
    #[serde(default, skip_serializing_if = "PassOrder::is_default")]
    pub pillow: PassOrder,
    /// Which frame of a clip is the ground truth.
    pub ground_truth: GroundTruthRule,
    /// What a model is asked to do. Left out of the hash where it is visualisation, so that protocols from before it
    /// keep theirs.
    #[serde(default, skip_serializing_if = "frames::is_default")]
    pub task: Task,
    /// Real frames that a story begins with, which a continuation is given. They are not drawn and not scored.
    #[serde(default, skip_serializing_if = "frames::is_default")]
    pub given: usize,
    /// Which frames are scored, of those that are drawn.
    pub frames: FrameRule,
    /// Which stories are scored.
    pub stories: StoryRule,
    /// `char_acc`, `char_f1`, `bg_acc`, `bg_f1`.
    #[serde(default)]
    pub classifiers: Option<ClassifierRule>,
    /// The feature network behind `fid`, `kid`, `precision`, `recall`, `density`, `coverage` and `is`.
    #[serde(default)]
    pub features: Option<FeatureRule>,
    /// `fid`.
    #[serde(default)]
    pub fid: Option<FidRule>,
    /// `kid`.
    #[serde(default)]
    pub kid: Option<KidRule>,
    /// `precision`, `recall`, `density`, `coverage`.
    #[serde(default)]
    pub neighbours: Option<NeighbourRule>,
    /// `is`.
    #[serde(default)]
    pub inception_score: Option<InceptionScoreRule>,
    /// `clip_ti`, `clip_ii` and the consistency of stories.
    #[serde(default)]
    pub clip: Option<ClipRule>,
    /// `lpips`.
    #[serde(default)]
    pub lpips: Option<LpipsRule>,
    /// `bleu1`..`bleu4`, `cider`.
    #[serde(default)]
    pub captions: Option<CaptionRule>,
    /// `char_consistency`, `char_found`, `char_likeness`: characters cut out of their frames.
    #[serde(default)]
    pub crops: Option<CropRule>,
    /// `psnr`, `ssim`. Left out of the hash where it is absent, so that protocols from before it keep theirs.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pixels: Option<PixelRule>,
    /// The intervals.
    pub interval: IntervalRule,
}

impl Protocol {
    /// SHA-256 of the canonical JSON of everything but description, source and notes, so that
    /// rewording them does not make numbers incomparable.
    #[must_use]
    pub fn hash(&self) -> String {
        sha256_hex(canonical_json(&self.choices()).as_bytes())
    }

    /// The protocol without what only explains it.
    #[must_use]
    pub fn choices(&self) -> Self {
        Self {
            description: String::new(),
            source: None,
            notes: Vec::new(),
            ..self.clone()
        }
    }

    /// Whether the frame at `position` (from 1) of a story of `length` frames is scored.
    #[must_use]
    pub fn scores_frame(&self, position: usize, length: usize) -> bool {
        position > self.given && self.frames.holds(position, length)
    }

    /// How characters are cut out, as signatures and cache keys print it.
    #[must_use]
    pub fn cut(&self) -> Option<String> {
        self.crops.map(|rule| rule.named(self.pillow))
    }

    /// The text that `model` reads under this protocol.
    ///
    /// # Errors
    /// [`CardError::TextNotAllowed`] when the model's card asks for a text this protocol does not
    /// admit.
    pub fn text_for(&self, model: &ModelCard) -> Result<TextVariant, CardError> {
        match model.text {
            None => Ok(self.text),
            Some(text) if text == self.text || self.text_overrides.contains(&text) => Ok(text),
            Some(text) => Err(CardError::TextNotAllowed {
                model: model.id.clone(),
                protocol: self.id.clone(),
                text,
            }),
        }
    }

    pub(super) fn broken_rule(&self) -> Option<(&'static str, String)> {
        let on_features = [
            ("fid", self.fid.is_some()),
            ("kid", self.kid.is_some()),
            ("neighbours", self.neighbours.is_some()),
            ("inception_score", self.inception_score.is_some()),
        ];
        if let (None, Some((name, _))) = (
            self.features,
            on_features.iter().find(|(_, present)| *present),
        ) {
            return Some((
                "fid, kid, neighbours and inception_score need a [features] section",
                format!("[{name}] without it"),
            ));
        }
        if let Some(crops) = self.crops {
            if self.clip.is_none() {
                return Some((
                    "crops are compared by CLIP and need a [clip] section",
                    "[crops] without it".to_owned(),
                ));
            }
            if let Some(broken) = crops.broken() {
                return Some(broken);
            }
        }
        limits::broken(self)
    }
}

#[cfg(test)]
mod recipe_tests;
