//! The room of pixels: decode, resize, lay out.

mod error;

pub use error::VisionError;
