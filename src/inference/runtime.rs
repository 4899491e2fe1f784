//! One ONNX Runtime per process, and the sessions made from it.

use std::path::{Path, PathBuf};
use std::sync::atomic::AtomicBool;
use std::sync::{Mutex, OnceLock, PoisonError};

use ort::environment::Environment;
use ort::session::Session;
use ort::session::builder::SessionBuilder;

use super::device::{self, Device, DeviceRequest};
use super::graph::{Graph, GraphSignature};
use super::library::{Library, Origin};
use super::memory::Memory;
use super::search::{Surroundings, find};
use super::{InferenceError, environment, gpu, native, pinned, python};

/// How ONNX Runtime is to be opened.
#[derive(Clone, Debug)]
pub struct RuntimeOptions {
    /// The device.
    pub device: DeviceRequest,
    /// CPU threads of one graph; `None` takes what the machine offers, 0 counts as 1. Sums over
    /// threads are in another order with another number, so the last float bits depend on it.
    pub threads: Option<usize>,
    /// Nothing may be downloaded.
    pub offline: bool,
    /// Root of the cache, usually [`default_cache`](super::default_cache).
    pub cache: PathBuf,
}

impl Default for RuntimeOptions {
    /// What the machine offers, and the user's cache.
    fn default() -> Self {
        Self {
            device: DeviceRequest::Auto,
            threads: None,
            offline: false,
            cache: super::default_cache(),
        }
    }
}

/// ONNX Runtime, loaded, with a device that works.
#[derive(Debug)]
pub struct Runtime {
    loaded: &'static Loaded,
    device: Device,
    gpu: Option<String>,
    threads: usize,
}

#[derive(Debug)]
struct Loaded {
    library: Library,
    environment: Environment,
    /// Whether a graph ever ran out of memory.
    memory_was_short: AtomicBool,
}

/// `ort` allows one library and one environment per process, whatever the number of [`Runtime`]s.
static LOADED: OnceLock<Loaded> = OnceLock::new();
/// Held while the library is loaded, so that two threads do not both try.
static LOADING: Mutex<()> = Mutex::new(());

impl Runtime {
    /// Finds ONNX Runtime, or fetches it once, loads it and settles on a device. `talk` gets a line for
    /// each thing a user would want to know: a download, the device that was taken and why.
    ///
    /// The library is looked for in `$STORYEVAL_ORT`, `$ORT_DYLIB_PATH`, the Python environment that the program is
    /// installed in, the cache, the `onnxruntime` of the user's Python (`$STORYEVAL_PYTHON`, `python3`, `python`), and is
    /// otherwise fetched with that Python's pip. Where CUDA is wanted, an `onnxruntime-gpu` comes first.
    ///
    /// # Errors
    /// [`InferenceError::NoLibrary`] with everything that was tried, [`InferenceError::ChosenLibrary`]
    /// where the user named one that does not serve, [`InferenceError::Device`] where the device that
    /// was asked for does not work, and what the loader says.
    pub fn open(
        options: &RuntimeOptions,
        talk: &mut dyn FnMut(&str),
    ) -> Result<Self, InferenceError> {
        let variable = |name: &str| std::env::var_os(name);
        let cuda = match options.device {
            DeviceRequest::Cpu => false,
            DeviceRequest::Cuda(_) => true,
            DeviceRequest::Auto => device::driver_present(),
        };
        let sites = std::env::current_exe()
            .map(|program| environment::sites(&program))
            .unwrap_or_default();
        let around = Surroundings {
            variable: &variable,
            sites: &sites,
            run: &python::run,
            version: &native::version,
            wheel: pinned::wheel(),
            cache: &options.cache,
            offline: options.offline,
            cuda,
        };
        let loaded = load(find(&around, talk)?)?;
        let device = device::choose(&loaded.environment, &loaded.library, options.device, talk)?;
        let gpu = match device {
            Device::Cpu => None,
            Device::Cuda(_) => gpu::describe(&python::run),
        };
        let threads = options.threads.unwrap_or_else(|| {
            std::thread::available_parallelism().map_or(1, std::num::NonZero::get)
        });
        Ok(Self {
            loaded,
            device,
            gpu,
            threads: threads.max(1),
        })
    }

    /// The device graphs run on.
    #[must_use]
    pub fn device(&self) -> Device {
        self.device
    }

    /// Name and driver of the machine's GPU, for example `NVIDIA H100 80GB HBM3, 580.159.04`. `None` on the CPU,
    /// and where NVIDIA's tool cannot be asked.
    #[must_use]
    pub fn gpu(&self) -> Option<&str> {
        self.gpu.as_deref()
    }

    /// What the last float bits depend on besides weights and images, on one line: version of the library and kind of
    /// device, with the GPU's name and driver or the number of threads. Numbers that were computed under another
    /// one must not be mixed with new ones.
    #[must_use]
    pub fn arithmetic(&self) -> String {
        arithmetic(self.version(), self.device, self.gpu(), self.threads)
    }

    /// The library in use.
    #[must_use]
    pub fn library(&self) -> &Path {
        &self.loaded.library.path
    }

    /// How the library was found.
    #[must_use]
    pub fn origin(&self) -> &Origin {
        &self.loaded.library.origin
    }

    /// What the library says of its version, for example `1.32.0`.
    #[must_use]
    pub fn version(&self) -> &str {
        &self.loaded.library.version
    }

    /// CPU threads of one graph, at least 1.
    #[must_use]
    pub fn threads(&self) -> usize {
        self.threads
    }

    /// Loads a graph from an ONNX file and checks that it has the inputs and outputs of `signature`:
    /// names, element types, ranks and the dimensions that are fixed on both sides.
    ///
    /// # Errors
    /// [`InferenceError::Graph`] for a file that is absent or no ONNX graph, and
    /// [`InferenceError::Signature`].
    pub fn load(&self, path: &Path, signature: &GraphSignature) -> Result<Graph, InferenceError> {
        self.open_graph(path, signature, |builder| builder.commit_from_file(path))
    }

    /// Loads a graph that is part of the program; `bytes` are those of an ONNX file.
    ///
    /// # Errors
    /// As for [`Runtime::load`].
    pub fn load_bytes(
        &self,
        bytes: &[u8],
        signature: &GraphSignature,
    ) -> Result<Graph, InferenceError> {
        let path = Path::new(signature.name);
        self.open_graph(path, signature, |builder| builder.commit_from_memory(bytes))
    }

    /// A graph from wherever `commit` takes it; `path` is for messages.
    fn open_graph(
        &self,
        path: &Path,
        signature: &GraphSignature,
        commit: impl FnOnce(&mut SessionBuilder) -> Result<Session, ort::Error>,
    ) -> Result<Graph, InferenceError> {
        let session = self
            .builder()
            .and_then(|mut builder| commit(&mut builder))
            .map_err(|source| InferenceError::Graph {
                graph: signature.name,
                path: path.to_owned(),
                source,
            })?;
        let memory = Memory::new(self.device, &self.loaded.memory_was_short);
        Graph::new(session, memory, path, signature)
    }

    /// Whether arrays are to stay on the device between calls: where the device has memory of its own, unless
    /// `STORYEVAL_RESIDENT` is `0`; also on the CPU where it is `1`, which tests the same lines.
    #[must_use]
    pub fn is_resident(&self) -> bool {
        match std::env::var("STORYEVAL_RESIDENT").as_deref() {
            Ok("0") => false,
            Ok("1") => true,
            _ => matches!(self.device, Device::Cuda(_)),
        }
    }

    /// A session builder with this runtime's device and threads. Spinning is off: worker threads that
    /// wait actively take the cores from decoding and from other shards. On a 2-core machine with other
    /// work, a stack of convolutions took twice as long with 2 spinning threads as with 2 waiting ones.
    fn builder(&self) -> Result<SessionBuilder, ort::Error> {
        let builder = Session::builder(&self.loaded.environment)?
            .with_intra_threads(self.threads)?
            .with_inter_threads(1)?
            .with_intra_op_spinning(false)?
            .with_deterministic_compute(true)?;
        Ok(match self.device {
            // On a CPU half-precision graphs get casts around every node, and behind this fusion a cast that has no
            // definition yet crashes release 1.32 (microsoft/onnxruntime issue 28392). Every graph in
            // reference-data/bundles gives the same bits, as fast, without it.
            Device::Cpu => builder.with_config_entry(
                "optimization.disable_specified_optimizers",
                "MatmulTransposeFusion",
            )?,
            Device::Cuda(index) => builder.with_execution_providers([device::cuda(index)])?,
        })
    }

    #[cfg(test)]
    pub(crate) fn environment(&self) -> &'static Environment {
        &self.loaded.environment
    }
}

fn arithmetic(version: &str, device: Device, gpu: Option<&str>, threads: usize) -> String {
    let on = match device {
        Device::Cpu => format!("{threads} threads"),
        Device::Cuda(_) => gpu.unwrap_or("unknown GPU").to_owned(),
    };
    format!("onnxruntime {version}, {}, {on}", device.kind())
}

fn load(library: Library) -> Result<&'static Loaded, InferenceError> {
    // A thread that panicked while it loaded has left nothing half done: LOADED is set last.
    let _guard = LOADING.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(loaded) = LOADED.get() {
        return same(loaded, &library).map(|()| loaded);
    }
    let builder = ort::init_from(&library.path).map_err(|source| InferenceError::Load {
        path: library.path.clone(),
        source,
    })?;
    let environment = builder
        .with_name("storyeval")
        .with_telemetry(false)
        .build()
        .map_err(|source| InferenceError::Start {
            path: library.path.clone(),
            source,
        })?;
    // Errors come back as values and are printed once, with path and hint. `ORT_LOG` is ort's own switch.
    if std::env::var_os("ORT_LOG").is_none() {
        environment.set_log_level(ort::logging::LogLevel::Fatal);
    }
    Ok(LOADED.get_or_init(|| Loaded {
        library,
        environment,
        memory_was_short: AtomicBool::new(false),
    }))
}

/// Two copies of the pinned release are one library.
fn same(loaded: &Loaded, wanted: &Library) -> Result<(), InferenceError> {
    let both_pinned = loaded.library.is_pinned() && wanted.is_pinned();
    if both_pinned || loaded.library.path == wanted.path {
        return Ok(());
    }
    Err(InferenceError::OtherLibraryLoaded {
        loaded: loaded.library.path.clone(),
        wanted: wanted.path.clone(),
    })
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use crate::inference::default_cache;
    use crate::record::{FaultKind, Hint as _};

    fn options(device: DeviceRequest) -> RuntimeOptions {
        RuntimeOptions {
            device,
            threads: Some(1),
            offline: false,
            cache: default_cache(),
        }
    }

    /// The real runtime, obtained the way a user obtains it.
    pub(crate) fn runtime() -> Runtime {
        Runtime::open(&options(DeviceRequest::Cpu), &mut |_| {}).unwrap()
    }

    #[test]
    fn a_second_runtime_shares_the_library() {
        let (first, second) = (runtime(), runtime());
        assert_eq!(first.library(), second.library());
        assert!(first.version().starts_with("1."));
        assert_eq!(first.device(), Device::Cpu);
        assert_eq!(first.threads(), 1);
    }

    #[test]
    fn what_bits_depend_on_tells_devices_libraries_and_threads_apart() {
        let gpu = Some("NVIDIA H200, 580.159.04");
        let cpu = arithmetic("1.32.0", Device::Cpu, None, 2);
        let cuda = arithmetic("1.32.0", Device::Cuda(0), gpu, 2);
        assert_eq!(cpu, "onnxruntime 1.32.0, cpu, 2 threads");
        assert_eq!(cuda, "onnxruntime 1.32.0, cuda, NVIDIA H200, 580.159.04");
        assert_ne!(cpu, arithmetic("1.29.0", Device::Cpu, None, 2));
        assert_ne!(cpu, arithmetic("1.32.0", Device::Cpu, None, 3));
        // On a GPU the threads do nothing but size tensors.
        assert_eq!(cuda, arithmetic("1.32.0", Device::Cuda(1), gpu, 3));
    }

    #[test]
    fn auto_says_what_it_took_and_why() {
        let mut lines = Vec::new();
        let auto = Runtime::open(&options(DeviceRequest::Auto), &mut |line| {
            lines.push(line.to_owned());
        });
        let device = auto.unwrap().device();
        let last = lines.last().unwrap();
        assert!(
            last.starts_with(&format!("device: {device} (auto; ")),
            "{last}"
        );
    }

    #[test]
    fn cuda_fails_clearly_where_there_is_none() {
        if device::driver_present() {
            return;
        }
        let error = Runtime::open(&options(DeviceRequest::Cuda(0)), &mut |_| {}).unwrap_err();
        assert!(matches!(error, InferenceError::Device { .. }), "{error}");
        assert_eq!(error.fault_kind(), FaultKind::Setup);
        assert!(
            error
                .to_string()
                .starts_with("device cuda:0 cannot be used with ONNX Runtime 1.")
        );
        let reason = std::error::Error::source(&error).unwrap().to_string();
        assert!(reason.to_lowercase().contains("cuda"), "{reason}");
        let hint = error.hint().unwrap();
        assert!(
            hint.contains("onnxruntime-gpu") && hint.contains("--device cpu"),
            "{hint}"
        );
    }

    #[test]
    fn another_library_in_the_same_process_is_refused() {
        let runtime = runtime();
        let other = Library {
            path: "/other".into(),
            origin: Origin::Variable("STORYEVAL_ORT"),
            ..runtime.loaded.library.clone()
        };
        let error = load(other).unwrap_err();
        assert!(matches!(error, InferenceError::OtherLibraryLoaded { .. }));
        let mut copy = runtime.loaded.library.clone();
        if copy.is_pinned() {
            copy.path = "/copy".into();
            assert!(load(copy).is_ok());
        }
    }
}
