//! The language model of a captioner: embeddings in, log-probabilities of the next token out.

use super::EvaluatorError;
use super::beam::{NextTokens, log_softmax};
use super::signatures;
use crate::inference::{Bundle, CaptionerModel, Graph, Input, Runtime};
use ndarray::{Array2, Array3, ArrayD, ArrayView3, Axis, concatenate, s};

const EMBED: &str = signatures::CAPTIONER_EMBED;
const DECODER: &str = signatures::CAPTIONER_DECODER;

/// The graphs `captioner_embed` and `captioner_decoder`.
pub(super) struct Writer {
    embed: Graph,
    decoder: Graph,
    layers: usize,
    heads: usize,
    head_dim: usize,
    hidden_size: usize,
}

impl Writer {
    pub(super) fn open(
        runtime: &Runtime,
        bundle: &Bundle,
        model: &CaptionerModel,
    ) -> Result<Self, EvaluatorError> {
        let embed = runtime.load(&bundle.graph(EMBED)?, &signatures::captioner_embed(model))?;
        let signature = signatures::captioner_decoder(model);
        Ok(Self {
            embed,
            decoder: runtime.load(&bundle.graph(DECODER)?, &signature)?,
            layers: model.layers,
            heads: model.heads,
            head_dim: model.head_dim,
            hidden_size: model.hidden_size,
        })
    }

    /// Bytes of the cache of one token.
    pub(super) fn token_bytes(&self) -> u64 {
        let sides = [self.layers, self.heads, self.head_dim];
        let one = sides
            .iter()
            .fold(4_u64, |bytes, side| bytes.saturating_mul(*side as u64));
        one.saturating_mul(2)
    }

    /// Embeddings `[N, S, D]` of tokens `[N, S]`.
    pub(super) fn embed(&mut self, ids: &Array2<i64>) -> Result<Array3<f32>, EvaluatorError> {
        let inputs = [(signatures::IDS, Input::I64(ids.view().into_dyn()))];
        let output = self.embed.run(&inputs)?.swap_remove(0);
        let (rows, tokens) = ids.dim();
        shaped(EMBED, output, [rows, tokens, self.hidden_size])
    }

    /// Starts to write after prompts `[images, S, D]`; the first `used` images count, the first of which
    /// is image `first` of the call.
    pub(super) fn after<'a>(
        &'a mut self,
        prompts: &ArrayView3<'a, f32>,
        used: usize,
        first: usize,
    ) -> Writing<'a> {
        let images = prompts.dim().0;
        let nothing = ArrayD::zeros(vec![self.layers, images, self.heads, 0, self.head_dim]);
        Writing {
            keys: nothing.clone(),
            values: nothing,
            writer: self,
            prompts: *prompts,
            used,
            first,
        }
    }
}

/// Sequences that are being written, and what the model remembers of them.
pub(super) struct Writing<'a> {
    writer: &'a mut Writer,
    prompts: ArrayView3<'a, f32>,
    /// `[L, N, H, P, E]`.
    keys: ArrayD<f32>,
    values: ArrayD<f32>,
    used: usize,
    first: usize,
}

impl Writing<'_> {
    /// One pass over embeddings `[N, S, D]` that follow the cache.
    fn pass(&mut self, embeds: &ArrayView3<'_, f32>) -> Result<Array2<f32>, EvaluatorError> {
        let (rows, tokens, _) = embeds.dim();
        let length = self.keys.shape()[3] + tokens;
        let mask: Array2<i64> = Array2::ones((rows, length));
        let outputs = self.writer.decoder.run(&[
            ("inputs_embeds", Input::F32(embeds.view().into_dyn())),
            ("attention_mask", Input::I64(mask.view().into_dyn())),
            ("past_keys", Input::F32(self.keys.view())),
            ("past_values", Input::F32(self.values.view())),
        ])?;
        let mut outputs = outputs.into_iter();
        let mut take = || outputs.next().expect("a graph gives all wanted outputs");
        let (logits, keys, values) = (take(), take(), take());
        let writer = &self.writer;
        let cache = [writer.layers, rows, writer.heads, length, writer.head_dim];
        for side in [&keys, &values] {
            if side.shape() != cache {
                return Err(EvaluatorError::Shape {
                    graph: DECODER,
                    expected: cache.to_vec(),
                    found: side.shape().to_vec(),
                });
            }
        }
        (self.keys, self.values) = (keys, values);
        let vocabulary = logits.shape()[2];
        let logits = shaped(DECODER, logits, [rows, tokens, vocabulary])?;
        let mut last = logits.slice(s![.., tokens - 1, ..]).to_owned();
        let each = rows / self.prompts.dim().0;
        let counted = last.outer_iter().take(self.used * each);
        for (row, values) in counted.enumerate() {
            if values.iter().any(|value| !value.is_finite()) {
                return Err(EvaluatorError::NonFinite {
                    graph: DECODER,
                    index: self.first + row / each,
                });
            }
        }
        log_softmax(&mut last);
        Ok(last)
    }
}

impl NextTokens for Writing<'_> {
    type Error = EvaluatorError;

    fn first(&mut self) -> Result<Array2<f32>, EvaluatorError> {
        let prompts = self.prompts;
        self.pass(&prompts)
    }

    fn next(&mut self, parents: &[usize], tokens: &[u32]) -> Result<Array2<f32>, EvaluatorError> {
        let ids = Array2::from_shape_fn((tokens.len(), 1), |(row, _)| i64::from(tokens[row]));
        let embeds = self.writer.embed(&ids)?;
        self.keys = rows_of(&self.keys, parents);
        self.values = rows_of(&self.values, parents);
        self.pass(&embeds.view())
    }
}

/// Rows `parents` of a cache `[L, N, H, P, E]`, in that order.
fn rows_of(cache: &ArrayD<f32>, parents: &[usize]) -> ArrayD<f32> {
    cache.select(Axis(1), parents)
}

/// Prefixes `[N, Q, D]` and one prompt `[1, S, D]` behind each of them.
pub(super) fn with_prompt(prefixes: &Array3<f32>, prompt: &Array3<f32>) -> Array3<f32> {
    let (images, _, width) = prefixes.dim();
    let prompts = prompt
        .broadcast((images, prompt.dim().1, width))
        .expect("both have the hidden size, and the prompt is one row");
    concatenate(Axis(1), &[prefixes.view(), prompts])
        .expect("they differ in the number of tokens alone")
}

/// Checks a shape.
pub(super) fn shaped(
    graph: &'static str,
    array: ArrayD<f32>,
    expected: [usize; 3],
) -> Result<Array3<f32>, EvaluatorError> {
    let found = array.shape().to_vec();
    let shape = || EvaluatorError::Shape {
        graph,
        expected: expected.to_vec(),
        found: found.clone(),
    };
    if found != expected {
        return Err(shape());
    }
    array.into_dimensionality().map_err(|_| shape())
}
