//! Why frames could not be observed, or a run not be scored.

use crate::record::{FaultKind, Hint};

/// An error of the room that puts data, networks and run folders together: always one of theirs.
#[derive(Debug, thiserror::Error)]
pub enum EvaluateError {
    /// A ground-truth frame could not be read.
    #[error(transparent)]
    Dataset(#[from] crate::dataset::DatasetError),
    /// A network or its bundle could not be opened.
    #[error(transparent)]
    Inference(#[from] crate::inference::InferenceError),
    /// An evaluator failed.
    #[error(transparent)]
    Evaluator(#[from] crate::evaluator::EvaluatorError),
    /// An image could not be read or resized.
    #[error(transparent)]
    Vision(#[from] crate::vision::VisionError),
    /// The run folder could not be read or written.
    #[error(transparent)]
    Run(#[from] crate::run::RunError),
    /// A card could not be read.
    #[error(transparent)]
    Card(#[from] crate::card::CardError),
}

impl EvaluateError {
    fn inner(&self) -> &dyn Hint {
        match self {
            Self::Dataset(error) => error,
            Self::Inference(error) => error,
            Self::Evaluator(error) => error,
            Self::Vision(error) => error,
            Self::Run(error) => error,
            Self::Card(error) => error,
        }
    }
}

impl Hint for EvaluateError {
    fn fault_kind(&self) -> FaultKind {
        self.inner().fault_kind()
    }

    fn hint(&self) -> Option<String> {
        self.inner().hint()
    }
}
