//! The networks against the Python libraries that define them, on the same tiny graphs.
//! `tools/golden/networks.py` makes the values.

use super::*;
use crate::inference::{Bundle, DeviceRequest, Runtime, RuntimeOptions, default_cache};
use crate::record::sha256_file;
use crate::vision::{Geometry, Recipe, Resizer, ValueScale};
use image::{Rgb, RgbImage};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use std::fmt::Write as _;
use std::path::PathBuf;
use tempfile::TempDir;

fn runtime() -> Runtime {
    let options = RuntimeOptions {
        device: DeviceRequest::Cpu,
        threads: Some(1),
        offline: false,
        cache: default_cache(),
    };
    Runtime::open(&options, &mut |_| {}).unwrap()
}

fn folder(name: &str) -> PathBuf {
    let root = PathBuf::from(env!("CARGO_MANIFEST_DIR"));
    root.join("reference-data/golden/networks").join(name)
}

fn golden<T: DeserializeOwned>(name: &str) -> T {
    let text = std::fs::read_to_string(folder(name).join("golden.json")).unwrap();
    serde_json::from_str(&text).unwrap()
}

/// The pixels of `image` in the script.
fn image(seed: u32, [width, height]: [u32; 2]) -> RgbImage {
    RgbImage::from_fn(width, height, |x, y| {
        let value = |c: u32| x * 7 + y * 13 + c * 29 + seed * 41 + x * y * (seed + 3);
        Rgb([0, 1, 2].map(|c| (value(c) % 256) as u8))
    })
}

fn images(sizes: &[[u32; 2]], seed: u32) -> Vec<RgbImage> {
    let numbered = (seed..).zip(sizes);
    numbered.map(|(seed, size)| image(seed, *size)).collect()
}

/// A bundle of copies of golden files, with further sections.
fn bundle(
    kind: &str,
    folder_name: &str,
    side: u32,
    graphs: &[&str],
    others: &[&str],
    sections: &str,
) -> (TempDir, Bundle) {
    let dir = tempfile::tempdir().unwrap();
    let mut text = format!(
        "format = 1\nkind = \"{kind}\"\nid = \"tiny\"\nlicence = \"MIT\"\n\
         source = {{ upstream = \"tools/golden\" }}\n\
         image = {{ width = {side}, height = {side} }}\n{sections}\n[graphs]\n"
    );
    let onnx: Vec<String> = graphs.iter().map(|graph| format!("{graph}.onnx")).collect();
    for (graph, file) in graphs.iter().zip(&onnx) {
        writeln!(text, "{graph} = \"{file}\"").unwrap();
    }
    text.push_str("[files]\n");
    for file in onnx
        .iter()
        .map(String::as_str)
        .chain(others.iter().copied())
    {
        let to = dir.path().join(file);
        std::fs::copy(folder(folder_name).join(file), &to).unwrap();
        writeln!(text, "\"{file}\" = \"{}\"", sha256_file(&to).unwrap()).unwrap();
    }
    std::fs::write(dir.path().join("bundle.toml"), text).unwrap();
    let bundle = Bundle::open(dir.path()).unwrap();
    (dir, bundle)
}

fn close(found: &[f32], expected: &[f32], tolerance: f32, what: &str) {
    assert_eq!(found.len(), expected.len(), "{what}");
    for (at, (found, expected)) in found.iter().zip(expected).enumerate() {
        let off = (found - expected).abs();
        assert!(off <= tolerance, "{what} at {at}: {found} {expected}");
    }
}

fn close_rows(found: &[Vec<f32>], expected: &[Vec<f32>], tolerance: f32, what: &str) {
    assert_eq!(found.len(), expected.len(), "{what}");
    for (row, (found, expected)) in found.iter().zip(expected).enumerate() {
        close(found, expected, tolerance, &format!("{what} {row}"));
    }
}

#[derive(Deserialize)]
struct ClipGolden {
    tolerance: f32,
    sizes: Vec<[u32; 2]>,
    texts: Vec<String>,
    context_length: usize,
    bos_id: u32,
    eos_id: u32,
    pad_id: u32,
    dim: usize,
    tokens: Vec<Vec<i64>>,
    cut: usize,
    images: Vec<Vec<f32>>,
    text_embeds: Vec<Vec<f32>>,
    cosines: Vec<Vec<f32>>,
}

fn clip_bundle(golden: &ClipGolden) -> (TempDir, Bundle) {
    let sections = format!(
        "[input]\nscale = {{ mean = [0.48145466, 0.4578275, 0.40821073], \
         std = [0.26862954, 0.26130258, 0.27577711] }}\n\
         [clip]\ndim = {}\ncontext_length = {}\ntokenizer = \"tokenizer.json\"\n\
         bos_id = {}\neos_id = {}\npad_id = {}\n",
        golden.dim, golden.context_length, golden.bos_id, golden.eos_id, golden.pad_id
    );
    let graphs = ["clip_image", "clip_text"];
    bundle("clip", "clip", 32, &graphs, &["tokenizer.json"], &sections)
}

#[test]
fn texts_are_split_as_open_clip_splits_them() {
    let golden: ClipGolden = golden("clip");
    let (_dir, bundle) = clip_bundle(&golden);
    let text = clip_text::ClipText::open(&bundle, bundle.manifest().clip().unwrap()).unwrap();
    let mut cut = 0;
    for (caption, expected) in golden.texts.iter().zip(&golden.tokens) {
        let (tokens, was_cut) = text.encode(caption).unwrap();
        assert_eq!(&tokens, expected, "{caption}");
        cut += usize::from(was_cut);
    }
    assert_eq!(cut, golden.cut);
}

#[test]
fn clip_is_that_of_transformers_behind_open_clips_preprocessing() {
    let golden: ClipGolden = golden("clip");
    let (_dir, bundle) = clip_bundle(&golden);
    let mut clip = Clip::open(&runtime(), &bundle).unwrap();
    assert_eq!(clip.preprocessing(), "pillow-bicubic-32+center-crop>clip");
    let pixels = clip.images(&images(&golden.sizes, 0)).unwrap();
    close_rows(&pixels, &golden.images, golden.tolerance, "image");
    let captions: Vec<&str> = golden.texts.iter().map(String::as_str).collect();
    let texts = clip.texts(&captions).unwrap();
    close_rows(&texts, &golden.text_embeds, golden.tolerance, "text");
    assert_eq!((clip.dim(), clip.cut_texts()), (golden.dim, golden.cut));
    for (image, expected) in pixels.iter().zip(&golden.cosines) {
        let cosine = |text: &Vec<f32>| {
            let dot = |a: &[f32], b: &[f32]| a.iter().zip(b).map(|(a, b)| a * b).sum::<f32>();
            dot(image, text) / (dot(image, image) * dot(text, text)).sqrt()
        };
        let cosines: Vec<f32> = texts.iter().map(cosine).collect();
        close(&cosines, expected, golden.tolerance, "cosine");
    }
    // A caption's numbers do not depend on its company.
    assert_eq!(clip.texts(&captions[3..4]).unwrap()[0], texts[3]);
}

#[derive(Deserialize)]
struct LpipsGolden {
    tolerance: f32,
    sizes: Vec<[u32; 2]>,
    second_seed: u32,
    resize: u32,
    distances: Vec<f32>,
    resized: Vec<f32>,
    gill: Vec<f32>,
    black_with_itself: f32,
    black_with_grey: f32,
}

#[test]
fn distances_are_those_of_lpips() {
    let golden: LpipsGolden = golden("lpips");
    let sections = "[lpips]\nnetwork = \"tiny\"\nversion = \"0.1\"\n";
    let (_dir, bundle) = bundle("lpips", "lpips", 32, &["lpips"], &[], sections);
    let mut lpips = Lpips::open(&runtime(), &bundle).unwrap();
    let first = images(&golden.sizes, 0);
    let second = images(&golden.sizes, golden.second_seed);
    let found = lpips.distances(&first, &second, None).unwrap();
    close(&found, &golden.distances, golden.tolerance, "as they are");
    let other_way = lpips.distances(&second, &first, None).unwrap();
    close(
        &other_way,
        &golden.distances,
        golden.tolerance,
        "the other way",
    );
    let resized = lpips
        .distances(&first, &second, Some(golden.resize))
        .unwrap();
    close(&resized, &golden.resized, golden.tolerance, "resized");
    let side = Some(golden.resize);
    assert_eq!(lpips.preprocessing(side), "pillow-bilinear-28+squash");
    let mut lpips = lpips.with_resizer(Resizer::TorchBilinearAntialias);
    let gill = lpips.distances(&first, &second, side).unwrap();
    close(
        &gill,
        &golden.gill,
        golden.tolerance,
        "resized as GILL does",
    );
    assert_eq!(
        lpips.preprocessing(side),
        "torch-bilinear-antialias-28+squash"
    );
    assert_eq!(lpips.distances(&first, &first, None).unwrap(), [0.0; 6]);
    let black = [RgbImage::new(24, 24), RgbImage::new(24, 24)];
    let grey = [
        RgbImage::new(24, 24),
        RgbImage::from_pixel(24, 24, Rgb([128; 3])),
    ];
    let expected = [golden.black_with_itself, golden.black_with_grey];
    let found = lpips.distances(&black, &grey, None).unwrap();
    close(&found, &expected, golden.tolerance, "black");
}

#[derive(Deserialize)]
struct EvaluatorsGolden {
    tolerance: f32,
    sizes: Vec<[u32; 2]>,
    side: u32,
    dim: usize,
    cases: Vec<Variant>,
}

#[derive(Deserialize)]
struct Variant {
    name: String,
    scale: ValueScale,
    input: String,
    first: Option<u32>,
    probabilities: Vec<Vec<f32>>,
    features: Vec<Vec<f32>>,
    logits: Vec<Vec<f32>>,
}

#[test]
fn every_published_preprocessing_is_torchvisions() {
    let golden: EvaluatorsGolden = golden("evaluators");
    let images = images(&golden.sizes, 0);
    for case in &golden.cases {
        let scale = match case.input.as_str() {
            "imagenet" => {
                "{ mean = [0.485, 0.456, 0.406], std = [0.229, 0.224, 0.225] }".to_owned()
            }
            name => format!("\"{name}\""),
        };
        // No background classifier: any subset of the graphs is a bundle.
        let sections = format!(
            "[input]\nscale = {scale}\n[labels]\ncharacters = [\"a\", \"b\", \"c\", \"d\", \"e\"]\n\
             [features]\ndim = {}\n",
            golden.dim
        );
        let graphs = ["char_classifier", "features"];
        let (_dir, bundle) = bundle(
            "evaluators",
            "evaluators",
            golden.side,
            &graphs,
            &[],
            &sections,
        );
        let recipe = Recipe {
            first: case.first,
            resizer: Resizer::PillowBilinear,
            geometry: Geometry::CenterCrop,
            scale: case.scale,
        };
        let runtime = runtime();
        let kind = ClassifierKind::Characters;
        let mut classifier = Classifier::open(&runtime, &bundle, kind, &recipe).unwrap();
        let found = classifier.probabilities(&images).unwrap();
        close_rows(&found, &case.probabilities, golden.tolerance, &case.name);
        let mut network = FeatureNet::open(&runtime, &bundle, &recipe).unwrap();
        let found = network.features(&images).unwrap();
        close_rows(&found, &case.features, golden.tolerance, &case.name);
        let found = network.logits(&images).unwrap().unwrap();
        close_rows(&found, &case.logits, golden.tolerance, &case.name);
        let kind = ClassifierKind::Backgrounds;
        assert!(Classifier::open(&runtime, &bundle, kind, &recipe).is_err());
    }
}

#[derive(Deserialize)]
struct HtmlGolden {
    cases: Vec<(String, String)>,
}

#[test]
fn character_references_are_those_of_python() {
    let golden: HtmlGolden = golden("html");
    for (text, expected) in &golden.cases {
        assert_eq!(&html::unescape(text), expected, "{text}");
    }
}
