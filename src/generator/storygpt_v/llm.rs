//! The context of a frame that may refer to earlier ones: one forward of the language model.
//!
//! The released code asks its model to generate `[IMG0]` and forces the seven tokens after it, so no choice is
//! left: inference is one forward over the prompt and the fixed `[IMG]` embeddings (`gill/models.py:423-459`).

use super::super::Fault;
use super::networks::{LanguageNetworks, Tokenize, shaped, tokens};
use super::portraits::fitted;
use super::signatures::{LDM_MAPPER, LLM_EMBED, LLM_HIDDEN, LLM_VISION};
use crate::card::StoryReading;
use crate::inference::Llm;
use crate::vision;
use image::RgbImage;
use ndarray::{Array2, Array3, ArrayView1, ArrayView2, Axis, s};

/// How a story reaches the language model.
#[derive(Clone, Copy)]
pub(super) struct Reading<'a> {
    /// Sizes, tokens and texts of the prompt.
    pub(super) llm: &'a Llm,
    /// Splits texts.
    pub(super) tokenizer: &'a dyn Tokenize,
    /// What of the story it reads.
    pub(super) reads: StoryReading,
}

/// A piece of the interleaved prompt.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Segment {
    /// Text that is split into tokens on its own.
    Text(String),
    /// Visual tokens of the story's own earlier frame, counted from 0.
    Frame(usize),
}

/// The part of a prompt before frame `frame`, counted from 0: the story so far (`eval_llm.py:123-133`). Of captions
/// alone, which the released code has no prompt for, each is put as that of the frame in question is.
pub(super) fn earlier(reading: &Reading<'_>, captions: &[&str], frame: usize) -> Vec<Segment> {
    let llm = reading.llm;
    let mut segments = Vec::with_capacity(3 * frame);
    for (earlier, caption) in captions.iter().take(frame).enumerate() {
        if reading.reads.has_frames() {
            segments.push(Segment::Text(llm.image_prefix.clone()));
            segments.push(Segment::Frame(earlier));
            segments.push(Segment::Text(format!("{}{caption}", llm.image_suffix)));
        } else {
            segments.push(Segment::Text(format!("{}{caption}", llm.caption_prefix)));
        }
    }
    segments
}

/// The prompt of frame `frame`, counted from 0.
pub(super) fn layout(reading: &Reading<'_>, captions: &[&str], frame: usize) -> Vec<Segment> {
    let llm = reading.llm;
    let mut segments = earlier(reading, captions, frame);
    let caption = captions.get(frame).copied().unwrap_or_default();
    segments.push(Segment::Text(format!(
        "{}{caption}{}",
        llm.caption_prefix, llm.caption_suffix
    )));
    segments
}

/// A story as far as it is drawn.
#[derive(Clone, Copy, Debug)]
pub(super) struct Past<'a> {
    /// The captions that the model reads, of the whole story.
    pub(super) captions: &'a [&'a str],
    /// Visual tokens `[m, H]` of every frame that is drawn.
    pub(super) visual: &'a [Array2<f32>],
}

/// One position of the language model's input.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Position {
    /// A token, by its index in the list of all ids.
    Token(usize),
    /// A visual token: frame, then index in it.
    Visual(usize, usize),
}

/// Visual tokens `[m, H]` of each image.
pub(super) fn visual_tokens(
    networks: &mut impl LanguageNetworks,
    llm: &Llm,
    images: &[&RgbImage],
) -> Result<Vec<Array2<f32>>, Fault> {
    if images.is_empty() {
        return Ok(Vec::new());
    }
    let pixels = images
        .iter()
        .map(|image| fitted(image, llm.image_width, llm.image_height))
        .collect::<Result<Vec<_>, _>>()
        .and_then(|images| vision::to_chw(&images))
        .map_err(|source| Fault::Pixels {
            graph: LLM_VISION,
            source,
        })?;
    let visual = networks.llm_vision(pixels.view())?;
    let visual = shaped(
        LLM_VISION,
        visual,
        &[images.len(), llm.visual_tokens, llm.hidden_size],
    )?;
    Ok(visual
        .outer_iter()
        .map(|tokens| tokens.to_owned())
        .collect())
}

/// Contexts `[B, L, D]` of frame `frame` (from 0) of each story.
///
/// Prompts of different lengths are padded on the right and masked: the model is causal, so a row's states
/// do not depend on what follows it.
pub(super) fn contexts(
    networks: &mut impl LanguageNetworks,
    reading: &Reading<'_>,
    stories: &[Past<'_>],
    frame: usize,
    context: &[usize; 3],
) -> Result<Array3<f32>, Fault> {
    let llm = reading.llm;
    // Embedding is a table look-up, so the ids of all stories go through it as one row. The `[IMG]` ids come first.
    let images = llm.img_token_ids.len();
    let mut ids: Vec<i64> = llm.img_token_ids.iter().copied().map(i64::from).collect();
    let mut rows = Vec::with_capacity(stories.len());
    for story in stories {
        rows.push(positions(reading, story, frame, &mut ids)?);
    }
    let table = embedded(networks, llm, &ids)?;
    let rows: Vec<Array2<f32>> = rows
        .iter()
        .zip(stories)
        .map(|(positions, story)| row(positions, &table, story))
        .collect();
    let (inputs, mask) = padded(&rows, llm.hidden_size);
    let longest = inputs.shape()[1];
    let hidden = networks.llm_hidden(inputs.view(), mask.view())?;
    let hidden = shaped(LLM_HIDDEN, hidden, &[rows.len(), longest, llm.hidden_size])?;

    let mut states = Array3::zeros((rows.len(), images, llm.hidden_size));
    let mut image_embeds = Array3::zeros((rows.len(), images, llm.hidden_size));
    for (row, positions) in rows.iter().enumerate() {
        let end = positions.nrows();
        states
            .slice_mut(s![row, .., ..])
            .assign(&hidden.slice(s![row, end - images..end, ..]));
        image_embeds
            .slice_mut(s![row, .., ..])
            .assign(&table.slice(s![..images, ..]));
    }
    let mapped = networks.ldm_mapper(states.view(), image_embeds.view())?;
    shaped(LDM_MAPPER, mapped, context)
}

/// Input embeddings `[n, H]` of tokens.
pub(super) fn embedded(
    networks: &mut impl LanguageNetworks,
    llm: &Llm,
    ids: &[i64],
) -> Result<Array2<f32>, Fault> {
    let row = Array2::from_shape_fn((1, ids.len()), |(_, index)| ids[index]);
    let embeds = networks.llm_embed(row.view())?;
    let embeds = shaped(LLM_EMBED, embeds, &[1, ids.len(), llm.hidden_size])?;
    Ok(embeds.index_axis_move(Axis(0), 0))
}

/// Rows of different lengths `[n, H]` as one batch, padded on the right, and its mask.
pub(super) fn padded(rows: &[Array2<f32>], width: usize) -> (Array3<f32>, Array2<i64>) {
    let longest = rows.iter().map(Array2::nrows).max().unwrap_or_default();
    let mut inputs = Array3::zeros((rows.len(), longest, width));
    let mut mask = Array2::zeros((rows.len(), longest));
    for (at, row) in rows.iter().enumerate() {
        inputs.slice_mut(s![at, ..row.nrows(), ..]).assign(row);
        mask.slice_mut(s![at, ..row.nrows()]).fill(1);
    }
    (inputs, mask)
}

/// The positions of one story's prompt with its `[IMG]` tokens, cut to the last `max_positions`. New ids
/// are added to `ids`, whose first ones are the `[IMG]` tokens.
fn positions(
    reading: &Reading<'_>,
    story: &Past<'_>,
    frame: usize,
    ids: &mut Vec<i64>,
) -> Result<Vec<Position>, Fault> {
    let llm = reading.llm;
    let mut positions = placed(reading, layout(reading, story.captions, frame), ids)?;
    positions.extend((0..llm.img_token_ids.len()).map(Position::Token));
    let cut = positions.len().saturating_sub(llm.max_positions);
    Ok(positions.split_off(cut))
}

/// The positions of a prompt behind the begin of sequence. New ids are added to `ids`.
pub(super) fn placed(
    reading: &Reading<'_>,
    segments: Vec<Segment>,
    ids: &mut Vec<i64>,
) -> Result<Vec<Position>, Fault> {
    let llm = reading.llm;
    let mut positions = vec![Position::Token(ids.len())];
    ids.push(i64::from(llm.bos_id));
    for segment in segments {
        match segment {
            Segment::Text(text) => {
                for token in tokens(reading.tokenizer, &text)? {
                    positions.push(Position::Token(ids.len()));
                    ids.push(i64::from(token.id));
                }
            }
            Segment::Frame(earlier) => {
                positions
                    .extend((0..llm.visual_tokens).map(|index| Position::Visual(earlier, index)));
            }
        }
    }
    Ok(positions)
}

/// The embeddings `[n, H]` of a story's positions; `table` has those of the tokens.
pub(super) fn row(positions: &[Position], table: &Array2<f32>, story: &Past<'_>) -> Array2<f32> {
    let table = table.view();
    let mut row = Array2::zeros((positions.len(), table.ncols()));
    for (at, position) in positions.iter().enumerate() {
        row.row_mut(at).assign(&embedding(*position, &table, story));
    }
    row
}

fn embedding<'a>(
    position: Position,
    table: &ArrayView2<'a, f32>,
    story: &Past<'a>,
) -> ArrayView1<'a, f32> {
    match position {
        Position::Token(index) => (*table).index_axis_move(Axis(0), index),
        Position::Visual(frame, index) => story.visual[frame].index_axis(Axis(0), index),
    }
}

#[cfg(test)]
mod tests {
    use super::super::fake::{Fakes, VISUAL_BASE, WordTokenizer, llm_settings, settings, token_of};
    use super::*;

    const CAPTIONS: [&str; 4] = ["Otto waves", "He sits", "Mira sings", "They go"];

    fn reading(llm: &Llm) -> Reading<'_> {
        Reading {
            llm,
            tokenizer: &WordTokenizer,
            reads: StoryReading::CaptionsAndFrames,
        }
    }

    fn visual(frames: usize) -> Vec<Array2<f32>> {
        let llm = llm_settings();
        (0..frames)
            .map(|frame| {
                Array2::from_shape_fn((llm.visual_tokens, llm.hidden_size), |(token, _)| {
                    VISUAL_BASE + (frame * llm.visual_tokens + token) as f32
                })
            })
            .collect()
    }

    fn run(llm: &Llm, stories: &[Past<'_>], frame: usize) -> (Array3<f32>, Fakes) {
        let mut fakes = Fakes::default();
        let context = settings().context(stories.len());
        let contexts = contexts(&mut fakes, &reading(llm), stories, frame, &context).unwrap();
        (contexts, fakes)
    }

    /// What the model saw at every unmasked position of a row, as written by the fakes: token ids below
    /// `VISUAL_BASE`, visual tokens above.
    fn seen(fakes: &Fakes, row: usize) -> Vec<f32> {
        let call = &fakes.hidden_calls[0];
        call.inputs[row]
            .iter()
            .zip(&call.mask[row])
            .filter(|(_, mask)| **mask == 1)
            .map(|(input, _)| *input)
            .collect()
    }

    #[test]
    fn the_prompt_interleaves_earlier_frames_and_captions() {
        let llm = llm_settings();
        let text = |text: &str| Segment::Text(text.to_owned());
        let reading = reading(&llm);
        let second = layout(&reading, &CAPTIONS, 1);
        let expected_second = [
            text(" Image: <img>"),
            Segment::Frame(0),
            text("</img> Caption: Otto waves"),
            text(" Caption: He sits Image: "),
        ];
        assert_eq!(second, expected_second);
        let third = layout(&reading, &CAPTIONS, 2);
        let mut expected_third = expected_second[..3].to_vec();
        expected_third.extend([
            text(" Image: <img>"),
            Segment::Frame(1),
            text("</img> Caption: He sits"),
            text(" Caption: Mira sings Image: "),
        ]);
        assert_eq!(third, expected_third);
        let fourth = layout(&reading, &CAPTIONS, 3);
        let mut expected_fourth = expected_third[..6].to_vec();
        expected_fourth.extend([
            text(" Image: <img>"),
            Segment::Frame(2),
            text("</img> Caption: Mira sings"),
            text(" Caption: They go Image: "),
        ]);
        assert_eq!(fourth, expected_fourth);
    }

    #[test]
    fn a_model_that_reads_captions_alone_sees_no_frame() {
        let llm = llm_settings();
        let reading = Reading {
            reads: StoryReading::Captions,
            ..reading(&llm)
        };
        let texts = [
            " Caption: Otto waves",
            " Caption: He sits",
            " Caption: Mira sings Image: ",
        ];
        let expected = texts.map(|text| Segment::Text(text.to_owned()));
        assert_eq!(layout(&reading, &CAPTIONS, 2), expected);
    }

    #[test]
    fn the_model_sees_bos_once_each_segment_and_the_image_tokens_last() {
        let llm = llm_settings();
        for (frame, current) in CAPTIONS.iter().enumerate().skip(1) {
            let visual = visual(frame);
            let (_, fakes) = run(
                &llm,
                &[Past {
                    captions: &CAPTIONS,
                    visual: &visual,
                }],
                frame,
            );
            let mut expected = vec![llm.bos_id as f32];
            let say = |expected: &mut Vec<f32>, text: &str| {
                expected.extend(
                    WordTokenizer
                        .encode(text)
                        .unwrap()
                        .iter()
                        .map(|token| token.id as f32),
                );
            };
            for (earlier, caption) in CAPTIONS.iter().enumerate().take(frame) {
                say(&mut expected, " Image: <img>");
                expected.extend(
                    (0..llm.visual_tokens)
                        .map(|token| VISUAL_BASE + (earlier * llm.visual_tokens + token) as f32),
                );
                say(&mut expected, &format!("</img> Caption: {caption}"));
            }
            say(&mut expected, &format!(" Caption: {current} Image: "));
            expected.extend(llm.img_token_ids.iter().map(|id| *id as f32));
            assert_eq!(seen(&fakes, 0), expected, "frame {frame}");
            assert_eq!(fakes.hidden_calls.len(), 1, "one forward per frame");
        }
    }

    #[test]
    fn a_long_context_keeps_its_end() {
        let mut llm = llm_settings();
        let visual = visual(3);
        let past = [Past {
            captions: &CAPTIONS,
            visual: &visual,
        }];
        let (_, whole) = run(&llm, &past, 3);
        let whole = seen(&whole, 0);
        llm.max_positions = 20;
        let (_, cut) = run(&llm, &past, 3);
        assert_eq!(seen(&cut, 0), whole[whole.len() - 20..]);
    }

    #[test]
    fn a_batch_gives_what_its_members_give_alone() {
        let llm = llm_settings();
        let visual = visual(2);
        let other = [
            "Mira laughs in the very long garden of the house",
            "She runs",
            "No",
        ];
        let pasts = [
            Past {
                captions: &CAPTIONS,
                visual: &visual,
            },
            Past {
                captions: &other,
                visual: &visual,
            },
        ];
        let (together, fakes) = run(&llm, &pasts, 2);
        assert_ne!(
            seen(&fakes, 0).len(),
            seen(&fakes, 1).len(),
            "the test is about padding"
        );
        for (row, past) in pasts.iter().enumerate() {
            let (alone, _) = run(&llm, &[*past], 2);
            assert_eq!(
                together.index_axis(Axis(0), row),
                alone.index_axis(Axis(0), 0)
            );
        }
    }

    #[test]
    fn the_mapper_gets_the_last_states_and_the_image_embeddings() {
        let llm = llm_settings();
        let visual = visual(1);
        let (_, fakes) = run(
            &llm,
            &[Past {
                captions: &CAPTIONS,
                visual: &visual,
            }],
            1,
        );
        let (states, embeds) = &fakes.mapper_calls[0];
        let expected: Vec<f32> = llm.img_token_ids.iter().map(|id| *id as f32).collect();
        assert_eq!(embeds[0], expected);
        // The fake hidden state is the running sum of the inputs, so the last ones name their positions.
        let inputs = seen(&fakes, 0);
        let sums: Vec<f32> = inputs
            .iter()
            .scan(0.0, |sum, value| {
                *sum += value;
                Some(*sum)
            })
            .collect();
        assert_eq!(states[0], sums[sums.len() - expected.len()..]);
    }

    /// What `generate_for_images_emb` makes of a prompt: ids of a text, or the number of an earlier frame.
    #[derive(serde::Deserialize)]
    #[serde(untagged)]
    enum Part {
        Frame(usize),
        Ids(Vec<i64>),
    }

    #[derive(serde::Deserialize)]
    struct Golden {
        bos_id: u32,
        image_ids: Vec<u32>,
        image_prefix_ids: Vec<u32>,
        story: Vec<String>,
        prompts: Vec<Vec<Part>>,
    }

    #[test]
    fn the_prompts_have_the_ids_of_the_released_code() {
        for class in ["opt", "llama"] {
            let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR"))
                .join("reference-data/golden/tokens")
                .join(class);
            let golden = std::fs::read_to_string(folder.join("golden.json")).unwrap();
            let golden: Golden = serde_json::from_str(&golden).unwrap();
            assert_eq!(golden.image_prefix_ids, golden.image_ids);
            let tokenizer =
                crate::inference::Tokenizer::open(&folder.join("tokenizer.json")).unwrap();
            let llm = Llm {
                bos_id: golden.bos_id,
                img_token_ids: golden.image_ids.clone(),
                max_positions: 2048,
                ..llm_settings()
            };
            let captions: Vec<&str> = golden.story.iter().map(String::as_str).collect();
            let past = Past {
                captions: &captions,
                visual: &[],
            };
            for (index, prompt) in golden.prompts.iter().enumerate() {
                let mut ids: Vec<i64> = llm.img_token_ids.iter().copied().map(i64::from).collect();
                let reading = Reading {
                    tokenizer: &tokenizer,
                    ..reading(&llm)
                };
                let found = positions(&reading, &past, index + 1, &mut ids).unwrap();
                // A visual token is -1 for the first frame, -2 for the second.
                let found: Vec<i64> = found
                    .into_iter()
                    .map(|position| match position {
                        Position::Token(index) => ids[index],
                        Position::Visual(frame, _) => -1 - frame as i64,
                    })
                    .collect();
                let mut wanted: Vec<i64> = prompt
                    .iter()
                    .flat_map(|part| match part {
                        Part::Ids(ids) => ids.clone(),
                        Part::Frame(frame) => vec![-1 - *frame as i64; llm.visual_tokens],
                    })
                    .collect();
                wanted.extend(llm.img_token_ids.iter().copied().map(i64::from));
                assert_eq!(found, wanted, "{class}, frame {}", index + 2);
            }
        }
    }

    #[test]
    fn the_fake_tokeniser_tells_words_apart() {
        assert_ne!(token_of("Otto"), token_of("Mira"));
    }
}
