//! `storyeval metric lpips|clip|caption` on images, with the mini networks, against
//! `reference-data/golden/minisv-networks`.

use crate::support::{fails, storyeval};
use image::RgbImage;
use serde_json::Value;
use std::fs;
use std::path::{Path, PathBuf};
use tempfile::TempDir;

const FRAMES: usize = 10;

fn golden() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("reference-data/golden/minisv-networks")
}

fn networks() -> Value {
    serde_json::from_str(&fs::read_to_string(golden().join("networks.json")).unwrap()).unwrap()
}

/// A folder with frame `frames[i]` under the name `i.png`.
fn folder(frames: impl IntoIterator<Item = usize>) -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    for (name, frame) in frames.into_iter().enumerate() {
        let from = golden().join(format!("{frame}.png"));
        fs::copy(from, folder.path().join(format!("{name}.png"))).unwrap();
    }
    folder
}

fn run(arguments: &[&str], paths: &[&Path]) -> String {
    let output = storyeval()
        .arg("metric")
        .args(arguments)
        .args(paths)
        .output()
        .unwrap();
    let talk = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(output.status.success(), "{talk}");
    String::from_utf8(output.stdout).unwrap()
}

fn numbers(list: &Value) -> Vec<f64> {
    let list = list.as_array().unwrap().iter();
    list.map(|it| it.get("value").unwrap_or(it).as_f64().unwrap())
        .collect()
}

#[test]
fn lpips_of_folders_is_that_of_the_lpips_package() {
    let (first, second) = (
        folder(0..FRAMES),
        folder((1..=FRAMES).map(|at| at % FRAMES)),
    );
    let common = ["lpips", "--bundle", "minisv-lpips", "--format", "json"];
    let text = run(&common, &[first.path(), second.path()]);
    let answer: Value = serde_json::from_str(&text).unwrap();
    let (found, expected) = (
        numbers(&answer["items"]),
        numbers(&networks()["lpips_to_next"]),
    );
    assert_eq!((found.len(), expected.len()), (FRAMES, FRAMES));
    for (found, expected) in found.iter().zip(&expected) {
        assert!((found - expected).abs() < 1e-4, "{found} {expected}");
    }
    let mean = found.iter().sum::<f64>() / FRAMES as f64;
    assert!((answer["value"].as_f64().unwrap() - mean).abs() < 1e-12);
    let interval = numbers(&answer["interval"]);
    assert!(interval[0] < mean && mean < interval[1]);
    assert_eq!(
        (&answer["n"], &answer["items"][3]["id"]),
        (&10.into(), &"3".into())
    );
    // Two images are a folder of one.
    let (a, b) = (first.path().join("2.png"), second.path().join("2.png"));
    let answer: Value = serde_json::from_str(&run(&common, &[&a, &b])).unwrap();
    assert!((answer["value"].as_f64().unwrap() - found[2]).abs() < 1e-6);
}

#[test]
fn the_resizer_is_a_choice_and_the_signature_says_it() {
    let (first, second) = (folder([0]), folder([5]));
    let with = |resizer: &str| -> Value {
        let arguments = [
            "lpips",
            "--bundle",
            "minisv-lpips",
            "--format",
            "json",
            "--resize",
            "50",
            "--resizer",
            resizer,
        ];
        serde_json::from_str(&run(&arguments, &[first.path(), second.path()])).unwrap()
    };
    let (bytes, floats) = (with("pillow-bilinear"), with("torch-bilinear-antialias"));
    let gap = bytes["value"].as_f64().unwrap() - floats["value"].as_f64().unwrap();
    assert!(gap != 0.0 && gap.abs() < 0.05, "{gap}");
    let signature = floats["signature"].as_str().unwrap();
    assert!(
        signature.contains("torch-bilinear-antialias-50+squash"),
        "{signature}"
    );
}

/// The pixels of `tools/golden/pass_order.py`.
fn noise(width: u32, height: u32) -> RgbImage {
    let mut state = 12_345_u32;
    RgbImage::from_fn(width, height, |_, _| {
        image::Rgb(std::array::from_fn(|_| {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            (state >> 24) as u8
        }))
    })
}

#[test]
fn the_version_of_pillow_is_a_choice_and_the_signature_says_it() {
    let path = golden().join("../resize/pass_order.json");
    let expected: Value = serde_json::from_str(&fs::read_to_string(path).unwrap()).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let (first, second) = (folder.path().join("a.png"), folder.path().join("b.png"));
    noise(64, 64).save(&second).unwrap();
    for version in ["12", "13"] {
        let arguments = [
            "lpips",
            "--bundle",
            "minisv-lpips",
            "--format",
            "json",
            "--resize",
            "48",
            "--pillow",
            version,
        ];
        for case in expected[format!("pillow{version}")].as_array().unwrap() {
            let size = numbers(&case["size"]);
            noise(size[0] as u32, size[1] as u32).save(&first).unwrap();
            let answer: Value = serde_json::from_str(&run(&arguments, &[&first, &second])).unwrap();
            let (found, wanted) = (&answer["value"], &case["lpips"]);
            let gap = found.as_f64().unwrap() - wanted.as_f64().unwrap();
            assert!(gap.abs() < 2e-6, "{size:?}: {found} {wanted}");
            let signature = answer["signature"].as_str().unwrap();
            let said = signature.contains("|pixels:pillow13-bilinear-48+squash|");
            assert_eq!(said, version == "13", "{signature}");
        }
    }
}

#[test]
fn images_without_a_partner_are_listed() {
    let (first, second) = (folder(0..3), folder(0..5));
    let mut command = storyeval();
    command
        .args(["metric", "lpips", "--bundle", "minisv-lpips"])
        .args([first.path(), second.path()]);
    fails(&mut command).says(2, &["2 only in", "3, 4", "hint: "]);
}

#[test]
fn clip_of_images_and_captions_is_that_of_the_networks() {
    let images = folder(0..FRAMES);
    let golden = networks();
    let captions: Vec<&str> = golden["captions"]
        .as_array()
        .unwrap()
        .iter()
        .map(|it| it.as_str().unwrap())
        .collect();
    let file = images.path().join("captions.txt");
    fs::write(&file, captions.join("\n")).unwrap();
    let arguments = [
        "clip",
        "--bundle",
        "minisv-clip",
        "--format",
        "json",
        "--images",
    ];
    let paths = [images.path(), Path::new("--texts"), &file];
    let answer: Value = serde_json::from_str(&run(&arguments, &paths)).unwrap();
    for (at, found) in numbers(&answer["items"]).iter().enumerate() {
        let expected = golden["clip_cosines"][at][at].as_f64().unwrap();
        assert!((found - expected).abs() < 1e-4, "{found} {expected}");
    }
    // CLIPScore is of captions with its prefix: as if they had been written so.
    let value = |score: &str, texts: &Path| {
        let paths = [images.path(), Path::new("--texts"), texts];
        let more = [&["clip", "--score", score], &arguments[1..]].concat();
        let answer: Value = serde_json::from_str(&run(&more, &paths)).unwrap();
        (
            answer["value"].as_f64().unwrap(),
            answer["signature"].to_string(),
        )
    };
    let prefixed = file.with_extension("prefixed");
    let lines: Vec<String> = std::fs::read_to_string(&file)
        .unwrap()
        .lines()
        .map(|line| format!("A photo depicts {line}\n"))
        .collect();
    std::fs::write(&prefixed, lines.concat()).unwrap();
    let (score, signature) = value("clipscore", &file);
    let (cosine, plain) = value("similarity", &prefixed);
    assert!((score - 2.5 * cosine).abs() < 1e-9, "{score} {cosine}");
    assert!(signature.contains("a-photo-depicts") && !plain.contains("a-photo-depicts"));
    // Two folders are paired by order; other names are worth a word.
    let others = folder(0..FRAMES);
    fs::rename(others.path().join("0.png"), others.path().join("x.png")).unwrap();
    let paths = [images.path(), Path::new("--other-images"), others.path()];
    let answer: Value = serde_json::from_str(&run(&arguments, &paths)).unwrap();
    let warnings = answer["warnings"].to_string();
    assert!(warnings.contains("not called alike"), "{warnings}");
    let paths = [images.path(), Path::new("--other-images"), images.path()];
    let answer: Value = serde_json::from_str(&run(&arguments, &paths)).unwrap();
    assert!(answer["warnings"].is_null(), "{}", answer["warnings"]);
}

#[test]
fn captions_are_those_of_the_beam_search() {
    let images = folder(0..FRAMES);
    let golden = networks();
    let text = run(
        &["caption", "--bundle", "minisv-captioner"],
        &[images.path()],
    );
    let lines: Vec<Value> = text
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    assert_eq!(lines.len(), FRAMES);
    for (at, line) in lines.iter().enumerate() {
        assert_eq!(line["id"], format!("{at}.png"));
        let beams = golden["beams"][at].as_array().unwrap();
        let expected: Vec<&Value> = beams.iter().map(|beam| &beam["text"]).collect();
        let found: Vec<&Value> = line["captions"].as_array().unwrap().iter().collect();
        assert_eq!(found, expected, "frame {at}");
    }
}
