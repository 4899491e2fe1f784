//! What the evaluators saw on one frame.

use super::{ClipId, FrameIndex, StoryId};
use serde::{Deserialize, Serialize};

/// One row of `observations.parquet`: a frame that was planned, and what was seen on it.
///
/// Absent values are `None` and are counted as not scored, never filled in.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Observation {
    /// The story.
    pub story: StoryId,
    /// Position in the story, from 1.
    pub frame: FrameIndex,
    /// The clip whose caption and labels this frame has.
    pub clip: ClipId,
    /// Text that the generator read.
    pub text: String,
    /// The annotated caption, with names.
    pub caption: String,
    /// Whether the text that was read holds a pronoun that replaced a name.
    pub pronoun: bool,
    /// True labels, in the card's character order.
    pub character_labels: Vec<bool>,
    /// True labels, in the card's background order.
    pub background_labels: Option<Vec<bool>>,
    /// Sigmoid outputs of the character classifier, in [0, 1].
    pub character_probabilities: Option<Vec<f32>>,
    /// Sigmoid outputs of the background classifier, in [0, 1].
    pub background_probabilities: Option<Vec<f32>>,
    /// Captions that the captioner wrote of the generated frame, best first.
    pub generated_captions: Option<Vec<String>>,
    /// Captions that it wrote of the ground-truth frame, best first.
    pub ground_truth_captions: Option<Vec<String>>,
    /// Cosine of the CLIP embeddings of frame and caption, in [-1, 1].
    pub clip_ti: Option<f64>,
    /// Cosine of the CLIP embeddings of frame and ground-truth frame, in [-1, 1].
    pub clip_ii: Option<f64>,
    /// LPIPS between frame and ground-truth frame, at least 0.
    pub lpips: Option<f64>,
}

impl Observation {
    /// A planned frame on which nothing was seen: the start of every row.
    #[must_use]
    pub fn unseen(story: StoryId, frame: FrameIndex, clip: ClipId) -> Self {
        Self {
            story,
            frame,
            clip,
            text: String::new(),
            caption: String::new(),
            pronoun: false,
            character_labels: Vec::new(),
            background_labels: None,
            character_probabilities: None,
            background_probabilities: None,
            generated_captions: None,
            ground_truth_captions: None,
            clip_ti: None,
            clip_ii: None,
            lpips: None,
        }
    }
}
