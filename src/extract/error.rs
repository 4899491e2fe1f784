//! Errors of this room.

use crate::inference::InferenceError;
use crate::vision::VisionError;
use crate::{ExitCode, Hint};
use std::path::PathBuf;

/// What can go wrong when networks look at frames.
#[derive(Debug, thiserror::Error)]
pub enum ExtractError {
    /// ONNX Runtime, the bundle or a graph.
    #[error(transparent)]
    Inference(Box<InferenceError>),
    /// An image could not be prepared.
    #[error("could not prepare image {index} for the evaluators")]
    Image {
        /// Position in the call, from 0.
        index: usize,
        /// What was wrong with it.
        source: VisionError,
    },
    /// The bundle holds something else than evaluators.
    #[error("the bundle `{id}` in {} is a generator and holds no evaluators", bundle.display())]
    NotEvaluators {
        /// Folder of the bundle.
        bundle: PathBuf,
        /// Its id.
        id: String,
    },
    /// The classifiers' labels are not those of the data set, or not in its order.
    #[error(
        "{kind} labels of the evaluators and of the data set differ at position {position}: `{}` and `{}`",
        bundle.as_deref().unwrap_or("nothing"), card.as_deref().unwrap_or("nothing")
    )]
    Labels {
        /// `character` or `background`.
        kind: &'static str,
        /// First position that differs, from 0.
        position: usize,
        /// Label of the bundle there.
        bundle: Option<String>,
        /// Label of the data set card there.
        card: Option<String>,
    },
    /// A network gave another shape than the bundle announces.
    #[error("graph {graph} gave an output of shape {found:?} instead of {expected:?}")]
    Shape {
        /// Name of the graph.
        graph: &'static str,
        /// Announced shape.
        expected: Vec<usize>,
        /// Shape that came.
        found: Vec<usize>,
    },
    /// A network gave NaN or infinity.
    #[error("graph {graph} gave a value that is not finite for image {index}")]
    NonFinite {
        /// Name of the graph.
        graph: &'static str,
        /// Position in the call, from 0.
        index: usize,
    },
}

impl From<InferenceError> for ExtractError {
    /// Boxed, because it is by far the largest variant.
    fn from(error: InferenceError) -> Self {
        Self::Inference(Box::new(error))
    }
}

impl Hint for ExtractError {
    fn exit_code(&self) -> ExitCode {
        match self {
            Self::Inference(error) => error.exit_code(),
            Self::Image { source, .. } => source.exit_code(),
            Self::NotEvaluators { .. }
            | Self::Labels { .. }
            | Self::Shape { .. }
            | Self::NonFinite { .. } => ExitCode::Setup,
        }
    }

    fn hint(&self) -> Option<String> {
        match self {
            Self::Inference(error) => error.hint(),
            Self::Image { source, .. } => source.hint(),
            Self::NotEvaluators { .. } => {
                Some("name an evaluators bundle; `storyeval doctor` lists what is there".to_owned())
            }
            Self::Labels { .. } => Some(
                "use the evaluators that were trained for this data set; `storyeval ls datasets` names them"
                    .to_owned(),
            ),
            Self::Shape { .. } | Self::NonFinite { .. } => {
                Some("verify the weights with `storyeval doctor`".to_owned())
            }
        }
    }
}
