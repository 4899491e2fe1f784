//! The room of published weights: from a checkpoint to a bundle, without Python.
//!
//! A *template* is what the exporter (`tools/storyeval_export`) makes of a network, without its weights: ONNX graphs, and for
//! every weight in them the name it has in a checkpoint and what is done to it. [`import`] reads a checkpoint
//! ([`crate::format::Checkpoint`]), compares its names and shapes with those of the template, and writes the graphs with
//! the weights in their places. The files are the exporter's, byte for byte.

mod error;
mod fill;
mod fit;
mod graph;
mod import;
mod looks;
mod pattern;
mod template;
#[cfg(test)]
mod testing;
#[cfg(test)]
mod tests;
mod writer;

pub use error::WeightsError;
pub use import::{ImportRequest, Imported, import};
pub use template::{Template, templates};
