//! The room of ONNX Runtime, devices, bundles, graphs, tokenisers.

mod error;

pub use error::InferenceError;
