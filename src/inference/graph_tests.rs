use super::*;
use crate::inference::runtime::tests::runtime;
use crate::record::{FaultKind, Hint as _};
use ndarray::{Array2, Array3, arr2};
use std::error::Error as _;

fn golden(file: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("reference-data/golden/onnx")
        .join(file)
}

fn pair() -> GraphSignature {
    GraphSignature {
        name: "pair",
        inputs: vec![
            Port::f32("a", [None, Some(3)]),
            Port::f32("b", [None, Some(3)]),
        ],
        outputs: vec![
            Port::f32("product", [None, Some(3)]),
            Port::f32("sum", [None, None]),
        ],
    }
}

fn load(file: &str, signature: &GraphSignature) -> Result<Graph, InferenceError> {
    runtime().load(&golden(file), signature)
}

fn fault(file: &str, signature: &GraphSignature) -> String {
    let error = load(file, signature).unwrap_err();
    assert_eq!(error.fault_kind(), FaultKind::Setup);
    assert!(error.hint().is_some());
    let start = format!(
        "graph {} at {} does not fit its signature: ",
        signature.name,
        golden(file).display()
    );
    let text = error.to_string();
    text.strip_prefix(&start)
        .unwrap_or_else(|| panic!("{text}"))
        .to_owned()
}

#[test]
fn a_pass_that_memory_is_too_short_for_is_told_and_smaller_ones_go_on() {
    let signature = GraphSignature {
        name: "ones",
        inputs: vec![Port::i64("sides", [None])],
        outputs: vec![Port::f32("sum", [])],
    };
    let mut graph = load("ones.onnx", &signature).unwrap();
    let mut sum = |sides: &[i64]| {
        let sides = ndarray::ArrayView1::from(sides).into_dyn();
        let outputs = graph.run(&[("sides", Input::I64(sides))])?;
        Ok::<_, InferenceError>(outputs[0].first().copied())
    };
    assert_eq!(sum(&[2, 3]).unwrap(), Some(6.0));
    // More than an address of 47 bits can name.
    let error = sum(&[1 << 24, 1 << 24]).unwrap_err();
    assert!(error.is_memory_short(), "{error:?}");
    assert!(error.hint().unwrap().contains("--batch"));
    // From here on memory is given back after every pass, by this graph and by others.
    for side in [4, 1 << 20, 3] {
        assert_eq!(sum(&[side]).unwrap(), Some(side as f32));
    }
    let mut pair = load("pair.onnx", &pair()).unwrap();
    let a = arr2(&[[1.0_f32, 2.0, 3.0]]);
    let feed = ["a", "b"].map(|name| (name, Input::F32(a.view().into_dyn())));
    assert_eq!(
        pair.run(&feed).unwrap()[1],
        arr2(&[[2.0_f32, 4.0, 6.0]]).into_dyn()
    );
}

#[test]
fn outputs_come_in_the_order_of_the_signature() {
    let mut graph = load("pair.onnx", &pair()).unwrap();
    assert_eq!(
        (graph.name(), graph.path()),
        ("pair", golden("pair.onnx").as_path())
    );
    let (a, b) = (
        arr2(&[[1.0_f32, 2.0, 3.0], [4.0, 5.0, 6.0]]),
        arr2(&[[10.0_f32, 10.0, 10.0], [2.0, 2.0, 2.0]]),
    );
    let feed = [
        ("b", Input::F32(b.view().into_dyn())),
        ("a", Input::F32(a.view().into_dyn())),
    ];
    let outputs = graph.run(&feed).unwrap();
    assert_eq!(outputs[0], (&a * &b).into_dyn());
    assert_eq!(outputs[1], (&a + &b).into_dyn());
    assert_eq!(graph.run(&feed).unwrap(), outputs);
}

#[test]
fn views_that_are_not_row_major_and_empty_batches_are_fed_right() {
    let mut graph = load("pair.onnx", &pair()).unwrap();
    let turned = Array2::from_shape_fn((3, 2), |(row, column)| (10 * row + column) as f32);
    let ones = Array2::ones((2, 3));
    let feed = [
        ("a", Input::F32(turned.t().into_dyn())),
        ("b", Input::F32(ones.view().into_dyn())),
    ];
    assert_eq!(
        graph.run(&feed).unwrap()[0],
        turned.t().to_owned().into_dyn()
    );
    let none = Array2::<f32>::zeros((0, 3));
    let feed = [
        ("a", Input::F32(none.view().into_dyn())),
        ("b", Input::F32(none.view().into_dyn())),
    ];
    assert_eq!(graph.run(&feed).unwrap()[0].shape(), [0, 3]);
}

#[test]
fn integers_are_fed_as_integers() {
    let signature = GraphSignature {
        name: "lookup",
        inputs: vec![Port::i64("ids", [None, None])],
        outputs: vec![Port::f32("rows", [None, None, Some(2)])],
    };
    let mut graph = load("lookup.onnx", &signature).unwrap();
    let ids = arr2(&[[3_i64, 0]]);
    let rows = graph
        .run(&[("ids", Input::I64(ids.view().into_dyn()))])
        .unwrap();
    assert_eq!(rows[0].as_slice().unwrap(), [6.0, 7.0, 0.0, 1.0]);
    // The runtime's own error keeps graph and path.
    let ids = arr2(&[[4_i64]]);
    let error = graph
        .run(&[("ids", Input::I64(ids.view().into_dyn()))])
        .unwrap_err();
    assert!(
        matches!(&error, InferenceError::Run { graph: "lookup", path, .. } if path.ends_with("lookup.onnx"))
    );
    assert!(
        error.source().unwrap().to_string().contains("indices"),
        "{:?}",
        error.source()
    );
}

#[test]
fn half_precision_inside_runs_on_a_cpu() {
    let signature = GraphSignature {
        name: "half_inside",
        inputs: vec![Port::f32("x", [None, None, Some(2)])],
        outputs: vec![Port::f32("y", [None, None, Some(2)])],
    };
    let mut graph = load("half_inside.onnx", &signature).unwrap();
    let x = Array3::from_shape_fn((1, 2, 2), |(_, row, column)| (2 * row + column) as f32);
    let y = graph
        .run(&[("x", Input::F32(x.view().into_dyn()))])
        .unwrap();
    assert_eq!(y[0].shape(), [2, 1, 2]);
    assert_eq!(y[0].as_slice().unwrap(), [0.0, 2.0, 4.0, 6.0]);
}

#[test]
fn external_data_is_found_beside_the_graph() {
    let signature = GraphSignature {
        name: "external",
        inputs: vec![Port::f32("x", [None, Some(8)])],
        outputs: vec![Port::f32("y", [None, Some(8)])],
    };
    let mut graph = load("external.onnx", &signature).unwrap();
    let x = Array2::from_shape_fn((1, 8), |(_, column)| column as f32);
    let y = graph
        .run(&[("x", Input::F32(x.view().into_dyn()))])
        .unwrap();
    assert_eq!(
        y[0].as_slice().unwrap(),
        [3.5, 3.0, 2.5, 2.0, 1.5, 1.0, 0.5, 0.0]
    );
    // Without its data the graph does not load.
    let folder = tempfile::tempdir().unwrap();
    let alone = folder.path().join("external.onnx");
    std::fs::copy(golden("external.onnx"), &alone).unwrap();
    let error = runtime().load(&alone, &signature).unwrap_err();
    assert!(
        matches!(
            error,
            InferenceError::Graph {
                graph: "external",
                ..
            }
        ),
        "{error}"
    );
}

#[test]
fn signatures_that_do_not_fit_say_what_was_expected_and_found() {
    let mut signature = pair();
    signature.inputs[1].name = "c".to_owned();
    assert_eq!(
        fault("pair.onnx", &signature),
        "input \"c\" is missing, found a, b"
    );
    let mut signature = pair();
    signature.outputs[0].name = "quotient".to_owned();
    assert_eq!(
        fault("pair.onnx", &signature),
        "output \"quotient\" is missing, found sum, product"
    );
    let mut signature = pair();
    signature.inputs.pop();
    assert_eq!(
        fault("pair.onnx", &signature),
        "input \"b\" is not expected, expected a"
    );
    let mut signature = pair();
    signature.inputs[0].kind = Element::I64;
    assert_eq!(
        fault("pair.onnx", &signature),
        "input \"a\" holds f32, expected i64"
    );
    let mut signature = pair();
    signature.inputs[0].shape = vec![None, Some(4)];
    assert_eq!(
        fault("pair.onnx", &signature),
        "input \"a\" has shape [?, 3], expected [?, 4]"
    );
    let mut signature = pair();
    signature.outputs[1].shape = vec![None];
    assert_eq!(
        fault("pair.onnx", &signature),
        "output \"sum\" has shape [?, 3], expected [?]"
    );
    let half = GraphSignature {
        name: "half",
        inputs: vec![Port::f32("x", [None, Some(2)])],
        outputs: vec![Port::f32("y", [None, Some(2)])],
    };
    assert_eq!(
        fault("half.onnx", &half),
        "input \"x\" holds f16, expected f32"
    );
}

#[test]
fn tensors_that_do_not_fit_are_refused_before_the_runtime_sees_them() {
    let mut graph = load("pair.onnx", &pair()).unwrap();
    let (good, bad, whole) = (
        Array2::<f32>::zeros((2, 3)),
        Array2::<f32>::zeros((2, 4)),
        Array2::<i64>::zeros((2, 3)),
    );
    let good = || Input::F32(good.view().into_dyn());
    let mut fault = |feed: &[(&str, Input<'_>)]| match graph.run(feed) {
        Err(InferenceError::Tensors {
            graph: "pair",
            fault,
            ..
        }) => fault.to_string(),
        other => panic!("{other:?}"),
    };
    assert_eq!(fault(&[("a", good())]), "input \"b\" is missing, found a");
    assert_eq!(
        fault(&[("a", good()), ("a", good())]),
        "input \"a\" is given twice"
    );
    assert_eq!(
        fault(&[("a", good()), ("b", good()), ("c", good())]),
        "input \"c\" is not expected, expected a, b"
    );
    assert_eq!(
        fault(&[("a", good()), ("b", Input::I64(whole.view().into_dyn()))]),
        "input \"b\" holds i64, expected f32"
    );
    assert_eq!(
        fault(&[("a", good()), ("b", Input::F32(bad.view().into_dyn()))]),
        "input \"b\" has shape [2, 4], expected [?, 3]"
    );
}

#[test]
fn a_size_that_the_file_fixes_is_checked_though_the_signature_leaves_it_open() {
    let signature = GraphSignature {
        name: "fixed",
        inputs: vec![Port::f32("x", [None, Some(2)])],
        outputs: vec![Port::f32("y", [None, Some(2)])],
    };
    let mut graph = load("fixed.onnx", &signature).unwrap();
    let two = Array2::<f32>::zeros((2, 2));
    let error = graph
        .run(&[("x", Input::F32(two.view().into_dyn()))])
        .unwrap_err();
    assert!(
        error
            .to_string()
            .ends_with("input \"x\" has shape [2, 2], expected [1, 2]"),
        "{error}"
    );
}

#[test]
fn files_that_are_no_graphs_are_errors_with_path_and_name() {
    let folder = tempfile::tempdir().unwrap();
    let whole = std::fs::read(golden("pair.onnx")).unwrap();
    for (name, bytes) in [
        ("half.onnx", &whole[..whole.len() / 2]),
        ("noise.onnx", b"no graph at all"),
        ("empty.onnx", b""),
    ] {
        let path = folder.path().join(name);
        std::fs::write(&path, bytes).unwrap();
        let error = runtime().load(&path, &pair()).unwrap_err();
        assert_eq!(
            error.to_string(),
            format!("graph pair could not be loaded from {}", path.display())
        );
        assert!(error.hint().unwrap().contains("storyeval model verify"));
        assert_eq!(error.fault_kind(), FaultKind::Setup);
    }
    let error = runtime()
        .load(&folder.path().join("absent.onnx"), &pair())
        .unwrap_err();
    assert!(
        error
            .source()
            .unwrap()
            .to_string()
            .contains("does not exist")
    );
}

#[test]
fn graphs_can_move_to_another_thread() {
    fn movable<T: Send>(_: &T) {}
    movable(&load("pair.onnx", &pair()).unwrap());
}
