//! Damaged bundles are refused before anything is drawn.

use crate::support::{Said, bundles, copy, fails, storyeval};
use std::fs;
use std::path::{Path, PathBuf};

/// Copies the bundles, damages them, and runs with them.
fn with_bundles(damage: impl FnOnce(&Path)) -> Said {
    let folder = tempfile::tempdir().unwrap();
    let copied = folder.path().join("bundles");
    copy(&bundles(), &copied);
    damage(&copied);
    let mut command = storyeval();
    command.args([
        "run",
        "--dataset",
        "minisv",
        "--model",
        "storygpt-v-mini",
        "--limit",
        "1",
        "--out",
    ]);
    let said = fails(
        command
            .arg(folder.path().join("run"))
            .env("STORYEVAL_BUNDLES", &copied),
    );
    assert!(
        !folder.path().join("run/frames").exists(),
        "nothing was drawn"
    );
    said
}

/// Puts `bytes` in the place of a file and states its hash, as a careless exporter would.
fn replace_with_hash(bundle: &Path, name: &str, bytes: &[u8]) {
    let old: String = hex(&fs::read(bundle.join(name)).unwrap());
    fs::write(bundle.join(name), bytes).unwrap();
    let manifest = fs::read_to_string(bundle.join("bundle.toml")).unwrap();
    assert!(manifest.contains(&old));
    fs::write(
        bundle.join("bundle.toml"),
        manifest.replace(&old, &hex(bytes)),
    )
    .unwrap();
}

fn hex(bytes: &[u8]) -> String {
    storyeval::record::sha256_hex(bytes)
}

#[test]
fn one_changed_byte_is_noticed() {
    let said = with_bundles(|bundles| {
        let path = bundles.join("storygpt-v-mini/unet.onnx");
        let mut bytes = fs::read(&path).unwrap();
        let middle = bytes.len() / 2;
        bytes[middle] ^= 1;
        fs::write(path, bytes).unwrap();
    });
    said.says(97, &["unet.onnx", "hint: "]);
}

#[test]
fn a_missing_graph_is_noticed() {
    let said =
        with_bundles(|bundles| fs::remove_file(bundles.join("storygpt-v-mini/fuse.onnx")).unwrap());
    said.says(96, &["fuse.onnx", "hint: "]);
}

#[test]
fn a_graph_with_wrong_shapes_is_refused() {
    let said = with_bundles(|bundles| {
        let evaluators = bundles.join("minisv-evaluators");
        let other = fs::read(evaluators.join("bg_classifier.onnx")).unwrap();
        replace_with_hash(&evaluators, "char_classifier.onnx", &other);
    });
    said.says(96, &["char_classifier", "12", "7", "hint: "]);
}

#[test]
fn a_truncated_graph_is_refused() {
    let said = with_bundles(|bundles| {
        let model = bundles.join("storygpt-v-mini");
        let bytes = fs::read(model.join("vae_decoder.onnx")).unwrap();
        replace_with_hash(&model, "vae_decoder.onnx", &bytes[..bytes.len() / 3]);
    });
    said.says(96, &["vae_decoder.onnx"]);
}

#[test]
fn an_unknown_key_in_the_manifest_is_named_with_its_line() {
    let said = with_bundles(|bundles| {
        let path = bundles.join("storygpt-v-mini/bundle.toml");
        let manifest = fs::read_to_string(&path).unwrap();
        fs::write(
            &path,
            manifest.replacen("guidance_scale", "guidance_skale", 1),
        )
        .unwrap();
    });
    said.says(96, &["bundle.toml", "guidance_skale"]);
}

/// `storyeval model verify` on a damaged copy of a bundle.
fn verified(bundle: &Path, damage: impl FnOnce(&Path)) -> Said {
    let folder = tempfile::tempdir().unwrap();
    let copied = folder.path().join("bundle");
    copy(bundle, &copied);
    damage(&copied);
    fails(storyeval().args(["model", "verify"]).arg(&copied))
}

/// Adds a line at the end of the manifest, where `[files]` is.
fn list(bundle: &Path, name: &str) {
    let path = bundle.join("bundle.toml");
    let manifest = fs::read_to_string(&path).unwrap();
    let hash = hex(&fs::read(bundle.join(name)).unwrap());
    fs::write(path, format!("{manifest}\"{name}\" = \"{hash}\"\n")).unwrap();
}

#[test]
fn weights_in_a_file_without_a_hash_are_refused() {
    let golden = Path::new(env!("CARGO_MANIFEST_DIR")).join("reference-data/golden/onnx");
    let put = |bundle: &Path| {
        for name in ["external.onnx", "external.bin"] {
            fs::copy(golden.join(name), bundle.join(name)).unwrap();
        }
        let path = bundle.join("bundle.toml");
        let manifest = fs::read_to_string(&path).unwrap();
        let more = "[graphs]\nextra = \"external.onnx\"\n";
        fs::write(path, manifest.replacen("[graphs]\n", more, 1)).unwrap();
        list(bundle, "external.onnx");
    };
    let said = verified(&bundles().join("minisv-lpips"), put);
    said.says(97, &["external.onnx", "external.bin", "[files]", "hint: "]);
    let folder = tempfile::tempdir().unwrap();
    let whole = folder.path().join("bundle");
    copy(&bundles().join("minisv-lpips"), &whole);
    put(&whole);
    list(&whole, "external.bin");
    storyeval()
        .args(["model", "verify"])
        .arg(&whole)
        .assert()
        .success();
}

#[test]
fn verify_runs_every_graph_and_says_what_it_saw() {
    let bundle = bundles().join("minisv-captioner");
    let output = storyeval()
        .args(["model", "verify", "--format", "json"])
        .arg(&bundle)
        .output()
        .unwrap();
    let seen: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    let graphs = seen["graphs"].as_array().unwrap();
    let names: Vec<&str> = graphs
        .iter()
        .map(|it| it["graph"].as_str().unwrap())
        .collect();
    assert_eq!(
        names,
        ["captioner_vision", "captioner_embed", "captioner_decoder"]
    );
    for graph in graphs {
        assert!(graph["bytes"].as_u64().unwrap() > 1000);
        assert!(graph["seconds"].as_f64().unwrap() > 0.0);
        assert!(
            graph["difference"].is_null(),
            "the bundle has no parity file"
        );
    }
    assert_eq!(graphs[2]["outputs"][0][0], "logits");
    let hashes = storyeval()
        .args(["model", "verify", "--hashes-only", "--format", "json"])
        .arg(&bundle)
        .output()
        .unwrap();
    let hashes: serde_json::Value = serde_json::from_slice(&hashes.stdout).unwrap();
    assert!(hashes["graphs"].is_null());
    assert_eq!(hashes["content"], seen["content"]);
    let other = verified(&bundles().join("minisv-evaluators"), |bundle| {
        let other = fs::read(bundle.join("bg_classifier.onnx")).unwrap();
        replace_with_hash(bundle, "char_classifier.onnx", &other);
    });
    other.says(96, &["char_classifier", "hint: "]);
}

/// Bundles that `storyeval_export` made of random weights of the official architectures, with PyTorch's outputs.
fn exported() -> Vec<PathBuf> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("reference-data/golden/export");
    let folders = fs::read_dir(root)
        .unwrap()
        .map(|entry| entry.unwrap().path());
    let mut bundles: Vec<PathBuf> = folders
        .filter(|path| path.join("bundle.toml").is_file())
        .collect();
    bundles.sort();
    bundles
}

#[test]
fn every_exported_graph_gives_what_pytorch_gave() {
    let mut graphs = 0;
    for bundle in exported() {
        let output = storyeval()
            .args(["model", "verify", "--format", "json", "--device", "cpu"])
            .arg(&bundle)
            .output()
            .unwrap();
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{}: {said}", bundle.display());
        let seen: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
        let tolerance = seen["tolerance"].as_f64().unwrap();
        for graph in seen["graphs"].as_array().unwrap() {
            let difference = graph["difference"].as_f64();
            let difference = difference.unwrap_or_else(|| panic!("{graph}: no case"));
            assert!(difference <= tolerance, "{graph}");
            graphs += 1;
        }
    }
    assert!(graphs >= 30, "{graphs} graphs");
}

#[test]
fn a_graph_that_does_not_give_what_it_was_made_from_is_refused() {
    let bundles = exported();
    let bundle = bundles
        .iter()
        .find(|path| path.ends_with("char-ldm-tiny"))
        .unwrap();
    // No sum of floats is that exact in another order.
    let said = verified(bundle, |bundle| {
        let path = bundle.join("bundle.toml");
        let manifest = fs::read_to_string(&path).unwrap();
        assert!(manifest.contains("tolerance = "));
        let exact: String = manifest
            .lines()
            .map(|line| match line.split_once(" = ") {
                Some(("tolerance", _)) => "tolerance = 1e-12\n".to_owned(),
                _ => format!("{line}\n"),
            })
            .collect();
        fs::write(path, exact).unwrap();
    });
    said.says(
        97,
        &["does not give what it was made from", "1e-12", "hint: "],
    );
    let said = verified(bundle, |bundle| {
        let bytes = fs::read(bundle.join("parity.npz")).unwrap();
        replace_with_hash(bundle, "parity.npz", &bytes[..bytes.len() / 2]);
    });
    said.says(97, &["parity.npz", "hint: "]);
}

#[test]
fn the_shipped_bundles_are_whole_and_small() {
    let mut bytes = 0;
    for bundle in fs::read_dir(bundles()).unwrap() {
        let bundle = bundle.unwrap();
        let id = bundle.file_name().into_string().unwrap();
        storyeval()
            .args(["model", "verify", &id])
            .assert()
            .success();
        for file in fs::read_dir(bundle.path()).unwrap() {
            let file = file.unwrap();
            if file
                .path()
                .extension()
                .is_some_and(|extension| extension == "onnx")
            {
                bytes += file.metadata().unwrap().len();
            }
        }
    }
    assert!(bytes < 40_000_000, "{bytes} bytes of ONNX files");
}
