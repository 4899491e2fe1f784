//! Errors of this room.

use crate::record::{FaultKind, Hint};
use std::io;
use std::path::PathBuf;

/// What can go wrong with a file of another program.
#[derive(Debug, thiserror::Error)]
pub enum FormatError {
    /// It cannot be read.
    #[error("failed to read {}", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// It cannot be written.
    #[error("failed to write {}", path.display())]
    Write {
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// It is not what it should be.
    #[error("{} is not {expected}: {found}", path.display())]
    Malformed {
        /// The file.
        path: PathBuf,
        /// What was expected, for example `a 2-D array of floats`.
        expected: &'static str,
        /// What was found instead, with the place where there is one.
        found: String,
        /// What to do about it.
        hint: &'static str,
    },
    /// Images of two folders do not go together.
    #[error("images without a partner of the same name: {detail}")]
    WithoutPartner {
        /// How many on each side, and which.
        detail: String,
    },
    /// A folder was given with a single file.
    #[error("{} is a folder, and {} is a single file", folder.display(), file.display())]
    FolderAndFile {
        /// The folder.
        folder: PathBuf,
        /// The file.
        file: PathBuf,
    },
    /// Two images of a folder have the same name.
    #[error("{} and {} have the same name {name}", first.display(), second.display())]
    SameName {
        /// The name, without the extension.
        name: String,
        /// One of them.
        first: PathBuf,
        /// The other.
        second: PathBuf,
    },
    /// Captions of two files do not go together.
    #[error(transparent)]
    Captions(#[from] super::CaptionFault),
}

impl Hint for FormatError {
    fn fault_kind(&self) -> FaultKind {
        match self {
            Self::Read { .. } => FaultKind::Setup,
            Self::Write { .. } => FaultKind::Output,
            Self::Malformed { .. } => FaultKind::DataVerification,
            Self::WithoutPartner { .. } | Self::FolderAndFile { .. } | Self::SameName { .. } => {
                FaultKind::Usage
            }
            Self::Captions(fault) => fault.fault_kind(),
        }
    }

    fn hint(&self) -> Option<String> {
        match self {
            Self::Read { .. } => Some("check the path and its permissions".to_owned()),
            Self::Write { path, source } if source.kind() == io::ErrorKind::NotFound => {
                let folder = path.parent().unwrap_or(path);
                Some(format!("make it: `mkdir -p {}`", folder.display()))
            }
            Self::Write { .. } => Some("check the free space and the permissions".to_owned()),
            Self::Malformed { hint, .. } => Some((*hint).to_owned()),
            Self::WithoutPartner { .. } => {
                Some("give two folders with the same names (extensions may differ)".to_owned())
            }
            Self::FolderAndFile { .. } => {
                Some("give two images, or two folders with images of the same names".to_owned())
            }
            Self::SameName { .. } => Some("keep one of them".to_owned()),
            Self::Captions(fault) => fault.hint(),
        }
    }
}
