//! What the graphs of a StoryGPT-V bundle are called, take and give.
//!
//! A graph is checked against its signature when it is loaded, so that a bundle whose sizes and files do not belong
//! together is refused before anything is drawn.

use super::super::GeneratorError;
use super::char_ldm::{open_portraits, opening};
use super::settings::{DiffusionSettings, check_llm};
use crate::inference::{Bundle, BundleKind, GraphSignature, Llm, Port, Portraits, Writing};

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
/// The same with what the model remembers of earlier positions: takes the place of `llm_hidden` in a bundle that has it.
pub const LLM_STEP: &str = "llm_step";
/// Hidden states to logits of the next token.
pub const LLM_LOGITS: &str = "llm_logits";
/// Hidden states of the `[IMG]` tokens to a context.
pub const LDM_MAPPER: &str = "ldm_mapper";

/// The graphs of a bundle of a model that draws; none for other bundles. Settings and portraits are checked as
/// when it is opened.
///
/// # Errors
/// [`GeneratorError`] for settings that contradict each other, missing sections and portraits.
pub fn of_bundle(bundle: &Bundle) -> Result<Vec<GraphSignature>, GeneratorError> {
    let manifest = bundle.manifest();
    let failed = opening(bundle);
    match manifest.kind {
        BundleKind::StorygptV | BundleKind::CharLdm => {}
        BundleKind::Writer => {
            let llm = manifest.llm().map_err(&failed)?;
            return Ok(manifest
                .writing()
                .map_or_else(Vec::new, |it| writing(llm, it)));
        }
        _ => return Ok(Vec::new()),
    }
    let settings = DiffusionSettings::read(manifest).map_err(&failed)??;
    open_portraits(bundle, &settings)?;
    let mut all = diffusion(&settings);
    if manifest.kind == BundleKind::StorygptV {
        let llm = manifest.llm().map_err(&failed)?;
        check_llm(llm)?;
        all.extend(language(llm, manifest.writing(), &settings));
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

/// The graphs that make a language model write.
#[must_use]
pub fn writing(llm: &Llm, writing: &Writing) -> Vec<GraphSignature> {
    let hidden = [None, None, Some(llm.hidden_size)];
    let logits = GraphSignature {
        name: LLM_LOGITS,
        inputs: vec![Port::f32("hidden_states", hidden)],
        outputs: vec![Port::f32("logits", [None, None, Some(writing.vocab_size)])],
    };
    let step = writing.cache.map(|sizes| {
        let cache = [
            Some(sizes.layers),
            None,
            Some(sizes.heads),
            None,
            Some(sizes.head_dim),
        ];
        GraphSignature {
            name: LLM_STEP,
            inputs: vec![
                Port::f32("inputs_embeds", hidden),
                Port::i64("attention_mask", [None, None]),
                Port::f32("past_keys", cache),
                Port::f32("past_values", cache),
            ],
            outputs: vec![
                Port::f32("last_hidden_state", hidden),
                Port::f32("keys", cache),
                Port::f32("values", cache),
            ],
        }
    });
    step.into_iter().chain([logits]).collect()
}

/// The graphs of the language model and its mapper.
#[must_use]
pub fn language(
    llm: &Llm,
    writer: Option<&Writing>,
    settings: &DiffusionSettings,
) -> Vec<GraphSignature> {
    let mut graphs = reading(llm, settings);
    if let Some(writer) = writer {
        // One graph has the weights of the model, not two.
        graphs.retain(|graph| writer.cache.is_none() || graph.name != LLM_HIDDEN);
        graphs.extend(writing(llm, writer));
    }
    graphs
}

/// Prompt tokens to input embeddings.
pub(super) fn embed(llm: &Llm) -> GraphSignature {
    GraphSignature {
        name: LLM_EMBED,
        inputs: vec![Port::i64("input_ids", [None, None])],
        outputs: vec![Port::f32(
            "inputs_embeds",
            [None, None, Some(llm.hidden_size)],
        )],
    }
}

/// The graphs that read a story.
fn reading(llm: &Llm, settings: &DiffusionSettings) -> Vec<GraphSignature> {
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
        embed(llm),
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
    use super::super::fake::{llm_settings, settings, writing_settings};
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
        let mapper = language(&llm_settings(), None, &settings).pop().unwrap();
        assert_eq!(mapper.inputs[0].shape, [None, Some(2), Some(3)]);
        assert_eq!(mapper.outputs[0].shape, [None, Some(12), Some(5)]);
        let mut writing = writing_settings();
        let of_language = |writing: &Writing| {
            let graphs = language(&llm_settings(), Some(writing), &settings);
            graphs.iter().map(|it| it.name).collect::<Vec<_>>()
        };
        assert!(of_language(&writing).ends_with(&[LLM_HIDDEN, LDM_MAPPER, LLM_LOGITS]));
        writing.cache = Some(crate::inference::CacheSizes {
            layers: 2,
            heads: 3,
            head_dim: 4,
        });
        let names = of_language(&writing);
        assert!(names.ends_with(&[LDM_MAPPER, LLM_STEP, LLM_LOGITS]));
        assert!(
            !names.contains(&LLM_HIDDEN),
            "its weights would be there twice"
        );
    }
}
