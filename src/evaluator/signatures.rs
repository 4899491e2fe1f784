//! What the graphs of networks that look are called, take and give.
//!
//! A graph is checked against its signature when it is loaded. Sizes come from the bundle.

use crate::inference::{
    BundleKind, BundleManifest, CaptionerModel, ClipModel, GraphSignature, InferenceError, Port,
    SamModel,
};

pub(super) const PIXELS: &str = "pixel_values";
pub(super) const IDS: &str = "input_ids";
pub(super) const FIRST_IMAGE: &str = "image0";
pub(super) const SECOND_IMAGE: &str = "image1";

/// Characters on a frame.
pub(super) const CHAR_CLASSIFIER: &str = "char_classifier";
/// Where a frame plays.
pub(super) const BG_CLASSIFIER: &str = "bg_classifier";
/// Pooled features, for distances of distributions.
pub(super) const FEATURES: &str = "features";
pub(super) const CLIP_IMAGE: &str = "clip_image";
pub(super) const CLIP_TEXT: &str = "clip_text";
pub(super) const LPIPS: &str = "lpips";
pub(super) const CAPTIONER_VISION: &str = "captioner_vision";
pub(super) const CAPTIONER_EMBED: &str = "captioner_embed";
pub(super) const CAPTIONER_DECODER: &str = "captioner_decoder";
pub(super) const LOCATOR: &str = "locator";
pub(super) const MASKS: &str = "masks";

/// The graphs that a bundle of networks that look has to have; of evaluators, those that it has. Empty for
/// bundles of models that draw.
///
/// # Errors
/// [`InferenceError::MissingSection`].
pub fn signatures(manifest: &BundleManifest) -> Result<Vec<GraphSignature>, InferenceError> {
    Ok(match manifest.kind {
        BundleKind::StorygptV | BundleKind::CharLdm | BundleKind::Writer => Vec::new(),
        BundleKind::Evaluators => {
            let has = |name: &str| manifest.graphs.contains_key(name);
            let mut all = Vec::new();
            if has(CHAR_CLASSIFIER) {
                let labels = manifest.labels()?.characters.len();
                all.push(rows(manifest, CHAR_CLASSIFIER, "logits", labels));
            }
            if has(BG_CLASSIFIER) {
                let labels = manifest.labels()?.backgrounds.len();
                all.push(rows(manifest, BG_CLASSIFIER, "logits", labels));
            }
            if has(FEATURES) {
                let dim = manifest.features()?.dim;
                all.push(rows(manifest, FEATURES, "features", dim));
            }
            all
        }
        BundleKind::Clip => {
            let model = manifest.clip()?;
            vec![
                rows(manifest, CLIP_IMAGE, "image_embeds", model.dim),
                clip_text(model),
            ]
        }
        BundleKind::Lpips => vec![lpips()],
        BundleKind::Captioner => {
            let model = manifest.captioner()?;
            vec![
                captioner_vision(manifest, model),
                captioner_embed(model),
                captioner_decoder(model),
            ]
        }
        BundleKind::Locator => {
            let count = manifest.locator()?.characters.len();
            vec![maps(manifest, LOCATOR, MASKS, count)]
        }
        BundleKind::Sam => {
            let model = manifest.sam()?;
            vec![sam_image(manifest, model), sam_mask(model)]
        }
    })
}

/// Images of the bundle's size, `[N, 3, h, w]`.
fn pixels(manifest: &BundleManifest) -> Port {
    let size = manifest.image;
    Port::f32(PIXELS, [None, Some(3), Some(size.height), Some(size.width)])
}

/// Images to `[N, width]`.
pub(super) fn rows(
    manifest: &BundleManifest,
    name: &'static str,
    output: &str,
    width: usize,
) -> GraphSignature {
    GraphSignature {
        name,
        inputs: vec![pixels(manifest)],
        outputs: vec![Port::f32(output, [None, Some(width)])],
    }
}

/// Images to `[N, maps, rows, columns]`.
pub(super) fn maps(
    manifest: &BundleManifest,
    name: &'static str,
    output: &str,
    maps: usize,
) -> GraphSignature {
    GraphSignature {
        name,
        inputs: vec![pixels(manifest)],
        outputs: vec![Port::f32(output, [None, Some(maps), None, None])],
    }
}

/// Padded texts to embeddings.
pub(super) fn clip_text(model: &ClipModel) -> GraphSignature {
    GraphSignature {
        name: CLIP_TEXT,
        inputs: vec![Port::i64(IDS, [None, Some(model.context_length)])],
        outputs: vec![Port::f32("text_embeds", [None, Some(model.dim)])],
    }
}

/// Two lists of images to distances.
pub(super) fn lpips() -> GraphSignature {
    let pixels = [None, Some(3), None, None];
    GraphSignature {
        name: LPIPS,
        inputs: vec![
            Port::f32(FIRST_IMAGE, pixels),
            Port::f32(SECOND_IMAGE, pixels),
        ],
        outputs: vec![Port::f32("distance", [None])],
    }
}

/// Images to what the language model reads before the prompt.
pub(super) fn captioner_vision(
    manifest: &BundleManifest,
    model: &CaptionerModel,
) -> GraphSignature {
    GraphSignature {
        name: CAPTIONER_VISION,
        inputs: vec![pixels(manifest)],
        outputs: vec![Port::f32(
            "prefix_embeds",
            [None, None, Some(model.hidden_size)],
        )],
    }
}

/// Tokens to embeddings.
pub(super) fn captioner_embed(model: &CaptionerModel) -> GraphSignature {
    GraphSignature {
        name: CAPTIONER_EMBED,
        inputs: vec![Port::i64(IDS, [None, None])],
        outputs: vec![Port::f32(
            "inputs_embeds",
            [None, None, Some(model.hidden_size)],
        )],
    }
}

/// Embeddings and a cache to logits and the longer cache.
pub(super) fn captioner_decoder(model: &CaptionerModel) -> GraphSignature {
    let (layers, heads, head) = (Some(model.layers), Some(model.heads), Some(model.head_dim));
    let cache = [layers, None, heads, None, head];
    GraphSignature {
        name: CAPTIONER_DECODER,
        inputs: vec![
            Port::f32("inputs_embeds", [None, None, Some(model.hidden_size)]),
            Port::i64("attention_mask", [None, None]),
            Port::f32("past_keys", cache),
            Port::f32("past_values", cache),
        ],
        outputs: vec![
            Port::f32("logits", [None, None, Some(model.vocab_size)]),
            Port::f32("keys", cache),
            Port::f32("values", cache),
        ],
    }
}

/// Images to embeddings of their cells.
fn sam_image(manifest: &BundleManifest, model: &SamModel) -> GraphSignature {
    GraphSignature {
        name: "sam_image",
        inputs: vec![pixels(manifest)],
        outputs: vec![sam_embeddings(model)],
    }
}

/// Embeddings and boxes to masks and what they are worth.
fn sam_mask(model: &SamModel) -> GraphSignature {
    let (masks, side) = (Some(model.masks), Some(model.mask_side));
    GraphSignature {
        name: "sam_mask",
        inputs: vec![
            sam_embeddings(model),
            Port::f32("input_boxes", [None, None, Some(4)]),
        ],
        outputs: vec![
            Port::f32("masks", [None, None, masks, side, side]),
            Port::f32("scores", [None, None, masks]),
        ],
    }
}

fn sam_embeddings(model: &SamModel) -> Port {
    let cells = Some(model.cells);
    Port::f32(
        "image_embeddings",
        [None, Some(model.channels), cells, cells],
    )
}
