//! Char-LDM: the diffusion model alone. Every frame is drawn from its own caption.

use super::super::{Fault, Generator, GeneratorError, Latents, Prompt};
use super::diffusion::{CaptionDiffusion, captions_of, drawn, frame_by_frame, located};
use super::networks::{DiffusionNetworks, Tokenize};
use super::onnx::OnnxDiffusion;
use super::portraits::Portraits;
use super::settings::DiffusionSettings;
use crate::inference::{Bundle, BundleKind, InferenceError, Runtime, Tokenizer};
use crate::record::{DrawnFrame, Seed};
use image::RgbImage;

/// StoryGPT-V's first stage: portraits fused into the caption, no language model and no memory.
///
/// As released (`evaluate.py`), the merge step is the normal one on every frame, whatever the caption's flag says.
pub struct CharLdm<N = OnnxDiffusion> {
    diffusion: CaptionDiffusion<N>,
}

impl CharLdm {
    /// Loads the diffusion model of a bundle. A StoryGPT-V bundle will do: its language model is not loaded.
    ///
    /// # Errors
    /// [`GeneratorError`] for bundles of another kind, missing sections, portraits and graphs, and settings
    /// that are not implemented.
    pub fn open(runtime: &Runtime, bundle: &Bundle) -> Result<Self, GeneratorError> {
        let kinds = [BundleKind::CharLdm, BundleKind::StorygptV];
        check_kind(bundle, &kinds, "char-ldm or storygpt-v")?;
        Ok(Self {
            diffusion: open_diffusion(runtime, bundle)?,
        })
    }
}

impl<N: DiffusionNetworks> CharLdm<N> {
    /// Joins parts that are already open. `portraits` are names with images of the encoder's size.
    ///
    /// # Errors
    /// [`GeneratorError::Portrait`] when the portraits differ in size.
    pub fn from_parts(
        settings: DiffusionSettings,
        networks: N,
        tokenizer: Box<dyn Tokenize>,
        portraits: Vec<(String, RgbImage)>,
    ) -> Result<Self, GeneratorError> {
        let portraits = Portraits::new(portraits)
            .map_err(|(character, source)| GeneratorError::Portrait { character, source })?;
        Ok(Self {
            diffusion: CaptionDiffusion::new(settings, networks, tokenizer, portraits),
        })
    }

    /// Takes initial latents from files, or keeps final ones.
    #[must_use]
    pub fn with_latents(mut self, latents: Latents) -> Self {
        self.diffusion.latents = latents;
        self
    }

    /// The networks, for those who brought them.
    pub fn networks(&self) -> &N {
        &self.diffusion.networks
    }

    pub(super) fn into_diffusion(self) -> CaptionDiffusion<N> {
        self.diffusion
    }
}

impl<N: DiffusionNetworks> Generator for CharLdm<N> {
    fn generate(
        &mut self,
        prompts: &[Prompt],
        seed: Seed,
    ) -> Result<Vec<Vec<DrawnFrame>>, GeneratorError> {
        let images = frame_by_frame(prompts, |at| {
            draw_from_caption(&mut self.diffusion, at.stories, at.frame, seed)
                .map_err(|fault| located(fault, at.stories, at.frame))
        })?;
        Ok(drawn(prompts, images))
    }
}

/// Draws one frame of each story from its caption and the portraits: every frame of Char-LDM, the first of
/// StoryGPT-V.
pub(super) fn draw_from_caption<N: DiffusionNetworks>(
    diffusion: &mut CaptionDiffusion<N>,
    stories: &[&Prompt],
    frame: usize,
    seed: Seed,
) -> Result<Vec<RgbImage>, Fault> {
    let captions = diffusion.read(&captions_of(stories, frame))?;
    let fused = diffusion.fuse(&captions)?;
    let merge_steps = vec![diffusion.settings.diffusion.start_merge_step; stories.len()];
    diffusion.sample(stories, frame, seed, &captions, &fused, &merge_steps)
}

/// Loads everything of a bundle that the diffusion model needs.
pub(super) fn open_diffusion(
    runtime: &Runtime,
    bundle: &Bundle,
) -> Result<CaptionDiffusion<OnnxDiffusion>, GeneratorError> {
    let failed = opening(bundle);
    let settings = DiffusionSettings::read(bundle.manifest()).map_err(&failed)??;
    let portraits = open_portraits(bundle, &settings)?;
    let tokenizer = Tokenizer::open(&bundle.file(&settings.text.tokenizer)).map_err(&failed)?;
    let networks = OnnxDiffusion::load(runtime, bundle, &settings).map_err(&failed)?;
    Ok(CaptionDiffusion::new(
        settings,
        networks,
        Box::new(tokenizer),
        portraits,
    ))
}

/// The portraits, where the model has any.
pub(super) fn open_portraits(
    bundle: &Bundle,
    settings: &DiffusionSettings,
) -> Result<Portraits, GeneratorError> {
    match &settings.portraits {
        Some(portraits) => Portraits::open(portraits, |file| bundle.file(file)),
        None => Ok(Portraits::none()),
    }
}

/// Puts the bundle's folder to an error.
pub(super) fn opening(bundle: &Bundle) -> impl Fn(InferenceError) -> GeneratorError {
    |source| GeneratorError::Open {
        path: bundle.dir().to_owned(),
        source: Box::new(source),
    }
}

/// Refuses a bundle that is for something else.
pub(super) fn check_kind(
    bundle: &Bundle,
    kinds: &[BundleKind],
    needed: &'static str,
) -> Result<(), GeneratorError> {
    let kind = bundle.manifest().kind;
    if kinds.contains(&kind) {
        return Ok(());
    }
    Err(GeneratorError::WrongKind {
        path: bundle.dir().to_owned(),
        found: kind.name(),
        needed,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::record::{FaultKind, Hint};

    #[test]
    fn a_bundle_of_another_kind_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let manifest = "format = 1\nkind = \"evaluators\"\nid = \"x\"\nlicence = \"MIT\"\n\
            [source]\nupstream = \"test\"\n[image]\nwidth = 1\nheight = 1\n\
            [labels]\ncharacters = [\"otto\"]\nbackgrounds = [\"park\"]\n[features]\ndim = 1\n\
            [graphs]\n[files]\n";
        std::fs::write(folder.path().join("bundle.toml"), manifest).unwrap();
        let bundle = Bundle::open(folder.path()).unwrap();
        let error = check_kind(&bundle, &[BundleKind::StorygptV], "storygpt-v").unwrap_err();
        assert!(matches!(
            error,
            GeneratorError::WrongKind {
                found: "evaluators",
                ..
            }
        ));
        assert_eq!(error.fault_kind(), FaultKind::Setup);
        assert!(error.hint().is_some());
        let failed = opening(&bundle);
        let error = DiffusionSettings::read(bundle.manifest())
            .map_err(failed)
            .unwrap_err();
        assert!(
            matches!(error, GeneratorError::Open { .. }),
            "no [diffusion]"
        );
    }
}
