//! What is wrong with the ports of a graph.

use super::names;
use crate::inference::graph::Element;

/// What is wrong with one input or output. Shapes are written as `[?, 3, 64, 64]`, `?` being any size.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PortFault {
    /// The graph has no port of that name.
    #[error("{side} {port:?} is missing, found {}", names(.found))]
    Missing {
        /// `input` or `output`.
        side: &'static str,
        /// The expected name.
        port: String,
        /// The names there are.
        found: Vec<String>,
    },
    /// The graph has an input that nothing would feed.
    #[error("input {port:?} is not expected, expected {}", names(.expected))]
    Unexpected {
        /// The surplus name.
        port: String,
        /// The names expected.
        expected: Vec<String>,
    },
    /// An input was given twice.
    #[error("input {port:?} is given twice")]
    Twice {
        /// The name.
        port: String,
    },
    /// Another element type.
    #[error("{side} {port:?} holds {found}, expected {expected}")]
    Element {
        /// `input` or `output`.
        side: &'static str,
        /// The port.
        port: String,
        /// The type expected.
        expected: Element,
        /// The type found, as ONNX Runtime calls it.
        found: String,
    },
    /// Another number of dimensions, or another size where one is fixed.
    #[error("{side} {port:?} has shape {found}, expected {expected}")]
    Shape {
        /// `input` or `output`.
        side: &'static str,
        /// The port.
        port: String,
        /// The shape expected.
        expected: String,
        /// The shape found.
        found: String,
    },
}
