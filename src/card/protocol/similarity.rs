//! CLIP similarities, LPIPS and captions.

use super::{Repeats, frames::is_default};
use crate::vision::Resizer;
use serde::{Deserialize, Serialize};
use std::fmt;

/// Which text a frame is compared with.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, strum::Display)]
#[strum(serialize_all = "kebab-case")]
#[serde(rename_all = "kebab-case")]
pub enum CaptionText {
    /// The annotated caption, with names.
    Original,
    /// The text that the generator read, with pronouns where its variant puts them.
    AsRead,
    /// The caption that the generator wrote itself.
    Written,
}

/// How similarities of frames become one number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum MeanOver {
    /// The mean over frames.
    Frames,
    /// The mean of the means of batches of so many frames: a short last batch weighs too much.
    Batches(usize),
}

impl fmt::Display for MeanOver {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Frames => formatter.write_str("mean"),
            Self::Batches(size) => write!(formatter, "mean-of-batches-{size}"),
        }
    }
}

/// CLIP text-image and image-image similarity.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ClipRule {
    /// Text of the text-image similarity; absent where the script compares images only.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub text: Option<CaptionText>,
    /// How frames become one number.
    pub mean: MeanOver,
    /// Whether similarities between the frames of a story are scored too.
    #[serde(default)]
    pub consistency: bool,
    /// How often a clip counts.
    #[serde(default, skip_serializing_if = "is_default")]
    pub repeats: Repeats,
}

/// The perceptual distance to the ground-truth frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LpipsRule {
    /// Side of the square both images are brought to; absent for the network's own size, or where it
    /// has none, for that of the ground truth.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub resize: Option<u32>,
    /// How they are brought there.
    #[serde(default = "bilinear", skip_serializing_if = "is_bilinear")]
    pub resizer: Resizer,
    /// How often a clip counts.
    #[serde(default)]
    pub repeats: Repeats,
}

fn bilinear() -> Resizer {
    Resizer::PillowBilinear
}

#[allow(clippy::trivially_copy_pass_by_ref, reason = "serde hands a reference")]
fn is_bilinear(resizer: &Resizer) -> bool {
    *resizer == bilinear()
}

/// How captions are cut into words.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, strum::Display)]
#[strum(serialize_all = "kebab-case")]
#[serde(rename_all = "kebab-case")]
pub enum Words {
    /// PTB tokens after the COCO punctuation filter.
    Ptb,
    /// At white space.
    Whitespace,
}

/// What is called BLEU4.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, strum::Display)]
#[strum(serialize_all = "kebab-case")]
#[serde(rename_all = "kebab-case")]
pub enum BleuRule {
    /// Corpus BLEU-4: the generated frame's caption against all captions of the real frame.
    Corpus,
    /// The mean over frames of the mean of BLEU-1, 2, 3 and 4, with reference and hypothesis swapped
    /// and only the first caption of the real frame: the released StoryGPT-V script.
    StorygptvReleased,
}

/// Captions that a model writes of the frames, compared with those it writes of the real ones.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CaptionRule {
    /// Captions of a real frame: the best beams.
    pub references: usize,
    /// How captions are cut into words.
    pub words: Words,
    /// What is called BLEU4.
    pub bleu: BleuRule,
}
