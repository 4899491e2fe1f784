//! The bundle's numbers, checked against each other once.

use super::super::{GeneratorError, Multistep, Schedule};
use crate::inference::BundleManifest;
use crate::inference::{Diffusion, ImageSize, InferenceError, Llm, Portraits, Scheduler, Text};

/// Everything that the diffusion model reads from its bundle.
#[derive(Clone, Debug)]
pub struct DiffusionSettings {
    /// Size of the drawn images.
    pub image: ImageSize,
    /// Latents, guidance and merge steps.
    pub diffusion: Diffusion,
    /// The noise schedule.
    pub schedule: Schedule,
    /// The sampler's formulas; [`Self::new`] takes the published ones.
    pub multistep: Multistep,
    /// Tokens of the text encoder.
    pub text: Text,
    /// Portraits of the characters, where the model fuses them into the captions.
    pub portraits: Option<Portraits>,
}

impl DiffusionSettings {
    /// Takes the sections from a manifest. The outer error is a missing section.
    pub(super) fn read(
        manifest: &BundleManifest,
    ) -> Result<Result<Self, GeneratorError>, InferenceError> {
        Ok(Self::new(
            manifest.image,
            *manifest.diffusion()?,
            manifest.scheduler()?,
            manifest.text()?.clone(),
            manifest.portraits().cloned(),
        ))
    }

    /// Checks the sections against each other.
    ///
    /// # Errors
    /// [`GeneratorError::Scheduler`] and [`GeneratorError::Setting`].
    pub fn new(
        image: ImageSize,
        diffusion: Diffusion,
        scheduler: &Scheduler,
        text: Text,
        portraits: Option<Portraits>,
    ) -> Result<Self, GeneratorError> {
        if text.max_length < 2 {
            return Err(GeneratorError::Setting {
                key: "text.max_length",
                value: text.max_length,
                wanted: "at least 2, for the first and the last token",
            });
        }
        let schedule = Schedule::new(scheduler, diffusion.num_inference_steps)?;
        Ok(Self {
            image,
            diffusion,
            schedule,
            multistep: Multistep::ADAMS_BASHFORTH,
            text,
            portraits,
        })
    }

    /// Shape of a batch of latents.
    pub(super) fn latents(&self, batch: usize) -> [usize; 4] {
        let it = &self.diffusion;
        [batch, it.latent_channels, it.latent_height, it.latent_width]
    }

    /// Shape of a batch of contexts.
    pub(super) fn context(&self, batch: usize) -> [usize; 3] {
        [batch, self.text.max_length, self.text.hidden_size]
    }
}

/// Checks the language model's numbers against each other.
pub(super) fn check_llm(llm: &Llm) -> Result<(), GeneratorError> {
    if llm.img_token_ids.is_empty() {
        return Err(GeneratorError::Setting {
            key: "llm.img_token_ids",
            value: 0,
            wanted: "at least one token",
        });
    }
    if llm.max_positions <= llm.img_token_ids.len() {
        return Err(GeneratorError::Setting {
            key: "llm.max_positions",
            value: llm.max_positions,
            wanted: "larger than the number of llm.img_token_ids",
        });
    }
    Ok(())
}
