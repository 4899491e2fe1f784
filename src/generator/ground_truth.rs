//! The upper bound: the data set's own frames.

use super::{FrameSource, Generator, GeneratorError, Prompt};
use crate::record::{DrawnFrame, Seed};

/// Returns each clip's ground-truth frame. What it scores is the ceiling that the evaluators set.
#[derive(Debug)]
pub struct GroundTruth<S> {
    source: S,
}

impl<S: FrameSource> GroundTruth<S> {
    /// A generator that reads from `source`.
    pub fn new(source: S) -> Self {
        Self { source }
    }
}

impl<S: FrameSource> Generator for GroundTruth<S> {
    fn generate(
        &mut self,
        prompts: &[Prompt],
        seed: Seed,
    ) -> Result<Vec<Vec<DrawnFrame>>, GeneratorError> {
        let source = &self.source;
        let mut frame = |prompt: &Prompt, index: usize| {
            prompt.real(index, &prompt.story.frames[index].clip, source)
        };
        let mut stories = frame.generate(prompts, seed)?;
        // In its own words it says what the data set says.
        for (prompt, frames) in prompts.iter().zip(&mut stories) {
            let behind = prompt.captions.iter().zip(frames).skip(prompt.given.len());
            for (caption, frame) in behind.filter(|_| prompt.writing.is_some()) {
                frame.written = Some(caption.text.clone());
            }
        }
        Ok(stories)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::generator::shuffled::tests::{prompt, story};
    use crate::record::{CallerError, ClipId, FaultKind, Hint};
    use image::{Rgb, RgbImage};

    #[test]
    fn every_frame_is_its_own_clip() {
        let mut generator = GroundTruth::new(|clip: &ClipId| {
            Ok(RgbImage::from_pixel(
                2,
                2,
                Rgb([clip.as_str().len() as u8, 0, 0]),
            ))
        });
        let images = generator
            .generate(&[prompt(&story("s", &["a", "bb"]))], Seed(1))
            .unwrap();
        assert_eq!(images[0][0].image.as_ref().unwrap().get_pixel(0, 0).0[0], 1);
        assert_eq!(images[0][1].image.as_ref().unwrap().get_pixel(0, 0).0[0], 2);
    }

    #[test]
    fn an_unreadable_clip_is_named_with_its_frame() {
        let mut generator = GroundTruth::new(|clip: &ClipId| {
            if clip.as_str() == "b" {
                let story = crate::record::StoryId::new("inner");
                Err(CallerError::new(GeneratorError::EmptyStory { story }))
            } else {
                Ok(RgbImage::new(2, 2))
            }
        });
        let error = generator
            .generate(&[prompt(&story("s", &["a", "b"]))], Seed(1))
            .unwrap_err();
        assert_eq!(
            error.to_string(),
            "failed to read the clip b for frame 2 of story s"
        );
        assert_eq!(error.fault_kind(), FaultKind::DataVerification);
    }

    #[test]
    fn a_prompt_that_lacks_captions_is_refused() {
        let mut short = prompt(&story("s", &["a", "b"]));
        short.captions.pop();
        let mut generator = GroundTruth::new(|_: &ClipId| Ok(RgbImage::new(2, 2)));
        let error = generator.generate(&[short], Seed(1)).unwrap_err();
        assert!(matches!(
            error,
            GeneratorError::CaptionCount {
                frames: 2,
                captions: 1,
                ..
            }
        ));
    }
}
