//! Errors of this room.

use crate::evaluator::EvaluatorError;
use crate::format::FormatError;
use crate::generator::GeneratorError;
use crate::inference::InferenceError;
use crate::record::{FaultKind, Hint};
use std::path::PathBuf;

/// What can be wrong with a bundle whose files are as stated.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ExamineError {
    /// A graph does not load, has other ports, or fails.
    #[error(transparent)]
    Inference(Box<InferenceError>),
    /// The settings of a model that draws contradict each other.
    #[error(transparent)]
    Generator(Box<GeneratorError>),
    /// The settings of a network that looks contradict each other.
    #[error(transparent)]
    Evaluator(Box<EvaluatorError>),
    /// The parity file cannot be read.
    #[error(transparent)]
    Exchange(Box<FormatError>),
    /// An output is NaN or infinite.
    #[error("graph {graph} of {} gives values that are not finite in {output}", bundle.display())]
    NotFinite {
        /// The bundle's folder.
        bundle: PathBuf,
        /// The graph.
        graph: &'static str,
        /// The output.
        output: String,
    },
    /// An output is further from the network's than the bundle allows.
    #[error(
        "graph {graph} of {} does not give what it was made from: {output} is off by {difference:.2e} of its largest value, \
         and {tolerance:.0e} is allowed",
        bundle.display()
    )]
    Parity {
        /// The bundle's folder.
        bundle: PathBuf,
        /// The graph.
        graph: &'static str,
        /// The output.
        output: String,
        /// Largest difference over the largest value.
        difference: f64,
        /// What the bundle allows.
        tolerance: f64,
    },
    /// The parity file has outputs of a graph that do not fit it.
    #[error("{} has {what} for graph {graph}", path.display())]
    Case {
        /// The parity file.
        path: PathBuf,
        /// The graph.
        graph: &'static str,
        /// What does not fit.
        what: String,
    },
    /// `bundle.toml` could not be written.
    #[error("failed to write {}", path.display())]
    Write {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// A bundle cannot be packed as it is.
    #[error("{} cannot be packed: {count} {} above", bundle.display(), if *count == 1 { "problem" } else { "problems" })]
    Incomplete {
        /// The bundle's folder.
        bundle: PathBuf,
        /// How many things have to be mended.
        count: usize,
    },
}

impl Hint for ExamineError {
    fn fault_kind(&self) -> FaultKind {
        match self {
            Self::Inference(error) => error.fault_kind(),
            Self::Generator(error) => error.fault_kind(),
            Self::Evaluator(error) => error.fault_kind(),
            Self::Exchange(error) => error.fault_kind(),
            Self::NotFinite { .. } | Self::Parity { .. } | Self::Case { .. } => {
                FaultKind::DataVerification
            }
            Self::Write { .. } => FaultKind::Output,
            Self::Incomplete { .. } => FaultKind::Setup,
        }
    }

    fn hint(&self) -> Option<String> {
        match self {
            Self::Inference(error) => error.hint(),
            Self::Generator(error) => error.hint(),
            Self::Evaluator(error) => error.hint(),
            Self::Exchange(error) => error.hint(),
            Self::NotFinite { .. } => Some(
                "half precision may be too small for this network: export it again with --precision fp32"
                    .to_owned(),
            ),
            Self::Parity { .. } => Some(
                "another device or version of ONNX Runtime may compute less exactly: try --device cpu; otherwise export it again"
                    .to_owned(),
            ),
            Self::Case { .. } => Some("export the bundle again; docs/export.md says how".to_owned()),
            Self::Write { .. } => Some("is the folder writable, and the disk not full?".to_owned()),
            Self::Incomplete { .. } => Some(
                "mend what is listed, and run the same command again; docs/bundles.md shows a whole bundle.toml"
                    .to_owned(),
            ),
        }
    }
}

impl From<InferenceError> for ExamineError {
    fn from(error: InferenceError) -> Self {
        Self::Inference(Box::new(error))
    }
}

impl From<GeneratorError> for ExamineError {
    fn from(error: GeneratorError) -> Self {
        Self::Generator(Box::new(error))
    }
}

impl From<EvaluatorError> for ExamineError {
    fn from(error: EvaluatorError) -> Self {
        Self::Evaluator(Box::new(error))
    }
}

impl From<FormatError> for ExamineError {
    fn from(error: FormatError) -> Self {
        Self::Exchange(Box::new(error))
    }
}
