//! `storyeval metric lpips`, `psnr` and `ssim`: images in pairs.

use super::arguments::PairOptions;
use crate::cli::common::DeviceArguments;
use clap::{Args, ValueEnum};
use std::path::PathBuf;
use storyeval::card::{PsnrVariant, SsimVariant};
use storyeval::measure::{
    LpipsNetwork, LpipsRequest, PairRequest, PairedImages, PsnrRequest, SsimRequest,
};
use storyeval::vision::Resizer;

#[derive(Clone, Debug, Args)]
pub(crate) struct LpipsArguments {
    /// An image, or a folder of images
    first: PathBuf,
    /// The other image, or a folder with images of the same names
    second: PathBuf,
    /// Bundle of the network: an id or a folder
    #[arg(long, value_name = "ID|DIR", default_value = "lpips-alex")]
    bundle: String,
    /// Bring both images to a square of so many pixels
    #[arg(long, value_name = "PIXELS", value_parser = clap::value_parser!(u32).range(1..=8192))]
    resize: Option<u32>,
    /// How to bring them there; GILL has 256 and torch-bilinear-antialias
    #[arg(long, value_enum, default_value_t)]
    resizer: LpipsResizer,
    #[command(flatten)]
    pub(super) options: PairOptions,
    #[command(flatten)]
    pub(super) device: DeviceArguments,
}

/// How images are brought to one size.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
enum LpipsResizer {
    /// Pillow on 8-bit pixels
    #[default]
    PillowBilinear,
    /// torch on floats, anti-aliased
    TorchBilinearAntialias,
}

impl LpipsArguments {
    pub(super) fn request(&self) -> LpipsRequest {
        LpipsRequest {
            images: PairedImages {
                paths: [self.first.clone(), self.second.clone()],
            },
            resize: self.resize,
            pillow: self.options.pillow.pillow,
            interval: self.options.shown.interval(),
            of: LpipsNetwork {
                bundle: self.bundle.clone(),
                resizer: match self.resizer {
                    LpipsResizer::PillowBilinear => Resizer::PillowBilinear,
                    LpipsResizer::TorchBilinearAntialias => Resizer::TorchBilinearAntialias,
                },
            },
        }
    }
}

#[derive(Clone, Debug, Args)]
pub(crate) struct PixelArguments {
    /// An image, or a folder of images
    first: PathBuf,
    /// The other image, or a folder with images of the same names; an image of another size is brought to its size
    second: PathBuf,
    /// Bring both images to a square of so many pixels by Pillow's bicubic filter
    #[arg(long, value_name = "PIXELS", value_parser = clap::value_parser!(u32).range(1..=8192))]
    resize: Option<u32>,
    #[command(flatten)]
    pub(super) options: PairOptions,
}

impl PixelArguments {
    fn request<V>(&self, variant: V) -> PairRequest<V> {
        PairRequest {
            images: PairedImages {
                paths: [self.first.clone(), self.second.clone()],
            },
            resize: self.resize,
            pillow: self.options.pillow.pillow,
            interval: self.options.shown.interval(),
            of: variant,
        }
    }
}

#[derive(Clone, Debug, Args)]
pub(crate) struct PsnrArguments {
    #[command(flatten)]
    pub(super) pixels: PixelArguments,
    /// Whose definition
    #[arg(long, value_enum, default_value_t = PsnrVariant::ScikitImage)]
    variant: PsnrVariant,
}

impl PsnrArguments {
    pub(super) fn request(&self) -> PsnrRequest {
        self.pixels.request(self.variant)
    }
}

#[derive(Clone, Debug, Args)]
pub(crate) struct SsimArguments {
    #[command(flatten)]
    pub(super) pixels: PixelArguments,
    /// Whose definition
    #[arg(long, value_enum, default_value_t = SsimVariant::ScikitImage)]
    variant: SsimVariant,
}

impl SsimArguments {
    pub(super) fn request(&self) -> SsimRequest {
        self.pixels.request(self.variant)
    }
}
