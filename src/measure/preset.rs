//! How published tools prepare images for the Inception network and take the mean of its features.
//!
//! One row a tool. Sources: mseitzer/pytorch-fid b9c1811 (`fid_score.py`, `inception.py`),
//! GaParmar/clean-fid e88c4d6 (`resize.py`, `inception_torchscript.py`), toshas/torch-fidelity 5e211a9
//! (`feature_extractor_inceptionv3.py`, `metric_fid.py`), Lightning-AI/torchmetrics dab0333
//! (`image/fid.py`, since 1.8), bioinf-jku/TTUR (`fid.py`, and clean-fid's `legacy_tensorflow`),
//! adymaharana/storydalle 132dd19 (`eval_fid.py`) and xichenpan/ARLDM 9d8feeb (`main.py`).

use crate::metric::MeanPrecision;
use crate::vision::{Geometry, Recipe, Resizer, ValueScale};
use clap::ValueEnum;

/// A published way to compute FID.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum Preset {
    /// pytorch-fid: torch bilinear without anti-aliasing, [-1, 1], means in double precision
    #[default]
    PytorchFid,
    /// clean-fid: Pillow bicubic on floats, (v - 128) / 128, means in single precision
    CleanFid,
    /// torch-fidelity: TensorFlow 1 bilinear, (v - 128) / 128, means in single precision
    TorchFidelity,
    /// torchmetrics since 1.8: torch bilinear with anti-aliasing, (v - 128) / 128
    Torchmetrics,
    /// TTUR and clean-fid's legacy_tensorflow: TensorFlow 1 bilinear, means in single precision
    TfLegacy,
    /// StoryDALL-E, VLC-StoryGAN, AR-LDM: shrunk to 64x64 first, then as pytorch-fid, means in single precision
    #[value(name = "storyviz-64")]
    Storyviz64,
}

impl Preset {
    /// Everything between a decoded image and the network.
    pub(super) fn recipe(self) -> Recipe {
        let (first, resizer, scale) = match self {
            Self::PytorchFid => (None, Resizer::TorchBilinear, ValueScale::Symmetric),
            Self::CleanFid => (None, Resizer::PillowF32Bicubic, ValueScale::Centred128),
            Self::TorchFidelity | Self::TfLegacy => {
                (None, Resizer::Tf1Bilinear, ValueScale::Centred128)
            }
            Self::Torchmetrics => (
                None,
                Resizer::TorchBilinearAntialias,
                ValueScale::Centred128,
            ),
            Self::Storyviz64 => (Some(64), Resizer::TorchBilinear, ValueScale::Symmetric),
        };
        Recipe {
            first,
            resizer,
            // None of these tools keeps the aspect ratio.
            geometry: Geometry::Squash,
            scale,
        }
    }

    /// The precision that the tool's mean has.
    pub(super) fn mean(self) -> MeanPrecision {
        match self {
            Self::PytorchFid | Self::Torchmetrics => MeanPrecision::F64,
            Self::CleanFid | Self::TorchFidelity | Self::TfLegacy | Self::Storyviz64 => {
                MeanPrecision::F32
            }
        }
    }
}

/// What signatures and the command line call a choice.
pub(super) fn name_of(choice: &impl ValueEnum) -> String {
    choice
        .to_possible_value()
        .map(|value| value.get_name().to_owned())
        .unwrap_or_default()
}
