use super::*;
use crate::card::{Character, Gender};
use crate::dataset::DatasetError;
use crate::record::{ClipId, FaultKind, FrameIndex, Hint, Replacement, StoryFrame, StoryId};
use proptest::prelude::*;
use serde_json::Value;

fn flintstones() -> DatasetCard {
    crate::card::dataset("flintstones").unwrap()
}

fn minisv() -> DatasetCard {
    crate::card::dataset("minisv").unwrap()
}

pub(in crate::dataset) fn pororo() -> DatasetCard {
    let names = "pororo loopy crong eddy poby petty tongtong rody harry";
    let characters = names.split(' ').map(|name| Character {
        name: name.to_owned(),
        gender: match name {
            "petty" | "loopy" => Gender::Female,
            _ => Gender::Male,
        },
        aliases: Vec::new(),
    });
    DatasetCard {
        id: "pororo".to_owned(),
        characters: characters.collect(),
        text_procedure: Some(TextProcedure::Pororo),
        ..flintstones()
    }
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
fn explained(captions: &[&str]) -> Vec<Explained> {
    let story = story(captions.iter().map(|caption| (Vec::new(), *caption)));
    explain(&story, TextVariant::Algorithm1, &minisv()).unwrap()
}

fn second(first: &str, second: &str) -> String {
    explained(&[first, second])[1].caption.text.clone()
}

/// Every replacement gives back the original when it is undone, so the record is complete.
pub(super) fn undone(caption: &ReferentialCaption) -> String {
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

/// What the released code makes of a story: the captions, up to the one that it crashes on.
fn is_released(made: Result<Vec<ReferentialCaption>, DatasetError>, wanted: &Value, story: &Story) {
    let captions = wanted["captions"].as_array().unwrap();
    if let Some(exception) = wanted.get("error") {
        match made {
            Err(DatasetError::ReleasedCodeCrashes {
                frame,
                exception: found,
                ..
            }) => {
                assert!(found.starts_with(exception.as_str().unwrap()), "{wanted}");
                assert_eq!(frame, FrameIndex(captions.len() as u32 + 1), "{wanted}");
            }
            other => panic!("{other:?} {wanted}"),
        }
        return;
    }
    let made = made.unwrap_or_else(|error| panic!("{error}: {wanted}"));
    assert_eq!(made.len(), captions.len());
    for (index, caption) in made.iter().enumerate() {
        assert_eq!(captions[index], caption.text.as_str(), "{wanted}");
        // Make-A-Story has no flag; ours says that something was replaced.
        let flag = wanted
            .get("flags")
            .map_or(!caption.replacements.is_empty(), |flags| {
                flags[index].as_bool().unwrap()
            });
        assert_eq!(flag, caption.reference_flag, "{wanted}");
        assert_eq!(undone(caption), &*story.frames[index].caption, "{wanted}");
    }
}

/// Number of stories in a golden file, each of which must come out as the released code has it.
fn agrees_with_released_code(golden: &str, card: &DatasetCard) -> usize {
    let golden: Value = serde_json::from_str(golden).unwrap();
    let cases = golden["cases"].as_array().unwrap();
    for case in cases {
        let frames = case["frames"].as_array().unwrap();
        let story = story(frames.iter().map(|frame| {
            let characters = frame["characters"].as_array().into_iter().flatten();
            (
                characters.map(|name| name.as_str().unwrap()).collect(),
                frame["caption"].as_str().unwrap(),
            )
        }));
        for variant in [
            TextVariant::MakeAStory,
            TextVariant::StorygptvTrain,
            TextVariant::StorygptvEval,
        ] {
            let made = referential(&story, variant, card);
            is_released(made, &case["released"][variant.name()], &story);
        }
        // By definition, not by a program of others: only the tables have it.
        if let Some(wanted) = case.get("algorithm1") {
            let made = referential(&story, TextVariant::Algorithm1, card).unwrap();
            assert_eq!(made.last().unwrap().text.as_str(), wanted, "{case}");
        }
    }
    cases.len()
}

macro_rules! golden {
    ($name:literal) => {
        include_str!(concat!(
            "../../../reference-data/golden/referential/",
            $name,
            ".json"
        ))
    };
}

#[test]
fn the_tables_cell_by_cell() {
    assert_eq!(
        agrees_with_released_code(golden!("table_2_1"), &flintstones()),
        14
    );
    assert_eq!(
        agrees_with_released_code(golden!("table_2_2"), &pororo()),
        6
    );
}

#[test]
fn drawn_stories_agree_with_the_released_code() {
    assert_eq!(
        agrees_with_released_code(golden!("flintstones"), &flintstones()),
        200
    );
    assert_eq!(agrees_with_released_code(golden!("pororo"), &pororo()), 200);
}

#[test]
fn released_code_is_written_for_a_data_set() {
    let card = DatasetCard {
        text_procedure: None,
        ..flintstones()
    };
    let story = story([(vec!["fred"], "Fred sits."), (vec!["fred"], "Fred runs.")]);
    for &variant in TextVariant::ALL {
        let made = referential(&story, variant, &card);
        match variant {
            TextVariant::Original | TextVariant::Algorithm1 => assert!(made.is_ok()),
            _ => {
                let error = made.unwrap_err();
                assert_eq!(error.fault_kind(), FaultKind::Usage);
                assert!(error.to_string().contains(variant.name()), "{error}");
                assert!(error.hint().unwrap().contains("--protocol strict"));
            }
        }
    }
}

#[test]
fn names_at_the_beginning_are_recorded_beside_single_ones() {
    let story = story([
        (vec![], "Pororo and Crong run."),
        (vec![], "Pororo and Crong stop. Crong and Pororo laugh."),
    ]);
    let made = explain(&story, TextVariant::StorygptvEval, &pororo()).unwrap();
    assert_eq!(made[1].caption.text, "They stop. Crong and He laugh.");
    assert_eq!(made[1].decision, Decision::Replaced);
    let texts: Vec<_> = made[1]
        .caption
        .replacements
        .iter()
        .map(|r| {
            (
                r.words.as_str(),
                r.offset,
                r.pronoun.as_str(),
                r.rule.as_str(),
            )
        })
        .collect();
    assert_eq!(
        texts,
        [
            ("Pororo and Crong", 0, "They", "released-beginning"),
            ("Pororo", 33, "He", "released-single")
        ]
    );
}

#[test]
fn a_pororo_text_about_another_says_about_whom() {
    let story = story([
        (vec![], "Poby sits."),
        (vec![], "Eddy sits."),
        (vec![], "It snows."),
    ]);
    let made = explain(&story, TextVariant::MakeAStory, &pororo()).unwrap();
    assert_eq!(
        made[1].decision,
        Decision::OtherSubject {
            before: Some("Poby".to_owned()),
            now: "Eddy".to_owned()
        }
    );
    assert_eq!(made[2].decision, Decision::NoCharacters);
    assert!(!made[1].decision.carries_over());
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
    assert_eq!(error.fault_kind(), FaultKind::DataVerification);
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
    let frames = explained(&["Mira waves.", "Otto and Mira sit."]);
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
        let frames = explained(&["Otto and Mira sit.", text]);
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
    let frames = explained(&[
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
        mentioned("A pipe and Pip-like boltless bolts", &minisv().characters).len(),
        1
    );
}

#[test]
fn aliases_are_names() {
    let card = flintstones();
    let story = story([
        (vec![], "Mr. Slate sits."),
        (vec![], "Mr. Slate talks, then mr slate leaves."),
    ]);
    let made = referential(&story, TextVariant::Algorithm1, &card).unwrap();
    assert_eq!(made[1].text, "He talks, then he leaves.");
    assert_eq!(made[1].replacements[0].words, "Mr. Slate");
}

#[test]
fn every_replacement_is_recorded() {
    let frames = explained(&[
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
    let references = |text| pronoun_counts(text).iter().sum::<usize>();
    assert_eq!(references("the then there other Thelma shell"), 0);
    assert_eq!(
        references("He saw her; they took their hats. SHE'S here."),
        5
    );
    assert_eq!(references("then he left"), 1);
}

proptest! {
    #[test]
    fn any_text_is_handled_and_can_be_undone(
        first in "(Otto|Mira|Pip|, | and |'s|\\. |é|🦊| ){0,12}",
        second in "(Otto|Mira|Pip|otto|, | and |'s|’s|\\. |é|🦊| ){0,12}",
        names in proptest::collection::vec("(otto|mira|Pip|ßx|)", 0..5),
    ) {
        let names: Vec<&str> = names.iter().map(String::as_str).collect();
        let story = story([
            (names.clone(), first.as_str()),
            (names.clone(), second.as_str()),
            (names, first.as_str()),
        ]);
        for procedure in [TextProcedure::Flintstones, TextProcedure::Pororo] {
            let card = DatasetCard { text_procedure: Some(procedure), ..minisv() };
            for &variant in TextVariant::ALL {
                let Ok(made) = referential(&story, variant, &card) else {
                    continue;
                };
                for (caption, frame) in made.iter().zip(&story.frames) {
                    prop_assert_eq!(undone(caption), &*frame.caption);
                }
            }
        }
    }
}
