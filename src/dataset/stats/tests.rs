use super::*;
use crate::card::TextProcedure;
use crate::dataset::explain;
use crate::record::{ClipId, StoryId};
use serde_json::Value;

fn card() -> DatasetCard {
    crate::card::dataset("minisv").unwrap()
}

/// A frame: clip, caption, annotated characters, labels.
type Metadata<'a> = (&'a str, &'a str, &'a [&'a str]);

fn story(id: &str, frames: &[Metadata<'_>]) -> Story {
    let cast = card().characters;
    let frames = frames.iter().map(|(clip, caption, characters)| StoryFrame {
        clip: ClipId::new(*clip),
        caption: (*caption).into(),
        characters: characters.iter().map(|name| (*name).to_owned()).collect(),
        character_labels: Some(
            cast.iter()
                .map(|one| characters.contains(&one.name.as_str()))
                .collect(),
        ),
        background_labels: Some([true, false].into()),
    });
    Story {
        id: StoryId::new(id),
        frames: frames.collect(),
    }
}

fn captions(captions: &[&str]) -> Story {
    let frames: Vec<Metadata<'_>> = captions.iter().map(|text| ("c", *text, &[][..])).collect();
    story("s", &frames)
}

#[test]
fn the_letters_he_are_no_reference() {
    // Anchor 7 of the protocols: four captions with nothing but "the".
    let story = captions(&["the", "the", "the", "the"]);
    let found = statistics(&[story], &card(), &[]).unwrap();
    assert_eq!(found.refs_compat, Some(4.0));
    assert_eq!(found.refs_true, Some(0.0));
}

#[test]
fn the_last_frame_never_counts() {
    let compat = |texts: &[&str]| {
        let story = captions(texts);
        let frames = explain(&story, TextVariant::Original, &card()).unwrap();
        references_compat(&frames, TextProcedure::Flintstones).unwrap()
    };
    assert_eq!(compat(&["a", "b", "c", "He"]), 0);
    assert_eq!(compat(&["a", "b", "He", "c"]), 1);
    assert_eq!(compat(&["a", "She", "c", "d"]), 2);
    assert_eq!(compat(&["They", "b", "c", "d"]), 4);
    let pororo = |texts: &[&str]| {
        let frames = explain(&captions(texts), TextVariant::Original, &card()).unwrap();
        references_compat(&frames, TextProcedure::Pororo).unwrap()
    };
    assert_eq!(pororo(&["a", "They"]), 1);
    assert_eq!(pororo(&["she", "She he"]), 2);
    assert_eq!(pororo(&["a", "b"]), 0);
}

/// Counts by the released loop on the stories of the golden files.
fn agrees(golden: &str, card: &DatasetCard) -> usize {
    let golden: Value = serde_json::from_str(golden).unwrap();
    let mut counted = 0;
    for case in golden["cases"].as_array().unwrap() {
        let frames = case["frames"].as_array().unwrap().iter();
        let frames = frames.map(|frame| {
            let names = frame["characters"].as_array().into_iter().flatten();
            StoryFrame {
                clip: ClipId::new("c"),
                caption: frame["caption"].as_str().unwrap().into(),
                characters: names
                    .map(|name| name.as_str().unwrap().to_owned())
                    .collect(),
                ..story("s", &[("c", "", &[])]).frames[0].clone()
            }
        });
        let story = Story {
            id: StoryId::new("s"),
            frames: frames.collect(),
        };
        for variant in [TextVariant::Original, TextVariant::MakeAStory] {
            let wanted = &case["refs_compat"][variant.name()];
            let found = reference_statistics(std::slice::from_ref(&story), variant, card).unwrap();
            if wanted.is_string() {
                assert_eq!((found.crashed, found.refs_compat), (1, None), "{case}");
            } else {
                assert_eq!(found.refs_compat, wanted.as_f64(), "{variant} {case}");
                counted += 1;
            }
        }
    }
    counted
}

#[test]
fn the_released_loop_counts_the_same() {
    let flintstones = crate::card::dataset("flintstones").unwrap();
    let golden = include_str!("../../../reference-data/golden/referential/flintstones.json");
    assert_eq!(agrees(golden, &flintstones), 351);
    let golden = include_str!("../../../reference-data/golden/referential/pororo.json");
    assert_eq!(
        agrees(golden, &crate::dataset::referential::tests::pororo()),
        400
    );
}

#[test]
fn everything_is_counted() {
    let stories = [
        story(
            "a",
            &[
                ("a", "Otto and Mira sit.", &["otto", "mira"]),
                ("b", "Otto waves.", &["otto"]),
                ("c", "Mira waves to him.", &["mira"]),
            ],
        ),
        story(
            "b",
            &[
                ("b", "Otto waves.", &["otto"]),
                ("c", "Mira waves to him.", &["mira"]),
            ],
        ),
    ];
    let all = &TextVariant::ALL[1..];
    let found = statistics(&stories, &card(), all).unwrap();
    assert_eq!((found.stories, found.frames, found.clips), (2, 5, 3));
    assert_eq!(found.refs_true, Some(1.0));
    assert_eq!(found.original.pronouns["him"], 2);
    assert_eq!(found.variants["algorithm1"].pronouns["he"], 1);
    assert_eq!(found.variants["algorithm1"].refs_true, Some(1.5));
    assert_eq!(found.variants["algorithm1"].replaced_frames, 1);
    assert_eq!(found.variants.len(), 4);
    let otto = &found.characters.each[0];
    assert_eq!((otto.frames, otto.clips, otto.stories), (3, 2, 2));
    assert_eq!(found.characters.per_frame.counts, [(1, 4), (2, 1)].into());
    assert_eq!(found.backgrounds.each[0].name, "kitchen");
    assert_eq!(found.backgrounds.each[0].clips, 3);
    assert_eq!(found.reappearance.introductions, 4);
    assert_eq!(found.reappearance.distance.counts, [(1, 1), (2, 1)].into());
    let words = found.caption_words.unwrap();
    assert_eq!((words.min, words.median, words.max), (2, 4.0, 4));
}

#[test]
fn crashes_are_counted_and_left_out() {
    let stories = [
        story("a", &[("a", "A house.", &[]), ("b", "A tree.", &[])]),
        story(
            "b",
            &[
                ("c", "Otto sits.", &["otto"]),
                ("d", "Otto runs.", &["otto"]),
            ],
        ),
    ];
    let found = statistics(&stories, &card(), &[TextVariant::MakeAStory]).unwrap();
    let made = &found.variants["make-a-story"];
    assert_eq!((made.stories, made.crashed), (1, 1));
    assert_eq!(made.refs_true, Some(1.0));
    assert_eq!(found.original.stories, 2);
}

#[test]
fn without_a_procedure_there_is_no_released_count() {
    let card = DatasetCard {
        text_procedure: None,
        ..card()
    };
    let found = statistics(&[captions(&["the"])], &card, &TextVariant::ALL[1..]).unwrap();
    assert_eq!(found.refs_compat, None);
    assert_eq!(found.refs_true, Some(0.0));
    assert_eq!(
        found.variants_not_defined,
        ["make-a-story", "storygptv-train", "storygptv-eval"]
    );
    assert_eq!(statistics(&[], &card, &[]).unwrap().refs_true, None);
}
