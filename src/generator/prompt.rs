//! What a generator is given, and the trait that all generators share.

use super::{FrameSource, GeneratorError, Place};
use crate::record::{Absence, ClipId, DrawnFrame, FrameIndex, ReferentialCaption, Seed, Story};
use image::RgbImage;

/// A story to draw, with the text that the generator is to read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Prompt {
    /// The story as the data set has it: ids, clips and the original captions.
    pub story: Story,
    /// The captions to read, one a frame of `story`, in order.
    pub captions: Vec<ReferentialCaption>,
    /// Frames that are given and not drawn: the first ones of the story, in order. Empty in visualisation; the real
    /// first frame in continuation.
    pub given: Vec<RgbImage>,
    /// Set where the model is to write the captions behind the given frames itself.
    pub writing: Option<Writing>,
}

/// What belongs to a story that the model goes on with in its own words.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Writing {
    /// The real frames behind the given ones, of which, with the true captions, a language model says how likely it
    /// holds the true continuation. What it writes and draws must not depend on them.
    pub real: Vec<RgbImage>,
}

impl Prompt {
    /// A story of which every frame is drawn.
    #[must_use]
    pub fn new(story: Story, captions: Vec<ReferentialCaption>) -> Self {
        Self {
            story,
            captions,
            given: Vec::new(),
            writing: None,
        }
    }
}

impl Prompt {
    /// Checks that every frame has exactly one caption, and that there is a frame to draw.
    ///
    /// # Errors
    /// [`GeneratorError::EmptyStory`], [`GeneratorError::CaptionCount`] and [`GeneratorError::NothingToDraw`].
    pub fn check(&self) -> Result<(), GeneratorError> {
        if self.story.frames.is_empty() {
            return Err(GeneratorError::EmptyStory {
                story: self.story.id.clone(),
            });
        }
        if self.story.frames.len() != self.captions.len() {
            return Err(GeneratorError::CaptionCount {
                story: self.story.id.clone(),
                frames: self.story.frames.len(),
                captions: self.captions.len(),
            });
        }
        if self.given.len() >= self.story.frames.len() {
            return Err(GeneratorError::NothingToDraw {
                story: self.story.id.clone(),
                frames: self.story.frames.len(),
            });
        }
        Ok(())
    }

    /// The real frame of a clip, for the frame `index` of this story.
    ///
    /// # Errors
    /// [`GeneratorError::Frame`].
    pub fn real(
        &self,
        index: usize,
        clip: &ClipId,
        source: &impl FrameSource,
    ) -> Result<RgbImage, GeneratorError> {
        let failed = |source| GeneratorError::Frame {
            place: self.place(index),
            clip: clip.clone(),
            source,
        };
        source.frame(clip).map_err(failed)
    }

    /// Names one frame of this story in an error. `index` counts from 0.
    pub(crate) fn place(&self, index: usize) -> Place {
        Place {
            stories: vec![self.story.id.clone()],
            frame: FrameIndex(index as u32 + 1),
        }
    }
}

/// A model that draws stories.
///
/// An implementation must draw the same frames for the same prompts and seed, and a story's frames must not
/// depend on which other stories are in the call, beyond the last bits of floating-point sums.
pub trait Generator {
    /// Draws every frame of every prompt. The stories of a call are one batch; the frames of a story are
    /// drawn in order. The result is indexed by story, then frame; a frame that the model refused or failed to draw
    /// is one of them, with the reason. So is one that was given; the run stores it as not drawn, whatever is returned for it.
    ///
    /// # Errors
    /// A [`GeneratorError`] that names the stories and the frame that could not be drawn. Nothing of a call
    /// that fails is returned.
    fn generate(
        &mut self,
        prompts: &[Prompt],
        seed: Seed,
    ) -> Result<Vec<Vec<DrawnFrame>>, GeneratorError>;

    /// Most stories of a call that are drawn together: where it is less than a batch of the plan, the caller may store
    /// these before it asks for the next ones.
    fn together(&self) -> usize {
        usize::MAX
    }

    /// Names the calls that will come next and were not named before, in order. A generator that can draw several at a
    /// time takes as many as it has room for; what it takes is not named again.
    fn announce(&mut self, _next: &mut dyn Iterator<Item = Vec<Prompt>>, _seed: Seed) {}
}

/// A closure that makes one frame of a story, by its index, is a generator.
impl<F: FnMut(&Prompt, usize) -> Result<RgbImage, GeneratorError>> Generator for F {
    fn generate(
        &mut self,
        prompts: &[Prompt],
        _seed: Seed,
    ) -> Result<Vec<Vec<DrawnFrame>>, GeneratorError> {
        let stories = prompts.iter().map(|prompt| {
            prompt.check()?;
            let given = prompt.given.len();
            let frames = 0..prompt.story.frames.len();
            frames
                .map(|index| match index {
                    index if index < given => Ok(DrawnFrame::absent(Absence::NotDrawn)),
                    index => self(prompt, index).map(DrawnFrame::from),
                })
                .collect()
        });
        stories.collect()
    }
}
