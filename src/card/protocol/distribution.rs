//! Distances between sets of frames in the feature space of a network.

use super::Repeats;
use crate::record::Seed;
use crate::vision::Recipe;
use serde::{Deserialize, Serialize};

/// How frames reach the feature network.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FeatureRule {
    /// Generated frames.
    pub generated: Recipe,
    /// Real frames. Where this is another recipe, the sets differ before any model does.
    pub reference: Recipe,
}

/// Which real frames the generated ones are compared with. One value so far, which cards name and hash: some
/// scripts compare with a whole split instead.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ReferenceFrames {
    /// The ground-truth frame of each scored frame, as often as it occurs.
    SameFrames,
}

/// Divisor of the covariance. One value so far, which cards name and hash: a maximum-likelihood estimate
/// would divide by n.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum CovarianceRule {
    /// n - 1, as `numpy.cov`.
    Unbiased,
}

/// Precision of the mean.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, strum::Display)]
#[strum(serialize_all = "kebab-case")]
#[serde(rename_all = "kebab-case")]
pub enum MeanRule {
    /// Sums in f64: pytorch-fid.
    F64,
    /// `numpy.mean` of f32 values in the order in which the script lists the images: clean-fid,
    /// torch-fidelity, and every released script of story visualisation.
    F32,
}

/// The Fréchet distance.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FidRule {
    /// Which real frames.
    pub reference: ReferenceFrames,
    /// Divisor of the covariance.
    pub covariance: CovarianceRule,
    /// Precision of the mean.
    pub mean: MeanRule,
    /// How often a clip counts.
    #[serde(default)]
    pub repeats: Repeats,
    /// Stories are taken in batches of so many and an incomplete last batch is left out; absent for
    /// no dropping. The released StoryGPT-V evaluation drops up to 15 stories. A flat folder
    /// ([`Repeats::LastOfClip`]) has no stories: there the batches are of images.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub drop_last: Option<usize>,
}

/// The kernel distance (KID).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct KidRule {
    /// Frames a subset. With fewer frames, all frames are one subset and the signature says so.
    pub subset_size: usize,
    /// Number of subsets.
    pub subsets: usize,
    /// Seed of the draws.
    pub seed: Seed,
}

/// Precision, recall, density and coverage.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NeighbourRule {
    /// Neighbours of precision and recall.
    pub precision_k: usize,
    /// Neighbours of density and coverage.
    pub density_k: usize,
}

/// The Inception Score.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct InceptionScoreRule {
    /// Parts the frames are cut into.
    pub splits: usize,
    /// Seed of the order before cutting.
    pub seed: Seed,
}
