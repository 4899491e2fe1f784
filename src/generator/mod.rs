//! The room of models that draw a story.

mod error;

pub use error::GeneratorError;
