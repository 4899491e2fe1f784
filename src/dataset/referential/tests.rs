use super::*;
use crate::dataset::DatasetError;
use crate::record::{ClipId, Replacement, StoryFrame, StoryId};
use crate::{ExitCode, Hint};
use proptest::prelude::*;
use serde_json::Value;

fn flintstones() -> Vec<Character> {
    crate::spec::dataset("flintstones").unwrap().characters
}

fn minisv() -> Vec<Character> {
    crate::spec::dataset("minisv").unwrap().characters
}

fn story<'a>(frames: impl IntoIterator<Item = (Vec<&'a str>, &'a str)>) -> Story {
    let frames: Vec<StoryFrame> = frames
        .into_iter()
        .map(|(characters, caption)| StoryFrame {
            clip: ClipId::new("c"),
            caption: caption.into(),
            characters: characters.into_iter().map(str::to_owned).collect(),
            character_labels: None,
            background_labels: None,
        })
        .collect();
    Story {
        id: StoryId::new("s"),
        frames,
    }
}

/// A story for Algorithm 1, which reads the text alone.
fn told(captions: &[&str]) -> Vec<Explained> {
    let story = story(captions.iter().map(|caption| (Vec::new(), *caption)));
    explain(&story, TextVariant::Algorithm1, &minisv()).unwrap()
}

fn second(first: &str, second: &str) -> String {
    told(&[first, second])[1].caption.text.clone()
}

/// Every replacement gives back the original when it is undone, so the record is complete.
fn undone(caption: &ReferentialCaption) -> String {
    let mut out = String::new();
    let mut from = 0;
    for Replacement {
        words,
        offset,
        pronoun,
        ..
    } in &caption.replacements
    {
        let unchanged = offset - out.len();
        out.push_str(&caption.text[from..from + unchanged]);
        from += unchanged;
        assert!(caption.text[from..].starts_with(pronoun.as_str()));
        from += pronoun.len();
        out.push_str(words);
    }
    out.push_str(&caption.text[from..]);
    out
}

fn agrees_with_released_code(golden: &str) -> usize {
    let golden: Value = serde_json::from_str(golden).unwrap();
    let cases = golden["cases"].as_array().unwrap();
    for case in cases {
        let frames = case["frames"].as_array().unwrap();
        let story = story(frames.iter().map(|frame| {
            let characters = frame["characters"].as_array().unwrap();
            (
                characters
                    .iter()
                    .map(|name| name.as_str().unwrap())
                    .collect(),
                frame["caption"].as_str().unwrap(),
            )
        }));
        let made = referential(&story, TextVariant::StorygptvEval, &flintstones());
        let wanted = &case["released"];
        if wanted["error"] == "IndexError" {
            assert!(
                matches!(made, Err(DatasetError::ReleasedCodeCrashes { .. })),
                "{case}"
            );
            continue;
        }
        let made = made.unwrap_or_else(|error| panic!("{error}: {case}"));
        for (index, caption) in made.iter().enumerate() {
            assert_eq!(wanted["captions"][index], caption.text.as_str(), "{case}");
            assert_eq!(wanted["flags"][index], caption.reference_flag, "{case}");
            assert_eq!(undone(caption), *story.frames[index].caption, "{case}");
        }
    }
    cases.len()
}

#[test]
fn table_2_1_cell_by_cell() {
    let count = agrees_with_released_code(include_str!(
        "../../../reference-data/golden/referential/table_2_1.json"
    ));
    assert_eq!(count, 13);
}

#[test]
fn drawn_stories_agree_with_the_released_code() {
    let count = agrees_with_released_code(include_str!(
        "../../../reference-data/golden/referential/released_eval.json"
    ));
    assert_eq!(count, 150);
}

#[test]
fn a_crash_of_the_released_code_is_a_typed_error() {
    let story = story([
        (vec!["fred"], "Fred."),
        (vec![], "A house."),
        (vec![], "A tree."),
    ]);
    let error = referential(&story, TextVariant::StorygptvEval, &flintstones()).unwrap_err();
    assert!(error.to_string().contains("story `s`, frame 3"), "{error}");
    assert_eq!(error.exit_code(), ExitCode::DataVerification);
    assert!(error.hint().unwrap().contains("--protocol strict"));
}

#[test]
fn original_text_is_left_as_it_is() {
    let story = story([(vec!["fred"], "Fred."), (vec!["fred"], "Fred sits.")]);
    let made = referential(&story, TextVariant::Original, &flintstones()).unwrap();
    assert_eq!(made[1], ReferentialCaption::unchanged("Fred sits."));
}

#[test]
fn one_character_becomes_he_or_she() {
    assert_eq!(
        second("Otto is here.", "Otto talks. Then Otto leaves."),
        "He talks. Then he leaves."
    );
    assert_eq!(
        second("Mira is here.", "Now MIRA sings, and mira dances."),
        "Now she sings, and she dances."
    );
    assert_eq!(
        second("Otto is here.", "Otto's car is red. It is Otto\u{2019}s."),
        "His car is red. It is his."
    );
    assert_eq!(
        second("Luna is here.", "\"Luna is late!\" The fox saw Luna's hat."),
        "\"She is late!\" The fox saw her hat."
    );
}

#[test]
fn a_subset_of_the_previous_frame_is_enough() {
    assert_eq!(second("Otto and Mira sit.", "Mira waves."), "She waves.");
    let frames = told(&["Mira waves.", "Otto and Mira sit."]);
    assert_eq!(
        frames[1].decision,
        Decision::NotCarriedOver {
            new: vec!["otto".to_owned()]
        }
    );
    assert!(!frames[1].caption.reference_flag);
}

#[test]
fn several_become_they_where_their_names_stand_together() {
    let both = "Otto and Mira sit.";
    assert_eq!(second(both, "Otto and Mira talk."), "They talk.");
    assert_eq!(second(both, "Mira and Otto talk."), "They talk.");
    assert_eq!(
        second(both, "In the park Mira and Otto's kite flies."),
        "In the park their kite flies."
    );
    let three = "Otto, Mira and Pip sit.";
    for text in [
        "Pip, Otto and Mira talk.",
        "Pip, Otto, and Mira talk.",
        "Pip and Otto and Mira talk.",
    ] {
        assert_eq!(second(three, text), "They talk.", "{text}");
    }
    assert_eq!(
        second(three, "Otto, Mira and Pip talk. Otto waves."),
        "They talk. Otto waves."
    );
    let four = "Otto, Mira, Pip and Luna sit.";
    assert_eq!(second(four, "Luna, Otto, Pip and Mira talk."), "They talk.");
}

#[test]
fn names_that_stand_apart_stay_and_the_reason_is_recorded() {
    for text in [
        "Otto talks to Mira.",
        "Otto's friend and Mira talk.",
        "Otto's and Mira's hats are red.",
        "Otto and the fox and Mira talk.",
        "Otto, Mira talk.",
        "Otto with Mira.",
    ] {
        let frames = told(&["Otto and Mira sit.", text]);
        assert_eq!(
            frames[1].decision,
            Decision::NamesStandApart {
                names: vec!["otto".to_owned(), "mira".to_owned()]
            },
            "{text}"
        );
        assert_eq!(frames[1].caption, ReferentialCaption::unchanged(text));
    }
}

#[test]
fn the_comparison_is_with_the_frame_before() {
    let frames = told(&[
        "Otto sits.",
        "Otto waits.",
        "The park is empty.",
        "Otto comes.",
        "Otto goes.",
    ]);
    let texts: Vec<&str> = frames
        .iter()
        .map(|frame| frame.caption.text.as_str())
        .collect();
    assert_eq!(
        texts,
        [
            "Otto sits.",
            "He waits.",
            "The park is empty.",
            "Otto comes.",
            "He goes."
        ]
    );
    assert_eq!(frames[0].decision, Decision::FirstFrame);
    assert_eq!(frames[2].decision, Decision::NoCharacters);
}

#[test]
fn only_whole_words_are_names() {
    assert_eq!(
        second("Otto sits.", "Ottoman lamps and pottos. otto_x"),
        "Ottoman lamps and pottos. otto_x"
    );
    assert_eq!(
        mentioned("A pipe and Pip-like boltless bolts", &minisv()).len(),
        1
    );
}

#[test]
fn aliases_are_names() {
    let cast = flintstones();
    let story = story([
        (vec![], "Mr. Slate sits."),
        (vec![], "Mr. Slate talks, then mr slate leaves."),
    ]);
    let made = referential(&story, TextVariant::Algorithm1, &cast).unwrap();
    assert_eq!(made[1].text, "He talks, then he leaves.");
    assert_eq!(made[1].replacements[0].words, "Mr. Slate");
}

#[test]
fn every_replacement_is_recorded() {
    let frames = told(&[
        "Otto and Mira sit.",
        "At noon Otto and Mira eat. Mira and Otto's soup is hot.",
    ]);
    let caption = &frames[1].caption;
    assert_eq!(caption.text, "At noon they eat. Their soup is hot.");
    assert!(caption.reference_flag);
    assert_eq!(
        caption.replacements,
        [
            Replacement {
                words: "Otto and Mira".to_owned(),
                offset: 8,
                pronoun: "they".to_owned(),
                rule: "conjunction".to_owned()
            },
            Replacement {
                words: "Mira and Otto's".to_owned(),
                offset: 27,
                pronoun: "Their".to_owned(),
                rule: "conjunction-possessive".to_owned()
            }
        ]
    );
    assert_eq!(
        undone(caption),
        "At noon Otto and Mira eat. Mira and Otto's soup is hot."
    );
}

#[test]
fn only_pronouns_count_as_references() {
    // Anchor: captions with nothing but "the" hold no reference.
    assert_eq!(references_true("the then there other Thelma shell"), 0);
    assert_eq!(
        references_true("He saw her; they took their hats. SHE'S here."),
        5
    );
    assert!(has_pronoun("then he left") && !has_pronoun("then the"));
}

proptest! {
    #[test]
    fn any_text_is_handled_and_can_be_undone(
        first in "(Otto|Mira|Pip|, | and |'s|\\. |é|🦊| ){0,12}",
        second in "(Otto|Mira|Pip|otto|, | and |'s|’s|\\. |é|🦊| ){0,12}",
        names in proptest::collection::vec("(fred|wilma|ßx|)", 0..4),
    ) {
        for caption in told(&[&first, &second]) {
            let original = undone(&caption.caption);
            prop_assert!(original == first || original == second);
        }
        let names: Vec<&str> = names.iter().map(String::as_str).collect();
        let story = story([(names.clone(), first.as_str()), (names, second.as_str())]);
        let _ = referential(&story, TextVariant::StorygptvEval, &flintstones());
    }
}
