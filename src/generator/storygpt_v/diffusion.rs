//! What both models share: captions to contexts, jobs to images, faults to errors.

use super::super::{Fault, GeneratorError, Latents, Place, Prompt};
use super::decode::decode;
use super::denoise::{Job, denoise};
use super::networks::{DiffusionNetworks, Tokenize, shaped};
use super::portraits::Portraits;
use super::settings::DiffusionSettings;
use super::signatures::TEXT_ENCODER;
use super::text::{Encoded, encode};
use crate::record::{Absence, DrawnFrame, FrameIndex, Seed};
use image::RgbImage;
use ndarray::{Array2, Array3, Axis};

/// The diffusion model with everything that it reads.
pub(super) struct CaptionDiffusion<N> {
    pub(super) settings: DiffusionSettings,
    pub(super) networks: N,
    tokenizer: Box<dyn Tokenize>,
    portraits: Portraits,
    pub(super) latents: Latents,
    /// Embedding `[L, D]` of the empty caption, computed at the first use.
    unconditional: Option<Array2<f32>>,
}

/// The captions of one frame of a batch.
pub(super) struct Captions {
    encoded: Vec<Encoded>,
    /// Plain text embeddings `[B, L, D]`.
    pub(super) plain: Array3<f32>,
}

impl<N: DiffusionNetworks> CaptionDiffusion<N> {
    pub(super) fn new(
        settings: DiffusionSettings,
        networks: N,
        tokenizer: Box<dyn Tokenize>,
        portraits: Portraits,
    ) -> Self {
        Self {
            settings,
            networks,
            tokenizer,
            portraits,
            latents: Latents::default(),
            unconditional: None,
        }
    }

    /// Names of the characters that have a portrait, in lower case.
    pub(super) fn names(&self) -> &[String] {
        self.portraits.names()
    }

    /// Text embeddings of captions, without portraits.
    pub(super) fn read(&mut self, captions: &[&str]) -> Result<Captions, Fault> {
        let names = self.portraits.names();
        let encoded = captions
            .iter()
            .map(|caption| encode(caption, &self.settings.text, self.tokenizer.as_ref(), names))
            .collect::<Result<Vec<_>, _>>()?;
        let length = self.settings.text.max_length;
        let ids = Array2::from_shape_fn((captions.len(), length), |(row, position)| {
            encoded[row].ids[position]
        });
        let plain = self.networks.text_encoder(ids.view())?;
        let plain = shaped(TEXT_ENCODER, plain, &self.settings.context(captions.len()))?;
        Ok(Captions { encoded, plain })
    }

    /// The same embeddings with portraits fused into the names.
    pub(super) fn fuse(&mut self, captions: &Captions) -> Result<Array3<f32>, Fault> {
        self.portraits
            .fuse(&mut self.networks, &captions.plain, &captions.encoded)
    }

    /// Samples and decodes one frame of every story.
    ///
    /// `merged` `[B, L, D]` holds the contexts after each story's merge step.
    pub(super) fn sample(
        &mut self,
        stories: &[&Prompt],
        frame: usize,
        seed: Seed,
        captions: &Captions,
        merged: &Array3<f32>,
        merge_steps: &[usize],
    ) -> Result<Vec<RgbImage>, Fault> {
        let unconditional = match self.unconditional.take() {
            Some(unconditional) => unconditional,
            None => self.read(&[""])?.plain.index_axis_move(Axis(0), 0),
        };
        let unconditional = self.unconditional.insert(unconditional);
        let [_, channels, height, width] = self.settings.latents(1);
        let shape = [channels, height, width];
        let number = FrameIndex(frame as u32 + 1);
        let mut jobs = Vec::with_capacity(stories.len());
        for (row, (prompt, merge_step)) in stories.iter().zip(merge_steps).enumerate() {
            let noise = &mut self.latents.noise;
            jobs.push(Job {
                latents: noise
                    .latents(seed, &prompt.story.id, number, shape)
                    .map_err(|source| Fault::Latents { row, source })?,
                plain: captions.plain.index_axis(Axis(0), row).to_owned(),
                merged: merged.index_axis(Axis(0), row).to_owned(),
                merge_step: *merge_step,
            });
        }
        let drawn = denoise(&mut self.networks, &self.settings, unconditional, &jobs)?;
        if let Some(kept) = &self.latents.kept {
            for (row, (prompt, latents)) in stories.iter().zip(drawn.outer_iter()).enumerate() {
                kept.write(&prompt.story.id, number, &latents)
                    .map_err(|source| Fault::Latents { row, source })?;
            }
        }
        decode(&mut self.networks, &self.settings, &drawn)
    }
}

/// Frames of the longest story.
fn longest(prompts: &[Prompt]) -> usize {
    let lengths = prompts.iter().map(|prompt| prompt.captions.len());
    lengths.max().unwrap_or_default()
}

/// The stories of which frame `frame` (from 0) is drawn, by their index in the call.
fn active(prompts: &[Prompt], frame: usize) -> Vec<usize> {
    (0..prompts.len())
        .filter(|index| {
            let prompt = &prompts[*index];
            (prompt.given.len()..prompt.captions.len()).contains(&frame)
        })
        .collect()
}

/// One frame of every story that has it.
pub(super) struct FrameOf<'a> {
    /// The frame, from 0.
    pub(super) frame: usize,
    /// The stories, by their index in the call.
    pub(super) indices: &'a [usize],
    /// The stories.
    pub(super) stories: &'a [&'a Prompt],
    /// What was drawn of every story of the call before, behind the frames that were given.
    pub(super) images: &'a [Vec<RgbImage>],
}

/// Draws the first frame of every story that is not given, then the second, and so on. The result begins with the
/// frames that were given.
pub(super) fn frame_by_frame(
    prompts: &[Prompt],
    mut draw: impl FnMut(&FrameOf<'_>) -> Result<Vec<RgbImage>, GeneratorError>,
) -> Result<Vec<Vec<RgbImage>>, GeneratorError> {
    prompts.iter().try_for_each(Prompt::check)?;
    let mut images: Vec<Vec<RgbImage>> =
        prompts.iter().map(|prompt| prompt.given.clone()).collect();
    for frame in 0..longest(prompts) {
        let indices = active(prompts, frame);
        if indices.is_empty() {
            continue;
        }
        let stories: Vec<&Prompt> = indices.iter().map(|index| &prompts[*index]).collect();
        let drawn = draw(&FrameOf {
            frame,
            indices: &indices,
            stories: &stories,
            images: &images,
        })?;
        for (index, image) in indices.into_iter().zip(drawn) {
            images[index].push(image);
        }
    }
    Ok(images)
}

/// Images as a generator gives them: those that were given are not drawn.
pub(super) fn drawn(prompts: &[Prompt], images: Vec<Vec<RgbImage>>) -> Vec<Vec<DrawnFrame>> {
    let of_story = |(prompt, story): (&Prompt, Vec<RgbImage>)| {
        let given = prompt.given.len();
        let not_drawn = (0..given).map(|_| DrawnFrame::absent(Absence::NotDrawn));
        let behind = story.into_iter().skip(given).map(DrawnFrame::from);
        not_drawn.chain(behind).collect()
    };
    prompts.iter().zip(images).map(of_story).collect()
}

/// The caption texts of one frame.
pub(super) fn captions_of<'a>(stories: &[&'a Prompt], frame: usize) -> Vec<&'a str> {
    stories
        .iter()
        .map(|prompt| prompt.captions[frame].text.as_str())
        .collect()
}

/// Adds story and frame to an error; names only the failing story where the fault knows it.
pub(super) fn located(fault: Fault, stories: &[&Prompt], frame: usize) -> GeneratorError {
    let failing = fault
        .row()
        .and_then(|row| stories.get(row))
        .map(std::slice::from_ref);
    let stories = failing
        .unwrap_or(stories)
        .iter()
        .map(|prompt| prompt.story.id.clone())
        .collect();
    GeneratorError::Draw {
        place: Place {
            stories,
            frame: FrameIndex(frame as u32 + 1),
        },
        source: Box::new(fault),
    }
}
