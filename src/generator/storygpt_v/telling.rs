//! A batch of stories so far: what was read of their frames, and what was written.

use super::super::noise::stream;
use super::super::{Fault, GeneratorError, Prompt};
use super::diffusion::{FrameOf, located};
use super::llm::{Reading, visual_tokens};
use super::networks::LanguageNetworks;
use super::pipeline::{pasts, texts_of};
use super::writing::Writer;
use crate::record::{DrawnFrame, FrameIndex, ReferentialCaption, Seed};
use image::RgbImage;
use ndarray::Array2;

/// Names this way of drawing words. Changing the draw changes every caption, and then this must change too.
const WORDS_VERSION: &str = "storyeval-words-v1";

/// A batch of stories so far.
pub(super) struct Telling {
    /// The stories, with the captions that were written in place of theirs.
    told: Vec<Prompt>,
    /// Visual tokens of the frames of each story: each goes through the vision network once, not once per later frame.
    visual: Vec<Vec<Array2<f32>>>,
}

impl Telling {
    pub(super) fn new(prompts: &[Prompt]) -> Self {
        Self {
            told: prompts.to_vec(),
            visual: prompts.iter().map(|_| Vec::new()).collect(),
        }
    }

    pub(super) fn stories(&self, indices: &[usize]) -> Vec<&Prompt> {
        indices.iter().map(|index| &self.told[*index]).collect()
    }

    pub(super) fn visual(&self, indices: &[usize]) -> Vec<&[Array2<f32>]> {
        let all = indices.iter();
        all.map(|index| self.visual[*index].as_slice()).collect()
    }

    /// Reads the frames before this one that were not read yet: the newest, or all that were given.
    pub(super) fn see(
        &mut self,
        language: &mut impl LanguageNetworks,
        reading: &Reading<'_>,
        at: &FrameOf<'_>,
    ) -> Result<(), Fault> {
        if !reading.reads.has_frames() {
            return Ok(());
        }
        for frame in 0..at.frame {
            let unread = |index: &usize| self.visual[*index].len() == frame;
            let indices: Vec<usize> = at.indices.iter().copied().filter(unread).collect();
            let images: Vec<&RgbImage> = indices
                .iter()
                .map(|index| &at.images[*index][frame])
                .collect();
            let tokens = visual_tokens(language, reading.llm, &images)?;
            for (index, tokens) in indices.into_iter().zip(tokens) {
                self.visual[index].push(tokens);
            }
        }
        Ok(())
    }

    /// Writes the captions of a frame, of the stories that are to be written. `names` are those of the portraits.
    pub(super) fn write(
        &mut self,
        language: &mut impl LanguageNetworks,
        reading: &Reading<'_>,
        writer: &Writer,
        (at, names): (&FrameOf<'_>, &[String]),
        seed: Seed,
    ) -> Result<(), Fault> {
        let to_write = |index: &usize| self.told[*index].writing.is_some();
        let indices: Vec<usize> = at.indices.iter().copied().filter(to_write).collect();
        if indices.is_empty() {
            return Ok(());
        }
        let number = FrameIndex(at.frame as u32 + 1);
        let stories = self.stories(&indices);
        let mut randoms: Vec<_> = stories
            .iter()
            .map(|prompt| stream(WORDS_VERSION, seed, &prompt.story.id, number))
            .collect();
        let texts = texts_of(&stories);
        let pasts = pasts(&texts, &self.visual(&indices));
        let written = writer.write(language, reading, &pasts, at.frame, &mut randoms)?;
        for (index, text) in indices.into_iter().zip(written) {
            let caption = ReferentialCaption {
                reference_flag: !names_any(&text, names),
                ..ReferentialCaption::unchanged(text)
            };
            self.told[index].captions[at.frame] = caption;
        }
        Ok(())
    }

    /// Puts what was written beside the frames.
    pub(super) fn tell_of(self, frames: &mut [Vec<DrawnFrame>]) {
        let stories = self.told.into_iter().zip(frames);
        for (prompt, frames) in stories.filter(|(prompt, _)| prompt.writing.is_some()) {
            let behind = prompt.captions.into_iter().zip(frames);
            for (caption, frame) in behind.skip(prompt.given.len()) {
                frame.written = Some(caption.text);
            }
        }
    }
}

/// Whether a text names one of the characters that have a portrait. One that names none can only mean those of before:
/// its frame is drawn as that of a caption with the reference flag.
fn names_any(text: &str, names: &[String]) -> bool {
    let lower = text.to_lowercase();
    let words = |text: &str| -> Vec<String> {
        let words = text.split(|letter: char| !letter.is_alphanumeric());
        words
            .filter(|it| !it.is_empty())
            .map(str::to_owned)
            .collect()
    };
    let text = words(&lower);
    names.iter().any(|name| {
        let name = words(name);
        !name.is_empty() && text.windows(name.len()).any(|part| part == name)
    })
}

/// Says beside each frame behind the given ones how likely the true caption is after the true captions and frames.
pub(super) fn likelihoods(
    language: &mut impl LanguageNetworks,
    reading: &Reading<'_>,
    writer: &Writer,
    prompts: &[Prompt],
    frames: &mut [Vec<DrawnFrame>],
) -> Result<(), GeneratorError> {
    let written = |index: &usize| prompts[*index].writing.is_some();
    let indices: Vec<usize> = (0..prompts.len()).filter(written).collect();
    let mut real = Telling::new(prompts);
    let images: Vec<Vec<RgbImage>> = prompts
        .iter()
        .map(|prompt| {
            let behind = prompt.writing.iter().flat_map(|it| &it.real);
            prompt.given.iter().chain(behind).cloned().collect()
        })
        .collect();
    let longest = prompts.iter().map(|prompt| prompt.captions.len()).max();
    let positions = 0..longest.unwrap_or_default();
    for frame in positions {
        let has = |index: &usize| {
            let prompt = &prompts[*index];
            (prompt.given.len()..prompt.captions.len()).contains(&frame)
        };
        let indices: Vec<usize> = indices.iter().copied().filter(has).collect();
        if indices.is_empty() {
            continue;
        }
        let stories: Vec<&Prompt> = indices.iter().map(|index| &prompts[*index]).collect();
        let at = FrameOf {
            frame,
            indices: &indices,
            stories: &stories,
            images: &images,
        };
        let failed = |fault| located(fault, &stories, frame);
        real.see(language, reading, &at).map_err(failed)?;
        let texts = texts_of(&stories);
        let pasts = pasts(&texts, &real.visual(&indices));
        let found = writer.likelihoods(language, reading, &pasts, frame);
        for (index, likelihood) in indices.iter().zip(found.map_err(failed)?) {
            frames[*index][frame].likelihood = Some(likelihood);
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_caption_names_somebody_by_whole_words() {
        let names = ["otto".to_owned(), "mr slate".to_owned()];
        for text in [
            "Otto waves.",
            "the hat of otto",
            "Mr. Slate naps",
            "Otto's hat",
        ] {
            assert!(names_any(text, &names), "{text}");
        }
        for text in ["He waves.", "Ottokar naps", "slate", ""] {
            assert!(!names_any(text, &names), "{text}");
        }
    }
}
