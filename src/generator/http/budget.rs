//! Who allows requests, and notes them.

use crate::record::{CallerError, FrameIndex, StoryId};

/// How a request ended, as far as money is concerned.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Paid {
    /// With an image, which is paid for.
    Image,
    /// The service refused to draw.
    Refused,
    /// It took nothing: it was busy, or said what is wrong.
    Nothing,
    /// The answer was lost or is none; it may be paid for.
    Unknown,
}

/// Allows requests one by one, and notes how they end.
pub trait Budget: Sync {
    /// Notes a request that is about to be sent, and gives its number.
    ///
    /// # Errors
    /// Whatever forbids it: it is not sent then.
    fn begin(&self, story: &StoryId, frame: FrameIndex) -> Result<u64, CallerError>;

    /// Notes how a request ended.
    ///
    /// # Errors
    /// What stops the work.
    fn end(&self, call: u64, paid: Paid) -> Result<(), CallerError>;
}
