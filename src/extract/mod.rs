//! The room of networks that look at a frame.

mod error;
mod evaluators;
mod labels;
mod network;

pub use error::ExtractError;
pub use evaluators::{BATCH, Evaluators, Glance};
