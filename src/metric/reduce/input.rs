//! What a reduction reads.

use crate::card::Protocol;
use crate::record::{Observation, TextVariant};
use ndarray::ArrayView2;
use serde::{Deserialize, Serialize};

/// Everything that scores depend on.
#[derive(Clone, Copy, Debug)]
pub struct ReduceInput<'a> {
    /// One row a planned frame, in plan order. The order matters only where a protocol cuts, drops or
    /// averages by position.
    pub observations: &'a [Observation],
    /// Features of the same frames; `None` when the run has none, and then there is no distance.
    pub features: Option<FeaturePair<'a>>,
    /// Class logits of the generated frames, `[n, k]`, for the Inception Score.
    pub logits: Option<ArrayView2<'a, f32>>,
    /// CLIP embeddings of the same frames.
    pub clip: Option<FeaturePair<'a>>,
    /// CLIP embeddings of single characters, cut out of the same frames: `[n, characters * d]`, a block
    /// a label. A block of nothing but NaN stands for a character that has no label or was not found.
    pub crops: Option<FeaturePair<'a>>,
    /// The choices.
    pub protocol: &'a Protocol,
    /// What signatures say beyond the protocol.
    pub context: &'a ScoreContext,
}

/// Features of generated and ground-truth frames, `[n, d]` each, row order = observations.
///
/// A row of nothing but NaN stands for an absent frame; it is counted as not scored, with its partner.
#[derive(Clone, Copy, Debug)]
pub struct FeaturePair<'a> {
    /// Of what the model drew.
    pub generated: ArrayView2<'a, f32>,
    /// Of the ground-truth frame of the same clip.
    pub ground_truth: ArrayView2<'a, f32>,
}

/// A network as signatures name it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ExtractorName {
    /// Name of the graph, for example `char_classifier`.
    pub graph: String,
    /// Content hash of its bundle; the first 12 characters enter the signature.
    pub hash: String,
    /// How images reach it, for example `pillow-bilinear-64+squash+symmetric`.
    pub preprocessing: String,
}

/// The networks behind a run's observations; absent ones saw nothing.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Extractors {
    /// The character classifier.
    pub characters: Option<ExtractorName>,
    /// The background classifier.
    pub backgrounds: Option<ExtractorName>,
    /// The feature network.
    pub features: Option<ExtractorName>,
    /// CLIP.
    pub clip: Option<ExtractorName>,
    /// LPIPS.
    pub lpips: Option<ExtractorName>,
    /// The captioner.
    pub captioner: Option<ExtractorName>,
    /// The network that says where characters are.
    #[serde(default)]
    pub locator: Option<ExtractorName>,
}

/// What signatures say beyond the protocol.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ScoreContext {
    /// Id of the data set, for example `minisv`.
    pub dataset: String,
    /// Its content hash; the first 12 characters enter the signature.
    pub dataset_hash: String,
    /// Which stories were planned, for example `test/followers-3[:100]`.
    pub subset: String,
    /// Text that the generator read.
    pub text: TextVariant,
    /// Names of the characters in label order.
    pub characters: Vec<String>,
    /// The networks that looked.
    pub extractors: Extractors,
}
