//! Latents from and to files: the same noise as another implementation, and what became of it.

use super::PipelineError;
use crate::card::{GeneratorKind, ModelCard};
use crate::format::{LatentFiles, LatentFolder};
use crate::generator::{GeneratorError, Latents, Noise};
use crate::inference::Bundle;
use crate::record::FrameIndex;
use crate::run::{Plan, folder_name};
use std::path::PathBuf;

/// Where initial latents come from and final ones go.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LatentRequest {
    /// Initial latents: an `.npz` or a folder with `STORY/FRAME.npy`, float32 `[c, h, w]`; drawn where absent.
    pub from: Option<PathBuf>,
    /// Folder that receives the final latents of every frame that is drawn.
    pub into: Option<PathBuf>,
}

impl LatentRequest {
    /// Refuses what these models cannot do.
    pub(super) fn check(&self, cards: &[ModelCard]) -> Result<(), PipelineError> {
        let option = match (&self.from, &self.into) {
            (Some(_), _) => "--latents",
            (None, Some(_)) => "--save-latents",
            (None, None) => return Ok(()),
        };
        let diffuses = |card: &&ModelCard| {
            matches!(
                card.generator,
                GeneratorKind::StorygptV | GeneratorKind::CharLdm
            )
        };
        if let Some(card) = cards.iter().find(|card| !diffuses(card)) {
            return Err(PipelineError::NoLatents {
                model: card.id.clone(),
                option,
            });
        }
        if cards.len() > 1 && self.into.is_some() {
            return Err(PipelineError::LatentsOfSeveral {
                models: cards.len(),
            });
        }
        Ok(())
    }

    /// Content hash of the initial latents of a whole plan. Every one is read, so that a frame without is known
    /// before anything is drawn.
    pub(super) fn hash(
        &self,
        bundle: &Bundle,
        plan: &Plan,
    ) -> Result<Option<String>, PipelineError> {
        let Some(path) = &self.from else {
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
    pub(super) fn open(&self) -> Result<Latents, PipelineError> {
        Ok(Latents {
            noise: match &self.from {
                Some(path) => Noise::Given(LatentFiles::open(path, folder_name)?),
                None => Noise::Drawn,
            },
            kept: match &self.into {
                Some(path) => Some(LatentFolder::create(path, folder_name)?),
                None => None,
            },
        })
    }
}
