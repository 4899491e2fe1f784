//! The room of files that other programs write or read: arrays, statistics, captions, folders of
//! images. Nothing here is executed or trusted; sizes are checked before memory is taken.

mod error;
mod images;

pub use error::ExchangeError;
pub use images::{Depth, ImageFiles};
