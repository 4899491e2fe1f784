//! `bundle.toml`: what a bundle of weights is, and every number the generator takes from it.
//!
//! Sizes, tokens, step counts and scheduler constants come from here and never from constants in
//! code, so that a 30 MB bundle and a 13 GB one run through the same lines. Unknown keys are errors:
//! a misspelt key would otherwise change a protocol without anyone noticing.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::InferenceError;
use crate::record::canonical_json;
use crate::vision::Geometry;

mod drawing;
mod export;
mod looking;

pub use drawing::{
    BetaSchedule, CacheSizes, Diffusion, Llm, Portraits, PredictionType, Scheduler, SchedulerKind,
    Text, TimestepSpacing, Writing,
};
pub use export::{Export, Parity};
pub use looking::{
    CaptionerModel, ClipModel, Features, Labels, LocatorModel, LpipsModel, PixelInput, SamModel,
};

/// The bundle format this program reads.
pub(crate) const FORMAT: u32 = 1;
/// The file every bundle has.
pub(crate) const FILE: &str = "bundle.toml";

/// The parsed `bundle.toml`. Sections that not every kind has are reached by the accessors, which
/// say which section is missing from which file.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct BundleManifest {
    /// Version of this layout; 1.
    pub format: u32,
    /// What the graphs are for.
    pub kind: BundleKind,
    /// Id of the model, for example `storygpt-v-mini`.
    pub id: String,
    /// Licence of the weights, an SPDX expression where there is one.
    pub licence: String,
    /// Where the weights come from.
    pub source: Source,
    /// Size of the images that are drawn or read.
    pub image: ImageSize,
    /// Which pixels the graphs read.
    #[serde(default, skip_serializing_if = "is_default")]
    pub input: PixelInput,
    diffusion: Option<Diffusion>,
    scheduler: Option<Scheduler>,
    text: Option<Text>,
    portraits: Option<Portraits>,
    llm: Option<Llm>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    writing: Option<Writing>,
    labels: Option<Labels>,
    features: Option<Features>,
    clip: Option<ClipModel>,
    lpips: Option<LpipsModel>,
    captioner: Option<CaptionerModel>,
    locator: Option<LocatorModel>,
    sam: Option<SamModel>,
    /// How the files were made, where a tool wrote it down.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub export: Option<Export>,
    /// What the graphs gave where they were made.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub parity: Option<Parity>,
    /// Graph name to file, relative to the bundle's folder.
    pub graphs: BTreeMap<String, String>,
    /// Every file of the bundle but `bundle.toml` itself, with its SHA-256 as 64 hex digits.
    pub files: BTreeMap<String, String>,
    /// Where this was read from; for messages only.
    #[serde(skip)]
    path: PathBuf,
    /// Whether the text has `[input] scale`. A written default and an absent one are the same bundle.
    #[serde(skip)]
    scale_written: bool,
}

/// What a bundle's graphs are for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, strum::IntoStaticStr)]
#[strum(serialize_all = "kebab-case")]
#[serde(rename_all = "kebab-case")]
pub enum BundleKind {
    /// Char-LDM with the language model of StoryGPT-V on top.
    #[serde(rename = "storygpt-v")]
    StorygptV,
    /// The diffusion model alone.
    CharLdm,
    /// What makes the language model of another bundle write captions.
    Writer,
    /// Classifiers and a feature network, any of them.
    Evaluators,
    /// Embeddings of images and texts in one space.
    Clip,
    /// A learned distance of two images.
    Lpips,
    /// A model that writes what is on an image.
    Captioner,
    /// A network that says where each character is.
    Locator,
    /// Segment Anything: boxes to masks. Exported and verified, for making masks of a data set, which is planned.
    Sam,
}

impl BundleKind {
    /// The kind as `bundle.toml` writes it.
    #[must_use]
    pub fn name(self) -> &'static str {
        self.into()
    }
}

fn is_default(input: &PixelInput) -> bool {
    *input == PixelInput::default()
}

/// Where weights come from.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Source {
    /// Repository, paper or tool.
    pub upstream: String,
    /// Commit of the upstream; may be empty.
    #[serde(default)]
    pub commit: String,
    /// Anything else a reader should know.
    #[serde(default)]
    pub note: String,
}

/// Width and height in pixels.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ImageSize {
    /// Pixels across.
    pub width: usize,
    /// Pixels down.
    pub height: usize,
}

macro_rules! section {
    ($name:ident, $type:ty, $doc:literal) => {
        #[doc = $doc]
        ///
        /// # Errors
        /// [`InferenceError::MissingSection`] where the bundle has none.
        pub fn $name(&self) -> Result<&$type, InferenceError> {
            self.$name
                .as_ref()
                .ok_or_else(|| InferenceError::MissingSection {
                    path: self.path.clone(),
                    section: stringify!($name),
                })
        }
    };
}

impl BundleManifest {
    section!(diffusion, Diffusion, "The `[diffusion]` section.");
    section!(scheduler, Scheduler, "The `[scheduler]` section.");
    section!(text, Text, "The `[text]` section.");
    section!(llm, Llm, "The `[llm]` section.");
    section!(labels, Labels, "The `[labels]` section.");
    section!(features, Features, "The `[features]` section.");
    section!(clip, ClipModel, "The `[clip]` section.");
    section!(lpips, LpipsModel, "The `[lpips]` section.");
    section!(captioner, CaptionerModel, "The `[captioner]` section.");
    section!(locator, LocatorModel, "The `[locator]` section.");
    section!(sam, SamModel, "The `[sam]` section.");

    /// The `[portraits]` section. A diffusion model without one draws from the captions alone.
    #[must_use]
    pub fn portraits(&self) -> Option<&Portraits> {
        self.portraits.as_ref()
    }

    /// The `[writing]` section; `None` where the language model cannot write captions.
    #[must_use]
    pub fn writing(&self) -> Option<&Writing> {
        self.writing.as_ref()
    }

    /// Whether graphs read pixels, and no `[input] scale` says which values: they get 0 to 1 then. LPIPS has a range of
    /// its own.
    #[must_use]
    pub fn leaves_scale_open(&self) -> bool {
        let reads = matches!(
            self.kind,
            BundleKind::Evaluators
                | BundleKind::Clip
                | BundleKind::Captioner
                | BundleKind::Locator
                | BundleKind::Sam
        );
        reads && !self.scale_written
    }

    /// Parses the text of a `bundle.toml` and checks what can be checked without the other files:
    /// the format, the sections the kind needs, and that sizes are not zero.
    ///
    /// # Errors
    /// [`InferenceError::Manifest`] for a text that does not parse, [`InferenceError::BundleFormat`],
    /// [`InferenceError::MissingSection`] and [`InferenceError::ManifestValue`]; `path` is named in each.
    pub fn parse(text: &str, path: &Path) -> Result<Self, InferenceError> {
        /// Read first, so that a newer format is called newer and not full of unknown keys.
        #[derive(Deserialize)]
        struct Format {
            format: u32,
        }
        let malformed = |source| InferenceError::Manifest {
            path: path.to_owned(),
            source: Box::new(source),
        };
        let Format { format } = toml::from_str(text).map_err(malformed)?;
        if format != FORMAT {
            return Err(InferenceError::BundleFormat {
                path: path.to_owned(),
                found: format,
            });
        }
        let mut manifest: Self = toml::from_str(text).map_err(malformed)?;
        path.clone_into(&mut manifest.path);
        let table: toml::Table = toml::from_str(text).map_err(malformed)?;
        let input = table.get("input").and_then(toml::Value::as_table);
        manifest.scale_written = input.is_some_and(|input| input.contains_key("scale"));
        manifest.check()?;
        Ok(manifest)
    }

    fn check(&self) -> Result<(), InferenceError> {
        match self.kind {
            BundleKind::StorygptV => {
                self.check_diffusion()?;
                self.llm()?;
            }
            BundleKind::CharLdm => self.check_diffusion()?,
            BundleKind::Writer => {
                self.llm()?;
                if self.writing.is_none() {
                    return Err(InferenceError::MissingSection {
                        path: self.path.clone(),
                        section: "writing",
                    });
                }
            }
            BundleKind::Evaluators => self.check_evaluators()?,
            BundleKind::Clip => {
                // Begin and end of text have to fit.
                if self.clip()?.context_length < 2 {
                    return Err(self.value("clip.context_length", "has to be at least 2"));
                }
            }
            BundleKind::Lpips => {
                self.lpips()?;
            }
            BundleKind::Captioner => self.check_captioner()?,
            BundleKind::Locator => self.check_locator()?,
            BundleKind::Sam => {
                self.sam()?;
            }
        }
        if self
            .writing
            .as_ref()
            .is_some_and(|it| it.sampling.broken().is_some())
        {
            return Err(self.value(
                "writing.sampling",
                "has to have a temperature from 0 to 100, a top_p above 0 and at most 1, top_k and max_tokens of at least 1, and no empty stop",
            ));
        }
        if let Some(parity) = &self.parity
            && !(parity.tolerance.is_finite() && parity.tolerance > 0.0)
        {
            return Err(self.value("parity.tolerance", "has to be finite and above 0"));
        }
        if self.input.geometry == Some(Geometry::CropFirst) {
            return Err(self.value(
                "input.geometry",
                "is crop-first, but only a protocol names the size `first` that it crops at",
            ));
        }
        for (key, value) in self.sizes() {
            if value == 0 {
                return Err(self.value(key, "is 0, but has to be at least 1"));
            }
        }
        let Some(scheduler) = &self.scheduler else {
            return Ok(());
        };
        let ordered = 0.0 < scheduler.beta_start && scheduler.beta_start <= scheduler.beta_end;
        if !(ordered && scheduler.beta_end < 1.0) {
            return Err(self.value(
                "scheduler.beta_start",
                "and beta_end have to satisfy 0 < beta_start <= beta_end < 1",
            ));
        }
        Ok(())
    }

    /// A graph needs the section that says what comes out of it; without the graph it may be absent.
    fn check_evaluators(&self) -> Result<(), InferenceError> {
        if self.graphs.contains_key("char_classifier") && self.labels()?.characters.is_empty() {
            return Err(self.value("labels.characters", "is empty, but there is a classifier"));
        }
        if self.graphs.contains_key("bg_classifier") && self.labels()?.backgrounds.is_empty() {
            return Err(self.value("labels.backgrounds", "is empty, but there is a classifier"));
        }
        if self.graphs.contains_key("features") {
            self.features()?;
        }
        Ok(())
    }

    fn check_captioner(&self) -> Result<(), InferenceError> {
        let captioner = self.captioner()?;
        if !captioner.length_penalty.is_finite() {
            return Err(self.value("captioner.length_penalty", "has to be finite"));
        }
        if captioner.num_beams >= captioner.vocab_size {
            return Err(self.value(
                "captioner.num_beams",
                "has to be below the vocabulary's size",
            ));
        }
        let ids = [
            Some(captioner.eos_id),
            Some(captioner.pad_id),
            captioner.bos_id,
        ];
        let outside = |id: &u32| *id as usize >= captioner.vocab_size;
        if ids.iter().flatten().any(outside) {
            return Err(self.value(
                "captioner.vocab_size",
                "has to be above bos_id, eos_id and pad_id",
            ));
        }
        Ok(())
    }

    fn check_locator(&self) -> Result<(), InferenceError> {
        let locator = self.locator()?;
        if locator.characters.is_empty() {
            return Err(self.value("locator.characters", "is empty"));
        }
        if !(0.0 < locator.threshold && locator.threshold < 1.0) {
            return Err(self.value("locator.threshold", "has to be between 0 and 1"));
        }
        Ok(())
    }

    fn check_diffusion(&self) -> Result<(), InferenceError> {
        let diffusion = self.diffusion()?;
        self.scheduler()?;
        self.text()?;
        if !(diffusion.scaling_factor.is_finite() && diffusion.scaling_factor > 0.0) {
            return Err(self.value("diffusion.scaling_factor", "has to be finite and above 0"));
        }
        if !diffusion.guidance_scale.is_finite() {
            return Err(self.value("diffusion.guidance_scale", "has to be finite"));
        }
        Ok(())
    }

    /// Every number that is a size, with its key.
    fn sizes(&self) -> Vec<(&'static str, usize)> {
        let mut sizes = vec![
            ("image.width", self.image.width),
            ("image.height", self.image.height),
        ];
        if let Some(it) = &self.diffusion {
            sizes.extend([
                ("diffusion.latent_channels", it.latent_channels),
                ("diffusion.latent_height", it.latent_height),
                ("diffusion.latent_width", it.latent_width),
                ("diffusion.num_inference_steps", it.num_inference_steps),
            ]);
        }
        if let Some(it) = &self.scheduler {
            sizes.push(("scheduler.num_train_timesteps", it.num_train_timesteps));
        }
        if let Some(it) = &self.text {
            sizes.extend([
                ("text.max_length", it.max_length),
                ("text.hidden_size", it.hidden_size),
            ]);
        }
        if let Some(it) = &self.portraits {
            sizes.extend([
                ("portraits.width", it.width),
                ("portraits.height", it.height),
            ]);
        }
        if let Some(it) = &self.llm {
            sizes.extend([
                ("llm.hidden_size", it.hidden_size),
                ("llm.visual_tokens", it.visual_tokens),
                ("llm.img_token_ids", it.img_token_ids.len()),
                ("llm.max_positions", it.max_positions),
                ("llm.image_width", it.image_width),
                ("llm.image_height", it.image_height),
            ]);
        }
        if let Some(it) = &self.writing {
            sizes.push(("writing.vocab_size", it.vocab_size));
            if let Some(it) = &it.cache {
                sizes.extend([
                    ("writing.cache.layers", it.layers),
                    ("writing.cache.heads", it.heads),
                    ("writing.cache.head_dim", it.head_dim),
                ]);
            }
        }
        if let Some(it) = &self.features {
            sizes.push(("features.dim", it.dim));
        }
        if let Some(it) = &self.clip {
            sizes.push(("clip.dim", it.dim));
        }
        if let Some(it) = &self.captioner {
            sizes.extend([
                ("captioner.num_beams", it.num_beams),
                ("captioner.max_new_tokens", it.max_new_tokens),
                ("captioner.layers", it.layers),
                ("captioner.heads", it.heads),
                ("captioner.head_dim", it.head_dim),
                ("captioner.hidden_size", it.hidden_size),
                ("captioner.vocab_size", it.vocab_size),
            ]);
        }
        if let Some(it) = &self.sam {
            sizes.extend([
                ("sam.channels", it.channels),
                ("sam.cells", it.cells),
                ("sam.masks", it.masks),
                ("sam.mask_side", it.mask_side),
            ]);
        }
        sizes
    }

    /// Every setting as canonical JSON: all but the files, which have hashes of their own, and what only
    /// tells people what the bundle is and how it was made (`id`, `licence`, `source`, `export`, `parity`). A key that is written with its
    /// default counts as one that is left out.
    ///
    /// # Panics
    /// Never: a manifest is plain data.
    #[must_use]
    pub(crate) fn settings(&self) -> String {
        let mut settings = serde_json::to_value(self).expect("a manifest is plain data");
        if let Some(sections) = settings.as_object_mut() {
            let apart = ["id", "licence", "source", "files", "export", "parity"];
            // Sections that a kind does not have stay out, so that new ones leave other kinds alone.
            sections.retain(|name, section| !apart.contains(&name.as_str()) && !section.is_null());
        }
        canonical_json(&settings)
    }

    fn value(&self, key: &'static str, wrong: &'static str) -> InferenceError {
        InferenceError::ManifestValue {
            path: self.path.clone(),
            key,
            wrong,
        }
    }

    /// The tokenisers, relative to the bundle's folder.
    pub fn tokenizers(&self) -> impl Iterator<Item = &str> {
        let all = [
            self.text.as_ref().map(|it| &it.tokenizer),
            self.llm.as_ref().map(|it| &it.tokenizer),
            self.clip.as_ref().map(|it| &it.tokenizer),
            self.captioner.as_ref().map(|it| &it.tokenizer),
        ];
        all.into_iter().flatten().map(String::as_str)
    }

    /// Every file the manifest speaks of outside `[files]`, with the key that names it.
    pub(crate) fn mentioned(&self) -> Vec<(String, &str)> {
        let mut files = Vec::new();
        for (name, file) in &self.graphs {
            files.push((format!("graphs.{name}"), file.as_str()));
        }
        if let Some(it) = &self.parity {
            files.push(("parity.file".to_owned(), it.file.as_str()));
        }
        if let Some(it) = &self.text {
            files.push(("text.tokenizer".to_owned(), it.tokenizer.as_str()));
        }
        if let Some(it) = &self.llm {
            files.push(("llm.tokenizer".to_owned(), it.tokenizer.as_str()));
        }
        if let Some(it) = &self.clip {
            files.push(("clip.tokenizer".to_owned(), it.tokenizer.as_str()));
        }
        if let Some(it) = &self.captioner {
            files.push(("captioner.tokenizer".to_owned(), it.tokenizer.as_str()));
        }
        if let Some(it) = &self.portraits {
            for (name, file) in &it.files {
                files.push((format!("portraits.files.{name}"), file.as_str()));
            }
        }
        files
    }
}

#[cfg(test)]
#[path = "manifest_tests.rs"]
pub(super) mod tests;
