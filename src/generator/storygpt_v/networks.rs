//! What the pipeline needs of its networks. ONNX graphs implement it, and fakes do in tests.
//!
//! Letters in shapes: B batch, L text positions, D text width, S language-model positions, H its width, R `[IMG]`
//! tokens, m visual tokens of a frame, c latent channels, V tokens of the output layer, P positions that were read before.

use super::super::Fault;
use super::resident::ResidentSampler;
use super::signatures::{LLM_LOGITS, LLM_STEP};
use crate::inference::{CacheSizes, InferenceError, Token, Tokenizer};
use ndarray::{
    Array, Array2, Array3, Array4, ArrayD, ArrayView1, ArrayView2, ArrayView3, ArrayView4,
    Dimension,
};

/// The networks of the latent diffusion model.
pub trait DiffusionNetworks {
    /// Token ids `[B, L]` to embeddings `[B, L, D]`.
    ///
    /// # Errors
    /// [`Fault`], as of every method here.
    fn text_encoder(&mut self, ids: ArrayView2<'_, i64>) -> Result<Array3<f32>, Fault>;
    /// Portraits `[N, 3, h, w]` in [0, 1] to embeddings `[N, D]`.
    ///
    /// # Errors
    /// [`Fault`].
    fn char_image_encoder(&mut self, pixels: ArrayView4<'_, f32>) -> Result<Array2<f32>, Fault>;
    /// Embeddings `[N, D]` of name tokens and of portraits to fused embeddings `[N, D]`.
    ///
    /// # Errors
    /// [`Fault`].
    fn fuse(
        &mut self,
        text: ArrayView2<'_, f32>,
        visual: ArrayView2<'_, f32>,
    ) -> Result<Array2<f32>, Fault>;
    /// Latents `[B, c, h, w]`, time-steps `[B]` and contexts `[B, L, D]` to a prediction `[B, c, h, w]`.
    ///
    /// # Errors
    /// [`Fault`].
    fn unet(
        &mut self,
        sample: ArrayView4<'_, f32>,
        timestep: ArrayView1<'_, i64>,
        context: ArrayView3<'_, f32>,
    ) -> Result<Array4<f32>, Fault>;
    /// Unscaled latents `[B, c, h, w]` to images `[B, 3, H, W]` in [-1, 1].
    ///
    /// # Errors
    /// [`Fault`].
    fn vae_decoder(&mut self, latents: ArrayView4<'_, f32>) -> Result<Array4<f32>, Fault>;
    /// The denoiser with the sampler's arithmetic beside it, where they are on a device with memory of its own.
    fn resident(&mut self) -> Option<&mut ResidentSampler> {
        None
    }
}

/// The networks of the language model and of the mapper behind it.
pub trait LanguageNetworks {
    /// Frames `[B, 3, h, w]` in [0, 1] to visual tokens `[B, m, H]`.
    ///
    /// # Errors
    /// [`Fault`], as of every method here.
    fn llm_vision(&mut self, pixels: ArrayView4<'_, f32>) -> Result<Array3<f32>, Fault>;
    /// Token ids `[B, S]` to input embeddings `[B, S, H]`.
    ///
    /// # Errors
    /// [`Fault`].
    fn llm_embed(&mut self, ids: ArrayView2<'_, i64>) -> Result<Array3<f32>, Fault>;
    /// Input embeddings `[B, S, H]` and their mask `[B, S]` to last hidden states `[B, S, H]`.
    ///
    /// # Errors
    /// [`Fault`].
    fn llm_hidden(
        &mut self,
        embeds: ArrayView3<'_, f32>,
        mask: ArrayView2<'_, i64>,
    ) -> Result<Array3<f32>, Fault>;
    /// Hidden states and input embeddings of the `[IMG]` tokens, `[B, R, H]` each, to contexts `[B, L, D]`.
    ///
    /// # Errors
    /// [`Fault`].
    fn ldm_mapper(
        &mut self,
        hidden: ArrayView3<'_, f32>,
        images: ArrayView3<'_, f32>,
    ) -> Result<Array3<f32>, Fault>;
    /// Hidden states `[B, S, H]` to logits of the token behind each, `[B, S, V]`.
    ///
    /// # Errors
    /// [`Fault`]; of networks that cannot write, [`Fault::NoGraph`].
    fn llm_logits(&mut self, hidden: ArrayView3<'_, f32>) -> Result<Array3<f32>, Fault> {
        let _ = hidden;
        Err(Fault::NoGraph { graph: LLM_LOGITS })
    }
    /// Nothing remembered of `rows` sequences; `None` of networks that remember nothing.
    fn cache(&self, rows: usize) -> Option<Cache> {
        let _ = rows;
        None
    }
    /// As [`LanguageNetworks::llm_hidden`], of positions that follow what is remembered; the mask `[B, P + S]` covers
    /// both. The cache then remembers them too.
    ///
    /// # Errors
    /// [`Fault`]; of networks that remember nothing, [`Fault::NoGraph`].
    fn llm_step(
        &mut self,
        embeds: ArrayView3<'_, f32>,
        mask: ArrayView2<'_, i64>,
        cache: &mut Cache,
    ) -> Result<Array3<f32>, Fault> {
        let _ = (embeds, mask, cache);
        Err(Fault::NoGraph { graph: LLM_STEP })
    }
}

/// Keys and values of the positions that a language model has read, `[layers, B, heads, P, head_dim]` each.
#[derive(Clone, Debug, PartialEq)]
pub struct Cache {
    /// The keys.
    pub keys: ArrayD<f32>,
    /// The values.
    pub values: ArrayD<f32>,
}

impl Cache {
    /// Of no position.
    #[must_use]
    pub fn empty(sizes: CacheSizes, rows: usize) -> Self {
        let nothing = ArrayD::zeros(vec![sizes.layers, rows, sizes.heads, 0, sizes.head_dim]);
        Self {
            keys: nothing.clone(),
            values: nothing,
        }
    }
}

/// Splits text into tokens, without adding special ones.
pub trait Tokenize {
    /// The tokens of a text, in order, with byte offsets into it.
    ///
    /// # Errors
    /// What the tokeniser says.
    fn encode(&self, text: &str) -> Result<Vec<Token>, InferenceError>;
    /// The text of tokens, without special ones.
    ///
    /// # Errors
    /// What the tokeniser says.
    fn decode(&self, ids: &[u32]) -> Result<String, InferenceError>;
}

impl Tokenize for Tokenizer {
    fn encode(&self, text: &str) -> Result<Vec<Token>, InferenceError> {
        Self::encode(self, text)
    }

    fn decode(&self, ids: &[u32]) -> Result<String, InferenceError> {
        Self::decode(self, ids)
    }
}

/// Tokens of a text, with the text named in the error.
pub(super) fn tokens(tokenizer: &dyn Tokenize, text: &str) -> Result<Vec<Token>, Fault> {
    tokenizer.encode(text).map_err(|source| Fault::Tokens {
        text: text.to_owned(),
        source: Box::new(source),
    })
}

/// Passes an array on when its shape is the one that follows from the bundle and the batch, so that what
/// comes later can slice without looking.
pub(super) fn shaped<D: Dimension>(
    graph: &'static str,
    array: Array<f32, D>,
    expected: &[usize],
) -> Result<Array<f32, D>, Fault> {
    if array.shape() == expected {
        return Ok(array);
    }
    Err(Fault::Shape {
        graph,
        expected: expected.to_vec(),
        found: array.shape().to_vec(),
    })
}
