//! Errors of this room.

use crate::inference::InferenceError;
use crate::record::{FaultKind, Hint};
use crate::vision::VisionError;
use std::path::PathBuf;

/// What can go wrong when evaluators observe frames.
#[derive(Debug, thiserror::Error)]
pub enum EvaluatorError {
    /// ONNX Runtime, the bundle or a graph.
    #[error(transparent)]
    Inference(Box<InferenceError>),
    /// An image could not be prepared.
    #[error("failed to prepare image {index} for the evaluators")]
    Image {
        /// Position in the call, from 0.
        index: usize,
        /// What was wrong with it.
        source: VisionError,
    },
    /// A pair of images has no structural similarity.
    #[error("image {index} has no SSIM")]
    Ssim {
        /// Position in the call, from 0.
        index: usize,
        /// Why.
        source: crate::metric::SsimUnscored,
    },
    /// The bundle holds networks for something else.
    #[error("the bundle `{id}` in {} is a bundle of kind {found}, and {needed} is needed", bundle.display())]
    WrongKind {
        /// Folder of the bundle.
        bundle: PathBuf,
        /// Its id.
        id: String,
        /// What it is.
        found: &'static str,
        /// What it should be.
        needed: &'static str,
    },
    /// An output whose width the file leaves open.
    #[error("output {output} of graph {graph} has no fixed width")]
    OpenWidth {
        /// Name of the graph.
        graph: &'static str,
        /// Name of the output.
        output: String,
    },
    /// As many images on both sides are needed.
    #[error("{first} images cannot be compared pairwise with {second}")]
    Pairs {
        /// Images on one side.
        first: usize,
        /// Images on the other.
        second: usize,
    },
    /// More captions than beams, or none.
    #[error("{asked} captions per image were asked for, and the search has {beams} beams")]
    Captions {
        /// Captions that were asked for.
        asked: usize,
        /// Beams of the bundle.
        beams: usize,
    },
    /// A language model whose cache no machine would hold.
    #[error("the captioner's cache for one image would take {gib} GiB")]
    Cache {
        /// Its size.
        gib: u64,
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

impl From<InferenceError> for EvaluatorError {
    /// Boxed, because it is by far the largest variant.
    fn from(error: InferenceError) -> Self {
        Self::Inference(Box::new(error))
    }
}

impl Hint for EvaluatorError {
    fn fault_kind(&self) -> FaultKind {
        match self {
            Self::Inference(error) => error.fault_kind(),
            Self::Image { source, .. } => source.fault_kind(),
            Self::Ssim { .. } => FaultKind::DataVerification,
            Self::WrongKind { .. }
            | Self::OpenWidth { .. }
            | Self::Pairs { .. }
            | Self::Captions { .. }
            | Self::Cache { .. }
            | Self::Labels { .. }
            | Self::Shape { .. }
            | Self::NonFinite { .. } => FaultKind::Setup,
        }
    }

    fn hint(&self) -> Option<String> {
        match self {
            Self::Inference(error) => error.hint(),
            Self::Image { source, .. } => source.hint(),
            Self::Ssim { .. } => Some(
                "take larger frames, or bring both to one size with `resize` below [pixels]".to_owned(),
            ),
            Self::WrongKind { needed, .. } => Some(format!(
                "name a bundle of kind {needed}; `storyeval doctor` lists what is there"
            )),
            Self::OpenWidth { .. } => {
                Some("export the graph again with a fixed width of that output".to_owned())
            }
            Self::Pairs { .. } => Some("give as many images on both sides".to_owned()),
            Self::Captions { beams, .. } => Some(format!(
                "ask for 1 to {beams} captions, or raise captioner.num_beams in bundle.toml"
            )),
            Self::Cache { .. } => Some(
                "check num_beams, max_new_tokens and the sizes below [captioner] in bundle.toml".to_owned(),
            ),
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
