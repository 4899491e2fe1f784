use super::*;
use crate::record::{FaultKind, Hint as _};
use crate::vision::InputScale;

/// A complete `storygpt-v` manifest without files.
pub(crate) const STORYGPT_V: &str = r#"
format = 1
kind = "storygpt-v"
id = "tiny"
licence = "MIT"
[source]
upstream = "tests"
[image]
width = 8
height = 8
[diffusion]
latent_channels = 4
latent_height = 2
latent_width = 2
scaling_factor = 1.0
num_inference_steps = 30
guidance_scale = 3.0
start_merge_step = 15
start_merge_step_referential = 0
[scheduler]
kind = "pndm"
num_train_timesteps = 1000
beta_start = 0.00085
beta_end = 0.012
beta_schedule = "scaled_linear"
prediction_type = "v_prediction"
steps_offset = 1
set_alpha_to_one = false
skip_prk_steps = true
timestep_spacing = "leading"
[text]
tokenizer = "text_tokenizer.json"
max_length = 32
bos_id = 1
eos_id = 2
pad_id = 0
hidden_size = 16
[portraits]
width = 8
height = 8
[portraits.files]
otto = "portraits/otto.png"
[llm]
tokenizer = "llm_tokenizer.json"
hidden_size = 16
bos_id = 1
visual_tokens = 4
img_token_ids = [10, 11]
max_positions = 64
image_width = 8
image_height = 8
image_prefix = " Image: <img>"
image_suffix = "</img> Caption: "
caption_prefix = " Caption: "
caption_suffix = " Image: "
[graphs]
unet = "unet.onnx"
[files]
"unet.onnx" = "00"
"#;

fn parse(text: &str) -> Result<BundleManifest, InferenceError> {
    BundleManifest::parse(text, Path::new("b/bundle.toml"))
}

#[test]
fn every_key_of_the_layout_is_read() {
    let manifest = parse(STORYGPT_V).unwrap();
    assert_eq!(manifest.kind, BundleKind::StorygptV);
    assert_eq!(manifest.source.commit, "");
    assert_eq!(manifest.diffusion().unwrap().start_merge_step, 15);
    let scheduler = manifest.scheduler().unwrap();
    assert_eq!(scheduler.kind, SchedulerKind::Pndm);
    assert_eq!(scheduler.beta_schedule, BetaSchedule::ScaledLinear);
    assert_eq!(scheduler.prediction_type, PredictionType::VPrediction);
    assert_eq!(scheduler.timestep_spacing, TimestepSpacing::Leading);
    assert_eq!(manifest.text().unwrap().eos_id, 2);
    assert_eq!(
        manifest.portraits().unwrap().files["otto"],
        "portraits/otto.png"
    );
    assert_eq!(manifest.llm().unwrap().img_token_ids, [10, 11]);
    let mentioned: Vec<_> = manifest
        .mentioned()
        .into_iter()
        .map(|(key, _)| key)
        .collect();
    assert_eq!(
        mentioned,
        [
            "graphs.unet",
            "text.tokenizer",
            "llm.tokenizer",
            "portraits.files.otto"
        ]
    );
}

#[test]
fn what_is_read_can_be_written_and_read_again() {
    let manifest = parse(STORYGPT_V).unwrap();
    let text = toml::to_string(&manifest).unwrap();
    assert_eq!(parse(&text).unwrap(), manifest);
}

#[test]
fn evaluators_need_labels_and_features_only() {
    let text = r#"
        format = 1
        kind = "evaluators"
        id = "tiny-evaluators"
        licence = "MIT"
        source = { upstream = "tests" }
        image = { width = 8, height = 8 }
        labels = { characters = ["otto"], backgrounds = ["kitchen", "garden"] }
        features = { dim = 3 }
        graphs = { features = "f.onnx", bg_classifier = "b.onnx", char_classifier = "c.onnx" }
        files = {}
    "#;
    let manifest = parse(text).unwrap();
    assert_eq!(manifest.input, PixelInput::default());
    assert_eq!(manifest.labels().unwrap().backgrounds.len(), 2);
    let error = manifest.diffusion().unwrap_err();
    assert_eq!(
        error.to_string(),
        "b/bundle.toml has no section [diffusion]"
    );
    assert_eq!(error.fault_kind(), FaultKind::Setup);
    assert!(error.hint().unwrap().contains("storyeval model verify b`"));
    let error = parse(&text.replace("features = { dim = 3 }", "")).unwrap_err();
    assert!(matches!(
        error,
        InferenceError::MissingSection {
            section: "features",
            ..
        }
    ));
    let error = parse(&text.replace("dim = 3", "dim = 0")).unwrap_err();
    assert!(matches!(
        error,
        InferenceError::ManifestValue {
            key: "features.dim",
            ..
        }
    ));
}

#[test]
fn a_diffusion_model_may_have_no_portraits() {
    let start = STORYGPT_V.find("[portraits]").unwrap();
    let end = STORYGPT_V.find("[llm]").unwrap();
    let manifest = parse(&STORYGPT_V.replace(&STORYGPT_V[start..end], "")).unwrap();
    assert!(manifest.portraits().is_none());
}

#[test]
fn the_language_model_is_optional_for_the_diffusion_model_alone() {
    let start = STORYGPT_V.find("[llm]").unwrap();
    let end = STORYGPT_V.find("[graphs]").unwrap();
    let text = STORYGPT_V.replace(&STORYGPT_V[start..end], "");
    assert!(matches!(
        parse(&text),
        Err(InferenceError::MissingSection { section: "llm", .. })
    ));
    let manifest = parse(&text.replace("storygpt-v", "char-ldm")).unwrap();
    assert!(manifest.llm().is_err());
}

#[test]
fn unknown_keys_are_errors_with_file_and_line() {
    let text = STORYGPT_V.replace(
        "guidance_scale = 3.0",
        "guidance_scale = 3.0\nguidance_scael = 7.5",
    );
    let error = parse(&text).unwrap_err();
    assert_eq!(error.to_string(), "b/bundle.toml is not a bundle manifest");
    let message = std::error::Error::source(&error).unwrap().to_string();
    assert!(
        message.contains("guidance_scael") && message.contains("line 18"),
        "{message}"
    );
}

#[test]
fn a_newer_format_is_called_newer_whatever_else_it_holds() {
    let error = parse("format = 2\nnovelty = true").unwrap_err();
    assert_eq!(
        error.to_string(),
        "b/bundle.toml has format 2, this program reads format 1"
    );
}

#[test]
fn values_without_sense_are_refused() {
    let change = |from: &str, to: &str| {
        assert!(STORYGPT_V.contains(from), "{from}");
        match parse(&STORYGPT_V.replacen(from, to, 1)) {
            Err(InferenceError::ManifestValue { key, .. }) => key,
            other => panic!("{from} -> {to}: {other:?}"),
        }
    };
    assert_eq!(
        change("max_length = 32", "max_length = 0"),
        "text.max_length"
    );
    assert_eq!(change("[10, 11]", "[]"), "llm.img_token_ids");
    assert_eq!(
        change("scaling_factor = 1.0", "scaling_factor = 0.0"),
        "diffusion.scaling_factor"
    );
    assert_eq!(
        change("guidance_scale = 3.0", "guidance_scale = inf"),
        "diffusion.guidance_scale"
    );
    assert_eq!(
        change("beta_end = 0.012", "beta_end = nan"),
        "scheduler.beta_start"
    );
    assert_eq!(
        change("num_inference_steps = 30", "num_inference_steps = 0"),
        "diffusion.num_inference_steps"
    );
}

/// A manifest of `kind` with `more`.
fn looking(kind: &str, more: &str) -> String {
    format!(
        "format = 1\nkind = \"{kind}\"\nid = \"tiny\"\nlicence = \"MIT\"\n\
         source = {{ upstream = \"tests\" }}\nimage = {{ width = 8, height = 8 }}\n\
         graphs = {{}}\nfiles = {{}}\n{more}"
    )
}

const CLIP: &str = "[clip]\ndim = 4\ncontext_length = 77\ntokenizer = \"t.json\"\n\
    bos_id = 1\neos_id = 2\npad_id = 0\n";
const CAPTIONER: &str = "[captioner]\ntokenizer = \"t.json\"\nprompt = \"a photo of\"\n\
    num_beams = 5\nmax_new_tokens = 30\nmin_length = 1\nlength_penalty = 1.0\nbos_id = 2\n\
    eos_id = 3\npad_id = 1\nlayers = 2\nheads = 2\nhead_dim = 4\nhidden_size = 8\nvocab_size = 40\n";

const LOCATOR: &str = "[locator]\ncharacters = [\"otto\"]\nthreshold = 0.5\n";
const SAM: &str = "[sam]\nchannels = 256\ncells = 64\nmasks = 3\nmask_side = 256\n";

#[test]
fn evaluators_need_sections_for_the_graphs_they_have() {
    let only = |graph: &str, section: &str| {
        let text = looking("evaluators", section);
        parse(&text.replace(
            "graphs = {}",
            &format!("graphs = {{ {graph} = \"g.onnx\" }}"),
        ))
    };
    only("features", "[features]\ndim = 2048").unwrap();
    let characters = "[labels]\ncharacters = [\"otto\"]";
    only("char_classifier", characters).unwrap();
    let key = |result| match result {
        Err(InferenceError::ManifestValue { key, .. }) => key,
        Err(InferenceError::MissingSection { section, .. }) => section,
        other => panic!("{other:?}"),
    };
    assert_eq!(key(only("bg_classifier", characters)), "labels.backgrounds");
    assert_eq!(key(only("char_classifier", "")), "labels");
    assert_eq!(key(only("features", characters)), "features");
}

#[test]
fn every_kind_that_looks_is_read_and_written() {
    let input =
        "[input]\nscale = \"symmetric\"\nresizer = \"pillow-bicubic\"\ngeometry = \"squash\"\n";
    for (kind, section) in [
        ("clip", CLIP),
        ("captioner", CAPTIONER),
        ("lpips", "[lpips]\nnetwork = \"alex\"\nversion = \"0.1\"\n"),
        ("locator", LOCATOR),
        ("sam", SAM),
    ] {
        let manifest = parse(&looking(kind, &format!("{input}{section}"))).unwrap();
        assert_eq!(manifest.kind.name(), kind);
        assert_eq!(manifest.input.scale, InputScale::Symmetric);
        assert_eq!(
            manifest.input.geometry,
            Some(crate::vision::Geometry::Squash)
        );
        assert_eq!(
            parse(&toml::to_string(&manifest).unwrap()).unwrap(),
            manifest
        );
        let crop = input.replace("squash", "crop-first");
        let error = parse(&looking(kind, &format!("{crop}{section}"))).unwrap_err();
        assert!(error.to_string().contains("input.geometry"), "{error}");
        let error = parse(&looking(kind, "")).unwrap_err();
        assert!(matches!(error, InferenceError::MissingSection { .. }));
        let error = parse(&looking(kind, &format!("{section}typo = 1\n"))).unwrap_err();
        assert!(matches!(error, InferenceError::Manifest { .. }));
    }
    let clip = parse(&looking("clip", CLIP)).unwrap();
    assert!(clip.clip().unwrap().lower_case);
    assert_eq!(clip.mentioned()[0], ("clip.tokenizer".to_owned(), "t.json"));
    let captioner = parse(&looking("captioner", CAPTIONER)).unwrap();
    assert_eq!(captioner.captioner().unwrap().bos_id, Some(2));
    assert_eq!(captioner.mentioned()[0].0, "captioner.tokenizer");
}

#[test]
fn a_scale_may_have_its_own_constants() {
    let with = |scale: &str| {
        parse(&looking(
            "clip",
            &format!("[input]\nscale = {scale}\n{CLIP}"),
        ))
    };
    let manifest = with("{ mean = [0.1, 0.2, 0.3], std = [0.5, 0.5, 1.0] }").unwrap();
    assert_eq!(
        manifest.input.scale,
        InputScale::Standardised {
            mean: [0.1, 0.2, 0.3],
            std: [0.5, 0.5, 1.0]
        }
    );
    assert_eq!(
        parse(&toml::to_string(&manifest).unwrap()).unwrap(),
        manifest
    );
    for scale in [
        "\"unitt\"",
        "{ mean = [0.1, 0.2, 0.3], std = [0.5, 0.0, 1.0] }",
        "{ mean = [nan, 0.2, 0.3], std = [0.5, 0.5, 1.0] }",
        "{ mean = [0.1, 0.2], std = [0.5, 0.5, 1.0] }",
        "3",
    ] {
        let error = with(scale).unwrap_err();
        assert!(matches!(error, InferenceError::Manifest { .. }), "{error}");
    }
}

#[test]
fn captioners_and_clips_without_sense_are_refused() {
    let change = |kind: &str, section: &str, from: &str, to: &str| {
        assert!(section.contains(from), "{from}");
        match parse(&looking(kind, &section.replacen(from, to, 1))) {
            Err(InferenceError::ManifestValue { key, .. }) => key,
            other => panic!("{from} -> {to}: {other:?}"),
        }
    };
    let captioner = |from, to| change("captioner", CAPTIONER, from, to);
    assert_eq!(
        captioner("num_beams = 5", "num_beams = 0"),
        "captioner.num_beams"
    );
    assert_eq!(
        captioner("num_beams = 5", "num_beams = 40"),
        "captioner.num_beams"
    );
    assert_eq!(
        captioner("eos_id = 3", "eos_id = 40"),
        "captioner.vocab_size"
    );
    assert_eq!(
        captioner("penalty = 1.0", "penalty = inf"),
        "captioner.length_penalty"
    );
    assert_eq!(
        captioner("tokens = 30", "tokens = 0"),
        "captioner.max_new_tokens"
    );
    let clip = |from, to| change("clip", CLIP, from, to);
    assert_eq!(clip("dim = 4", "dim = 0"), "clip.dim");
    assert_eq!(clip("length = 77", "length = 1"), "clip.context_length");
    let locator = |from, to| change("locator", LOCATOR, from, to);
    assert_eq!(locator("[\"otto\"]", "[]"), "locator.characters");
    for wrong in ["0.0", "1.0", "nan"] {
        assert_eq!(locator("0.5", wrong), "locator.threshold");
    }
    for size in [
        "channels = 256",
        "cells = 64",
        "masks = 3",
        "mask_side = 256",
    ] {
        let (name, _) = size.split_once(' ').unwrap();
        let found = change("sam", SAM, size, &format!("{name} = 0"));
        assert_eq!(found, format!("sam.{name}"));
    }
}
