//! Where ONNX Runtime was looked for, and why no place served.

use crate::inference::pinned;
use std::fmt;
use std::io;
use std::path::PathBuf;

/// One place ONNX Runtime was looked for, and why it did not serve.
#[derive(Debug)]
pub struct Attempt {
    /// Where.
    pub place: Place,
    /// Why not.
    pub why: Refusal,
}

/// A place where ONNX Runtime is looked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Place {
    /// An environment variable.
    Variable(&'static str),
    /// The Python environment that the program is installed in; its module folder.
    Environment(PathBuf),
    /// The per-user cache; the file that would be there.
    Cache(PathBuf),
    /// A Python's `onnxruntime`; the command.
    Python(String),
    /// A download with a Python's pip; the command.
    Pip(String),
}

impl fmt::Display for Place {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Variable(name) => write!(formatter, "${name}"),
            Self::Environment(site) => write!(formatter, "onnxruntime in {}", site.display()),
            Self::Cache(path) => write!(formatter, "cache {}", path.display()),
            Self::Python(python) => write!(formatter, "onnxruntime of {python}"),
            Self::Pip(python) => write!(formatter, "download with {python} -m pip"),
        }
    }
}

/// Why a place did not serve.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Refusal {
    /// The variable is not set.
    #[error("not set")]
    NotSet,
    /// No library there.
    #[error("no library at {}", .0.display())]
    Absent(PathBuf),
    /// A cached library is not the pinned one. It is never loaded.
    #[error("{} has sha256 {found}, expected {expected}", .path.display())]
    WrongHash {
        /// The library.
        path: PathBuf,
        /// The pinned hash.
        expected: String,
        /// The hash found.
        found: String,
    },
    /// Too old for the interface this program was built for.
    #[error("{} is version {version}, at least 1.{} is needed", .path.display(), pinned::OLDEST_MINOR)]
    TooOld {
        /// The library.
        path: PathBuf,
        /// Its version.
        version: String,
    },
    /// The dynamic loader refuses it, or it is no ONNX Runtime.
    #[error("{} cannot be loaded: {source}", .path.display())]
    Unloadable {
        /// The library.
        path: PathBuf,
        /// What the loader said.
        source: libloading::Error,
    },
    /// A file could not be read or written.
    #[error("{}: {source}", .path.display())]
    Io {
        /// The file or folder.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// The command could not be started.
    #[error("{0}")]
    NoCommand(io::Error),
    /// This Python has no `onnxruntime`.
    #[error("not installed there")]
    NoPackage,
    /// The command ended with an error; its last words.
    #[error("{0}")]
    CommandFailed(String),
    /// Nothing may be downloaded.
    #[error("not tried: --offline or STORYEVAL_OFFLINE is set")]
    Offline,
    /// No wheel is known for this machine.
    #[error("no wheel is known for {0}")]
    NoWheel(String),
    /// What pip downloaded is not a wheel with the library in it.
    #[error("the wheel {} is unusable: {source}", .path.display())]
    Wheel {
        /// The wheel.
        path: PathBuf,
        /// What is wrong with the archive.
        source: zip::result::ZipError,
    },
}

/// One line per place.
pub(super) fn list(tried: &[Attempt]) -> String {
    use fmt::Write as _;
    let mut text = String::new();
    for (index, Attempt { place, why }) in tried.iter().enumerate() {
        let _ = write!(text, "\n  {}. {place}: {why}", index + 1);
    }
    text
}

/// What helps where no place served.
pub(super) fn no_library(tried: &[Attempt], install: &str) -> String {
    let pip_failed = tried.iter().any(|attempt| {
        matches!(attempt.place, Place::Pip(_))
            && matches!(
                attempt.why,
                Refusal::NoCommand(_) | Refusal::CommandFailed(_)
            )
    });
    if pip_failed {
        let version = pinned::VERSION;
        return format!(
            "unzip a wheel of onnxruntime {version} for this machine (a zip file; any other machine may download it) and let \
             ORT_DYLIB_PATH name the libonnxruntime in its capi folder; or `uv pip install onnxruntime=={version}` into the \
             Python that is found first"
        );
    }
    let unwritable = tried.iter().find_map(|attempt| match &attempt.why {
        Refusal::Io { path, .. } => Some(path),
        _ => None,
    });
    let other = match unwritable {
        Some(path) => format!(
            "let STORYEVAL_CACHE name a folder that can be written ({} cannot)",
            path.display()
        ),
        None => "let ORT_DYLIB_PATH name a libonnxruntime you have".to_owned(),
    };
    format!("{install}   (or {other})")
}
