//! The room of data sets on disk become stories.

mod error;

pub use error::DatasetError;
