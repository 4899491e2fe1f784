//! CLIP: images and texts in one space.

use super::EvaluatorError;
use super::clip_text::ClipText;
use super::contract::values;
use super::input::NetworkInput;
use super::network::{BATCH, GraphNetwork, PixelNet, check};
use super::passes;
use super::registry::{Opened, Opening, SharedClip, named};
use super::signatures::IDS;
use super::{Chunk, Evaluator, Rows, TruthColumn, kind, signatures, writing};
use crate::card::CaptionText;
use crate::inference::{Bundle, BundleKind, Graph, Input, Runtime};
use crate::metric::ExtractorName;
use crate::record::{Column, ColumnKind, Of, Role, SizedColumn, Value};
use crate::vision::PassOrder;
use image::RgbImage;
use ndarray::{Array2, Ix2};
use std::cell::RefCell;
use std::rc::Rc;

const TEXT_GRAPH: &str = signatures::CLIP_TEXT;

/// The two towers of a CLIP model.
pub struct Clip {
    images: PixelNet,
    texts: Graph,
    text: ClipText,
    context: usize,
    dim: usize,
    /// Texts of one forward pass.
    pass: usize,
    /// Texts that were longer than the context.
    cut: usize,
}

impl Clip {
    /// Loads the graphs `clip_image` and `clip_text` of a CLIP bundle. Images reach it as the bundle says.
    ///
    /// # Errors
    /// A bundle of another kind, a graph that does not load or has other ports, a tokeniser that cannot
    /// be read.
    pub fn open(runtime: &Runtime, bundle: &Bundle) -> Result<Self, EvaluatorError> {
        kind::check(bundle, BundleKind::Clip)?;
        let manifest = bundle.manifest();
        let model = manifest.clip()?;
        let images = signatures::rows(manifest, signatures::CLIP_IMAGE, "image_embeds", model.dim);
        let texts = signatures::clip_text(model);
        Ok(Self {
            images: PixelNet::new(
                runtime.device(),
                NetworkInput::own(manifest),
                GraphNetwork::open(runtime, bundle, &images)?,
            ),
            pass: passes::of_texts(runtime.device(), BATCH, model.context_length, model.dim),
            texts: runtime.load(&bundle.graph(TEXT_GRAPH)?, &texts)?,
            text: ClipText::open(bundle, model)?,
            context: model.context_length,
            dim: model.dim,
            cut: 0,
        })
    }

    /// Resizes as this version of Pillow does, where Pillow resizes; 12 unless said.
    #[must_use]
    pub fn with_pillow(mut self, order: PassOrder) -> Self {
        self.images.eye.set_pillow(order);
        self
    }

    /// Length of an embedding.
    #[must_use]
    pub fn dim(&self) -> usize {
        self.dim
    }

    /// Texts so far that were longer than the context and lost their end.
    #[must_use]
    pub fn cut_texts(&self) -> usize {
        self.cut
    }

    /// Embeddings of images, a row an image, as the network gives them: not normalised.
    ///
    /// # Errors
    /// An image that cannot be prepared, a failing network, values that are not finite.
    pub fn images(&mut self, images: &[RgbImage]) -> Result<Vec<Vec<f32>>, EvaluatorError> {
        Ok(self.images.rows(images)?.swap_remove(0))
    }

    /// Embeddings of texts, a row a text, not normalised. A text that is too long is cut as
    /// openai/CLIP does with `truncate=True`.
    ///
    /// # Errors
    /// A text that the vocabulary cannot spell, a failing network, values that are not finite.
    pub fn texts(&mut self, texts: &[&str]) -> Result<Vec<Vec<f32>>, EvaluatorError> {
        let mut rows = Vec::with_capacity(texts.len());
        for (number, chunk) in texts.chunks(self.pass).enumerate() {
            let mut ids: Array2<i64> = Array2::zeros((self.pass, self.context));
            for at in 0..self.pass {
                // A short batch is filled up, so that a text's numbers do not depend on its company.
                let (tokens, cut) = self.text.encode(chunk.get(at).copied().unwrap_or(""))?;
                self.cut += usize::from(cut);
                ids.row_mut(at).assign(&ndarray::ArrayView1::from(&tokens));
            }
            let outputs = self
                .texts
                .run(&[(IDS, Input::I64(ids.view().into_dyn()))])?;
            let expected = [self.pass, self.dim];
            let shape = |found: &[usize]| EvaluatorError::Shape {
                graph: TEXT_GRAPH,
                expected: expected.to_vec(),
                found: found.to_vec(),
            };
            let output = outputs.into_iter().next().ok_or_else(|| shape(&[]))?;
            let found = output.shape().to_vec();
            let output = output
                .into_dimensionality::<Ix2>()
                .map_err(|_| shape(&found))?;
            check(
                TEXT_GRAPH,
                &output,
                expected,
                number * self.pass,
                chunk.len(),
            )?;
            rows.extend((0..chunk.len()).map(|row| output.row(row).to_vec()));
        }
        Ok(rows)
    }

    /// How images reach it, as signatures and cache keys print it.
    #[must_use]
    pub fn preprocessing(&self) -> String {
        self.images.eye.preprocessing()
    }
}

/// Embeddings of the generated frame.
pub(super) const GENERATED: Column =
    Column::new("clip_generated", ColumnKind::Feature, Of::Generated);
/// Of the ground-truth frame.
pub(super) const GROUND_TRUTH: Column =
    Column::new("clip_ground_truth", ColumnKind::Feature, Of::GroundTruth);
/// And of the caption, where the protocol compares frames with texts.
pub(super) const TEXT: Column = Column::new("clip_text", ColumnKind::Feature, Of::Caption);

/// CLIP as an evaluator.
struct ClipEvaluator {
    clip: SharedClip,
    /// Which text frames are compared with.
    text: Option<CaptionText>,
    dim: usize,
}

pub(super) fn open(opening: &mut Opening<'_>, bundle: &Bundle) -> Result<Opened, EvaluatorError> {
    let Some(rule) = opening.protocol.clip else {
        return Ok(None);
    };
    let network = Clip::open(opening.runtime, bundle)?.with_pillow(opening.protocol.pillow);
    let dim = network.dim();
    let clip = SharedClip {
        name: named("clip", bundle, network.preprocessing()),
        network: Rc::new(RefCell::new(network)),
    };
    opening.clip = Some(clip.clone());
    Ok(Some(Box::new(ClipEvaluator {
        clip,
        text: rule.text,
        dim,
    })))
}

impl Evaluator for ClipEvaluator {
    fn role(&self) -> Role {
        Role::CLIP
    }

    fn name(&self) -> &ExtractorName {
        &self.clip.name
    }

    fn columns(&self) -> Vec<SizedColumn> {
        let text = self.text.map(|_| TEXT);
        let all = [GENERATED, GROUND_TRUTH].into_iter().chain(text);
        all.map(|column| column.sized(self.dim)).collect()
    }

    fn observe(&mut self, chunk: &Chunk<'_>, rows: &mut Rows) -> Result<(), EvaluatorError> {
        let mut network = self.clip.network.borrow_mut();
        rows.write(GENERATED, network.images(chunk.frames)?);
        if let Some(text) = self.text {
            let captions = chunk.rows.iter().map(|row| match text {
                CaptionText::Original => row.caption.as_str(),
                CaptionText::AsRead => row.text.as_str(),
                CaptionText::Written => writing::written(row).unwrap_or_default(),
            });
            let captions: Vec<&str> = captions.collect();
            rows.write(TEXT, network.texts(&captions)?);
        }
        Ok(())
    }

    fn truth(&self) -> Option<TruthColumn> {
        let name = &self.clip.name;
        Some(TruthColumn {
            column: GROUND_TRUTH,
            what: "clip".to_owned(),
            bundle: name.hash.clone(),
            pixels: name.preprocessing.clone(),
        })
    }

    fn observe_truth(&mut self, chunk: &Chunk<'_>) -> Result<Vec<Value>, EvaluatorError> {
        Ok(values(self.clip.network.borrow_mut().images(chunk.frames)?))
    }
}
