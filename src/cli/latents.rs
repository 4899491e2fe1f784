//! Latents from and to files: the same noise as another implementation, and what became of it.

use super::Outcome;
use super::failure::Failure;
use clap::Args;
use std::path::PathBuf;
use storyeval::exchange::{LatentFiles, LatentFolder};
use storyeval::generator::{GeneratorError, Latents, Noise};
use storyeval::inference::Bundle;
use storyeval::record::FrameIndex;
use storyeval::run::{Plan, folder_name};
use storyeval::spec::{GeneratorKind, ModelCard};

#[derive(Clone, Debug, Default, Args)]
pub(crate) struct LatentArguments {
    /// Initial latents instead of drawn ones: an .npz or a folder with STORY/FRAME.npy, float32 [c, h, w]
    #[arg(long, value_name = "FILE", conflicts_with_all = ["suite", "seeds"])]
    latents: Option<PathBuf>,
    /// Write the final latents of every frame that is drawn to DIR/STORY/FRAME.npy
    #[arg(long, value_name = "DIR", conflicts_with_all = ["suite", "seeds"])]
    save_latents: Option<PathBuf>,
}

impl LatentArguments {
    /// Refuses what these models cannot do.
    pub(super) fn check(&self, cards: &[ModelCard]) -> Outcome {
        let Some(flag) = self
            .latents
            .is_some()
            .then_some("--latents")
            .or(self.save_latents.is_some().then_some("--save-latents"))
        else {
            return Ok(());
        };
        if let Some(card) = cards.iter().find(|card| {
            !matches!(
                card.generator,
                GeneratorKind::StorygptV | GeneratorKind::CharLdm
            )
        }) {
            return Err(Failure::Arguments {
                what: format!("{} has no latents, so `{flag}` cannot be for it", card.id),
                hint: "leave the flag or the model out".to_owned(),
            });
        }
        if cards.len() > 1 && self.save_latents.is_some() {
            return Err(Failure::Arguments {
                what: format!("`--save-latents` is for one model, not {}", cards.len()),
                hint: "draw with one model after the other, each into a folder of its own"
                    .to_owned(),
            });
        }
        Ok(())
    }

    /// Content hash of the initial latents of a whole plan. Every one is read, so that a frame without is known
    /// before anything is drawn.
    pub(super) fn hash(&self, bundle: &Bundle, plan: &Plan) -> Result<Option<String>, Failure> {
        let Some(path) = &self.latents else {
            return Ok(None);
        };
        let open = |source| GeneratorError::Open {
            path: bundle.dir().to_owned(),
            source: Box::new(source),
        };
        let it = bundle.manifest().diffusion().map_err(open)?;
        let shape = [it.latent_channels, it.latent_height, it.latent_width];
        let frames = plan.units().iter().flat_map(|unit| {
            let numbers = 1..=unit.clips.len() as u32;
            numbers.map(move |frame| (&unit.story, FrameIndex(frame)))
        });
        let mut files = LatentFiles::open(path, folder_name)?;
        Ok(Some(files.content_hash(frames, shape)?))
    }

    /// Opens what the model is to read and to write.
    pub(super) fn open(&self) -> Result<Latents, Failure> {
        Ok(Latents {
            noise: match &self.latents {
                Some(path) => Noise::Given(LatentFiles::open(path, folder_name)?),
                None => Noise::Drawn,
            },
            kept: match &self.save_latents {
                Some(path) => Some(LatentFolder::create(path, folder_name)?),
                None => None,
            },
        })
    }
}
