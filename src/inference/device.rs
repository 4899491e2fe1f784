//! Which device graphs run on, and the proof that it works.
//!
//! ONNX Runtime says that CUDA "is available" when it was merely compiled in, and by default falls
//! back to the CPU without a word when its libraries are missing. So CUDA counts as working only after
//! a small convolution and a matrix product have been run on it, with fallback switched off.

use std::fmt;
use std::path::{Path, PathBuf};
use std::str::FromStr;

use ndarray::ArrayView4;
use ort::environment::Environment;
use ort::ep::{CUDA, ExecutionProviderDispatch};
use ort::session::Session;
use ort::value::TensorRef;
use serde::{Deserialize, Serialize};

use super::InferenceError;
use super::library::Library;

/// What the user asks for: `auto`, `cpu`, `cuda` or `cuda:N`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub enum DeviceRequest {
    /// CUDA device 0 when it works, else the CPU.
    #[default]
    Auto,
    /// The CPU.
    Cpu,
    /// This CUDA device or an error.
    Cuda(u32),
}

/// The device that graphs run on. Part of a run's manifest: float bits differ between devices.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub enum Device {
    /// The CPU.
    Cpu,
    /// A CUDA device, by index.
    Cuda(u32),
}

/// A text that names no device.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is not a device, expected auto, cpu, cuda or cuda:N")]
pub struct DeviceParseError(String);

impl FromStr for DeviceRequest {
    type Err = DeviceParseError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text {
            "auto" => Ok(Self::Auto),
            "cpu" => Ok(Self::Cpu),
            "cuda" => Ok(Self::Cuda(0)),
            _ => {
                let index = text.strip_prefix("cuda:").and_then(|it| it.parse().ok());
                // The runtime takes the index as a signed 32-bit number.
                let index = index.filter(|it| i32::try_from(*it).is_ok());
                index
                    .map(Self::Cuda)
                    .ok_or_else(|| DeviceParseError(text.to_owned()))
            }
        }
    }
}

impl FromStr for Device {
    type Err = DeviceParseError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text.parse()? {
            DeviceRequest::Cpu => Ok(Self::Cpu),
            DeviceRequest::Cuda(index) => Ok(Self::Cuda(index)),
            DeviceRequest::Auto => Err(DeviceParseError(text.to_owned())),
        }
    }
}

impl fmt::Display for DeviceRequest {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Auto => formatter.write_str("auto"),
            Self::Cpu => formatter.write_str("cpu"),
            Self::Cuda(index) => write!(formatter, "cuda:{index}"),
        }
    }
}

impl fmt::Display for Device {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Cpu => formatter.write_str("cpu"),
            Self::Cuda(index) => write!(formatter, "cuda:{index}"),
        }
    }
}

impl Device {
    /// `cpu` or `cuda`: what a run's identity says of its device.
    #[must_use]
    pub fn kind(self) -> &'static str {
        match self {
            Self::Cpu => "cpu",
            Self::Cuda(_) => "cuda",
        }
    }
}

macro_rules! as_text {
    ($type:ident) => {
        impl TryFrom<String> for $type {
            type Error = DeviceParseError;

            fn try_from(text: String) -> Result<Self, Self::Error> {
                text.parse()
            }
        }

        impl From<$type> for String {
            fn from(device: $type) -> Self {
                device.to_string()
            }
        }
    };
}
as_text!(DeviceRequest);
as_text!(Device);

/// Whether an NVIDIA driver is loaded, so that `auto` looks for a runtime with CUDA at all.
pub(crate) fn driver_present() -> bool {
    let windows = std::env::var_os("SystemRoot")
        .map(|root| PathBuf::from(root).join("System32").join("nvcuda.dll"));
    // The second is the device of WSL, where the Linux one does not exist.
    let linux = ["/dev/nvidiactl", "/dev/dxg"].map(PathBuf::from);
    windows.into_iter().chain(linux).any(|path| path.exists())
}

/// The provider for a CUDA device. TF32 is off: it would round every product to 10 bits of mantissa.
pub(crate) fn cuda(index: u32) -> ExecutionProviderDispatch {
    CUDA::default()
        .with_device_id(index as i32)
        .with_tf32(false)
        .build()
        .error_on_failure()
}

/// Settles on a device, and says which and why.
pub(crate) fn choose(
    environment: &Environment,
    library: &Library,
    request: DeviceRequest,
    talk: &mut dyn FnMut(&str),
) -> Result<Device, InferenceError> {
    let device = match request {
        DeviceRequest::Cpu => Device::Cpu,
        DeviceRequest::Cuda(index) => {
            prove(environment, library, request, index)?;
            Device::Cuda(index)
        }
        DeviceRequest::Auto => match prove(environment, library, DeviceRequest::Cuda(0), 0) {
            Ok(()) => Device::Cuda(0),
            Err(error) => {
                talk(&format!(
                    "device: cpu (auto; CUDA is not used: {})",
                    reason(&error)
                ));
                return Ok(Device::Cpu);
            }
        },
    };
    talk(&format!(
        "device: {device} ({})",
        match request {
            DeviceRequest::Auto => "auto; a test graph ran on it",
            _ => "as asked",
        }
    ));
    Ok(device)
}

/// The runtime's own words on one line; the program's for anything else.
fn reason(error: &InferenceError) -> String {
    let text = match error {
        InferenceError::Device { source, .. } => source.to_string(),
        other => other.to_string(),
    };
    essence(&text)
}

/// What went wrong, without what the runtime puts around it: its source files, functions and status codes before,
/// and after a failure of CUDA the place in its code.
fn essence(text: &str) -> String {
    let line = text.lines().next().unwrap_or_default();
    let nvidia = ["CUDA failure ", "CUBLAS failure ", "CUDNN failure "];
    let line = match nvidia.iter().find_map(|it| line.rfind(it)) {
        Some(start) => line[start..].split(" ; ").next().unwrap_or_default(),
        None => [" : FAIL : ", " : NOT_IMPLEMENTED : ", " : EP_FAIL : "]
            .iter()
            .find_map(|it| line.rsplit_once(it))
            .map_or(line, |(_, after)| after),
    };
    let line = line.trim().trim_end_matches('.');
    line.chars().take(300).collect()
}

/// `[1, 1, 2, 2] -> [1, 1, 1, 1]`: a convolution with ones, then a product with 2. Both need their own
/// CUDA library (cuDNN and cuBLAS). Made by `tools/golden/tiny_onnx.py`.
const PROBE: &[u8] = include_bytes!("probe.onnx");

fn prove(
    environment: &Environment,
    library: &Library,
    request: DeviceRequest,
    index: u32,
) -> Result<(), InferenceError> {
    preload(&library.nvidia);
    let found = probe(environment, index).map_err(|source| InferenceError::Device {
        request,
        library: library.path.clone(),
        version: library.version.clone(),
        source,
    })?;
    let expected = 20.0;
    if (found - expected).abs() < 1e-3 {
        return Ok(());
    }
    Err(InferenceError::DeviceWrong {
        request,
        expected,
        found,
    })
}

fn probe(environment: &Environment, index: u32) -> Result<f32, ort::Error> {
    let mut session = Session::builder(environment)?
        .with_execution_providers([cuda(index)])?
        .with_disable_cpu_fallback()?
        .commit_from_memory(PROBE)?;
    run_probe(&mut session)
}

fn run_probe(session: &mut Session) -> Result<f32, ort::Error> {
    let data = [1.0_f32, 2.0, 3.0, 4.0];
    let input = ArrayView4::from_shape((1, 1, 2, 2), &data).map_err(ort::Error::wrap)?;
    let outputs = session.run(ort::inputs![TensorRef::from_array_view(input)?])?;
    let (_, values) = outputs[0].try_extract_tensor::<f32>()?;
    Ok(values.first().copied().unwrap_or(f32::NAN))
}

/// Libraries of the CUDA provider in an order in which each finds those it needs. The version is left
/// open, so that CUDA 12 and 13 both serve.
const CUDA_LIBRARIES: [&str; 14] = [
    "libcudart",
    "libnvJitLink",
    "libcublasLt",
    "libcublas",
    "libnvrtc",
    "libcurand",
    "libcufft",
    "libcudnn_graph",
    "libcudnn_ops",
    "libcudnn_heuristic",
    "libcudnn_adv",
    "libcudnn_cnn",
    "libcudnn_engines_precompiled",
    "libcudnn",
];

/// Loads NVIDIA's wheels' libraries, so that the CUDA provider finds them without `LD_LIBRARY_PATH`.
/// What fails to load is left: if it was needed, registering the provider says so.
fn preload(folders: &[PathBuf]) {
    for name in CUDA_LIBRARIES {
        for folder in folders {
            for path in versions(folder, name) {
                let _ = ort::util::preload_dylib(&path);
            }
        }
    }
}

/// Files called `<name>.so.<digits>` in a folder, sorted.
fn versions(folder: &Path, name: &str) -> Vec<PathBuf> {
    let Ok(entries) = std::fs::read_dir(folder) else {
        return Vec::new();
    };
    let wanted = |path: &PathBuf| {
        let file = path
            .file_name()
            .and_then(|it| it.to_str())
            .unwrap_or_default();
        file.strip_prefix(name)
            .and_then(|rest| rest.strip_prefix(".so."))
            .is_some_and(|version| version.starts_with(|it: char| it.is_ascii_digit()))
    };
    let mut found: Vec<PathBuf> = entries
        .filter_map(|entry| Some(entry.ok()?.path()))
        .filter(wanted)
        .collect();
    found.sort();
    found
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::inference::runtime::tests::runtime;

    #[test]
    fn devices_are_read_as_they_are_written() {
        for text in ["auto", "cpu", "cuda:0", "cuda:3"] {
            let request: DeviceRequest = text.parse().unwrap();
            assert_eq!(request.to_string(), text);
        }
        assert_eq!("cuda".parse(), Ok(DeviceRequest::Cuda(0)));
        for text in ["", "gpu", "CPU", "cuda:", "cuda:-1", "cuda:4294967295"] {
            assert!(text.parse::<DeviceRequest>().is_err(), "{text}");
        }
        assert!("auto".parse::<Device>().is_err());
        assert_eq!(
            ["cpu", "cuda:3"].map(|it| it.parse::<Device>().unwrap().kind()),
            ["cpu", "cuda"]
        );
        let json = serde_json::to_string(&Device::Cuda(1)).unwrap();
        assert_eq!(json, "\"cuda:1\"");
        assert_eq!(
            serde_json::from_str::<Device>(&json).unwrap(),
            Device::Cuda(1)
        );
    }

    /// The texts are ONNX Runtime 1.29.0's own, from machines with and without a GPU; template arguments are left out.
    #[test]
    fn reasons_are_the_last_words_of_the_runtime() {
        let memory = "/onnxruntime_src/cuda_call.cc:154 onnxruntime::CudaCall(...) /onnxruntime_src/cuda_call.cc:146 \
            onnxruntime::CudaCall(...) CUDA failure 2: out of memory ; GPU=0 ; hostname=vm ; file=a.cc ; line=345 ; \
            expr=cudaSetDevice(info_.device_id); \n\n";
        assert_eq!(essence(memory), "CUDA failure 2: out of memory");
        let absent = "/onnxruntime_src/provider_bridge_ort.cc:1988 onnxruntime::ProviderLibrary::Get() \
            [ONNXRuntimeError] : 1 : FAIL : Failed to load library with error: libcublasLt.so.13: cannot open";
        assert_eq!(
            essence(absent),
            "Failed to load library with error: libcublasLt.so.13: cannot open"
        );
        let cudnn = "Non-zero status code returned while running Conv node. Status Message: cuda_kernel.h:272 \
            [ONNXRuntimeError] : 9 : NOT_IMPLEMENTED : cuDNN is unavailable";
        assert_eq!(essence(cudnn), "cuDNN is unavailable");
        let build = "CUDA execution provider is not enabled in this build. ";
        assert_eq!(
            essence(build),
            "CUDA execution provider is not enabled in this build"
        );
        assert_eq!(essence(""), "");
    }

    #[test]
    fn only_versioned_libraries_are_preloaded() {
        let folder = tempfile::tempdir().unwrap();
        for name in [
            "libcublas.so.13",
            "libcublasLt.so.13",
            "libcublas.so",
            "libcublas.so.12.1",
            "libcublas.a",
        ] {
            std::fs::write(folder.path().join(name), b"").unwrap();
        }
        let names: Vec<_> = versions(folder.path(), "libcublas")
            .iter()
            .map(|it| it.file_name().unwrap().to_owned())
            .collect();
        assert_eq!(names, ["libcublas.so.12.1", "libcublas.so.13"]);
        preload(&[folder.path().to_owned(), "absent".into()]);
    }

    #[test]
    fn the_test_graph_gives_the_expected_number() {
        let runtime = runtime();
        let mut session = Session::builder(runtime.environment())
            .unwrap()
            .commit_from_memory(PROBE)
            .unwrap();
        assert!((run_probe(&mut session).unwrap() - 20.0).abs() < f32::EPSILON);
    }
}
