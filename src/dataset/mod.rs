//! The room of data sets on disk become stories.

mod error;
pub mod synth;

pub use error::DatasetError;
