//! What a reduction reads.

use crate::record::{Observation, Seed, TextVariant};
use ndarray::ArrayView2;

/// Everything that scores depend on.
#[derive(Clone, Copy, Debug)]
pub struct ReduceInput<'a> {
    /// One row a planned frame, in plan order.
    pub observations: &'a [Observation],
    /// Features of the same frames; `None` when the run has none, and then there is no distance.
    pub features: Option<FeaturePair<'a>>,
    /// How to score, and what the signatures say.
    pub protocol: &'a ScoreProtocol,
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

/// The choices behind the numbers. Each of them is a part of every signature.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ScoreProtocol {
    /// Id of the data set, for example `minisv`.
    pub dataset: String,
    /// Its content hash; the first 12 characters enter the signature.
    pub dataset_hash: String,
    /// Which stories, for example `test[:100]`.
    pub subset: String,
    /// Text that the generator read.
    pub text: TextVariant,
    /// Ground-truth frame rule as text, for example `middle`.
    pub ground_truth: String,
    /// How images reach the evaluators, for example `pillow-bilinear-64`.
    pub resize: String,
    /// Content hash of the evaluators' weights; the first 12 characters enter the signature.
    pub evaluators_hash: String,
    /// Names of the characters in label order.
    pub characters: Vec<String>,
    /// Resamples of the story bootstrap of accuracies and F1 (1,000 in the strict protocol).
    pub resamples: usize,
    /// Resamples of the story bootstrap of the distance (200 in the strict protocol).
    pub fid_resamples: usize,
    /// Seed of both.
    pub seed: Seed,
}

impl ScoreProtocol {
    /// Resamples of accuracies and F1 in the strict protocol.
    pub const RESAMPLES: usize = 1000;
    /// Resamples of the distance in the strict protocol.
    pub const FID_RESAMPLES: usize = 200;
}
