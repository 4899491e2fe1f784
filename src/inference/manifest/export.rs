//! Sections that say how a bundle was made. Nothing is computed from them.

use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// The tool that wrote the graphs, and what it read.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Export {
    /// Name and version, for example `storyeval_export 0.1.0`.
    pub tool: String,
    /// Precision of the weights in the graphs: `fp32` or `fp16`.
    pub precision: String,
    /// Versions of what the tool is built on, by name.
    #[serde(default)]
    pub versions: BTreeMap<String, String>,
    /// SHA-256 of every checkpoint that was read, by name.
    #[serde(default)]
    pub inputs: BTreeMap<String, String>,
}

/// Inputs for each graph, with the outputs of the network that it was made from.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Parity {
    /// NumPy archive, relative to the bundle, of `<graph>/in/<input>` and `<graph>/out/<output>`.
    pub file: String,
    /// How far an output may be from the network's, relative to the largest value of that output.
    pub tolerance: f64,
}
