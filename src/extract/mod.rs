//! The room of networks that look at a frame.

mod error;

pub use error::ExtractError;
