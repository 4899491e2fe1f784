//! StoryGPT-V: from the second frame on, the context comes from a language model that has seen the story.

use super::super::{Fault, Generator, GeneratorError, Latents, Prompt};
use super::char_ldm::{CharLdm, check_kind, draw_from_caption, open_diffusion, opening};
use super::diffusion::{CaptionDiffusion, FrameOf, captions_of, drawn, frame_by_frame, located};
use super::llm::{Past, Reading, contexts};
use super::networks::{DiffusionNetworks, LanguageNetworks, Tokenize};
use super::onnx::{OnnxDiffusion, OnnxLanguage};
use super::settings::check_llm;
use super::telling::{Telling, likelihoods};
use super::writing::Writer;
use crate::card::{Sampling, StoryReading};
use crate::inference::{Bundle, BundleKind, Llm, Runtime, Tokenizer};
use crate::record::{DrawnFrame, Seed};
use image::RgbImage;
use ndarray::Array2;

/// StoryGPT-V as released (`eval_llm.py:119-210`).
///
/// The first frame is drawn from its caption with fused portraits. Every later frame is drawn from what the
/// language model makes of all captions so far and of the model's own earlier frames. Frames that are given take the
/// place of its own; where the prompt asks for it, it writes the captions behind them itself.
pub struct StoryGptV<N = OnnxDiffusion, L = OnnxLanguage> {
    diffusion: CaptionDiffusion<N>,
    pub(super) language: L,
    llm: Llm,
    tokenizer: Box<dyn Tokenize>,
    reads: StoryReading,
    pub(super) writer: Option<Writer>,
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
        let writing = bundle.manifest().writing();
        Ok(Self {
            diffusion,
            language,
            llm,
            tokenizer: Box::new(tokenizer),
            reads: StoryReading::default(),
            writer: writing.map(|it| Writer::new(it, None)),
        })
    }

    /// Takes the graphs that make the language model write from another bundle, where there is one, and samples as
    /// `sampling` chooses.
    ///
    /// # Errors
    /// [`GeneratorError::OtherModel`] for a bundle that was made for another language model, and those of
    /// [`StoryGptV::open`].
    pub fn with_writer(
        mut self,
        runtime: &Runtime,
        bundle: &Bundle,
        writer: Option<&Bundle>,
        sampling: Option<&Sampling>,
    ) -> Result<Self, GeneratorError> {
        let from = writer.unwrap_or(bundle);
        if let Some(writer) = writer {
            check_kind(writer, &[BundleKind::Writer], "writer")?;
            let failed = opening(writer);
            let llm = writer.manifest().llm().map_err(&failed)?;
            let file =
                |bundle: &Bundle, llm: &Llm| bundle.manifest().files.get(&llm.tokenizer).cloned();
            if *llm != self.llm || file(writer, llm) != file(bundle, &self.llm) {
                return Err(GeneratorError::OtherModel {
                    writer: writer.dir().to_owned(),
                    model: bundle.dir().to_owned(),
                });
            }
            if let Some(writing) = writer.manifest().writing() {
                let language = self.language.with_writer(runtime, writer, llm, writing);
                self.language = language.map_err(&failed)?;
            }
        }
        let writing = from.manifest().writing();
        self.writer = writing.map(|it| Writer::new(it, sampling));
        Ok(self)
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
            reads: StoryReading::default(),
            writer: None,
        })
    }

    /// Takes initial latents from files, or keeps final ones.
    #[must_use]
    pub fn with_latents(mut self, latents: Latents) -> Self {
        self.diffusion.latents = latents;
        self
    }

    /// Reads this of the story so far.
    #[must_use]
    pub fn with_reading(mut self, reads: StoryReading) -> Self {
        self.reads = reads;
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
        let texts = texts_of(stories);
        let pasts = pasts(&texts, visual);
        let shape = self.diffusion.settings.context(stories.len());
        let reading = Reading {
            llm: &self.llm,
            tokenizer: self.tokenizer.as_ref(),
            reads: self.reads,
        };
        let merged = contexts(&mut self.language, &reading, &pasts, frame, &shape)?;
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

    /// Reads and writes what a frame needs, and draws it.
    fn tell(
        &mut self,
        telling: &mut Telling,
        at: &FrameOf<'_>,
        seed: Seed,
    ) -> Result<Vec<RgbImage>, Fault> {
        let reading = Reading {
            llm: &self.llm,
            tokenizer: self.tokenizer.as_ref(),
            reads: self.reads,
        };
        telling.see(&mut self.language, &reading, at)?;
        if let Some(writer) = &self.writer {
            let names = self.diffusion.names();
            telling.write(&mut self.language, &reading, writer, (at, names), seed)?;
        }
        let stories = telling.stories(at.indices);
        let visual = telling.visual(at.indices);
        self.frame(&stories, &visual, at.frame, seed)
    }
}

/// The captions of each story.
pub(super) fn texts_of<'a>(stories: &[&'a Prompt]) -> Vec<Vec<&'a str>> {
    let of_story = |prompt: &&'a Prompt| {
        let captions = prompt.captions.iter();
        captions.map(|caption| caption.text.as_str()).collect()
    };
    stories.iter().map(of_story).collect()
}

/// Captions and visual tokens of each story.
pub(super) fn pasts<'a>(texts: &'a [Vec<&'a str>], visual: &[&'a [Array2<f32>]]) -> Vec<Past<'a>> {
    texts
        .iter()
        .zip(visual)
        .map(|(captions, visual)| Past { captions, visual })
        .collect()
}

impl<N: DiffusionNetworks, L: LanguageNetworks> Generator for StoryGptV<N, L> {
    fn generate(
        &mut self,
        prompts: &[Prompt],
        seed: Seed,
    ) -> Result<Vec<Vec<DrawnFrame>>, GeneratorError> {
        if self.writer.is_none()
            && let Some(prompt) = prompts.iter().find(|prompt| prompt.writing.is_some())
        {
            return Err(GeneratorError::CannotWrite {
                place: prompt.place(prompt.given.len()),
            });
        }
        let mut telling = Telling::new(prompts);
        let images = frame_by_frame(prompts, |at| {
            self.tell(&mut telling, at, seed)
                .map_err(|fault| located(fault, at.stories, at.frame))
        })?;
        let mut frames = drawn(prompts, images);
        telling.tell_of(&mut frames);
        if let Some(writer) = &self.writer {
            let reading = Reading {
                llm: &self.llm,
                tokenizer: self.tokenizer.as_ref(),
                reads: self.reads,
            };
            likelihoods(&mut self.language, &reading, writer, prompts, &mut frames)?;
        }
        Ok(frames)
    }
}

#[cfg(test)]
#[path = "pipeline_tests.rs"]
mod tests;
