//! `bundle.toml`: what a bundle of weights is, and every number the generator takes from it.
//!
//! Sizes, tokens, step counts and scheduler constants come from here and never from constants in
//! code, so that a 30 MB bundle and a 13 GB one run through the same lines. Unknown keys are errors:
//! a misspelt key would otherwise change a protocol without anyone noticing.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::InferenceError;

/// The bundle format this program reads.
pub(crate) const FORMAT: u32 = 1;
/// The file every bundle has.
pub(crate) const FILE: &str = "bundle.toml";

/// The parsed `bundle.toml`. Sections that not every kind has are reached by the accessors, which
/// say which section is missing from which file.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct BundleManifest {
    /// Version of this layout; 1.
    pub format: u32,
    /// What the graphs are for.
    pub kind: BundleKind,
    /// Id of the model, for example `storygpt-v-mini`.
    pub id: String,
    /// Licence of the weights, an SPDX expression where there is one.
    pub licence: String,
    /// Where the weights come from.
    pub source: Source,
    /// Size of the images that are drawn, or looked at.
    pub image: ImageSize,
    diffusion: Option<Diffusion>,
    scheduler: Option<Scheduler>,
    text: Option<Text>,
    portraits: Option<Portraits>,
    llm: Option<Llm>,
    labels: Option<Labels>,
    features: Option<Features>,
    /// Graph name to file, relative to the bundle's folder.
    pub graphs: BTreeMap<String, String>,
    /// Every file of the bundle but `bundle.toml` itself, with its SHA-256 as 64 hex digits.
    pub files: BTreeMap<String, String>,
    /// Where this was read from; for messages only.
    #[serde(skip)]
    path: PathBuf,
}

/// What a bundle's graphs are for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum BundleKind {
    /// Char-LDM with the language model of StoryGPT-V on top.
    #[serde(rename = "storygpt-v")]
    StorygptV,
    /// The diffusion model alone.
    CharLdm,
    /// Classifiers and a feature network.
    Evaluators,
}

/// Where weights come from.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Source {
    /// Repository, paper or tool.
    pub upstream: String,
    /// Commit of the upstream; may be empty.
    #[serde(default)]
    pub commit: String,
    /// Anything else a reader should know.
    #[serde(default)]
    pub note: String,
}

/// Width and height in pixels.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ImageSize {
    /// Pixels across.
    pub width: usize,
    /// Pixels down.
    pub height: usize,
}

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

/// Which noise scheduler.
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

/// What the classifiers' outputs stand for, in their order.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Labels {
    /// Characters.
    pub characters: Vec<String>,
    /// Backgrounds.
    pub backgrounds: Vec<String>,
}

/// The feature network.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Features {
    /// Length of a feature vector.
    pub dim: usize,
}

macro_rules! section {
    ($name:ident, $type:ty, $doc:literal) => {
        #[doc = $doc]
        ///
        /// # Errors
        /// [`InferenceError::MissingSection`] where the bundle has none.
        pub fn $name(&self) -> Result<&$type, InferenceError> {
            self.$name
                .as_ref()
                .ok_or_else(|| InferenceError::MissingSection {
                    path: self.path.clone(),
                    section: stringify!($name),
                })
        }
    };
}

impl BundleManifest {
    section!(diffusion, Diffusion, "The `[diffusion]` section.");
    section!(scheduler, Scheduler, "The `[scheduler]` section.");
    section!(text, Text, "The `[text]` section.");
    section!(portraits, Portraits, "The `[portraits]` section.");
    section!(llm, Llm, "The `[llm]` section.");
    section!(labels, Labels, "The `[labels]` section.");
    section!(features, Features, "The `[features]` section.");

    /// Whether the bundle brings a language model.
    #[must_use]
    pub fn has_llm(&self) -> bool {
        self.llm.is_some()
    }

    /// Parses the text of a `bundle.toml` and checks what can be checked without the other files:
    /// the format, the sections the kind needs, and that sizes are not zero.
    ///
    /// # Errors
    /// [`InferenceError::Manifest`] for a text that does not parse, [`InferenceError::BundleFormat`],
    /// [`InferenceError::MissingSection`] and [`InferenceError::ManifestValue`]; `path` is named in each.
    pub fn parse(text: &str, path: &Path) -> Result<Self, InferenceError> {
        /// Read first, so that a newer format is called newer and not full of unknown keys.
        #[derive(Deserialize)]
        struct Format {
            format: u32,
        }
        let malformed = |source| InferenceError::Manifest {
            path: path.to_owned(),
            source: Box::new(source),
        };
        let Format { format } = toml::from_str(text).map_err(malformed)?;
        if format != FORMAT {
            return Err(InferenceError::BundleFormat {
                path: path.to_owned(),
                found: format,
            });
        }
        let mut manifest: Self = toml::from_str(text).map_err(malformed)?;
        path.clone_into(&mut manifest.path);
        manifest.check()?;
        Ok(manifest)
    }

    fn check(&self) -> Result<(), InferenceError> {
        match self.kind {
            BundleKind::StorygptV => {
                self.check_diffusion()?;
                self.llm()?;
            }
            BundleKind::CharLdm => self.check_diffusion()?,
            BundleKind::Evaluators => {
                self.labels()?;
                self.features()?;
            }
        }
        for (key, value) in self.sizes() {
            if value == 0 {
                return Err(self.value(key, "is 0, but has to be at least 1"));
            }
        }
        let Some(scheduler) = &self.scheduler else {
            return Ok(());
        };
        let ordered = 0.0 < scheduler.beta_start && scheduler.beta_start <= scheduler.beta_end;
        if !(ordered && scheduler.beta_end < 1.0) {
            return Err(self.value(
                "scheduler.beta_start",
                "and beta_end have to satisfy 0 < beta_start <= beta_end < 1",
            ));
        }
        Ok(())
    }

    fn check_diffusion(&self) -> Result<(), InferenceError> {
        let diffusion = self.diffusion()?;
        self.scheduler()?;
        self.text()?;
        self.portraits()?;
        if !(diffusion.scaling_factor.is_finite() && diffusion.scaling_factor > 0.0) {
            return Err(self.value("diffusion.scaling_factor", "has to be finite and above 0"));
        }
        if !diffusion.guidance_scale.is_finite() {
            return Err(self.value("diffusion.guidance_scale", "has to be finite"));
        }
        Ok(())
    }

    /// Every number that is a size, with its key.
    fn sizes(&self) -> Vec<(&'static str, usize)> {
        let mut sizes = vec![
            ("image.width", self.image.width),
            ("image.height", self.image.height),
        ];
        if let Some(it) = &self.diffusion {
            sizes.extend([
                ("diffusion.latent_channels", it.latent_channels),
                ("diffusion.latent_height", it.latent_height),
                ("diffusion.latent_width", it.latent_width),
                ("diffusion.num_inference_steps", it.num_inference_steps),
            ]);
        }
        if let Some(it) = &self.scheduler {
            sizes.push(("scheduler.num_train_timesteps", it.num_train_timesteps));
        }
        if let Some(it) = &self.text {
            sizes.extend([
                ("text.max_length", it.max_length),
                ("text.hidden_size", it.hidden_size),
            ]);
        }
        if let Some(it) = &self.portraits {
            sizes.extend([
                ("portraits.width", it.width),
                ("portraits.height", it.height),
            ]);
        }
        if let Some(it) = &self.llm {
            sizes.extend([
                ("llm.hidden_size", it.hidden_size),
                ("llm.visual_tokens", it.visual_tokens),
                ("llm.img_token_ids", it.img_token_ids.len()),
                ("llm.max_positions", it.max_positions),
                ("llm.image_width", it.image_width),
                ("llm.image_height", it.image_height),
            ]);
        }
        if let Some(it) = &self.features {
            sizes.push(("features.dim", it.dim));
        }
        sizes
    }

    fn value(&self, key: &'static str, wrong: &'static str) -> InferenceError {
        InferenceError::ManifestValue {
            path: self.path.clone(),
            key,
            wrong,
        }
    }

    /// Every file the manifest speaks of outside `[files]`, with the key that names it.
    pub(crate) fn mentioned(&self) -> Vec<(String, &str)> {
        let mut files = Vec::new();
        for (name, file) in &self.graphs {
            files.push((format!("graphs.{name}"), file.as_str()));
        }
        if let Some(it) = &self.text {
            files.push(("text.tokenizer".to_owned(), it.tokenizer.as_str()));
        }
        if let Some(it) = &self.llm {
            files.push(("llm.tokenizer".to_owned(), it.tokenizer.as_str()));
        }
        if let Some(it) = &self.portraits {
            for (name, file) in &it.files {
                files.push((format!("portraits.files.{name}"), file.as_str()));
            }
        }
        files
    }
}

#[cfg(test)]
#[path = "manifest_tests.rs"]
pub(super) mod tests;
