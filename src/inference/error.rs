//! Errors of this room: what was looked for, where, what was found instead, and what mends it.

mod attempt;
mod port;

pub use attempt::{Attempt, Place, Refusal};
use attempt::{list, no_library};
pub use port::PortFault;

use std::io;
use std::path::PathBuf;

use super::device::DeviceRequest;
use super::{manifest, pinned};
use crate::record::{FaultKind, Hint};

/// What can go wrong between a folder of weights and the numbers that come out of a graph.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum InferenceError {
    /// No usable ONNX Runtime anywhere; every place is listed with why it did not serve.
    #[error("ONNX Runtime was not found; tried:{}", list(.tried))]
    NoLibrary {
        /// Where it was looked for, in order.
        tried: Vec<Attempt>,
    },
    /// The user named a library and it cannot be used. Looking further would hide that.
    #[error("the ONNX Runtime named by {} cannot be used: {}", .0.place, .0.why)]
    ChosenLibrary(Box<Attempt>),
    /// A process can load one ONNX Runtime, and another one is loaded already.
    #[error("this process has loaded {} and cannot load {} as well", .loaded.display(), .wanted.display())]
    OtherLibraryLoaded {
        /// The library in use.
        loaded: PathBuf,
        /// The library that was asked for now.
        wanted: PathBuf,
    },
    /// The loader refused the library.
    #[error("ONNX Runtime could not be loaded from {}", .path.display())]
    Load {
        /// The library.
        path: PathBuf,
        /// What the loader said.
        source: ort::LoadDynamicError,
    },
    /// The library was loaded but does not start.
    #[error("ONNX Runtime at {} could not be started", .path.display())]
    Start {
        /// The library.
        path: PathBuf,
        /// What it said.
        source: ort::Error,
    },
    /// The device that was asked for does not work.
    #[error("device {request} cannot be used with ONNX Runtime {version} at {}", .library.display())]
    Device {
        /// What was asked for.
        request: DeviceRequest,
        /// The library that was tried.
        library: PathBuf,
        /// Its version.
        version: String,
        /// What the runtime said.
        source: ort::Error,
    },
    /// The CUDA provider computed something else than it should in the start-up check.
    #[error("device {request} gave {found} where {expected} was expected in the start-up check")]
    DeviceWrong {
        /// What was asked for.
        request: DeviceRequest,
        /// The right answer.
        expected: f32,
        /// The answer given.
        found: f32,
    },
    /// A graph could not be read.
    #[error("graph {graph} could not be loaded from {}", .path.display())]
    Graph {
        /// Name of the graph.
        graph: &'static str,
        /// Its file.
        path: PathBuf,
        /// What the runtime said.
        source: ort::Error,
    },
    /// A graph has other inputs or outputs than its name promises.
    #[error("graph {graph} at {} does not fit its signature: {fault}", .path.display())]
    Signature {
        /// Name of the graph.
        graph: &'static str,
        /// Its file.
        path: PathBuf,
        /// Which port, what was expected, what was found.
        fault: Box<PortFault>,
    },
    /// A graph was called with the wrong inputs, or answered with the wrong outputs.
    #[error("graph {graph} at {} was run with the wrong tensors: {fault}", .path.display())]
    Tensors {
        /// Name of the graph.
        graph: &'static str,
        /// Its file.
        path: PathBuf,
        /// Which port, what was expected, what was found.
        fault: Box<PortFault>,
    },
    /// The runtime failed while it ran a graph.
    #[error("graph {graph} at {} failed", .path.display())]
    Run {
        /// Name of the graph.
        graph: &'static str,
        /// Its file.
        path: PathBuf,
        /// What the runtime said.
        source: ort::Error,
    },
    /// A file or folder of a bundle could not be read.
    #[error("failed to read {}", .path.display())]
    Read {
        /// The file or folder.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// A graph's file is no ONNX model.
    #[error("{} is not an ONNX model", .path.display())]
    NoModel {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        source: prost::DecodeError,
    },
    /// A graph keeps weights in a file that has no hash.
    #[error("{} keeps weights in {file:?}, which is not in [files]", .path.display())]
    UnlistedWeights {
        /// The graph's file.
        path: PathBuf,
        /// The file it names.
        file: String,
    },
    /// `bundle.toml` does not parse.
    #[error("{} is not a bundle manifest", .path.display())]
    Manifest {
        /// The manifest.
        path: PathBuf,
        /// Line, column and reason.
        source: Box<toml::de::Error>,
    },
    /// `bundle.toml` has a format this program does not read.
    #[error("{} has format {found}, this program reads format {}", .path.display(), manifest::FORMAT)]
    BundleFormat {
        /// The manifest.
        path: PathBuf,
        /// Its format.
        found: u32,
    },
    /// A section is needed and absent.
    #[error("{} has no section [{section}]", .path.display())]
    MissingSection {
        /// The manifest.
        path: PathBuf,
        /// The section.
        section: &'static str,
    },
    /// A value makes no sense.
    #[error("{}: {key} {wrong}", .path.display())]
    ManifestValue {
        /// The manifest.
        path: PathBuf,
        /// The key, dotted.
        key: &'static str,
        /// What is wrong with it.
        wrong: &'static str,
    },
    /// A path in the manifest leaves the bundle.
    #[error("{}: {file:?} leads out of the bundle", .path.display())]
    Escape {
        /// The manifest.
        path: PathBuf,
        /// The path as written.
        file: String,
    },
    /// A file is used but not in `[files]`, so nothing would notice if it changed.
    #[error("{}: {key} is {file:?}, which [files] does not list", .path.display())]
    Unlisted {
        /// The manifest.
        path: PathBuf,
        /// The key that names the file.
        key: String,
        /// The file as written.
        file: String,
    },
    /// A value of `[files]` is not a SHA-256.
    #[error("{}: the hash of {file:?} is {found:?}, not 64 hex digits", .path.display())]
    NotAHash {
        /// The manifest.
        path: PathBuf,
        /// The file as written.
        file: String,
        /// The value as written.
        found: String,
    },
    /// A file of the bundle is not there.
    #[error("{} is missing from the bundle (sha256 {expected})", .path.display())]
    MissingFile {
        /// The file.
        path: PathBuf,
        /// Its hash in the manifest.
        expected: String,
    },
    /// A file of the bundle is not the one its manifest describes.
    #[error("{} has sha256 {found}, expected {expected}", .path.display())]
    WrongHash {
        /// The file.
        path: PathBuf,
        /// Hash in the manifest.
        expected: String,
        /// Hash of the file.
        found: String,
    },
    /// The bundle has no graph of that name.
    #[error("{} has no graph {graph:?}; it has {}", .path.display(), names(.present))]
    NoGraph {
        /// The manifest.
        path: PathBuf,
        /// The graph that is needed.
        graph: String,
        /// The graphs there are.
        present: Vec<String>,
    },
    /// A tokeniser could not be read.
    #[error("{} is not a tokenizer.json", .path.display())]
    Tokenizer {
        /// The file.
        path: PathBuf,
        /// What the tokeniser library said.
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// A text could not be split.
    #[error("the tokenizer {} failed on {text:?}", .path.display())]
    Encode {
        /// The tokeniser's file.
        path: PathBuf,
        /// The text.
        text: String,
        /// What the tokeniser library said.
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// Tokens could not be joined to a text.
    #[error("the tokenizer {} failed on the tokens {ids:?}", .path.display())]
    Decode {
        /// The tokeniser's file.
        path: PathBuf,
        /// The tokens.
        ids: Vec<u32>,
        /// What the tokeniser library said.
        source: Box<dyn std::error::Error + Send + Sync>,
    },
}

fn names(names: &[String]) -> String {
    if names.is_empty() {
        return "none".to_owned();
    }
    names.join(", ")
}

impl Hint for InferenceError {
    fn fault_kind(&self) -> FaultKind {
        match self {
            Self::WrongHash { .. } | Self::UnlistedWeights { .. } => FaultKind::DataVerification,
            _ => FaultKind::Setup,
        }
    }

    fn hint(&self) -> Option<String> {
        let install = format!("python3 -m pip install onnxruntime=={}", pinned::VERSION);
        Some(match self {
            Self::NoLibrary { tried } => no_library(tried, &install),
            Self::ChosenLibrary(attempt) => format!(
                "let {} name a libonnxruntime of version 1.{} or newer, or unset it and storyeval finds or fetches one itself",
                attempt.place,
                pinned::OLDEST_MINOR
            ),
            Self::OtherLibraryLoaded { loaded, .. } => {
                format!("start a new process, or set ORT_DYLIB_PATH={}", loaded.display())
            }
            Self::Load { .. } | Self::Start { .. } => {
                format!("{install} and set STORYEVAL_ORT to the library in its capi folder")
            }
            Self::Device { source, .. } if is_no_such_device(source) => {
                "`nvidia-smi -L` lists the GPUs there are, counted from 0 (CUDA_VISIBLE_DEVICES hides some of them); \
                 `--device cpu` runs without"
                    .to_owned()
            }
            Self::Device { source, .. } if is_out_of_memory(source) => {
                "let other programs leave the GPU (`nvidia-smi` lists them), or take another one with --device cuda:N, or --device cpu".to_owned()
            }
            Self::Device { .. } | Self::DeviceWrong { .. } => {
                "`python3 -m pip install onnxruntime-gpu[cuda,cudnn]` brings a runtime with CUDA (an NVIDIA driver is needed too); \
                 LD_LIBRARY_PATH may name CUDA and cuDNN that lie elsewhere; `--device cpu` runs without"
                    .to_owned()
            }
            Self::Graph { source, .. } | Self::Run { source, .. } if is_out_of_memory(source) => {
                "draw fewer stories at once with a smaller --batch (in a new run folder), or let other programs give memory back \
                 (of a GPU, `nvidia-smi` lists them, and --device cpu does without)"
                    .to_owned()
            }
            Self::Graph { path, .. } | Self::Tokenizer { path, .. } | Self::Encode { path, .. } | Self::Decode { path, .. } => verify(path),
            Self::Signature { .. } => {
                "export the graph again for this bundle, with these names and with a dynamic batch axis; docs/bundles.md has the ports of every graph".to_owned()
            }
            Self::Tensors { .. } | Self::Run { .. } => {
                "a size fixed by mistake is mended by exporting the graph with a dynamic batch axis; docs/bundles.md has the ports of every graph".to_owned()
            }
            Self::Read { path, .. } => {
                format!("name a folder with a {} that you may read: `ls -l {}`", manifest::FILE, path.display())
            }
            Self::BundleFormat { .. } => "update storyeval, or export the bundle again".to_owned(),
            Self::Manifest { path, .. }
            | Self::MissingSection { path, .. }
            | Self::ManifestValue { path, .. }
            | Self::NoGraph { path, .. } => {
                format!("mend it, then `{}`; docs/bundles.md shows every key, and {}", verify(path), pack(path))
            }
            Self::Escape { .. } => "write paths relative to the bundle's folder, and put files there, not links".to_owned(),
            Self::Unlisted { path, .. } | Self::NotAHash { path, .. } => pack(path),
            Self::UnlistedWeights { file, .. } => format!(
                "do not use a bundle of unknown origin; of your own, write {file:?} under [files] with what `sha256sum` prints"
            ),
            Self::MissingFile { path, .. }
            | Self::WrongHash { path, .. }
            | Self::NoModel { path, .. } => {
                format!("fetch {} again from where the bundle came from", path.display())
            }
        })
    }
}

impl InferenceError {
    /// Whether a graph ran out of memory.
    #[must_use]
    pub fn is_memory_short(&self) -> bool {
        matches!(self, Self::Run { source, .. } if is_out_of_memory(source))
    }
}

/// Whether the runtime says that there is no GPU of that number, or none at all.
fn is_no_such_device(error: &ort::Error) -> bool {
    says(
        error,
        &[
            "invalid device id",
            "invalid device ordinal",
            "no cuda-capable device",
        ],
    )
}

/// Whether the runtime says that memory was short: its arena's words, C++'s where it goes round the arena, cudaMalloc's
/// and cuBLAS's.
pub(super) fn is_out_of_memory(error: &ort::Error) -> bool {
    says(
        error,
        &[
            "failed to allocate memory",
            "bad_alloc",
            "bad allocation",
            "out of memory",
            "the resource allocation failed",
            "_status_alloc_failed",
        ],
    )
}

/// ONNX Runtime has no error codes for what CUDA says, only words.
fn says(error: &ort::Error, words: &[&str]) -> bool {
    let text = error.to_string().to_lowercase();
    words.iter().any(|word| text.contains(word))
}

fn pack(path: &std::path::Path) -> String {
    let folder = path.parent().unwrap_or(path);
    format!(
        "`storyeval model pack {}` writes what it can and lists what is missing",
        folder.display()
    )
}

fn verify(path: &std::path::Path) -> String {
    let folder = path.parent().unwrap_or(path);
    format!("storyeval model verify {}", folder.display())
}

#[cfg(test)]
mod tests;
