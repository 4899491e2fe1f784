//! The room of the run folder: plan, journal, store.

mod error;

pub use error::RunError;
