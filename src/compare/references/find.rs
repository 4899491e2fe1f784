//! The references of captions: which pronoun, for whom, how far from the name, and whom else it could mean.

use crate::card::{Character, Gender};
use crate::dataset::mentioned;
use crate::record::{FrameIndex, ReferentialCaption, StoryId};
use std::collections::{BTreeMap, BTreeSet};

/// A story's captions as the model read them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReferentialStory {
    /// The story.
    pub story: StoryId,
    /// One per frame.
    pub captions: Vec<ReferentialCaption>,
}

/// A pronoun in place of names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reference {
    /// The story.
    pub story: StoryId,
    /// The frame whose caption has it.
    pub frame: FrameIndex,
    /// The pronoun, in small letters.
    pub pronoun: String,
    /// Whom it means, as positions among the characters.
    pub characters: BTreeSet<usize>,
    /// Frames since the text named the character last, of several that of the one named longest ago; 0 in the same
    /// caption, `None` where one was never named.
    pub distance: Option<usize>,
    /// Characters named so far that the pronoun could mean.
    pub candidates: usize,
}

/// The references of stories, in their order. `cast` are the characters of the card.
#[must_use]
pub fn find_references(stories: &[ReferentialStory], cast: &[Character]) -> Vec<Reference> {
    let mut found = Vec::new();
    for story in stories {
        // The frame that named each character last.
        let mut named: BTreeMap<usize, usize> = BTreeMap::new();
        for (at, caption) in story.captions.iter().enumerate() {
            of_caption((story, at), cast, &named, &mut found);
            let here = mentioned(&caption.text, cast);
            named.extend(here.into_iter().map(|character| (character, at)));
        }
    }
    found
}

fn of_caption(
    (story, at): (&ReferentialStory, usize),
    cast: &[Character],
    named: &BTreeMap<usize, usize>,
    found: &mut Vec<Reference>,
) {
    let caption = &story.captions[at];
    // Places of replacements count in the caption with names.
    let mut growth = 0_isize;
    for replacement in &caption.replacements {
        let start = replacement.offset.checked_add_signed(growth);
        growth += replacement.pronoun.len().cast_signed() - replacement.words.len().cast_signed();
        let before = start.and_then(|start| caption.text.get(..start));
        let here = mentioned(before.unwrap_or_default(), cast);
        let last = |character: &usize| {
            let same = here.contains(character).then_some(at);
            same.or_else(|| named.get(character).copied())
        };
        let pronoun = replacement.pronoun.to_lowercase();
        let characters = mentioned(&replacement.words, cast);
        let since: Option<Vec<usize>> = characters
            .iter()
            .map(|character| last(character).map(|frame| at - frame))
            .collect();
        let candidates = (0..cast.len())
            .filter(|character| last(character).is_some())
            .filter(|character| could_mean(&pronoun, cast[*character].gender))
            .count();
        found.push(Reference {
            story: story.story.clone(),
            frame: FrameIndex(at as u32 + 1),
            pronoun,
            distance: since.and_then(|since| since.into_iter().max()),
            characters,
            candidates,
        });
    }
}

/// Whether a pronoun could mean a character. One whose gender the card does not say fits every pronoun.
fn could_mean(pronoun: &str, gender: Gender) -> bool {
    match pronoun {
        "he" | "his" | "him" => gender != Gender::Female,
        "she" | "her" | "hers" => gender != Gender::Male,
        _ => true,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::record::Replacement;

    fn caption(text: &str, replaced: &[(&str, usize, &str)]) -> ReferentialCaption {
        let replacements = replaced.iter().map(|(words, offset, pronoun)| Replacement {
            words: (*words).to_owned(),
            offset: *offset,
            pronoun: (*pronoun).to_owned(),
            rule: "single".to_owned(),
        });
        ReferentialCaption {
            text: text.to_owned(),
            replacements: replacements.collect(),
            reference_flag: true,
        }
    }

    #[test]
    fn distance_counts_from_the_last_name_and_candidates_by_gender() {
        let cast = [
            ("otto", Gender::Male),
            ("mira", Gender::Female),
            ("kim", Gender::Unknown),
        ];
        let cast = cast.map(|(name, gender)| Character {
            name: name.to_owned(),
            gender,
            aliases: Vec::new(),
        });
        let story = ReferentialStory {
            story: StoryId::new("s"),
            captions: vec![
                caption("Otto and Mira sit.", &[]),
                caption("He waves.", &[("Otto", 0, "He")]),
                caption("Kim sees his hat.", &[("Otto's", 9, "his")]),
                caption("They go.", &[("Otto and Mira", 0, "They")]),
                caption("Otto finds his cap.", &[("Otto's", 11, "his")]),
                caption("She naps.", &[("Kim", 0, "She")]),
            ],
        };
        let found = find_references(&[story], &cast);
        let seen: Vec<_> = found
            .iter()
            .map(|it| (it.frame.0, it.pronoun.as_str(), it.distance, it.candidates))
            .collect();
        assert_eq!(
            seen,
            [
                (2, "he", Some(1), 1),
                (3, "his", Some(2), 2),
                (4, "they", Some(3), 3),
                (5, "his", Some(0), 2),
                (6, "she", Some(3), 2),
            ]
        );
        assert_eq!(found[2].characters, BTreeSet::from([0, 1]));
    }

    #[test]
    fn a_character_that_was_never_named_has_no_distance() {
        let cast = [Character {
            name: "otto".to_owned(),
            gender: Gender::Male,
            aliases: Vec::new(),
        }];
        let story = ReferentialStory {
            story: StoryId::new("s"),
            captions: vec![caption("He waves.", &[("Otto", 0, "He")])],
        };
        let found = find_references(&[story], &cast);
        assert_eq!((found[0].distance, found[0].candidates), (None, 0));
    }
}
