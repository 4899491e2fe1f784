//! How an image becomes the numbers that a network reads. Published scripts differ here more than
//! anywhere else, so every choice has a name that signatures print.

use super::PassOrder;
use serde::{Deserialize, Serialize};
use std::borrow::Cow;
use std::fmt;

/// How an image is brought to another size.
#[derive(
    Clone,
    Copy,
    Debug,
    PartialEq,
    Eq,
    Hash,
    Serialize,
    Deserialize,
    strum::VariantArray,
    strum::Display,
    strum::IntoStaticStr,
)]
#[serde(rename_all = "kebab-case")]
#[strum(serialize_all = "kebab-case")]
pub enum Resizer {
    /// Pillow on 8-bit pixels, `BILINEAR` (anti-aliased): torchvision's `Resize` on a PIL image.
    PillowBilinear,
    /// Pillow on 8-bit pixels, `BICUBIC` (a = -0.5): CLIP.
    PillowBicubic,
    /// Pillow on 8-bit pixels, `LANCZOS`.
    PillowLanczos,
    /// Pillow on 8-bit pixels, `BOX`.
    PillowBox,
    /// Pillow on floats (mode `F`, a channel at a time), `BILINEAR`, clipped to `[0, 255]`.
    PillowF32Bilinear,
    /// Pillow on floats (mode `F`, a channel at a time), `BICUBIC`, clipped to `[0, 255]`: clean-fid.
    PillowF32Bicubic,
    /// `torch.nn.functional.interpolate`, bilinear, `align_corners=False`, no anti-aliasing: pytorch-fid.
    TorchBilinear,
    /// The same, anti-aliased: torchmetrics since 1.8.
    TorchBilinearAntialias,
    /// TensorFlow 1 bilinear without half-pixel centres: torch-fidelity, the TTUR code.
    Tf1Bilinear,
}

impl Resizer {
    /// All of them, in the order of declaration.
    pub const ALL: &[Self] = <Self as strum::VariantArray>::VARIANTS;

    /// Its name in signatures, which says the version of Pillow where that is not the default:
    /// `pillow13-bilinear`.
    #[must_use]
    pub fn named(self, order: PassOrder) -> Cow<'static, str> {
        let name: &'static str = self.into();
        match name.strip_prefix("pillow") {
            Some(rest) if !order.is_default() => format!("pillow{}{rest}", order.suffix()).into(),
            _ => name.into(),
        }
    }
}

/// What happens to images that are not square.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, strum::Display)]
#[serde(rename_all = "kebab-case")]
#[strum(serialize_all = "kebab-case")]
pub enum Geometry {
    /// Both sides are resized to the network's, whatever the aspect ratio.
    Squash,
    /// The short side is resized to the network's, then the middle is cut out (torchvision's
    /// `Resize(n)` and `CenterCrop(n)`).
    CenterCrop,
    /// The same at the size `first` of the recipe; the square that this leaves is then resized to the
    /// network's size.
    CropFirst,
}

/// Which values mean black and white where a network expects -1 and 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, strum::Display)]
#[serde(rename_all = "kebab-case")]
#[strum(serialize_all = "kebab-case")]
pub enum ValueScale {
    /// `2 v / 255 - 1`, in `[-1, 1]`: right.
    Symmetric,
    /// `(v - 128) / 128`, in `[-1, 0.992]`: torch-fidelity, clean-fid, the TensorFlow graph.
    Centred128,
    /// `(v / 255 - mean) / std` with ImageNet's constants, about `[-2.12, 2.64]`: what the released
    /// StoryGPT-V evaluation hands to its FID network, and the fine-tuned classifiers of StoryDALL-E.
    ImagenetStandardised,
    /// `v / 255`, in `[0, 1]`: the reference images of Make-A-Story's FID, the classifiers of VLC-StoryGAN.
    UpperHalf,
}

/// Everything between a decoded image and a network's input that a protocol decides.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Recipe {
    /// Side of a square that images are brought to first (Pillow bilinear on 8-bit pixels), by a squash
    /// unless the geometry is [`Geometry::CropFirst`]; absent for none. StoryDALL-E, VLC-StoryGAN and
    /// AR-LDM shrink to 64.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub first: Option<u32>,
    /// How images are brought to the network's size.
    pub resizer: Resizer,
    /// What happens to images that are not square.
    pub geometry: Geometry,
    /// Which values the network gets.
    pub scale: ValueScale,
}

impl fmt::Display for Recipe {
    /// As signatures print it: `64>torch-bilinear+squash+symmetric`.
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(side) = self.first {
            write!(formatter, "{side}>")?;
        }
        write!(
            formatter,
            "{}+{}+{}",
            self.resizer, self.geometry, self.scale
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_say_the_version_of_pillow_where_it_counts() {
        for &resizer in Resizer::ALL {
            assert_eq!(resizer.named(PassOrder::Pillow12), resizer.to_string());
            let named = resizer.named(PassOrder::Pillow13);
            assert_eq!(named.starts_with("pillow13-"), named != resizer.to_string());
        }
        assert_eq!(
            Resizer::PillowF32Bicubic.named(PassOrder::Pillow13),
            "pillow13-f32-bicubic"
        );
        assert_eq!(
            Resizer::TorchBilinear.named(PassOrder::Pillow13),
            "torch-bilinear"
        );
    }

    #[test]
    fn a_recipe_prints_as_it_is_written() {
        let text = r#"{"first":64,"resizer":"torch-bilinear","geometry":"center-crop","scale":"symmetric"}"#;
        let recipe: Recipe = serde_json::from_str(text).unwrap();
        assert_eq!(
            recipe.to_string(),
            "64>torch-bilinear+center-crop+symmetric"
        );
        assert_eq!(serde_json::to_string(&recipe).unwrap(), text);
    }
}
