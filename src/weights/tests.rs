use super::fit::Fit;
use super::template::Slot;
use super::testing::{checkpoints, pixels, tokens, weights, write, write_as};
use super::*;
use crate::card;
use crate::format::Checkpoint;
use crate::inference::{Bundle, BundleKind, GraphSignature, Input, Port, Runtime, RuntimeOptions};
use crate::record::{FaultKind, Hint};
use ndarray::{ArrayD, IxDyn};
use serde::Deserialize;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

#[derive(Deserialize)]
struct Golden {
    graphs: BTreeMap<String, Case>,
}

#[derive(Deserialize)]
struct Case {
    inputs: BTreeMap<String, Vec<usize>>,
    outputs: BTreeMap<String, Output>,
}

#[derive(Deserialize)]
struct Output {
    shape: Vec<usize>,
    largest: f64,
    first: Vec<f64>,
}

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn made(template: &str, from: &[PathBuf], out: &Path) -> Result<Imported, WeightsError> {
    import(&ImportRequest {
        template,
        from,
        id: None,
        out,
    })
}

/// Runs every graph of a bundle on the inputs by rule, and compares with what PyTorch gave for the weights by rule.
fn compare(template: &str, folder: &Path) {
    let path = root().join(format!("reference-data/golden/templates/{template}.json"));
    let golden: Golden = serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap();
    let bundle = Bundle::open(folder).unwrap();
    bundle.verify().unwrap();
    let runtime = Runtime::open(&RuntimeOptions::default(), &mut |_| {}).unwrap();
    assert_eq!(golden.graphs.len(), bundle.manifest().graphs.len());
    for (name, case) in golden.graphs {
        let text: &'static str = name.clone().leak();
        let port = |name: &String, shape: &[usize]| (name.clone(), vec![None; shape.len()]);
        let ports = case.inputs.iter().map(|(name, shape)| {
            let (name, shape) = port(name, shape);
            match name.as_str() {
                "input_ids" => Port::i64(name, shape),
                _ => Port::f32(name, shape),
            }
        });
        let outputs = case.outputs.iter().map(|(name, it)| port(name, &it.shape));
        let signature = GraphSignature {
            name: text,
            inputs: ports.collect(),
            outputs: outputs
                .map(|(name, shape)| Port::f32(name, shape))
                .collect(),
        };
        let mut graph = runtime
            .load(&bundle.graph(&name).unwrap(), &signature)
            .unwrap();
        let mut floats = Vec::new();
        let mut whole = Vec::new();
        for (name, shape) in &case.inputs {
            if name == "input_ids" {
                let ids = tokens(name, shape[0], shape[1]);
                whole.push((name, ArrayD::from_shape_vec(IxDyn(shape), ids).unwrap()));
            } else {
                let pixels = pixels(name, shape);
                floats.push((name, ArrayD::from_shape_vec(IxDyn(shape), pixels).unwrap()));
            }
        }
        let floats = floats
            .iter()
            .map(|(name, it)| (name.as_str(), Input::F32(it.view())));
        let whole = whole
            .iter()
            .map(|(name, it)| (name.as_str(), Input::I64(it.view())));
        let found = graph.run(&floats.chain(whole).collect::<Vec<_>>()).unwrap();
        for (found, (output, wanted)) in found.iter().zip(&case.outputs) {
            assert_eq!(found.shape(), wanted.shape, "{template} {output}");
            for (found, wanted_value) in found.iter().zip(&wanted.first) {
                let off = (f64::from(*found) - wanted_value).abs() / wanted.largest;
                assert!(
                    off < 1e-5,
                    "{template} {name} {output}: {found} {wanted_value}"
                );
            }
        }
    }
}

fn gives_what_pytorch_gave(id: &str) {
    let folder = tempfile::tempdir().unwrap();
    let template = Template::find(id).unwrap();
    let from = checkpoints(&template, folder.path());
    let out = folder.path().join("bundle");
    let done = made(id, &from, &out).unwrap();
    assert_eq!((done.bundle.as_str(), done.notes.len()), (id, 0));
    compare(id, &out);
}

#[test]
fn inception_fid_gives_what_pytorch_gave() {
    gives_what_pytorch_gave("inception-fid");
}

#[test]
fn lpips_gives_what_pytorch_gave() {
    for id in ["lpips-alex", "lpips-squeeze", "lpips-vgg"] {
        gives_what_pytorch_gave(id);
    }
}

#[test]
fn classifiers_give_what_pytorch_gave() {
    for id in ["flintstones-classifiers", "pororo-classifiers"] {
        gives_what_pytorch_gave(id);
    }
}

#[test]
fn dinov2_gives_what_pytorch_gave() {
    gives_what_pytorch_gave("dinov2-s");
}

#[test]
#[ignore = "writes up to 3.4 GB per network: cargo test --release --lib weights -- --ignored"]
fn large_networks_give_what_pytorch_gave() {
    for id in [
        "dinov2-b",
        "clip-vit-b-32",
        "clip-vit-b-32-laion2b",
        "clip-vit-l-14",
    ] {
        gives_what_pytorch_gave(id);
    }
}

#[test]
fn every_template_is_whole() {
    for id in templates() {
        let template = Template::find(id).unwrap();
        assert_eq!(template.id, id);
        for (name, rules) in &template.graph {
            let model = template.graph_file(name).unwrap();
            let parts = graph::parts(model, &|it| rules.of(it).is_some()).unwrap();
            assert_eq!(parts.weights(), rules.len(), "{id} {name}");
        }
        let golden = root().join(format!("reference-data/golden/templates/{id}.json"));
        assert!(golden.is_file(), "{id} has no golden outputs");
    }
}

#[test]
fn labels_of_classifiers_are_those_of_the_cards() {
    for dataset in ["flintstones", "pororo"] {
        let card = card::dataset(dataset).unwrap();
        let template = Template::find(&format!("{dataset}-classifiers")).unwrap();
        let labels = |role: &str| {
            let found = template.bundle["labels"]
                .get(role)
                .and_then(toml::Value::as_array);
            found.map(|names| {
                names
                    .iter()
                    .map(|it| it.as_str().unwrap().to_owned())
                    .collect::<Vec<_>>()
            })
        };
        let characters: Vec<String> = card.characters.iter().map(|it| it.name.clone()).collect();
        assert_eq!(labels("characters").unwrap(), characters);
        let outputs = |slot: &str| {
            template
                .checkpoint
                .get(slot)
                .map(|it| it.keys["fc.weight"][0])
        };
        assert_eq!(outputs("char"), Some(characters.len()));
        assert_eq!(labels("backgrounds").map(|it| it.len()), outputs("bg"));
    }
}

/// The checkpoint of lpips-alex, changed by `change`.
fn alex(folder: &Path, change: impl Fn(&mut BTreeMap<String, Vec<usize>>)) -> PathBuf {
    let mut keys = Template::find("lpips-alex").unwrap().checkpoint["weights"]
        .keys
        .clone();
    change(&mut keys);
    let path = folder.join("alex.safetensors");
    write(&path, &keys);
    path
}

#[test]
fn a_name_that_is_ignored_is_no_fault_and_the_folder_is_made() {
    let folder = tempfile::tempdir().unwrap();
    let path = alex(folder.path(), |keys| {
        keys.insert("classifier.1.weight".to_owned(), vec![2, 2]);
    });
    let out = folder.path().join("deep/inside/bundle");
    let done = import(&ImportRequest {
        template: "lpips-alex",
        from: &[path],
        id: Some("my-lpips"),
        out: &out,
    })
    .unwrap();
    let bundle = Bundle::open(&out).unwrap();
    assert_eq!(bundle.manifest().id, "my-lpips");
    assert_eq!(bundle.manifest().kind, BundleKind::Lpips);
    assert_eq!(bundle.content_hash(), done.content);
    let export = bundle.manifest().export.as_ref().unwrap();
    assert_eq!(export.inputs["alex.safetensors"].len(), 64);
    let rest: Vec<_> = std::fs::read_dir(folder.path().join("deep/inside"))
        .unwrap()
        .collect();
    assert_eq!(rest.len(), 1, "{rest:?}");
}

#[test]
fn names_and_shapes_that_differ_are_listed_at_once() {
    let folder = tempfile::tempdir().unwrap();
    let path = alex(folder.path(), |keys| {
        let moved = keys.remove("features.0.weight").unwrap();
        keys.insert("features.0.wieght".to_owned(), moved);
        keys.insert("features.3.bias".to_owned(), vec![191]);
        for number in 0..12 {
            keys.insert(format!("head.{number:02}.weight"), vec![1]);
        }
    });
    let out = folder.path().join("bundle");
    let error = made("lpips-alex", &[path], &out).unwrap_err();
    assert_eq!(error.fault_kind(), FaultKind::DataVerification);
    let text = error.to_string();
    for part in [
        "1 missing:\n    features.0.weight (there is features.0.wieght)",
        "1 of another shape:\n    features.3.bias: [191] instead of [192]",
        "13 unexpected:",
        "and 3 more",
    ] {
        assert!(text.contains(part), "{part}: {text}");
    }
    assert!(!out.exists());
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1);
}

#[test]
fn the_file_of_another_network_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().join("bundle");
    let hint =
        |template: &str, from: PathBuf| made(template, &[from], &out).unwrap_err().hint().unwrap();
    let found = hint("inception-fid", alex(folder.path(), |_| {}));
    assert!(
        found.contains("it is the checkpoint of lpips-alex"),
        "{found}"
    );
    let keys = |id: &str, slot: &str| Template::find(id).unwrap().checkpoint[slot].keys.clone();
    let path = folder.path().join("other.safetensors");
    let mut imagenet = keys("inception-fid", "weights");
    imagenet.insert("fc.weight".to_owned(), vec![1000, 2048]);
    imagenet.insert("fc.bias".to_owned(), vec![1000]);
    write(&path, &imagenet);
    let found = hint("inception-fid", path.clone());
    assert!(found.contains("the 1000 classes of ImageNet"), "{found}");
    assert!(
        found.contains("pt_inception-2015-12-05-6726825d.pth"),
        "{found}"
    );
    write(&path, &keys("pororo-classifiers", "char"));
    let found = hint("inception-fid", path.clone());
    assert!(
        found.contains("it is the checkpoint of pororo-classifiers"),
        "{found}"
    );
    write(&path, &BTreeMap::from([("w".to_owned(), vec![2, 3])]));
    let found = hint("inception-fid", path);
    assert!(
        found.contains("it holds 1 tensors, the first of them w [2, 3]"),
        "{found}"
    );
}

#[test]
fn requests_that_cannot_be_met_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    let path = alex(folder.path(), |_| {});
    let out = folder.path().join("bundle");
    let error = made("lpips-axel", std::slice::from_ref(&path), &out).unwrap_err();
    assert!(error.hint().unwrap().contains("did you mean lpips-alex?"));
    let error = made(
        "lpips-alex",
        &[path.clone(), folder.path().join("more.pth")],
        &out,
    )
    .unwrap_err();
    assert!(
        error
            .to_string()
            .contains("alexnet-owt-7be5be79.pth; 2 are given"),
        "{error}"
    );
    let error = made("flintstones-classifiers", std::slice::from_ref(&path), &out).unwrap_err();
    assert!(
        error
            .to_string()
            .contains("classifier_bg.pt and classifier_char.pt; 1 is given"),
        "{error}"
    );
    let error = made("lpips-alex", &[folder.path().to_owned()], &out).unwrap_err();
    assert!(
        error
            .to_string()
            .contains("holds none of alexnet-owt-7be5be79.pth"),
        "{error}"
    );
    std::fs::create_dir(&out).unwrap();
    let error = made("lpips-alex", &[path], &out).unwrap_err();
    assert_eq!(error.fault_kind(), FaultKind::Output);
}

#[test]
fn weights_that_are_not_finite_are_refused_and_leave_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let path = alex(folder.path(), |_| {});
    let mut bytes = std::fs::read(&path).unwrap();
    let last = bytes.len() - 4;
    bytes[last..].copy_from_slice(&f32::NAN.to_le_bytes());
    std::fs::write(&path, bytes).unwrap();
    let error = made("lpips-alex", &[path], &folder.path().join("bundle")).unwrap_err();
    assert_eq!(error.fault_kind(), FaultKind::DataVerification);
    assert!(error.to_string().contains("features.8.weight"), "{error}");
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1);
}

#[test]
fn half_precision_is_converted_and_said() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("half.safetensors");
    let keys = Template::find("lpips-alex").unwrap().checkpoint["weights"]
        .keys
        .clone();
    write_as(&path, &keys, "F16", |value| {
        half::f16::from_f32(value).to_le_bytes()
    });
    let out = folder.path().join("bundle");
    let done = made("lpips-alex", &[path], &out).unwrap();
    assert_eq!(done.notes.len(), 1);
    assert!(done.notes[0].ends_with("half.safetensors: float16 converted to float32"));
    // Rounded weights give nearly the same distance, and not the same file.
    let exact = folder.path().join("exact");
    made("lpips-alex", &[alex(folder.path(), |_| {})], &exact).unwrap();
    let read = |folder: &Path| std::fs::read(folder.join("lpips.onnx")).unwrap();
    assert_eq!(read(&out).len(), read(&exact).len());
    assert_ne!(read(&out), read(&exact));
}

#[test]
fn layouts_rename_cut_and_reorder() {
    let slot: Slot = toml::from_str(
        r#"
usual = []
[keys]
"l.0.q.weight" = [2, 3]
"l.0.k.weight" = [2, 3]
"p.weight" = [3, 2]
[ignored]
scale = "not used"
[layouts.joint.names]
"l.*.q.weight" = "b.*.joint"
"l.*.k.weight" = "b.*.joint"
"p.weight" = "proj"
[layouts.joint.order]
"p.weight" = [1, 0]
[layouts.joint.part]
"l.*.q.weight" = [0, 2]
"l.*.k.weight" = [1, 2]
"#,
    )
    .unwrap();
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.safetensors");
    let shapes = [
        ("b.0.joint", vec![4, 3]),
        ("proj", vec![2, 3]),
        ("scale", vec![]),
    ];
    write(
        &path,
        &shapes.map(|(name, shape)| (name.to_owned(), shape)).into(),
    );
    let mut checkpoint = Checkpoint::open(&path).unwrap();
    let fit = Fit::of(&slot, checkpoint.tensors());
    assert_eq!((fit.faults(), fit.layout.as_str()), (0, "joint"));
    let joint = weights("b.0.joint", &[4, 3]);
    let proj = weights("proj", &[2, 3]);
    for (name, wanted) in [
        ("l.0.q.weight", joint[..6].to_vec()),
        ("l.0.k.weight", joint[6..].to_vec()),
        (
            "p.weight",
            vec![proj[0], proj[3], proj[1], proj[4], proj[2], proj[5]],
        ),
    ] {
        let view = fit.weights[name].clone();
        assert_eq!(checkpoint.numbers(&view).unwrap(), wanted, "{name}");
    }
    // A joint matrix that does not come in two equal parts.
    write(
        &path,
        &BTreeMap::from([
            ("b.0.joint".to_owned(), vec![5, 3]),
            ("proj".to_owned(), vec![2, 3]),
        ]),
    );
    let fit = Fit::of(&slot, Checkpoint::open(&path).unwrap().tensors());
    assert!(
        fit.listing()
            .contains("b.0.joint: [5, 3] instead of [2, 3]"),
        "{}",
        fit.listing()
    );
}
