//! The room of data sets on disk become stories.
//!
//! A loader reads the files of one published layout and gives [`Story`]
//! records; pixels stay on disk until they are asked for. [`referential`] makes the text with
//! pronouns. Everything on disk is taken to be hostile: pickles are decoded and never executed, and
//! ids cannot lead out of the data set's folder.

pub(crate) mod annotation;
mod cast;
pub(crate) mod catalog;
mod error;
pub(crate) mod followers;
mod frames;
mod ground_truth;
mod hash;
mod labels;
mod layout;
mod locate;
mod npy;
mod npy_read;
pub(crate) mod open;
mod own;
pub(crate) mod path;
mod picture;
pub(crate) mod pixels;
mod referential;
mod root;
pub(crate) mod split;
pub mod stats;
mod whole;
pub(crate) mod windows;

pub use cast::FoundNames;
pub use error::{DatasetError, MissingFile};
pub use frames::{ClipFrames, Doubts, FrameStack, FramesError};
pub use ground_truth::ground_truth_index;
pub use locate::{Places, locate};
pub use npy::NpyFrames;
pub use npy_read::{read_npy, read_npy_objects, read_npy_text};
pub use open::{ALL_SPLITS, OpenDataset, OpenOptions, open};
pub use own::{StoryFault, StoryFaultKind};
pub use picture::{Channels, Picture, Pictures, Strip};
pub use referential::{
    Decision, Explained, PRONOUNS, explain, mentioned, pronoun_counts, referential,
};
pub use root::Links;

use crate::card::{DatasetCard, GroundTruthRule};
use crate::record::{ClipId, Story};
use image::RgbImage;

/// A data set that is ready to be used.
pub trait Dataset {
    /// The stories, in the order of the split list. Their number of frames is the one asked for.
    fn stories(&self) -> &[Story];

    /// All frames of a clip, 8-bit RGB.
    ///
    /// # Errors
    /// [`DatasetError::Frames`] or [`DatasetError::WrongFrameSize`] with the path.
    fn clip_frames(&self, clip: &ClipId) -> Result<FrameStack, DatasetError>;

    /// The frame that represents a clip under `rule`, 8-bit RGB.
    ///
    /// # Errors
    /// As [`Dataset::clip_frames`], and when a fixed index lies outside the clip.
    fn ground_truth(&self, clip: &ClipId, rule: GroundTruthRule) -> Result<RgbImage, DatasetError>;

    /// Identifies the content that stories and frames were read from: 64 hexadecimal digits.
    fn content_hash(&self) -> &str;

    /// The card.
    fn card(&self) -> &DatasetCard;

    /// What a reader of numbers must know of the files that frames were read from so far.
    fn doubts(&self) -> Vec<String> {
        Vec::new()
    }
}
