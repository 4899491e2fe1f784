//! A captioner in the shape of BLIP-2: what a frame shows, in words.

use super::EvaluatorError;
use super::beam::{BeamOptions, Hypothesis, search};
use super::contract::values;
use super::input::NetworkInput;
use super::passes;
use super::registry::{Opened, Opening, named};
use super::writer::{Writer, shaped, with_prompt};
use super::{Chunk, Evaluator, Rows, TruthColumn, kind, signatures, whitespace};
use crate::inference::{Bundle, BundleKind, CaptionerModel, Graph, Input, Runtime, Tokenizer};
use crate::metric::ExtractorName;
use crate::record::{Column, ColumnKind, Of, Role, SizedColumn, Value};
use crate::vision::PassOrder;
use image::RgbImage;
use ndarray::{Array2, Array3, s};

const GRAPH: &str = signatures::CAPTIONER_VISION;
/// Images whose captions are searched one after the other, and most that go through the vision network in one pass
/// ([`passes`]). Short passes are filled up, so that a frame's captions do not depend on its company.
const IMAGES: usize = 8;
/// Bytes that the cache of the images that are searched together may take; what moves it needs about
/// three times as much.
const CACHE_BYTES: u64 = 512 << 20;
/// Bytes of one image's cache above which the bundle's numbers make no sense.
const MOST_BYTES: u64 = 64 << 30;

/// Writes captions with a beam search, as `generate` of Hugging Face transformers does.
pub struct Captioner {
    eye: NetworkInput,
    vision: Graph,
    /// Images of one pass of it.
    pass: usize,
    writer: Writer,
    tokenizer: Tokenizer,
    model: CaptionerModel,
    /// Embeddings of what follows the image: `[1, S, D]`, where S may be 0.
    prompt: Array3<f32>,
}

impl Captioner {
    /// Loads the graphs `captioner_vision` (`pixel_values` `[N, 3, h, w]` to `prefix_embeds`
    /// `[N, Q, D]`), `captioner_embed` and `captioner_decoder` of a captioner bundle. Images reach it as
    /// the bundle says.
    ///
    /// # Errors
    /// A bundle of another kind, a graph that does not load or has other ports, a tokeniser that cannot
    /// be read or cannot spell the prompt.
    pub fn open(runtime: &Runtime, bundle: &Bundle) -> Result<Self, EvaluatorError> {
        kind::check(bundle, BundleKind::Captioner)?;
        let manifest = bundle.manifest();
        let model = manifest.captioner()?.clone();
        let signature = signatures::captioner_vision(manifest, &model);
        let vision = runtime.load(&bundle.graph(GRAPH)?, &signature)?;
        let mut writer = Writer::open(runtime, bundle, &model)?;
        let tokenizer = Tokenizer::open(&bundle.file(&model.tokenizer))?;
        let mut ids: Vec<i64> = model.bos_id.iter().map(|id| i64::from(*id)).collect();
        let tokens = tokenizer.encode(&model.prompt)?;
        ids.extend(tokens.iter().map(|token| i64::from(token.id)));
        let prompt = if ids.is_empty() {
            Array3::zeros((1, 0, model.hidden_size))
        } else {
            writer.embed(&Array2::from_shape_fn((1, ids.len()), |(_, at)| ids[at]))?
        };
        let eye = NetworkInput::own(manifest);
        Ok(Self {
            pass: passes::of_images(runtime.device(), IMAGES, eye.size()),
            eye,
            vision,
            writer,
            tokenizer,
            model,
            prompt,
        })
    }

    /// Resizes as this version of Pillow does, where Pillow resizes; 12 unless said.
    #[must_use]
    pub fn with_pillow(mut self, order: PassOrder) -> Self {
        self.eye.set_pillow(order);
        self
    }

    /// Captions of the `count` best sequences of the search, best first, for each image in order. The
    /// end token and special tokens are left out, white space at both ends too. A caption may be empty,
    /// and two sequences may read the same.
    ///
    /// # Errors
    /// A `count` of 0 or above the bundle's `num_beams`, an image that cannot be prepared, a failing
    /// network, values that are not finite.
    pub fn captions(
        &mut self,
        images: &[RgbImage],
        count: usize,
    ) -> Result<Vec<Vec<String>>, EvaluatorError> {
        let beams = self.model.num_beams;
        if !(1..=beams).contains(&count) {
            return Err(EvaluatorError::Captions {
                asked: count,
                beams,
            });
        }
        let found = self.hypotheses(images)?;
        found
            .iter()
            .map(|best| best[..count].iter().map(|it| self.text(it)).collect())
            .collect()
    }

    /// All finished sequences of each image, best first, `num_beams` each.
    pub(super) fn hypotheses(
        &mut self,
        images: &[RgbImage],
    ) -> Result<Vec<Vec<Hypothesis>>, EvaluatorError> {
        let mut all = Vec::with_capacity(images.len());
        for (number, chunk) in images.chunks(IMAGES).enumerate() {
            let first = number * IMAGES;
            let prompts = self.prompts(chunk, first)?;
            let tokens = prompts.dim().1;
            let together = self.together(tokens)?;
            let options = self.options(tokens);
            for start in (0..chunk.len()).step_by(together) {
                let used = together.min(chunk.len() - start);
                let rows = prompts.slice(s![start..start + together, .., ..]);
                let mut writing = self.writer.after(&rows, used, first + start);
                all.extend(search(&mut writing, together, used, &options)?);
            }
        }
        Ok(all)
    }

    /// What the language model goes on from: `[IMAGES, Q + S, D]`.
    fn prompts(
        &mut self,
        images: &[RgbImage],
        first: usize,
    ) -> Result<Array3<f32>, EvaluatorError> {
        let filled = images.len().next_multiple_of(self.pass);
        let pixels = self.eye.batch(images, first, filled)?;
        let mut prefixes = Array3::zeros((IMAGES, 0, self.model.hidden_size));
        for start in (0..filled).step_by(self.pass) {
            let rows = start..start + self.pass;
            let view = pixels.slice(s![rows.clone(), .., .., ..]).into_dyn();
            let inputs = [(signatures::PIXELS, Input::F32(view))];
            let output = self.vision.run(&inputs)?.swap_remove(0);
            // Without any token there is nothing to go on from. All passes give as many.
            let least = usize::from(self.prompt.is_empty());
            let queries = match start {
                0 => output.shape()[1].max(least),
                _ => prefixes.dim().1,
            };
            let expected = [self.pass, queries, self.model.hidden_size];
            let found = shaped(GRAPH, output, expected)?;
            if start == 0 {
                prefixes = Array3::zeros((IMAGES, queries, self.model.hidden_size));
            }
            prefixes.slice_mut(s![rows, .., ..]).assign(&found);
        }
        let broken = |at: &usize| {
            prefixes
                .slice(s![*at, .., ..])
                .iter()
                .any(|it| !it.is_finite())
        };
        if let Some(at) = (0..images.len()).find(broken) {
            return Err(EvaluatorError::NonFinite {
                graph: GRAPH,
                index: first + at,
            });
        }
        Ok(with_prompt(&prefixes, &self.prompt))
    }

    /// Images that are searched together: a divisor of [`IMAGES`] that depends on the bundle alone.
    fn together(&self, prompt: usize) -> Result<usize, EvaluatorError> {
        let rows = self.model.num_beams as u64;
        let length = (prompt as u64).saturating_add(self.model.max_new_tokens as u64);
        let tokens = rows.saturating_mul(length);
        let bytes = self.writer.token_bytes().saturating_mul(tokens);
        if bytes > MOST_BYTES {
            return Err(EvaluatorError::Cache { gib: bytes >> 30 });
        }
        let mut images = IMAGES;
        while images > 1 && bytes * images as u64 > CACHE_BYTES {
            images /= 2;
        }
        Ok(images)
    }

    /// How to search after a prompt of so many tokens, the image's included.
    fn options(&self, prompt: usize) -> BeamOptions {
        let model = &self.model;
        BeamOptions {
            beams: model.num_beams,
            max_new_tokens: model.max_new_tokens,
            // `generate` ignores `min_length` where `min_new_tokens` is given, and counts the prompt to it.
            min_new_tokens: match model.min_new_tokens {
                0 => model.min_length.saturating_sub(prompt),
                given => given,
            },
            length_penalty: model.length_penalty,
            eos_id: model.eos_id,
        }
    }

    fn text(&self, found: &Hypothesis) -> Result<String, EvaluatorError> {
        let mut tokens = found.tokens.as_slice();
        if let [written @ .., last] = tokens
            && *last == self.model.eos_id
        {
            tokens = written;
        }
        let text = self.tokenizer.decode(tokens)?;
        Ok(whitespace::strip(&text).to_owned())
    }

    /// How images reach it and how captions are searched, as signatures and cache keys print it: for
    /// example `pillow-bicubic-364+squash>clip+beam5+max30+min1+penalty1+eos50118+bos2+prompt"a photo of"`.
    #[must_use]
    pub fn preprocessing(&self) -> String {
        let model = &self.model;
        let min = match model.min_new_tokens {
            0 => format!("min{}", model.min_length),
            given => format!("min-new{given}"),
        };
        let bos = model.bos_id.map(|id| format!("+bos{id}"));
        format!(
            "{}+beam{}+max{}+{min}+penalty{}+eos{}{}+prompt{:?}",
            self.eye.preprocessing(),
            model.num_beams,
            model.max_new_tokens,
            model.length_penalty,
            model.eos_id,
            bos.unwrap_or_default(),
            model.prompt
        )
    }
}

/// What the captioner wrote of the generated frame: its best caption.
pub(super) const GENERATED: Column =
    Column::new("generated_captions", ColumnKind::Texts, Of::Generated);
/// What it wrote of the ground-truth frame, best first.
pub(super) const GROUND_TRUTH: Column =
    Column::new("ground_truth_captions", ColumnKind::Texts, Of::GroundTruth);

/// The captioner as an evaluator.
struct CaptionEvaluator {
    network: Captioner,
    /// Captions of a ground-truth frame.
    references: usize,
    name: ExtractorName,
}

pub(super) fn open(opening: &mut Opening<'_>, bundle: &Bundle) -> Result<Opened, EvaluatorError> {
    let Some(rule) = &opening.protocol.captions else {
        return Ok(None);
    };
    let network = Captioner::open(opening.runtime, bundle)?.with_pillow(opening.protocol.pillow);
    Ok(Some(Box::new(CaptionEvaluator {
        name: named("captioner", bundle, network.preprocessing()),
        network,
        references: rule.references,
    })))
}

impl Evaluator for CaptionEvaluator {
    fn role(&self) -> Role {
        Role::CAPTIONER
    }

    fn name(&self) -> &ExtractorName {
        &self.name
    }

    fn columns(&self) -> Vec<SizedColumn> {
        vec![GENERATED.into(), GROUND_TRUTH.into()]
    }

    fn observe(&mut self, chunk: &Chunk<'_>, rows: &mut Rows) -> Result<(), EvaluatorError> {
        rows.write(GENERATED, self.network.captions(chunk.frames, 1)?);
        Ok(())
    }

    fn truth(&self) -> Option<TruthColumn> {
        Some(TruthColumn {
            column: GROUND_TRUTH,
            what: format!("{} captions", self.references),
            bundle: self.name.hash.clone(),
            pixels: self.name.preprocessing.clone(),
        })
    }

    fn observe_truth(&mut self, chunk: &Chunk<'_>) -> Result<Vec<Value>, EvaluatorError> {
        Ok(values(
            self.network.captions(chunk.frames, self.references)?,
        ))
    }
}

#[cfg(test)]
#[path = "captioner_tests.rs"]
mod tests;
