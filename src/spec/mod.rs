//! The room of what users write: cards and protocols.

mod error;

pub use error::SpecError;
