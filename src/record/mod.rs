//! What the program persists, and the ids that everything speaks of. Knows no metric.

mod id;
mod observation;
mod score;
mod story;

pub use id::{ClipId, FrameIndex, Seed, StoryId};
pub use observation::Observation;
pub use score::{Score, Scores, Unit};
pub use story::{ReferentialCaption, Replacement, Story, StoryFrame, TextVariant};
