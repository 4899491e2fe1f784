//! Small formulas in place of networks, which note what they were asked. Each row depends on that row alone, so
//! that a difference between a batch and its members is the pipeline's fault.

use super::super::Fault;
use super::networks::{Cache, DiffusionNetworks, LanguageNetworks, Tokenize};
use super::settings::DiffusionSettings;
use crate::card::Sampling;
use crate::inference::{
    BetaSchedule, CacheSizes, Diffusion, ImageSize, InferenceError, Llm, Portraits, PredictionType,
    Scheduler, SchedulerKind, Text, TimestepSpacing, Token, Writing,
};
use ndarray::{
    Array2, Array3, Array4, ArrayD, ArrayView1, ArrayView2, ArrayView3, ArrayView4, Axis, s,
};
use std::collections::BTreeMap;

/// Visual tokens are at least this, token ids less.
pub(super) const VISUAL_BASE: f32 = 5000.0;

/// Sizes that differ from each other, so that no two can be exchanged unseen.
pub(super) fn settings() -> DiffusionSettings {
    let image = ImageSize {
        width: 6,
        height: 4,
    };
    let diffusion = Diffusion {
        latent_channels: 4,
        latent_height: 2,
        latent_width: 3,
        scaling_factor: 2.0,
        num_inference_steps: 30,
        guidance_scale: 3.0,
        start_merge_step: 15,
        start_merge_step_referential: 0,
    };
    let scheduler = Scheduler {
        kind: SchedulerKind::Pndm,
        num_train_timesteps: 1000,
        beta_start: 0.00085,
        beta_end: 0.012,
        beta_schedule: BetaSchedule::ScaledLinear,
        prediction_type: PredictionType::VPrediction,
        steps_offset: 1,
        set_alpha_to_one: false,
        skip_prk_steps: true,
        timestep_spacing: TimestepSpacing::Leading,
    };
    let text = Text {
        tokenizer: "text_tokenizer.json".to_owned(),
        max_length: 12,
        bos_id: 1,
        eos_id: 2,
        pad_id: 0,
        hidden_size: 5,
    };
    let portraits = Some(Portraits {
        width: 7,
        height: 7,
        files: BTreeMap::new(),
    });
    DiffusionSettings::new(image, diffusion, &scheduler, text, portraits).unwrap()
}

pub(super) fn llm_settings() -> Llm {
    Llm {
        tokenizer: "llm_tokenizer.json".to_owned(),
        legacy: true,
        hidden_size: 3,
        bos_id: 1,
        visual_tokens: 4,
        img_token_ids: vec![10, 11],
        max_positions: 256,
        image_width: 3,
        image_height: 2,
        image_prefix: " Image: <img>".to_owned(),
        image_suffix: "</img> Caption: ".to_owned(),
        caption_prefix: " Caption: ".to_owned(),
        caption_suffix: " Image: ".to_owned(),
    }
}

/// Words at white space, cut after three bytes. Ids follow from the piece's letters and case is ignored.
pub(super) struct WordTokenizer;

pub(super) fn token_of(piece: &str) -> u32 {
    piece
        .to_lowercase()
        .bytes()
        .fold(20, |id, byte| (id * 7 + u32::from(byte)) % 4000)
        + 20
}

impl Tokenize for WordTokenizer {
    fn encode(&self, text: &str) -> Result<Vec<Token>, InferenceError> {
        let mut tokens = Vec::new();
        let mut start = 0;
        for word in text.split(' ') {
            for offset in (0..word.len()).step_by(3) {
                let end = (offset + 3).min(word.len());
                tokens.push(Token {
                    id: token_of(&word[offset..end]),
                    start: start + offset,
                    end: start + end,
                });
            }
            start += word.len() + 1;
        }
        Ok(tokens)
    }

    fn decode(&self, ids: &[u32]) -> Result<String, InferenceError> {
        let words: Vec<String> = ids.iter().map(|id| format!("w{id}")).collect();
        Ok(words.join(" "))
    }
}

/// Tokens that the fake language model writes.
pub(super) const WRITTEN: usize = 4100;
/// The one that ends a caption.
pub(super) const END: u32 = 3;

pub(super) fn writing_settings() -> Writing {
    Writing {
        vocab_size: WRITTEN,
        eos_id: Some(END),
        tidy: false,
        cache: None,
        sampling: Sampling {
            temperature: Some(0.0),
            max_tokens: Some(5),
            ..Sampling::default()
        },
    }
}

/// First value of each position of each row.
type Rows = Vec<Vec<f32>>;

/// One call of the UNet.
pub(super) struct UnetCall {
    pub(super) timesteps: Vec<i64>,
    /// First value of each row's context.
    pub(super) contexts: Vec<f32>,
    /// Sum of each row's context.
    pub(super) sums: Vec<f32>,
}

/// One call of the language model.
pub(super) struct HiddenCall {
    /// First value of each position of each row.
    pub(super) inputs: Vec<Vec<f32>>,
    pub(super) mask: Vec<Vec<i64>>,
}

/// Fake networks with a diary.
#[derive(Default)]
#[allow(clippy::struct_field_names, reason = "most fields are lists of calls")]
pub(super) struct Fakes {
    pub(super) unet_calls: Vec<UnetCall>,
    pub(super) text_calls: Vec<Array2<i64>>,
    pub(super) portrait_calls: usize,
    pub(super) fuse_calls: Vec<usize>,
    /// Number of images of each call.
    pub(super) vision_calls: Vec<usize>,
    pub(super) hidden_calls: Vec<HiddenCall>,
    /// Whether the language model remembers what it read.
    pub(super) remembers: bool,
    /// Positions of each call of a step.
    pub(super) step_calls: Vec<usize>,
    /// First values of both inputs, of the first row.
    pub(super) mapper_calls: Vec<(Rows, Rows)>,
}

fn firsts(array: &ArrayView3<'_, f32>) -> Rows {
    array
        .outer_iter()
        .map(|row| row.column(0).to_vec())
        .collect()
}

impl DiffusionNetworks for Fakes {
    fn text_encoder(&mut self, ids: ArrayView2<'_, i64>) -> Result<Array3<f32>, Fault> {
        self.text_calls.push(ids.to_owned());
        let width = settings().text.hidden_size;
        Ok(Array3::from_shape_fn(
            (ids.nrows(), ids.ncols(), width),
            |(row, position, column)| (ids[[row, position]] as f32 * 0.01 + column as f32).sin(),
        ))
    }

    fn char_image_encoder(&mut self, pixels: ArrayView4<'_, f32>) -> Result<Array2<f32>, Fault> {
        self.portrait_calls += 1;
        let width = settings().text.hidden_size;
        Ok(Array2::from_shape_fn(
            (pixels.shape()[0], width),
            |(row, column)| pixels.index_axis(Axis(0), row).sum() + column as f32,
        ))
    }

    fn fuse(
        &mut self,
        text: ArrayView2<'_, f32>,
        visual: ArrayView2<'_, f32>,
    ) -> Result<Array2<f32>, Fault> {
        self.fuse_calls.push(text.nrows());
        Ok(&text + &visual)
    }

    fn unet(
        &mut self,
        sample: ArrayView4<'_, f32>,
        timestep: ArrayView1<'_, i64>,
        context: ArrayView3<'_, f32>,
    ) -> Result<Array4<f32>, Fault> {
        self.unet_calls.push(UnetCall {
            timesteps: timestep.to_vec(),
            contexts: context.slice(s![.., 0, 0]).to_vec(),
            sums: context.outer_iter().map(|row| row.sum()).collect(),
        });
        let mut output = sample.to_owned();
        for (row, mut values) in output.outer_iter_mut().enumerate() {
            let mean = context.index_axis(Axis(0), row).mean().unwrap();
            values.mapv_inplace(|value| (value + mean + timestep[row] as f32 * 0.01).sin());
        }
        Ok(output)
    }

    fn vae_decoder(&mut self, latents: ArrayView4<'_, f32>) -> Result<Array4<f32>, Fault> {
        let image = settings().image;
        let shape = (latents.shape()[0], 3, image.height, image.width);
        Ok(Array4::from_shape_fn(shape, |(row, channel, y, x)| {
            latents[[row, channel, y / 2, x / 2]]
        }))
    }
}

impl LanguageNetworks for Fakes {
    fn llm_vision(&mut self, pixels: ArrayView4<'_, f32>) -> Result<Array3<f32>, Fault> {
        let llm = llm_settings();
        assert_eq!(pixels.shape()[1..], [3, llm.image_height, llm.image_width]);
        self.vision_calls.push(pixels.shape()[0]);
        let shape = (pixels.shape()[0], llm.visual_tokens, llm.hidden_size);
        Ok(Array3::from_shape_fn(shape, |(row, token, _)| {
            VISUAL_BASE + token as f32 + pixels.index_axis(Axis(0), row).sum()
        }))
    }

    fn llm_embed(&mut self, ids: ArrayView2<'_, i64>) -> Result<Array3<f32>, Fault> {
        let width = llm_settings().hidden_size;
        Ok(Array3::from_shape_fn(
            (ids.nrows(), ids.ncols(), width),
            |(row, position, _)| ids[[row, position]] as f32,
        ))
    }

    fn llm_hidden(
        &mut self,
        embeds: ArrayView3<'_, f32>,
        mask: ArrayView2<'_, i64>,
    ) -> Result<Array3<f32>, Fault> {
        self.hidden_calls.push(HiddenCall {
            inputs: firsts(&embeds),
            mask: mask.outer_iter().map(|row| row.to_vec()).collect(),
        });
        // Causal: a running sum.
        let mut hidden = embeds.to_owned();
        hidden.accumulate_axis_inplace(Axis(1), |before, now| *now += before);
        Ok(hidden)
    }

    fn ldm_mapper(
        &mut self,
        hidden: ArrayView3<'_, f32>,
        images: ArrayView3<'_, f32>,
    ) -> Result<Array3<f32>, Fault> {
        self.mapper_calls.push((firsts(&hidden), firsts(&images)));
        let [_, positions, width] = settings().context(1);
        Ok(Array3::from_shape_fn(
            (hidden.shape()[0], positions, width),
            |(row, position, column)| {
                (hidden.index_axis(Axis(0), row).sum() * 0.001 + position as f32 + column as f32)
                    .sin()
            },
        ))
    }

    fn llm_logits(&mut self, hidden: ArrayView3<'_, f32>) -> Result<Array3<f32>, Fault> {
        let (rows, places, _) = hidden.dim();
        // The likeliest token follows from the state: the one that it leaves of a division.
        Ok(Array3::from_shape_fn(
            (rows, places, WRITTEN),
            |(row, place, token)| {
                let state = hidden[[row, place, 0]].abs() as usize % WRITTEN;
                if state == token { 2.0 } else { 0.0 }
            },
        ))
    }

    fn cache(&self, rows: usize) -> Option<Cache> {
        let sizes = CacheSizes {
            layers: 1,
            heads: 1,
            head_dim: 1,
        };
        self.remembers.then(|| Cache::empty(sizes, rows))
    }

    /// The keys hold the inputs that were read, without those of the padding.
    fn llm_step(
        &mut self,
        embeds: ArrayView3<'_, f32>,
        mask: ArrayView2<'_, i64>,
        cache: &mut Cache,
    ) -> Result<Array3<f32>, Fault> {
        let (rows, places, width) = embeds.dim();
        let past = cache.keys.shape()[3];
        assert_eq!(mask.dim(), (rows, past + places));
        self.step_calls.push(places);
        let mut keys = ArrayD::zeros(vec![1, rows, 1, past + places, 1]);
        let mut hidden = Array3::zeros((rows, places, width));
        for row in 0..rows {
            let mut sum = 0.0;
            for place in 0..past + places {
                let value = if place < past {
                    cache.keys[[0, row, 0, place, 0]]
                } else {
                    embeds[[row, place - past, 0]] * mask[[row, place]] as f32
                };
                keys[[0, row, 0, place, 0]] = value;
                sum += value;
                if place >= past {
                    hidden.slice_mut(s![row, place - past, ..]).fill(sum);
                }
            }
        }
        *cache = Cache {
            values: keys.clone(),
            keys,
        };
        Ok(hidden)
    }
}
