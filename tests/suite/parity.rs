//! Every graph of the mini bundles gives what PyTorch gave before the export.
//!
//! The values are in `reference-data/golden/parity/`, written by `tools/storyeval_train` with the bundles.

use crate::support::{bundles, cache};
use ndarray::{ArrayD, IxDyn};
use serde_json::Value;
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use storyeval::inference::{DeviceRequest, GraphSignature, Input, Port, Runtime, RuntimeOptions};

enum Given {
    F32(ArrayD<f32>),
    I64(ArrayD<i64>),
}

fn shape(value: &Value) -> Vec<usize> {
    value
        .as_array()
        .unwrap()
        .iter()
        .map(|side| side.as_u64().unwrap() as usize)
        .collect()
}

fn given(input: &Value) -> Given {
    let data = input["data"].as_array().unwrap();
    let shape = IxDyn(&shape(&input["shape"]));
    match input["dtype"].as_str().unwrap() {
        "float32" => {
            let data = data
                .iter()
                .map(|number| number.as_f64().unwrap() as f32)
                .collect();
            Given::F32(ArrayD::from_shape_vec(shape, data).unwrap())
        }
        "int64" => {
            let data = data.iter().map(|number| number.as_i64().unwrap()).collect();
            Given::I64(ArrayD::from_shape_vec(shape, data).unwrap())
        }
        other => panic!("dtype {other}"),
    }
}

/// Every graph of every shipped bundle; file names are unique among them.
fn graph_files() -> Vec<PathBuf> {
    let folders = std::fs::read_dir(bundles()).unwrap();
    let files = folders.flat_map(|folder| std::fs::read_dir(folder.unwrap().path()).unwrap());
    files
        .map(|file| file.unwrap().path())
        .filter(|path| path.extension().is_some_and(|end| end == "onnx"))
        .collect()
}

/// The shape, and the first numbers relative to the largest one (or 1).
fn compare(place: &str, output: &Value, tolerance: f64, found: &ArrayD<f32>) {
    assert_eq!(found.shape(), shape(&output["shape"]), "{place}");
    let expected: Vec<f64> = output["first"]
        .as_array()
        .unwrap()
        .iter()
        .map(|number| number.as_f64().unwrap())
        .collect();
    let scale = expected
        .iter()
        .fold(1.0_f64, |scale, value| scale.max(value.abs()));
    for (index, (expected, found)) in expected.iter().zip(found.iter()).enumerate() {
        let difference = (expected - f64::from(*found)).abs();
        assert!(
            difference <= tolerance * scale,
            "{place}[{index}]: {found} instead of {expected}"
        );
    }
}

#[test]
fn every_graph_gives_what_pytorch_gave() {
    let options = RuntimeOptions {
        device: DeviceRequest::Cpu,
        threads: None,
        offline: false,
        cache: cache(),
    };
    let runtime = Runtime::open(&options, &mut |_| {}).unwrap();
    let golden = Path::new(env!("CARGO_MANIFEST_DIR")).join("reference-data/golden/parity");
    let bundle_files = graph_files();
    let mut seen = BTreeSet::new();
    for entry in std::fs::read_dir(golden).unwrap() {
        let path = entry.unwrap().path();
        let case: Value = serde_json::from_str(&std::fs::read_to_string(&path).unwrap()).unwrap();
        let file = case["graph"].as_str().unwrap();
        let graph = bundle_files
            .iter()
            .find(|path| path.ends_with(file))
            .unwrap_or_else(|| panic!("{file} is in no bundle"));
        seen.insert(graph.clone());

        let inputs = case["inputs"].as_array().unwrap();
        let names: Vec<&str> = inputs
            .iter()
            .map(|input| input["name"].as_str().unwrap())
            .collect();
        let values: Vec<Given> = inputs.iter().map(given).collect();
        let ports = names.iter().zip(&values).map(|(name, value)| match value {
            Given::F32(array) => Port::f32(*name, vec![None; array.ndim()]),
            Given::I64(array) => Port::i64(*name, vec![None; array.ndim()]),
        });
        // One output is written alone, several as a list.
        let outputs: Vec<&Value> = match case["outputs"].as_array() {
            Some(several) => several.iter().collect(),
            None => vec![&case["output"]],
        };
        let signature = GraphSignature {
            name: "parity",
            inputs: ports.collect(),
            outputs: outputs
                .iter()
                .map(|output| {
                    let rank = output["shape"].as_array().unwrap().len();
                    Port::f32(output["name"].as_str().unwrap(), vec![None; rank])
                })
                .collect(),
        };
        let mut graph = runtime.load(graph, &signature).unwrap();
        let fed: Vec<(&str, Input<'_>)> = names
            .iter()
            .zip(&values)
            .map(|(name, value)| match value {
                Given::F32(array) => (*name, Input::F32(array.view())),
                Given::I64(array) => (*name, Input::I64(array.view())),
            })
            .collect();
        for (output, found) in outputs.iter().zip(graph.run(&fed).unwrap()) {
            let place = format!("{} {}", path.display(), output["name"]);
            compare(&place, output, case["tolerance"].as_f64().unwrap(), &found);
        }
    }
    let missing: Vec<&PathBuf> = bundle_files.iter().filter(|f| !seen.contains(*f)).collect();
    assert!(missing.is_empty(), "no case for {missing:?}");
}
