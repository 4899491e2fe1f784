//! Hints at failures of a device.

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
