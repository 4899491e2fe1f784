use super::*;
use crate::inference::{DeviceRequest, RuntimeOptions, default_cache};
use crate::record::{FaultKind, Hint as _};
use serde::Deserialize;
use std::fs;
use std::path::{Path, PathBuf};

/// One setting of `generate`, and what it gave: `[frame][rank]`.
#[derive(Deserialize)]
struct Run {
    bundle: String,
    num_beams: usize,
    max_new_tokens: usize,
    min_length: usize,
    min_new_tokens: usize,
    length_penalty: f64,
    tokens: Vec<Vec<Vec<u32>>>,
    scores: Vec<Vec<Option<f32>>>,
    captions: Vec<String>,
}

#[derive(Deserialize)]
struct Golden {
    tolerance: f32,
    frame: u32,
    runs: Vec<Run>,
}

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("reference-data/golden/captioner")
}

fn golden() -> Golden {
    serde_json::from_str(&fs::read_to_string(folder().join("golden.json")).unwrap()).unwrap()
}

fn frames(side: u32) -> Vec<RgbImage> {
    let strip = image::open(folder().join("frames.png")).unwrap().to_rgb8();
    let count = strip.height() / side;
    (0..count)
        .map(|at| image::imageops::crop_imm(&strip, 0, at * side, side, side).to_image())
        .collect()
}

fn runtime() -> Runtime {
    let options = RuntimeOptions {
        device: DeviceRequest::Cpu,
        threads: Some(1),
        offline: false,
        cache: default_cache(),
    };
    Runtime::open(&options, &mut |_| {}).unwrap()
}

fn captioner(bundle: &str) -> Captioner {
    captioner_in(&folder().join(bundle))
}

fn captioner_in(folder: &Path) -> Captioner {
    let bundle = Bundle::open(folder).unwrap();
    bundle.verify().unwrap();
    Captioner::open(&runtime(), &bundle).unwrap()
}

fn set(captioner: &mut Captioner, run: &Run) {
    let model = &mut captioner.model;
    model.num_beams = run.num_beams;
    model.max_new_tokens = run.max_new_tokens;
    model.min_length = run.min_length;
    model.min_new_tokens = run.min_new_tokens;
    model.length_penalty = run.length_penalty;
}

/// Runs every setting of a bundle in `folder`; how many sequences were the same, and by how much the
/// scores differ.
fn compare(folder: &Path, bundle: &str, golden: &Golden) -> (usize, f32) {
    let images = frames(golden.frame);
    let (mut compared, mut worst) = (0, 0.0_f32);
    let mut captioner = captioner_in(&folder.join(bundle));
    for run in golden.runs.iter().filter(|run| run.bundle == bundle) {
        set(&mut captioner, run);
        let place = captioner.preprocessing();
        let found = captioner.hypotheses(&images).unwrap();
        assert_eq!(found.len(), run.tokens.len(), "{place}");
        for (frame, (found, tokens)) in found.iter().zip(&run.tokens).enumerate() {
            assert_eq!(found.len(), run.num_beams);
            for (rank, (found, tokens)) in found.iter().zip(tokens).enumerate() {
                assert_eq!(&found.tokens, tokens, "{place}, frame {frame}, rank {rank}");
                if let Some(score) = run.scores[frame][rank] {
                    let off = (found.score - score).abs() / score.abs().max(1.0);
                    worst = worst.max(off);
                }
                compared += 1;
            }
        }
        let captions = captioner.captions(&images, 1).unwrap();
        assert_eq!(captions.concat(), run.captions, "{place}");
    }
    (compared, worst)
}

#[test]
fn captions_are_those_of_transformers() {
    let golden = golden();
    let (mut compared, mut worst) = (0, 0.0_f32);
    for bundle in ["rare", "common", "dominant"] {
        let (more, off) = compare(&folder(), bundle, &golden);
        (compared, worst) = (compared + more, worst.max(off));
    }
    assert!(compared > 1000, "{compared}");
    assert!(worst < golden.tolerance, "{worst}");
    println!("{compared} sequences; scores within {worst:e}");
}

#[test]
fn captions_of_an_exported_blip2_are_those_of_transformers() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("reference-data/golden/export");
    let text = fs::read_to_string(root.join("blip2-tiny.json")).unwrap();
    let golden: Golden = serde_json::from_str(&text).unwrap();
    let (compared, worst) = compare(&root, "blip2-tiny", &golden);
    assert_eq!(compared, 9 * (1 + 3 + 5 + 5));
    assert!(worst < golden.tolerance, "{worst}");
}

/// A caption of the shipped bundle as `generate` wrote it.
#[derive(Deserialize)]
struct Beam {
    ids: Vec<u32>,
    text: String,
    score: f32,
}

#[derive(Deserialize)]
struct Shipped {
    tolerance: f32,
    beams: Vec<Vec<Beam>>,
}

#[test]
fn captions_of_the_shipped_bundle_are_those_of_transformers() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("reference-data");
    let goldens = root.join("golden/minisv-networks");
    let text = fs::read_to_string(goldens.join("networks.json")).unwrap();
    let shipped: Shipped = serde_json::from_str(&text).unwrap();
    let bundle = Bundle::open(&root.join("bundles/minisv-captioner")).unwrap();
    let mut captioner = Captioner::open(&runtime(), &bundle).unwrap();
    let images: Vec<RgbImage> = (0..shipped.beams.len())
        .map(|at| {
            image::open(goldens.join(format!("{at}.png")))
                .unwrap()
                .to_rgb8()
        })
        .collect();
    let found = captioner.hypotheses(&images).unwrap();
    let texts = captioner.captions(&images, 5).unwrap();
    let eos = captioner.model.eos_id;
    for (frame, beams) in shipped.beams.iter().enumerate() {
        for (rank, beam) in beams.iter().enumerate() {
            let found = &found[frame][rank];
            let written = found.tokens.strip_suffix(&[eos]).unwrap_or(&found.tokens);
            assert_eq!(written, beam.ids, "frame {frame}, rank {rank}");
            assert!((found.score - beam.score).abs() < shipped.tolerance);
            assert_eq!(texts[frame][rank], beam.text);
        }
    }
}

#[test]
fn captions_of_an_image_do_not_depend_on_its_company() {
    let images = frames(golden().frame);
    for bundle in ["common", "rare"] {
        let mut captioner = captioner(bundle);
        let together = captioner.hypotheses(&images).unwrap();
        for (image, expected) in images.iter().zip(&together) {
            let alone = captioner.hypotheses(std::slice::from_ref(image)).unwrap();
            assert_eq!(&alone[0], expected);
        }
        assert!(captioner.captions(&[], 5).unwrap().is_empty());
    }
}

#[test]
fn few_images_are_searched_together_where_the_cache_is_large() {
    let mut captioner = captioner("common");
    assert_eq!(captioner.together(4).unwrap(), IMAGES);
    let images = frames(golden().frame);
    let expected = captioner.hypotheses(&images).unwrap();
    // A cache of 256 bytes a token: 5 beams of 200,000 tokens take a quarter of a gigabyte.
    captioner.model.max_new_tokens = 200_000;
    assert_eq!(captioner.together(4).unwrap(), 2);
    let found = captioner.hypotheses(&images).unwrap();
    for (found, expected) in found.iter().flatten().zip(expected.iter().flatten()) {
        assert_eq!(found.tokens, expected.tokens);
        assert!((found.score - expected.score).abs() < 1e-5);
    }
    captioner.model.max_new_tokens = usize::MAX;
    let error = captioner.captions(&images, 1).unwrap_err();
    assert!(matches!(error, EvaluatorError::Cache { .. }), "{error}");
    assert_eq!(error.fault_kind(), FaultKind::Setup);
    assert!(error.hint().unwrap().contains("max_new_tokens"));
}

#[test]
fn impossible_wishes_are_errors() {
    let mut captioner = captioner("common");
    let images = frames(golden().frame);
    for asked in [0, 6] {
        let error = captioner.captions(&images, asked).unwrap_err();
        assert!(matches!(error, EvaluatorError::Captions { beams: 5, .. }));
        assert!(error.hint().unwrap().contains("1 to 5"));
    }
    let mut broken = images.clone();
    broken[8] = RgbImage::new(0, 0);
    let error = captioner.captions(&broken, 1).unwrap_err();
    assert!(matches!(error, EvaluatorError::Image { index: 8, .. }));
    let other = Path::new(env!("CARGO_MANIFEST_DIR")).join("reference-data/bundles/minisv-clip");
    let error = Captioner::open(&runtime(), &Bundle::open(&other).unwrap()).map(|_| ());
    assert!(matches!(
        error.unwrap_err(),
        EvaluatorError::WrongKind {
            needed: "captioner",
            ..
        }
    ));
}

#[test]
fn preprocessing_names_all_that_changes_a_caption() {
    let mut captioner = captioner("rare");
    assert_eq!(
        captioner.preprocessing(),
        "pillow-bicubic-8+squash+beam5+max30+min1+penalty1+eos3+bos2+prompt\"a photo of\""
    );
    captioner.model.min_new_tokens = 2;
    captioner.model.length_penalty = -0.5;
    assert!(captioner.preprocessing().contains("+min-new2+penalty-0.5+"));
}
