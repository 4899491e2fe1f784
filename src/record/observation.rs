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
    /// Whether that text holds a pronoun that replaced a name.
    pub pronoun: bool,
    /// True labels, in the card's character order.
    pub character_labels: Vec<bool>,
    /// True labels, in the card's background order.
    pub background_labels: Option<Vec<bool>>,
    /// Sigmoid outputs of the character classifier, in [0, 1].
    pub character_probabilities: Option<Vec<f32>>,
    /// Sigmoid outputs of the background classifier, in [0, 1].
    pub background_probabilities: Option<Vec<f32>>,
}
