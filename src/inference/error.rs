//! Errors of this room: what was looked for, where, what was found instead, and what mends it.

use std::fmt;
use std::io;
use std::path::PathBuf;

use super::device::DeviceRequest;
use super::graph::Element;
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

/// What is wrong with one input or output. Shapes are written as `[?, 3, 64, 64]`, `?` being any size.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PortFault {
    /// The graph has no port of that name.
    #[error("{side} {port:?} is missing, found {}", names(.found))]
    Missing {
        /// `input` or `output`.
        side: &'static str,
        /// The expected name.
        port: String,
        /// The names there are.
        found: Vec<String>,
    },
    /// The graph has an input that nothing would feed.
    #[error("input {port:?} is not expected, expected {}", names(.expected))]
    Unexpected {
        /// The surplus name.
        port: String,
        /// The names expected.
        expected: Vec<String>,
    },
    /// An input was given twice.
    #[error("input {port:?} is given twice")]
    Twice {
        /// The name.
        port: String,
    },
    /// Another element type.
    #[error("{side} {port:?} holds {found}, expected {expected}")]
    Element {
        /// `input` or `output`.
        side: &'static str,
        /// The port.
        port: String,
        /// The type expected.
        expected: Element,
        /// The type found, as ONNX Runtime calls it.
        found: String,
    },
    /// Another number of dimensions, or another size where one is fixed.
    #[error("{side} {port:?} has shape {found}, expected {expected}")]
    Shape {
        /// `input` or `output`.
        side: &'static str,
        /// The port.
        port: String,
        /// The shape expected.
        expected: String,
        /// The shape found.
        found: String,
    },
}

fn list(tried: &[Attempt]) -> String {
    use fmt::Write as _;
    let mut text = String::new();
    for (index, Attempt { place, why }) in tried.iter().enumerate() {
        let _ = write!(text, "\n  {}. {place}: {why}", index + 1);
    }
    text
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
                "export the graph again for this bundle, with these names and with a dynamic batch axis; tools/README.md says how".to_owned()
            }
            Self::Tensors { .. } | Self::Run { .. } => {
                "a size fixed by mistake is mended by exporting the graph with a dynamic batch axis; tools/README.md says how".to_owned()
            }
            Self::Read { path, .. } => {
                format!("name a folder with a {} that you may read: `ls -l {}`", manifest::FILE, path.display())
            }
            Self::BundleFormat { .. } => "update storyeval, or export the bundle again".to_owned(),
            Self::Manifest { path, .. }
            | Self::MissingSection { path, .. }
            | Self::ManifestValue { path, .. }
            | Self::NoGraph { path, .. } => {
                format!(
                    "mend it, then `{}`; the bundles in reference-data/ show every key",
                    verify(path)
                )
            }
            Self::Escape { .. } => "write paths relative to the bundle's folder, and put files there, not links".to_owned(),
            Self::Unlisted { file, .. } | Self::NotAHash { file, .. } => {
                format!("write {file:?} = \"...\" under [files], with what `sha256sum {file}` prints")
            }
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

fn verify(path: &std::path::Path) -> String {
    let folder = path.parent().unwrap_or(path);
    format!("storyeval model verify {}", folder.display())
}

fn no_library(tried: &[Attempt], install: &str) -> String {
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::inference::runtime::tests::runtime;

    fn device(words: &str) -> String {
        let error = InferenceError::Device {
            request: DeviceRequest::Cuda(7),
            library: PathBuf::from("lib"),
            version: "1.29.0".to_owned(),
            source: ort::Error::new(words),
        };
        error.hint().unwrap()
    }

    fn run(words: &str) -> String {
        let error = InferenceError::Run {
            graph: "unet",
            path: PathBuf::from("unet.onnx"),
            source: ort::Error::new(words),
        };
        error.hint().unwrap()
    }

    #[test]
    fn a_device_that_does_not_exist_needs_no_other_library() {
        // An error of the runtime can only be made where the runtime is loaded.
        let _loaded = runtime();
        let hint = device("Invalid device ID: 7, must be between 0 (inclusive) and 1 (exclusive).");
        assert!(
            hint.contains("nvidia-smi -L") && !hint.contains("pip"),
            "{hint}"
        );
        let hint = device("libcublasLt.so.13: cannot open shared object file");
        assert!(hint.contains("onnxruntime-gpu"), "{hint}");
        let hint = device("CUDA failure 2: out of memory ; GPU=0");
        assert!(
            hint.contains("other programs") && !hint.contains("pip"),
            "{hint}"
        );
    }

    #[test]
    fn short_memory_is_mended_by_a_smaller_batch() {
        let _loaded = runtime();
        let hint = run("Failed to allocate memory for requested buffer of size 1073741824");
        assert!(hint.contains("--batch"), "{hint}");
        // What a CPU said under `ulimit -v 500000`.
        let hint = run("running Mul node. Name:'/mlp.1/Mul_1' Status Message: std::bad_alloc");
        assert!(hint.contains("--batch"), "{hint}");
        // What a card with 1.5 GB left said of its first graph.
        let hint = run("CUBLAS failure 3: the resource allocation failed ; GPU=0");
        assert!(hint.contains("--batch"), "{hint}");
        let error = InferenceError::Graph {
            graph: "unet",
            path: PathBuf::from("unet.onnx"),
            source: ort::Error::new("CUDA failure 2: out of memory ; GPU=0"),
        };
        let hint = error.hint().unwrap();
        assert!(hint.contains("--batch"), "{hint}");
        let hint = run("Can broadcast 0 by 0 or 1. 8 is invalid.");
        assert!(hint.contains("dynamic batch axis"), "{hint}");
    }
}
