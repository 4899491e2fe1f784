//! StoryGPT-V: from the second frame on, the context comes from a language model that has seen the story.

use super::super::{Fault, Generator, GeneratorError, Latents, Prompt};
use super::char_ldm::{CharLdm, check_kind, draw_from_caption, open_diffusion, opening};
use super::diffusion::{CaptionDiffusion, captions_of, drawn, frame_by_frame, located};
use super::llm::{Past, contexts, visual_tokens};
use super::networks::{DiffusionNetworks, LanguageNetworks, Tokenize};
use super::onnx::{OnnxDiffusion, OnnxLanguage};
use super::settings::check_llm;
use crate::inference::{Bundle, BundleKind, Llm, Runtime, Tokenizer};
use crate::record::{DrawnFrame, Seed};
use image::RgbImage;
use ndarray::Array2;

/// StoryGPT-V as released (`eval_llm.py:119-210`).
///
/// The first frame is drawn from its caption with fused portraits. Every later frame is drawn from what the
/// language model makes of all captions so far and of the model's own earlier frames.
pub struct StoryGptV<N = OnnxDiffusion, L = OnnxLanguage> {
    diffusion: CaptionDiffusion<N>,
    language: L,
    llm: Llm,
    tokenizer: Box<dyn Tokenize>,
}

impl StoryGptV {
    /// Loads a StoryGPT-V bundle.
    ///
    /// # Errors
    /// [`GeneratorError`] for bundles of another kind, missing sections, portraits and graphs, and settings
    /// that are not implemented.
    pub fn open(runtime: &Runtime, bundle: &Bundle) -> Result<Self, GeneratorError> {
        check_kind(bundle, &[BundleKind::StorygptV], "storygpt-v")?;
        let failed = opening(bundle);
        let llm = bundle.manifest().llm().map_err(&failed)?.clone();
        check_llm(&llm)?;
        let diffusion = open_diffusion(runtime, bundle)?;
        let mut tokenizer = Tokenizer::open(&bundle.file(&llm.tokenizer)).map_err(&failed)?;
        if !llm.legacy {
            tokenizer = tokenizer.without_legacy();
        }
        let language =
            OnnxLanguage::load(runtime, bundle, &llm, &diffusion.settings).map_err(&failed)?;
        Ok(Self {
            diffusion,
            language,
            llm,
            tokenizer: Box::new(tokenizer),
        })
    }
}

impl<N: DiffusionNetworks, L: LanguageNetworks> StoryGptV<N, L> {
    /// Puts a language model, its settings and its tokeniser on an open diffusion model.
    ///
    /// # Errors
    /// [`GeneratorError::Setting`] when the language model has no room for its `[IMG]` tokens.
    pub fn from_parts(
        diffusion: CharLdm<N>,
        llm: Llm,
        language: L,
        tokenizer: Box<dyn Tokenize>,
    ) -> Result<Self, GeneratorError> {
        check_llm(&llm)?;
        Ok(Self {
            diffusion: diffusion.into_diffusion(),
            language,
            llm,
            tokenizer,
        })
    }

    /// Takes initial latents from files, or keeps final ones.
    #[must_use]
    pub fn with_latents(mut self, latents: Latents) -> Self {
        self.diffusion.latents = latents;
        self
    }

    /// The networks, for those who brought them.
    pub fn networks(&self) -> (&N, &L) {
        (&self.diffusion.networks, &self.language)
    }

    /// Draws frame `frame` (from 0) of each story. `visual` holds the visual tokens of each story's earlier frames.
    fn frame(
        &mut self,
        stories: &[&Prompt],
        visual: &[&[Array2<f32>]],
        frame: usize,
        seed: Seed,
    ) -> Result<Vec<RgbImage>, Fault> {
        if frame == 0 {
            return draw_from_caption(&mut self.diffusion, stories, frame, seed);
        }
        let captions = self.diffusion.read(&captions_of(stories, frame))?;
        let texts: Vec<Vec<&str>> = stories
            .iter()
            .map(|prompt| {
                prompt
                    .captions
                    .iter()
                    .map(|caption| caption.text.as_str())
                    .collect()
            })
            .collect();
        let pasts: Vec<Past<'_>> = texts
            .iter()
            .zip(visual)
            .map(|(captions, visual)| Past { captions, visual })
            .collect();
        let shape = self.diffusion.settings.context(stories.len());
        let merged = contexts(
            &mut self.language,
            &self.llm,
            self.tokenizer.as_ref(),
            &pasts,
            frame,
            &shape,
        )?;
        let diffusion = &self.diffusion.settings.diffusion;
        let merge_steps: Vec<usize> = stories
            .iter()
            .map(|prompt| {
                if prompt.captions[frame].reference_flag {
                    diffusion.start_merge_step_referential
                } else {
                    diffusion.start_merge_step
                }
            })
            .collect();
        self.diffusion
            .sample(stories, frame, seed, &captions, &merged, &merge_steps)
    }
}

impl<N: DiffusionNetworks, L: LanguageNetworks> Generator for StoryGptV<N, L> {
    fn generate(
        &mut self,
        prompts: &[Prompt],
        seed: Seed,
    ) -> Result<Vec<Vec<DrawnFrame>>, GeneratorError> {
        // Visual tokens are kept: each frame goes through the vision network once, not once a later frame.
        let mut visual: Vec<Vec<Array2<f32>>> = prompts.iter().map(|_| Vec::new()).collect();
        let images = frame_by_frame(prompts, |at| {
            let failed = |fault| located(fault, at.stories, at.frame);
            if let Some(before) = at.frame.checked_sub(1) {
                let newest: Vec<&RgbImage> = at
                    .indices
                    .iter()
                    .map(|index| &at.images[*index][before])
                    .collect();
                let tokens =
                    visual_tokens(&mut self.language, &self.llm, &newest).map_err(failed)?;
                for (index, tokens) in at.indices.iter().zip(tokens) {
                    visual[*index].push(tokens);
                }
            }
            let earlier: Vec<&[Array2<f32>]> = at
                .indices
                .iter()
                .map(|index| visual[*index].as_slice())
                .collect();
            self.frame(at.stories, &earlier, at.frame, seed)
                .map_err(failed)
        })?;
        Ok(drawn(images))
    }
}

#[cfg(test)]
#[path = "pipeline_tests.rs"]
mod tests;
