//! What the graphs of a StoryGPT-V bundle are called, take and give.
//!
//! A graph is checked against its signature when it is loaded, so that a bundle whose sizes and files do not belong
//! together is refused before anything is drawn.

use super::super::GeneratorError;
use super::char_ldm::{open_portraits, opening};
use super::settings::{DiffusionSettings, check_llm};
use crate::inference::{Bundle, BundleKind, GraphSignature, Llm, Port, Portraits};

/// Caption tokens to embeddings.
pub const TEXT_ENCODER: &str = "text_encoder";
/// Portraits to embeddings.
pub const CHAR_IMAGE_ENCODER: &str = "char_image_encoder";
/// Name tokens and portraits to fused tokens.
pub const FUSE: &str = "fuse";
/// The denoiser.
pub const UNET: &str = "unet";
/// Latents to images.
pub const VAE_DECODER: &str = "vae_decoder";
/// Frames to visual tokens.
pub const LLM_VISION: &str = "llm_vision";
/// Prompt tokens to input embeddings.
pub const LLM_EMBED: &str = "llm_embed";
/// Input embeddings to last hidden states.
pub const LLM_HIDDEN: &str = "llm_hidden";
/// Hidden states of the `[IMG]` tokens to a context.
pub const LDM_MAPPER: &str = "ldm_mapper";

/// The graphs of a bundle of a model that draws; none for other bundles. Settings and portraits are checked as
/// when it is opened.
///
/// # Errors
/// [`GeneratorError`] for settings that contradict each other, missing sections and portraits.
pub fn of_bundle(bundle: &Bundle) -> Result<Vec<GraphSignature>, GeneratorError> {
    let manifest = bundle.manifest();
    if !matches!(manifest.kind, BundleKind::StorygptV | BundleKind::CharLdm) {
        return Ok(Vec::new());
    }
    let failed = opening(bundle);
    let settings = DiffusionSettings::read(manifest).map_err(&failed)??;
    open_portraits(bundle, &settings)?;
    let mut all = diffusion(&settings);
    if manifest.kind == BundleKind::StorygptV {
        let llm = manifest.llm().map_err(&failed)?;
        check_llm(llm)?;
        all.extend(language(llm, &settings));
    }
    Ok(all)
}

/// The graphs of the diffusion model. Those of the portraits are among them where the model has portraits.
#[must_use]
pub fn diffusion(settings: &DiffusionSettings) -> Vec<GraphSignature> {
    let [_, channels, latent_height, latent_width] = settings.latents(1);
    let [_, positions, width] = settings.context(1);
    let latents = [
        None,
        Some(channels),
        Some(latent_height),
        Some(latent_width),
    ];
    let context = [None, Some(positions), Some(width)];
    let mut graphs = vec![
        GraphSignature {
            name: TEXT_ENCODER,
            inputs: vec![Port::i64("input_ids", [None, Some(positions)])],
            outputs: vec![Port::f32("last_hidden_state", context)],
        },
        GraphSignature {
            name: UNET,
            inputs: vec![
                Port::f32("sample", latents),
                Port::i64("timestep", [None]),
                Port::f32("encoder_hidden_states", context),
            ],
            outputs: vec![Port::f32("out_sample", latents)],
        },
        GraphSignature {
            name: VAE_DECODER,
            inputs: vec![Port::f32("latents", latents)],
            outputs: vec![Port::f32(
                "image",
                pixels(settings.image.width, settings.image.height),
            )],
        },
    ];
    if let Some(portraits) = &settings.portraits {
        graphs.extend(fusion(portraits, width));
    }
    graphs
}

/// The two graphs that put portraits into captions of `width` numbers per token.
fn fusion(portraits: &Portraits, width: usize) -> [GraphSignature; 2] {
    let row = [None, Some(width)];
    [
        GraphSignature {
            name: CHAR_IMAGE_ENCODER,
            inputs: vec![Port::f32(
                "pixel_values",
                pixels(portraits.width, portraits.height),
            )],
            outputs: vec![Port::f32("embeds", row)],
        },
        GraphSignature {
            name: FUSE,
            inputs: vec![Port::f32("text", row), Port::f32("visual", row)],
            outputs: vec![Port::f32("fused", row)],
        },
    ]
}

/// The graphs of the language model and its mapper.
#[must_use]
pub fn language(llm: &Llm, settings: &DiffusionSettings) -> Vec<GraphSignature> {
    let [_, positions, width] = settings.context(1);
    let hidden = [None, None, Some(llm.hidden_size)];
    let images = [None, Some(llm.img_token_ids.len()), Some(llm.hidden_size)];
    vec![
        GraphSignature {
            name: LLM_VISION,
            inputs: vec![Port::f32(
                "pixel_values",
                pixels(llm.image_width, llm.image_height),
            )],
            outputs: vec![Port::f32(
                "visual_tokens",
                [None, Some(llm.visual_tokens), Some(llm.hidden_size)],
            )],
        },
        GraphSignature {
            name: LLM_EMBED,
            inputs: vec![Port::i64("input_ids", [None, None])],
            outputs: vec![Port::f32("inputs_embeds", hidden)],
        },
        GraphSignature {
            name: LLM_HIDDEN,
            inputs: vec![
                Port::f32("inputs_embeds", hidden),
                Port::i64("attention_mask", [None, None]),
            ],
            outputs: vec![Port::f32("last_hidden_state", hidden)],
        },
        GraphSignature {
            name: LDM_MAPPER,
            inputs: vec![Port::f32("hidden", images), Port::f32("img_embeds", images)],
            outputs: vec![Port::f32("context", [None, Some(positions), Some(width)])],
        },
    ]
}

fn pixels(width: usize, height: usize) -> [Option<usize>; 4] {
    [None, Some(3), Some(height), Some(width)]
}

#[cfg(test)]
mod tests {
    use super::super::fake::{llm_settings, settings};
    use super::*;

    #[test]
    fn sizes_come_from_the_bundle() {
        let settings = settings();
        let unet = diffusion(&settings)
            .into_iter()
            .find(|it| it.name == UNET)
            .unwrap();
        assert_eq!(unet.inputs[0].shape, [None, Some(4), Some(2), Some(3)]);
        assert_eq!(unet.inputs[2].shape, [None, Some(12), Some(5)]);
        let names = |settings| {
            let graphs = diffusion(settings);
            graphs.iter().map(|it| it.name).collect::<Vec<_>>()
        };
        assert_eq!(names(&settings).len(), 5);
        let plain = DiffusionSettings {
            portraits: None,
            ..settings.clone()
        };
        assert_eq!(names(&plain), [TEXT_ENCODER, UNET, VAE_DECODER]);
        let mapper = language(&llm_settings(), &settings).pop().unwrap();
        assert_eq!(mapper.inputs[0].shape, [None, Some(2), Some(3)]);
        assert_eq!(mapper.outputs[0].shape, [None, Some(12), Some(5)]);
    }
}
