//! Sections of a bundle of evaluators: classifiers, features, CLIP, LPIPS,
//! captioner, locator, SAM.

use serde::{Deserialize, Serialize};

use crate::vision::{Geometry, InputScale, Resizer};

/// How the pixel graphs of a bundle read an image. What is absent is a protocol's choice, or the
/// usual one of the kind.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PixelInput {
    /// Which values the pixels have.
    #[serde(default = "unit")]
    pub scale: InputScale,
    /// How images are brought to the network's size where no protocol says so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub resizer: Option<Resizer>,
    /// What happens to images that are not square where no protocol says so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub geometry: Option<Geometry>,
}

fn unit() -> InputScale {
    InputScale::Unit
}

impl Default for PixelInput {
    /// Values in `[0, 1]`, everything else open: what a bundle without `[input]` means.
    fn default() -> Self {
        Self {
            scale: unit(),
            resizer: None,
            geometry: None,
        }
    }
}

/// What the classifiers' outputs mean, in their order. A classifier that the bundle does not have
/// has no labels.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Labels {
    /// Characters.
    #[serde(default)]
    pub characters: Vec<String>,
    /// Backgrounds.
    #[serde(default)]
    pub backgrounds: Vec<String>,
}

/// The feature network.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Features {
    /// Length of a feature vector.
    pub dim: usize,
}

/// A CLIP model: an image graph and a text graph that embed into one space.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ClipModel {
    /// Length of an embedding.
    pub dim: usize,
    /// Tokens of a padded text, `bos` and `eos` included.
    pub context_length: usize,
    /// `tokenizer.json`, relative to the bundle.
    pub tokenizer: String,
    /// Begin of text.
    pub bos_id: u32,
    /// End of text.
    pub eos_id: u32,
    /// Padding; 0 for openai/CLIP and `open_clip`.
    pub pad_id: u32,
    /// Whether texts are lower-cased before they are split, as CLIP's are.
    #[serde(default = "yes")]
    pub lower_case: bool,
}

fn yes() -> bool {
    true
}

/// An LPIPS distance.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LpipsModel {
    /// The trunk: `alex`, `vgg`, `squeeze`, or another name.
    pub network: String,
    /// Version of the linear layers, `0.1` for the published ones.
    pub version: String,
}

/// A captioner: image to prefix embeddings, and a language model that goes on from them.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CaptionerModel {
    /// `tokenizer.json`, relative to the bundle.
    pub tokenizer: String,
    /// Text after the image's embeddings, for example `a photo of`; may be empty.
    pub prompt: String,
    /// Beams of the search.
    pub num_beams: usize,
    /// Most tokens that are written, the end token included.
    pub max_new_tokens: usize,
    /// Least length of a caption as `generate` of transformers counts it when it is given embeddings:
    /// image and prompt tokens count too, so 1 (what LAVIS passes) forbids nothing.
    #[serde(default)]
    pub min_length: usize,
    /// Least number of written tokens before the end token is allowed.
    #[serde(default)]
    pub min_new_tokens: usize,
    /// Exponent of the length that a beam's score is divided by.
    pub length_penalty: f64,
    /// Begin of text, before the prompt, where the model has one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub bos_id: Option<u32>,
    /// The token that ends a caption; the line feed for BLIP-2 with OPT.
    pub eos_id: u32,
    /// Padding.
    pub pad_id: u32,
    /// Layers of the language model's cache.
    pub layers: usize,
    /// Attention heads.
    pub heads: usize,
    /// Width of a head.
    pub head_dim: usize,
    /// Width of the embeddings.
    pub hidden_size: usize,
    /// Tokens of the vocabulary.
    pub vocab_size: usize,
}

/// A locator: one map of cells per character, and a cell belongs to the character where its sigmoid is
/// above the threshold.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LocatorModel {
    /// The characters, in the order of the maps.
    pub characters: Vec<String>,
    /// Between 0 and 1, both excluded.
    pub threshold: f64,
}

/// Segment Anything (Kirillov et al., ICCV 2023) as two graphs.
///
/// `sam_image`: `pixel_values` `[N, 3, side, side]` to `image_embeddings` `[N, channels, cells, cells]`.
/// Images keep their shape: the longer side becomes the bundle's image size, and what is left over on
/// the right or below is 0 after the pixels were standardised. `sam_mask`: `image_embeddings` and
/// `input_boxes` `[N, K, 4]` (left, top, right, bottom, in pixels of that image) to `masks`
/// `[N, K, masks, mask_side, mask_side]`, logits that are positive inside, and `scores` `[N, K, masks]`,
/// the overlap with the object that the network expects of each.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SamModel {
    /// Length of an embedding of a cell.
    pub channels: usize,
    /// Cells of the image on a side.
    pub cells: usize,
    /// Masks a box: the object, a part of it, and what it is a part of.
    pub masks: usize,
    /// Pixels of a mask on a side.
    pub mask_side: usize,
}
