//! The whole pipeline over fake networks.

use super::super::fake::{Fakes, UnetCall, WordTokenizer, llm_settings, settings};
use super::*;
use crate::generator::shuffled::tests::story;
use crate::record::ReferentialCaption;
use image::Rgb;

fn prompt(id: &str, captions: &[(&str, bool)]) -> Prompt {
    let clips: Vec<String> = (0..captions.len())
        .map(|frame| format!("{id}-{frame}"))
        .collect();
    let captions = captions
        .iter()
        .map(|(text, reference_flag)| ReferentialCaption {
            text: (*text).to_owned(),
            replacements: Vec::new(),
            reference_flag: *reference_flag,
        })
        .collect();
    let clips: Vec<&str> = clips.iter().map(String::as_str).collect();
    Prompt::new(story(id, &clips), captions)
}

fn prompts() -> Vec<Prompt> {
    vec![
        prompt(
            "a",
            &[
                ("Otto waves", false),
                ("He sits", true),
                ("Mira sings", false),
                ("Otto naps", true),
            ],
        ),
        prompt("b", &[("Mira and Otto run", false), ("They stop", true)]),
        prompt(
            "c",
            &[
                ("A dog", false),
                ("Otto, the dog", false),
                ("He barks", true),
            ],
        ),
    ]
}

fn portraits() -> Vec<(String, RgbImage)> {
    let image = |shade| RgbImage::from_pixel(7, 7, Rgb([shade, shade, shade]));
    vec![("Mira".to_owned(), image(3)), ("Otto".to_owned(), image(9))]
}

fn model() -> StoryGptV<Fakes, Fakes> {
    StoryGptV::from_parts(
        char_ldm(),
        llm_settings(),
        Fakes::default(),
        Box::new(WordTokenizer),
    )
    .unwrap()
}

fn char_ldm() -> CharLdm<Fakes> {
    CharLdm::from_parts(
        settings(),
        Fakes::default(),
        Box::new(WordTokenizer),
        portraits(),
    )
    .unwrap()
}

#[test]
fn a_story_of_four_frames_costs_what_it_should() {
    let mut model = model();
    let images = model.generate(&prompts()[..1], Seed(42)).unwrap();
    assert_eq!(images[0].len(), 4);
    assert_eq!(images[0][0].image.as_ref().unwrap().dimensions(), (6, 4));
    let (diffusion, language) = model.networks();
    assert_eq!(diffusion.unet_calls.len(), 4 * 31);
    assert_eq!(
        language.hidden_calls.len(),
        3,
        "one forward per frame, none for the first"
    );
    assert_eq!(
        language.vision_calls,
        [1, 1, 1],
        "each frame is read once, the last never"
    );
    assert_eq!(diffusion.portrait_calls, 1);
    assert_eq!(diffusion.fuse_calls, [1], "only the first frame is fused");
    assert_eq!(
        diffusion.text_calls.len(),
        5,
        "four captions and the empty one"
    );
}

#[test]
fn the_first_frame_does_not_touch_the_language_model() {
    let mut model = model();
    let first: Vec<Prompt> = prompts()
        .into_iter()
        .map(|mut prompt| {
            prompt.story.frames.truncate(1);
            prompt.captions.truncate(1);
            prompt
        })
        .collect();
    model.generate(&first, Seed(42)).unwrap();
    let (_, language) = model.networks();
    assert!(
        language.hidden_calls.is_empty()
            && language.vision_calls.is_empty()
            && language.mapper_calls.is_empty()
    );
}

/// Number of calls of one frame's sampling in which the conditional context of a row is the plain one,
/// recognised as the context of the first call.
fn text_only(calls: &[UnetCall], row: usize) -> usize {
    let value = |call: &UnetCall| call.sums[call.sums.len() / 2 + row];
    let first = value(&calls[0]);
    calls
        .iter()
        .filter(|call| value(call).to_bits() == first.to_bits())
        .count()
}

#[test]
fn the_reference_flag_shortens_the_text_only_phase() {
    let mut model = model();
    model.generate(&prompts(), Seed(42)).unwrap();
    let (diffusion, _) = model.networks();
    let frames: Vec<&[_]> = diffusion.unet_calls.chunks(31).collect();
    assert_eq!(text_only(frames[1], 0), 1, "He sits");
    assert_eq!(text_only(frames[1], 1), 1, "They stop");
    assert_eq!(text_only(frames[1], 2), 16, "Otto, the dog");
    assert_eq!(text_only(frames[2], 0), 16, "Mira sings");
    assert_eq!(
        text_only(frames[2], 1),
        1,
        "He barks: row 1, since story b is over"
    );
    assert_eq!(text_only(frames[3], 0), 1, "Otto naps");
}

#[test]
fn stories_of_different_lengths_share_a_batch_while_they_last() {
    let mut model = model();
    let images = model.generate(&prompts(), Seed(42)).unwrap();
    assert_eq!(images.iter().map(Vec::len).collect::<Vec<_>>(), [4, 2, 3]);
    let (diffusion, language) = model.networks();
    let rows: Vec<usize> = diffusion
        .unet_calls
        .iter()
        .step_by(31)
        .map(|call| call.contexts.len())
        .collect();
    assert_eq!(rows, [6, 6, 4, 2]);
    assert_eq!(language.vision_calls, [3, 2, 1]);
}

#[test]
fn a_batch_gives_what_its_stories_give_alone() {
    let together = model().generate(&prompts(), Seed(42)).unwrap();
    for (index, prompt) in prompts().iter().enumerate() {
        let alone = model()
            .generate(std::slice::from_ref(prompt), Seed(42))
            .unwrap();
        assert_eq!(together[index], alone[0]);
    }
    let mut reversed = prompts();
    reversed.reverse();
    let mut backwards = model().generate(&reversed, Seed(42)).unwrap();
    backwards.reverse();
    assert_eq!(together, backwards);
    assert_ne!(together, model().generate(&prompts(), Seed(43)).unwrap());
}

#[test]
fn a_model_that_was_used_before_draws_the_same() {
    let mut model = model();
    let first = model.generate(&prompts(), Seed(42)).unwrap();
    assert_eq!(first, model.generate(&prompts(), Seed(42)).unwrap());
}

#[test]
fn without_the_language_model_the_first_frame_is_the_same_and_later_ones_are_not() {
    let whole = model().generate(&prompts(), Seed(42)).unwrap();
    let mut char_ldm = char_ldm();
    let alone = char_ldm.generate(&prompts(), Seed(42)).unwrap();
    for (whole, alone) in whole.iter().zip(&alone) {
        assert_eq!(whole[0], alone[0]);
        assert_ne!(whole[1], alone[1]);
    }
    let fakes = char_ldm.networks();
    // Names: three in the first frames ("A dog" has none), none in the second, one in the third and fourth.
    assert_eq!(fakes.fuse_calls, [3, 1, 1]);
    assert_eq!(text_only(&fakes.unet_calls[..31], 0), 16);
    assert_eq!(text_only(&fakes.unet_calls[62..93], 0), 16);
    assert_eq!(
        text_only(&fakes.unet_calls[93..], 0),
        16,
        "the reference flag of frame 4 changes nothing here"
    );
}

#[test]
fn no_prompt_is_no_image_and_a_bad_one_is_refused() {
    assert!(model().generate(&[], Seed(1)).unwrap().is_empty());
    let mut bad = prompts();
    bad[1].captions.pop();
    let error = model().generate(&bad, Seed(1)).unwrap_err();
    assert_eq!(error.to_string(), "story b has 2 frames, but 1 captions");
    assert!(matches!(
        model().generate(&[prompt("e", &[])], Seed(1)),
        Err(GeneratorError::EmptyStory { .. })
    ));
}

#[test]
fn an_error_names_the_frame_and_the_guilty_story() {
    let prompts = prompts();
    let stories: Vec<&Prompt> = prompts.iter().collect();
    let error = located(
        Fault::NotFinite {
            graph: "unet",
            row: 1,
        },
        &stories,
        2,
    );
    assert_eq!(error.to_string(), "failed to draw frame 3 of story b");
    let shape = Fault::Shape {
        graph: "unet",
        expected: vec![1],
        found: vec![2],
    };
    let error = located(shape, &stories, 0);
    assert_eq!(
        error.to_string(),
        "failed to draw frame 1 of story a and 2 more of its batch"
    );
}

#[test]
fn a_language_model_without_room_for_its_tokens_is_refused() {
    let mut llm = llm_settings();
    llm.max_positions = 2;
    let result = StoryGptV::from_parts(char_ldm(), llm, Fakes::default(), Box::new(WordTokenizer));
    assert!(matches!(
        result,
        Err(GeneratorError::Setting {
            key: "llm.max_positions",
            ..
        })
    ));
}

/// Shades that no fake draws, so that a given frame is recognised by the numbers that its visual tokens carry.
fn given(count: usize) -> Vec<RgbImage> {
    let shade = |at: usize| 200 + at as u8;
    (0..count)
        .map(|at| RgbImage::from_pixel(6, 4, Rgb([shade(at); 3])))
        .collect()
}

#[test]
fn given_frames_are_read_and_not_drawn() {
    let mut model = model();
    let mut prompt = prompts().remove(0);
    prompt.given = given(2);
    let frames = model
        .generate(std::slice::from_ref(&prompt), Seed(42))
        .unwrap()
        .remove(0);
    let absent = Err(crate::record::Absence::NotDrawn);
    assert!(frames[..2].iter().all(|frame| frame.image == absent));
    assert!(frames[2..].iter().all(|frame| frame.image.is_ok()));
    let (diffusion, language) = model.networks();
    assert_eq!(diffusion.unet_calls.len(), 2 * 31);
    assert!(
        diffusion.fuse_calls.is_empty(),
        "the first frame is not drawn"
    );
    assert_eq!(
        language.vision_calls,
        [1, 1, 1],
        "two given, and the first that is drawn"
    );
    let seen = language.hidden_calls[0].inputs.clone();
    prompt.given[1] = RgbImage::new(6, 4);
    model.generate(&[prompt], Seed(42)).unwrap();
    assert_ne!(model.networks().1.hidden_calls[2].inputs, seen);
}

#[test]
fn char_ldm_starts_behind_what_is_given() {
    let (mut whole, mut continued) = (char_ldm(), char_ldm());
    let mut prompt = prompts().remove(0);
    let all = whole
        .generate(std::slice::from_ref(&prompt), Seed(1))
        .unwrap()
        .remove(0);
    prompt.given = given(1);
    let behind = continued
        .generate(std::slice::from_ref(&prompt), Seed(1))
        .unwrap()
        .remove(0);
    assert_eq!(
        behind[1..],
        all[1..],
        "every frame has its own noise and caption"
    );
    assert_eq!(continued.networks().unet_calls.len(), 3 * 31);
    prompt.given = given(4);
    let error = continued.generate(&[prompt], Seed(1)).unwrap_err();
    assert_eq!(
        error.to_string(),
        "every frame of story a is given: it has 4"
    );
}

#[test]
fn a_model_that_reads_captions_alone_is_shown_no_frame() {
    let mut model = model().with_reading(StoryReading::Captions);
    let frames = model.generate(&prompts()[..1], Seed(42)).unwrap();
    assert!(frames[0].iter().all(|frame| frame.image.is_ok()));
    let (_, language) = model.networks();
    assert!(language.vision_calls.is_empty());
    assert_eq!(language.hidden_calls.len(), 3);
    let inputs = language
        .hidden_calls
        .iter()
        .flat_map(|call| &call.inputs[0]);
    assert!(inputs.clone().count() > 0);
    assert!(
        inputs
            .into_iter()
            .all(|input| *input < super::super::fake::VISUAL_BASE)
    );
}

fn written(prompt: &Prompt, real: u8) -> Prompt {
    let mut prompt = prompt.clone();
    prompt.given = given(1);
    let behind = prompt.story.frames.len() - 1;
    prompt.writing = Some(crate::generator::Writing {
        real: vec![RgbImage::from_pixel(6, 4, Rgb([real; 3])); behind],
    });
    prompt
}

#[test]
fn written_captions_take_the_place_of_the_true_ones() {
    let writer = || Writer::new(&super::super::fake::writing_settings(), None);
    let mut model = model();
    let prompt = written(&prompts()[0], 9);
    let refused = model
        .generate(std::slice::from_ref(&prompt), Seed(1))
        .unwrap_err();
    assert_eq!(
        refused.to_string(),
        "the model cannot write the caption of frame 2 of story a"
    );
    model.writer = Some(writer());
    let frames = model
        .generate(std::slice::from_ref(&prompt), Seed(1))
        .unwrap()
        .remove(0);
    assert!(frames[0].written.is_none() && frames[0].likelihood.is_none());
    for frame in &frames[1..] {
        assert!(
            frame.image.is_ok() && frame.written.as_ref().is_some_and(|it| it.starts_with('w'))
        );
        let likelihood = frame.likelihood.unwrap();
        assert!(likelihood.log_probability < 0.0 && likelihood.tokens > 0);
    }
    // Neither true captions nor real frames behind the given ones reach what is written or drawn.
    let mut other = written(&prompts()[0], 77);
    for caption in &mut other.captions[1..] {
        caption.text = "something else".to_owned();
    }
    let again = model.generate(&[other], Seed(1)).unwrap().remove(0);
    for (frame, again) in frames.iter().zip(&again) {
        assert_eq!(
            (&frame.image, &frame.written),
            (&again.image, &again.written)
        );
    }
    assert_ne!(frames[1].likelihood, again[1].likelihood);
    // A batch writes what its members write.
    let both = [prompt.clone(), written(&prompts()[2], 9)];
    let together = model.generate(&both, Seed(1)).unwrap();
    assert_eq!(together[0], frames);
}
