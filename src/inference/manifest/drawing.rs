//! Sections of a bundle that draws: diffusion, scheduler, text, portraits, language model.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::card::Sampling;

/// The latent diffusion model: shape of its latents and how it is sampled.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Diffusion {
    /// Channels of a latent.
    pub latent_channels: usize,
    /// Rows of a latent.
    pub latent_height: usize,
    /// Columns of a latent.
    pub latent_width: usize,
    /// Latents are divided by this before the VAE decoder sees them.
    pub scaling_factor: f64,
    /// Steps the caller asks the scheduler for.
    pub num_inference_steps: usize,
    /// Weight of classifier-free guidance; 1 turns it off.
    pub guidance_scale: f64,
    /// Last denoising call (from 0) that is conditioned on the plain text embedding; later ones see the
    /// fused portraits (frame 1) or the language model's context.
    pub start_merge_step: usize,
    /// The same for frames whose caption carries the reference flag.
    pub start_merge_step_referential: usize,
}

/// Constants of the noise scheduler, named as in `diffusers`.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Scheduler {
    /// Which scheduler.
    pub kind: SchedulerKind,
    /// Steps of the training schedule.
    pub num_train_timesteps: usize,
    /// First beta.
    pub beta_start: f64,
    /// Last beta.
    pub beta_end: f64,
    /// How betas run between the two.
    pub beta_schedule: BetaSchedule,
    /// What the UNet predicts.
    pub prediction_type: PredictionType,
    /// Added to every inference time step.
    pub steps_offset: usize,
    /// Whether the step before the first has alpha = 1 rather than that of step 0.
    pub set_alpha_to_one: bool,
    /// Whether the Runge-Kutta start-up steps are left out.
    pub skip_prk_steps: bool,
    /// How inference steps are spread over the training steps.
    pub timestep_spacing: TimestepSpacing,
}

/// Which noise scheduler. One so far, which bundles name and hash: generators to come use others.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SchedulerKind {
    /// Pseudo numerical methods (PLMS when the Runge-Kutta steps are skipped).
    Pndm,
}

/// How betas run from the first to the last.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum BetaSchedule {
    /// Linear in beta.
    Linear,
    /// Linear in the square root of beta (Stable Diffusion).
    ScaledLinear,
}

/// What the UNet predicts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PredictionType {
    /// The noise.
    Epsilon,
    /// The velocity of Salimans and Ho (2022).
    VPrediction,
}

/// How inference steps are spread over the training steps.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TimestepSpacing {
    /// Whole multiples of the step ratio, from 0.
    Leading,
    /// Evenly spaced, both ends included.
    Linspace,
    /// Counted down from the last training step.
    Trailing,
}

/// The text encoder's tokens.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Text {
    /// `tokenizer.json`, relative to the bundle.
    pub tokenizer: String,
    /// Tokens of a padded sequence, `bos` and `eos` included.
    pub max_length: usize,
    /// Begin of sequence.
    pub bos_id: u32,
    /// End of sequence.
    pub eos_id: u32,
    /// Padding.
    pub pad_id: u32,
    /// Width of the embeddings.
    pub hidden_size: usize,
}

/// The portraits that are fused into the text.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Portraits {
    /// Width in pixels that the portrait encoder takes.
    pub width: usize,
    /// Height in pixels that the portrait encoder takes.
    pub height: usize,
    /// Character (as named in the data set) to image file, relative to the bundle.
    pub files: BTreeMap<String, String>,
}

/// The language model that writes the context of frames with references.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Llm {
    /// `tokenizer.json`, relative to the bundle.
    pub tokenizer: String,
    /// Whether a text after an added token gets the leading space that every other text gets: the setting of
    /// that name of Llama's slow tokeniser.
    #[serde(default = "usual", skip_serializing_if = "is_usual")]
    pub legacy: bool,
    /// Width of the embeddings.
    pub hidden_size: usize,
    /// Begin of sequence.
    pub bos_id: u32,
    /// Embeddings an earlier frame becomes.
    pub visual_tokens: usize,
    /// Ids of the `[IMG]` tokens, in order.
    pub img_token_ids: Vec<u32>,
    /// Longest sequence the model can take.
    pub max_positions: usize,
    /// Width in pixels that the vision graph takes.
    pub image_width: usize,
    /// Height in pixels that the vision graph takes.
    pub image_height: usize,
    /// Text before an image's embeddings.
    pub image_prefix: String,
    /// Text after them.
    pub image_suffix: String,
    /// Text before a caption.
    pub caption_prefix: String,
    /// Text after it.
    pub caption_suffix: String,
}

/// How the language model writes captions.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Writing {
    /// Tokens that the output layer tells apart.
    pub vocab_size: usize,
    /// Token that ends a caption, beside the texts of `sampling.stop`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub eos_id: Option<u32>,
    /// Whether spaces before punctuation are taken out of what was written, as transformers'
    /// `clean_up_tokenization_spaces` does.
    #[serde(default)]
    pub tidy: bool,
    /// Sizes of what the graph `llm_step` remembers. Where there is none, `llm_hidden` reads everything for every token.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cache: Option<CacheSizes>,
    /// How the next token is picked.
    #[serde(default)]
    pub sampling: Sampling,
}

/// Sizes of the keys and values that a language model keeps of what it read, `[layers, B, heads, S, head_dim]`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CacheSizes {
    /// Layers.
    pub layers: usize,
    /// Heads of keys and values.
    pub heads: usize,
    /// Width of a head.
    pub head_dim: usize,
}

fn usual() -> bool {
    true
}

#[expect(
    clippy::trivially_copy_pass_by_ref,
    reason = "serde calls it with a reference"
)]
fn is_usual(legacy: &bool) -> bool {
    *legacy
}
