//! Errors of this room.

use crate::evaluator::EvaluatorError;
use crate::format::FormatError;
use crate::record::{CallerError, FaultKind, Hint};
use crate::vision::VisionError;

/// Why a request has no answer.
#[derive(Debug, thiserror::Error)]
pub enum MeasureError {
    /// A file cannot be read, or is not what it should be.
    #[error(transparent)]
    Format(#[from] FormatError),
    /// An image cannot be decoded.
    #[error(transparent)]
    Vision(#[from] VisionError),
    /// A network failed.
    #[error(transparent)]
    Evaluator(#[from] EvaluatorError),
    /// The caller has no network, or stopped the work.
    #[error(transparent)]
    Host(#[from] CallerError),
    /// A network is needed, and the host has none.
    #[error("{what} is needed, and there are no networks here")]
    NoNetworks {
        /// The network.
        what: String,
    },
    /// The request contradicts itself, or does not fit its files.
    #[error("{what}")]
    Request {
        /// What is wrong.
        what: String,
        /// What to do.
        hint: String,
    },
}

impl MeasureError {
    /// A request that cannot be met.
    pub(super) fn request(what: impl Into<String>, hint: impl Into<String>) -> Self {
        let (what, hint) = (what.into(), hint.into());
        Self::Request { what, hint }
    }
}

impl MeasureError {
    /// The error of another room.
    fn inner(&self) -> Option<&dyn Hint> {
        match self {
            Self::Format(error) => Some(error),
            Self::Vision(error) => Some(error),
            Self::Evaluator(error) => Some(error),
            Self::Host(error) => Some(error),
            Self::NoNetworks { .. } | Self::Request { .. } => None,
        }
    }
}

impl Hint for MeasureError {
    fn fault_kind(&self) -> FaultKind {
        self.inner().map_or(FaultKind::Usage, Hint::fault_kind)
    }

    fn hint(&self) -> Option<String> {
        match self {
            Self::NoNetworks { .. } => {
                Some("give files of features, or a host with networks".to_owned())
            }
            Self::Request { hint, .. } => Some(hint.clone()),
            other => other.inner()?.hint(),
        }
    }
}
