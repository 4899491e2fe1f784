//! CLIP: images and texts in one space.

use super::ExtractError;
use super::clip_text::ClipText;
use super::eye::Eye;
use super::network::{BATCH, GraphNetwork, PixelNet, check};
use super::passes;
use super::signatures::IDS;
use super::{kind, signatures};
use crate::inference::{Bundle, BundleKind, Graph, Input, Runtime};
use crate::vision::PassOrder;
use image::RgbImage;
use ndarray::{Array2, Ix2};

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
    pub fn open(runtime: &Runtime, bundle: &Bundle) -> Result<Self, ExtractError> {
        kind::check(bundle, BundleKind::Clip)?;
        let manifest = bundle.manifest();
        let model = manifest.clip()?;
        let images = signatures::rows(manifest, signatures::CLIP_IMAGE, "image_embeds", model.dim);
        let texts = signatures::clip_text(model);
        Ok(Self {
            images: PixelNet::new(
                runtime.device(),
                Eye::own(manifest),
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
    pub fn images(&mut self, images: &[RgbImage]) -> Result<Vec<Vec<f32>>, ExtractError> {
        Ok(self.images.rows(images)?.swap_remove(0))
    }

    /// Embeddings of texts, a row a text, not normalised. A text that is too long is cut as
    /// openai/CLIP does with `truncate=True`.
    ///
    /// # Errors
    /// A text that the vocabulary cannot spell, a failing network, values that are not finite.
    pub fn texts(&mut self, texts: &[&str]) -> Result<Vec<Vec<f32>>, ExtractError> {
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
            let shape = |found: &[usize]| ExtractError::Shape {
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
