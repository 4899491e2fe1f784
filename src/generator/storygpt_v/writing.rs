//! Captions that the language model writes, and how likely it holds given ones.

use super::super::Fault;
use super::llm::{Past, Position, Reading, Segment, earlier, embedded, padded, placed, row};
use super::networks::{Cache, LanguageNetworks, shaped, tokens};
use super::sampling::{Picking, log_probability};
use super::signatures::{LLM_HIDDEN, LLM_LOGITS, LLM_STEP};
use crate::card::Sampling;
use crate::inference::Writing;
use crate::record::Likelihood;
use ndarray::{Array2, Array3, ArrayView2, Axis, concatenate, s};
use rand_chacha::ChaCha12Rng;

/// How captions are written.
#[derive(Clone, Debug)]
pub(super) struct Writer {
    writing: Writing,
    picking: Picking,
    stop: Vec<String>,
}

impl Writer {
    /// The way of a bundle, but for what a card chooses.
    pub(super) fn new(writing: &Writing, chosen: Option<&Sampling>) -> Self {
        let sampling = chosen.map_or_else(
            || writing.sampling.clone(),
            |chosen| chosen.over(&writing.sampling),
        );
        Self {
            picking: Picking::new(&sampling),
            stop: sampling.stop.unwrap_or_default(),
            writing: writing.clone(),
        }
    }

    /// Writes the caption of frame `frame` (from 0) of each story, of which everything before is known. The stories
    /// are one batch; each draws from its own `random`.
    pub(super) fn write(
        &self,
        networks: &mut impl LanguageNetworks,
        reading: &Reading<'_>,
        stories: &[Past<'_>],
        frame: usize,
        randoms: &mut [ChaCha12Rng],
    ) -> Result<Vec<String>, Fault> {
        let rows = self.prompts(networks, reading, stories, frame)?;
        let mut sequences = Sequences::new(networks, rows, reading.llm.hidden_size);
        let mut written: Vec<Vec<u32>> = vec![Vec::new(); stories.len()];
        let mut texts: Vec<Option<String>> = vec![None; stories.len()];
        for _ in 0..self.picking.max_tokens {
            let hidden = sequences.last(networks)?;
            let logits = self.logits(networks, &hidden)?;
            let mut next = Vec::with_capacity(stories.len());
            for (at, random) in randoms.iter_mut().enumerate() {
                // A text that is done goes on with any token, which is read no more.
                let token = match texts[at] {
                    Some(_) => reading.llm.bos_id,
                    None => self.picking.pick(&row_of(&logits, at, 0), random) as u32,
                };
                next.push(i64::from(token));
                if texts[at].is_some() {
                    continue;
                }
                if self.ends(reading, token) {
                    texts[at] = Some(self.text(reading, &written[at])?);
                    continue;
                }
                written[at].push(token);
                let text = self.text(reading, &written[at])?;
                if let Some(end) = self.stop.iter().filter_map(|stop| text.find(stop)).min() {
                    texts[at] = Some(text[..end].trim().to_owned());
                }
            }
            if texts.iter().all(Option::is_some) {
                break;
            }
            let embeds = embedded(networks, reading.llm, &next)?;
            sequences.push(&embeds);
        }
        texts
            .into_iter()
            .zip(&written)
            .map(|(text, ids)| text.map_or_else(|| self.text(reading, ids), Ok))
            .collect()
    }

    /// How likely the model holds the caption of frame `frame` (from 0) of each story; `captions` of a story has it.
    pub(super) fn likelihoods(
        &self,
        networks: &mut impl LanguageNetworks,
        reading: &Reading<'_>,
        stories: &[Past<'_>],
        frame: usize,
    ) -> Result<Vec<Likelihood>, Fault> {
        let llm = reading.llm;
        let prefix = before(reading);
        let (mut ids, mut rows, mut said) = (Vec::new(), Vec::new(), Vec::new());
        for story in stories {
            let mut segments = earlier(reading, story.captions, frame);
            let caption = format!("{}{}", llm.caption_prefix, story.captions[frame]);
            let pieces = tokens(reading.tokenizer, &caption)?;
            segments.push(Segment::Text(caption));
            // Tokens of the caption itself: those that end behind the words before it.
            let own = pieces.iter().filter(|token| token.end > prefix.len());
            let own: Vec<usize> = own.map(|token| token.id as usize).collect();
            let mut positions = placed(reading, segments, &mut ids)?;
            let cut = positions.len().saturating_sub(llm.max_positions);
            rows.push(positions.split_off(cut));
            said.push(own);
        }
        let table = embedded(networks, llm, &ids)?;
        let rows = embeddings(&rows, &table, stories);
        let (inputs, mask) = padded(&rows, llm.hidden_size);
        let hidden = networks.llm_hidden(inputs.view(), mask.view())?;
        let expected = [rows.len(), inputs.shape()[1], llm.hidden_size];
        let hidden = shaped(LLM_HIDDEN, hidden, &expected)?;
        // The state before a token says what follows.
        let most = said.iter().map(Vec::len).max().unwrap_or_default().max(1);
        let mut states = Array3::zeros((rows.len(), most, llm.hidden_size));
        for (at, own) in said.iter().enumerate() {
            let first = rows[at].nrows().saturating_sub(own.len() + 1);
            let last = (first + own.len()).min(rows[at].nrows());
            states
                .slice_mut(s![at, ..last - first, ..])
                .assign(&hidden.slice(s![at, first..last, ..]));
        }
        let logits = self.logits(networks, &states)?;
        let of_story = |(at, own): (usize, &Vec<usize>)| {
            // A token that the output layer does not know has no probability: it is not counted.
            let known = own.iter().enumerate();
            let known = known.filter(|(_, token)| **token < self.writing.vocab_size);
            let of_token = |(place, token): (usize, &usize)| {
                log_probability(&row_of(&logits, at, place), *token)
            };
            let known: Vec<f64> = known.map(of_token).collect();
            Likelihood {
                log_probability: known.iter().sum(),
                tokens: known.len(),
            }
        };
        Ok(said.iter().enumerate().map(of_story).collect())
    }

    /// What each story's caption goes on from, cut so that the longest caption still has room.
    fn prompts(
        &self,
        networks: &mut impl LanguageNetworks,
        reading: &Reading<'_>,
        stories: &[Past<'_>],
        frame: usize,
    ) -> Result<Vec<Array2<f32>>, Fault> {
        let room = reading
            .llm
            .max_positions
            .saturating_sub(self.picking.max_tokens);
        let (mut ids, mut rows) = (Vec::new(), Vec::new());
        for story in stories {
            let mut segments = earlier(reading, story.captions, frame);
            segments.push(Segment::Text(before(reading).to_owned()));
            let mut positions = placed(reading, segments, &mut ids)?;
            let cut = positions.len().saturating_sub(room.max(1));
            rows.push(positions.split_off(cut));
        }
        let table = embedded(networks, reading.llm, &ids)?;
        Ok(embeddings(&rows, &table, stories))
    }

    /// Logits `[B, n, V]` behind states `[B, n, H]`.
    fn logits(
        &self,
        networks: &mut impl LanguageNetworks,
        states: &Array3<f32>,
    ) -> Result<Array3<f32>, Fault> {
        let (rows, places, _) = states.dim();
        let logits = networks.llm_logits(states.view())?;
        let logits = shaped(LLM_LOGITS, logits, &[rows, places, self.writing.vocab_size])?;
        let endless = |at: &usize| {
            let row = logits.index_axis(Axis(0), *at);
            row.iter().any(|logit| !logit.is_finite())
        };
        match (0..rows).find(endless) {
            Some(row) => Err(Fault::NotFinite {
                graph: LLM_LOGITS,
                row,
            }),
            None => Ok(logits),
        }
    }

    /// Whether a token ends a caption: the end of the sequence, or a frame's first token.
    fn ends(&self, reading: &Reading<'_>, token: u32) -> bool {
        self.writing.eos_id == Some(token) || reading.llm.img_token_ids.contains(&token)
    }

    fn text(&self, reading: &Reading<'_>, ids: &[u32]) -> Result<String, Fault> {
        let text = reading.tokenizer.decode(ids);
        let text = text.map_err(|source| Fault::Words {
            source: Box::new(source),
        })?;
        Ok(if self.writing.tidy { tidy(&text) } else { text }
            .trim()
            .to_owned())
    }
}

/// What comes before a caption. White space at its end belongs to the caption's first word.
fn before<'a>(reading: &Reading<'a>) -> &'a str {
    reading.llm.caption_prefix.trim_end()
}

fn embeddings(
    rows: &[Vec<Position>],
    table: &Array2<f32>,
    stories: &[Past<'_>],
) -> Vec<Array2<f32>> {
    let rows = rows.iter().zip(stories);
    rows.map(|(positions, story)| row(positions, table, story))
        .collect()
}

fn row_of(logits: &Array3<f32>, row: usize, place: usize) -> Vec<f32> {
    logits.slice(s![row, place, ..]).to_vec()
}

/// `clean_up_tokenization` of transformers.
fn tidy(text: &str) -> String {
    let spaced = [
        (" .", "."),
        (" ?", "?"),
        (" !", "!"),
        (" ,", ","),
        (" ' ", "'"),
        (" n't", "n't"),
        (" 'm", "'m"),
        (" 's", "'s"),
        (" 've", "'ve"),
        (" 're", "'re"),
    ];
    let text = text.to_owned();
    spaced
        .iter()
        .fold(text, |text, (wide, close)| text.replace(wide, close))
}

/// Texts that are being written.
#[expect(
    clippy::large_enum_variant,
    reason = "there is one of it at a time, and it is never moved"
)]
enum Sequences {
    /// The model remembers what it has read: rows of the mask, what is remembered, and what it has not read yet.
    Remembered {
        mask: Array2<i64>,
        cache: Cache,
        next: Array3<f32>,
        /// Of each row, the position in `next` of its last token.
        last: Vec<usize>,
    },
    /// It reads everything again for every token.
    Whole(Vec<Array2<f32>>, usize),
}

impl Sequences {
    fn new(networks: &impl LanguageNetworks, rows: Vec<Array2<f32>>, width: usize) -> Self {
        let Some(cache) = networks.cache(rows.len()) else {
            return Self::Whole(rows, width);
        };
        let last = rows.iter().map(|row| row.nrows() - 1).collect();
        let (next, mask) = padded(&rows, width);
        Self::Remembered {
            mask,
            cache,
            next,
            last,
        }
    }

    /// The hidden state `[B, 1, H]` of each text's last token.
    fn last(&mut self, networks: &mut impl LanguageNetworks) -> Result<Array3<f32>, Fault> {
        let (hidden, last) = match self {
            Self::Remembered {
                mask,
                cache,
                next,
                last,
            } => {
                let hidden = networks.llm_step(next.view(), mask.view(), cache)?;
                (shaped(LLM_STEP, hidden, next.shape())?, last.clone())
            }
            Self::Whole(rows, width) => {
                let (inputs, mask) = padded(rows, *width);
                let hidden = networks.llm_hidden(inputs.view(), mask.view())?;
                let last = rows.iter().map(|row| row.nrows() - 1).collect();
                (shaped(LLM_HIDDEN, hidden, inputs.shape())?, last)
            }
        };
        let width = hidden.shape()[2];
        Ok(Array3::from_shape_fn(
            (last.len(), 1, width),
            |(row, _, column)| hidden[[row, last[row], column]],
        ))
    }

    /// Adds a token `[B, H]` to each text.
    fn push(&mut self, embeds: &Array2<f32>) {
        match self {
            Self::Remembered {
                mask, next, last, ..
            } => {
                let seen: ArrayView2<'_, i64> = mask.view();
                let one = Array2::ones((seen.nrows(), 1));
                *mask =
                    concatenate(Axis(1), &[seen, one.view()]).expect("both have a row per text");
                *next = embeds.clone().insert_axis(Axis(1));
                last.fill(0);
            }
            Self::Whole(rows, _) => {
                for (row, embed) in rows.iter_mut().zip(embeds.outer_iter()) {
                    row.push_row(embed).expect("both have the hidden size");
                }
            }
        }
    }
}

#[cfg(test)]
#[path = "writing_tests.rs"]
mod tests;
