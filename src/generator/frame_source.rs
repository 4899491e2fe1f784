//! Where generators that draw nothing get their frames from.

use crate::record::{CallerError, ClipId};
use image::RgbImage;

/// Gives the ground-truth frame of a clip. The run implements it over a data set, so that this room need not
/// know any.
pub trait FrameSource {
    /// The one frame of the clip that the protocol's ground-truth rule picks.
    ///
    /// # Errors
    /// Whatever the data set says when it cannot read the clip.
    fn frame(&self, clip: &ClipId) -> Result<RgbImage, CallerError>;
}

impl<F: Fn(&ClipId) -> Result<RgbImage, CallerError>> FrameSource for F {
    fn frame(&self, clip: &ClipId) -> Result<RgbImage, CallerError> {
        self(clip)
    }
}
