//! Errors of this room.

use crate::format::FormatError;
use crate::inference::InferenceError;
use crate::record::{FaultKind, Hint};
use std::io;
use std::path::PathBuf;

/// Why a checkpoint does not become a bundle.
#[derive(Debug, thiserror::Error)]
pub enum WeightsError {
    /// No template has the id.
    #[error("there is no template {id}")]
    NoTemplate {
        /// What was asked for.
        id: String,
        /// The nearest one there is.
        nearest: String,
        /// All there are.
        known: String,
    },
    /// A file that the template needs is not among those given.
    #[error("{} holds none of {usual}", path.display())]
    NoFile {
        /// The folder.
        path: PathBuf,
        /// Usual names of the file.
        usual: String,
    },
    /// Another number of files than the template is filled from.
    #[error("{template} is filled from {wanted}; {given} {} given", if *given == 1 { "is" } else { "are" })]
    Count {
        /// The template.
        template: String,
        /// Files, by their usual names.
        wanted: String,
        /// How many were given.
        given: usize,
    },
    /// The checkpoint of another network.
    #[error("{} does not fit {template} ({network}):{listing}", path.display())]
    Misfit {
        /// The file.
        path: PathBuf,
        /// The template.
        template: String,
        /// What the template is of.
        network: String,
        /// Names that are missing, unexpected or wrongly shaped.
        listing: String,
        /// What the file looks like instead.
        looks: String,
    },
    /// Weights that cannot be read, or are not finite.
    #[error("failed to read {name} of {}", path.display())]
    Weight {
        /// The file.
        path: PathBuf,
        /// The weight.
        name: String,
        /// Why.
        source: io::Error,
    },
    /// The bundle's folder is there already.
    #[error("{} exists already", path.display())]
    Exists {
        /// The folder.
        path: PathBuf,
    },
    /// The bundle cannot be written.
    #[error("failed to write {}", path.display())]
    Write {
        /// The file or folder.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// The checkpoint cannot be read.
    #[error(transparent)]
    Format(#[from] FormatError),
    /// The bundle is not one.
    #[error(transparent)]
    Inference(Box<InferenceError>),
    /// A template of the program contradicts itself.
    #[error("template {template} is damaged: {problem}")]
    Template {
        /// The template.
        template: String,
        /// What is wrong.
        problem: String,
    },
}

impl From<InferenceError> for WeightsError {
    fn from(error: InferenceError) -> Self {
        Self::Inference(Box::new(error))
    }
}

impl Hint for WeightsError {
    fn fault_kind(&self) -> FaultKind {
        match self {
            Self::NoTemplate { .. } | Self::Count { .. } => FaultKind::Usage,
            Self::NoFile { .. } => FaultKind::Setup,
            Self::Misfit { .. } | Self::Weight { .. } => FaultKind::DataVerification,
            Self::Exists { .. } | Self::Write { .. } => FaultKind::Output,
            Self::Format(error) => error.fault_kind(),
            Self::Inference(error) => error.fault_kind(),
            Self::Template { .. } => FaultKind::Bug,
        }
    }

    fn hint(&self) -> Option<String> {
        match self {
            Self::NoTemplate { nearest, known, .. } => {
                Some(format!("did you mean {nearest}? There are {known}"))
            }
            Self::NoFile { .. } => Some("give the file itself: --from FILE".to_owned()),
            Self::Count { .. } => Some(
                "give each file with a --from of its own, or the folder that holds them".to_owned(),
            ),
            Self::Misfit { looks, .. } => Some(looks.clone()),
            Self::Weight { .. } => Some(
                "the file is damaged, or of a training that diverged: take it from its publisher again"
                    .to_owned(),
            ),
            Self::Exists { path } => Some(format!(
                "remove it (`rm -r {}`), or choose another folder: --out DIR",
                path.display()
            )),
            Self::Write { .. } => Some("check the free space and the permissions".to_owned()),
            Self::Format(error) => error.hint(),
            Self::Inference(error) => error.hint(),
            Self::Template { .. } => {
                Some("this is a bug of storyeval; please report it".to_owned())
            }
        }
    }
}
