//! PSNR and SSIM between a frame and its ground truth.

use serde::{Deserialize, Serialize};

/// Whose definition of SSIM.
#[derive(
    Clone,
    Copy,
    Debug,
    PartialEq,
    Eq,
    Serialize,
    Deserialize,
    clap::ValueEnum,
    strum::Display,
    strum::IntoStaticStr,
    strum::VariantArray,
)]
#[serde(rename_all = "kebab-case")]
#[strum(serialize_all = "kebab-case")]
pub enum SsimVariant {
    /// `skimage.metrics.structural_similarity(channel_axis=-1, data_range=255)`: a uniform window of 7, variances
    /// of a sample, only windows inside the image.
    ScikitImage,
    /// The same with `gaussian_weights=True, sigma=1.5, use_sample_covariance=False`: the window of 11 of the paper.
    ScikitImageGaussian,
    /// `torchmetrics.functional.image.structural_similarity_index_measure(data_range=1)` of values from 0 to 1: a
    /// Gaussian window of 11, and the image continued by its mirror image.
    Torchmetrics,
}

/// How errors of frames become one PSNR.
#[derive(
    Clone,
    Copy,
    Debug,
    PartialEq,
    Eq,
    Serialize,
    Deserialize,
    clap::ValueEnum,
    strum::Display,
    strum::IntoStaticStr,
    strum::VariantArray,
)]
#[serde(rename_all = "kebab-case")]
#[strum(serialize_all = "kebab-case")]
pub enum PsnrVariant {
    /// The mean over frames of `skimage.metrics.peak_signal_noise_ratio(data_range=255)`.
    ScikitImage,
    /// `torchmetrics.image.PeakSignalNoiseRatio(data_range=255)`: of the mean squared error over all frames.
    Torchmetrics,
}

/// The pixels of a frame against those of its ground truth, without a network.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PixelRule {
    /// Side of the square that both images are brought to by Pillow's bicubic filter; absent for the size of the
    /// ground truth.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub resize: Option<u32>,
    /// Whose PSNR.
    pub psnr: PsnrVariant,
    /// Whose SSIM.
    pub ssim: SsimVariant,
}
