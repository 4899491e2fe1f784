//! Errors of this room.

use crate::evaluator::EvaluatorError;
use crate::format::FormatError;
use crate::metric::SsimUnscored;
use crate::record::{CallerError, FaultKind, Hint};
use crate::vision::VisionError;
use std::path::PathBuf;

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
    /// Images cannot be decoded.
    #[error("{count} of {total} images cannot be read: {list}")]
    Broken {
        /// How many.
        count: usize,
        /// Of how many.
        total: usize,
        /// What is wrong with each, of many with the first.
        list: String,
        /// What to do.
        hint: String,
    },
    /// A pair of images has no structural similarity.
    #[error("{} and {} have no SSIM", paths[0].display(), paths[1].display())]
    Ssim {
        /// The images.
        paths: [PathBuf; 2],
        /// Why.
        source: SsimUnscored,
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
            Self::NoNetworks { .. }
            | Self::Broken { .. }
            | Self::Ssim { .. }
            | Self::Request { .. } => None,
        }
    }
}

impl Hint for MeasureError {
    fn fault_kind(&self) -> FaultKind {
        match self {
            Self::Broken { .. } | Self::Ssim { .. } => FaultKind::DataVerification,
            other => other.inner().map_or(FaultKind::Usage, Hint::fault_kind),
        }
    }

    fn hint(&self) -> Option<String> {
        match self {
            Self::NoNetworks { .. } => {
                Some("give files of features, or a host with networks".to_owned())
            }
            Self::Ssim { .. } => {
                Some("compare larger images, or bring both to one size: `--resize N`".to_owned())
            }
            Self::Broken { hint, .. } | Self::Request { hint, .. } => Some(hint.clone()),
            other => other.inner()?.hint(),
        }
    }
}
