//! `storyeval model import`: from a checkpoint to a distance, without Python.

use crate::support::{fails, storyeval};
use std::fs;
use std::path::{Path, PathBuf};

/// The checkpoint of a template as `.safetensors`, with weights out of a small generator.
fn checkpoint(template: &str, out: &Path, without: &str) {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let text = root.join(format!("reference-data/templates/{template}/template.toml"));
    let table: toml::Table = fs::read_to_string(text).unwrap().parse().unwrap();
    let keys = table["checkpoint"]["weights"]["keys"].as_table().unwrap();
    let (mut header, mut data) = (serde_json::Map::new(), Vec::new());
    let mut state = 1_u32;
    for (name, shape) in keys.iter().filter(|(name, _)| *name != without) {
        let shape: Vec<i64> = shape
            .as_array()
            .unwrap()
            .iter()
            .map(|it| it.as_integer().unwrap())
            .collect();
        let start = data.len();
        for _ in 0..shape.iter().product() {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            let value = (f64::from(state) / f64::from(u32::MAX) - 0.5) as f32 * 0.1;
            data.extend(value.to_le_bytes());
        }
        let entry = serde_json::json!({"dtype": "F32", "shape": shape, "data_offsets": [start, data.len()]});
        header.insert(name.clone(), entry);
    }
    let header = serde_json::to_vec(&header).unwrap();
    let length = (header.len() as u64).to_le_bytes();
    fs::write(out, [length.as_slice(), &header, &data].concat()).unwrap();
}

fn image(path: &Path, level: u8) -> PathBuf {
    let pixels =
        image::RgbImage::from_fn(64, 64, |x, y| image::Rgb([x as u8 * 3, y as u8 * 2, level]));
    pixels.save(path).unwrap();
    path.to_owned()
}

#[test]
fn a_checkpoint_becomes_a_bundle_that_is_verified_and_measures() {
    let folder = tempfile::tempdir().unwrap();
    let inside = |name: &str| folder.path().join(name);
    checkpoint("lpips-alex", &inside("alex.safetensors"), "");
    let import = |more: &[&str]| {
        let mut command = storyeval();
        command.args(["model", "import", "lpips-alex", "--from"]);
        command.arg(inside("alex.safetensors")).args(more);
        command.arg("--cache").arg(inside("cache"));
        command
    };
    let output = import(&["--format", "json"]).output().unwrap();
    assert!(output.status.success(), "{output:?}");
    let made: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    let bundle = inside("cache").join("bundles/lpips-alex");
    assert_eq!(made["folder"], bundle.to_str().unwrap());
    assert_eq!(
        made["inputs"]["alex.safetensors"].as_str().unwrap().len(),
        64
    );
    let output = storyeval()
        .args(["model", "verify", "--device", "cpu", "--format", "json"])
        .arg(&bundle)
        .output()
        .unwrap();
    assert!(output.status.success(), "{output:?}");
    let seen: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(seen["content"], made["content"]);
    assert_eq!(seen["graphs"][0]["graph"], "lpips");
    let distance = |other: u8| {
        let (first, second) = (image(&inside("a.png"), 10), image(&inside("b.png"), other));
        let output = storyeval()
            .args([
                "metric", "lpips", "--format", "json", "--device", "cpu", "--bundle",
            ])
            .arg(&bundle)
            .args([first, second])
            .output()
            .unwrap();
        assert!(output.status.success(), "{output:?}");
        let answer: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
        answer["value"].as_f64().unwrap()
    };
    assert!(distance(10).abs() < 1e-6);
    assert!(distance(200) > distance(30) && distance(30) > 1e-4);
    // It is there now, and another import does not replace it.
    fails(&mut import(&[])).says(110, &["exists already", "--out DIR"]);
}

#[test]
fn the_wrong_file_is_refused_with_what_is_missing() {
    let folder = tempfile::tempdir().unwrap();
    let inside = |name: &str| folder.path().join(name);
    checkpoint("lpips-alex", &inside("alex.safetensors"), "features.3.bias");
    let import = |template: &str, from: &str| {
        let mut command = storyeval();
        command
            .args(["model", "import", template, "--from"])
            .arg(inside(from));
        fails(command.arg("--out").arg(inside("bundle")))
    };
    import("lpips-alex", "alex.safetensors").says(97, &["1 missing", "features.3.bias"]);
    import("lpips-alx", "alex.safetensors").says(2, &["did you mean lpips-alex?"]);
    fs::write(inside("page.pth"), "<html>not found</html>").unwrap();
    import("lpips-alex", "page.pth").says(97, &["page.pth", "it is a web page"]);
    fs::write(
        inside("evil.pth"),
        b"\x80\x02cos\nsystem\nX\x02\0\0\0id\x85R.",
    )
    .unwrap();
    import("lpips-alex", "evil.pth").says(97, &["`os.system`", "was not executed"]);
    import("lpips-alex", "absent.pth").says(96, &["failed to read"]);
    assert!(!inside("bundle").exists());
}
