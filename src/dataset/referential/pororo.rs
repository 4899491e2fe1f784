//! What the released loaders of PororoSV do: Make-A-Story's (its `ldm/data/pororo_data.py` at commit
//! 593ee04) and the two that StoryGPT-V made of it (its `gill/data.py` for training and
//! `models/data.py` for evaluation at commit 3969f68).
//!
//! Characters are found in the text, as parts of words too, and of all characters one is followed:
//! the first by the cast's order, and where there are several, the first of the last sentence. When
//! the next text is about the same one, its name becomes He or She wherever it occurs. StoryGPT-V
//! also puts They where two texts begin with the same names. Annotated characters are not read.

use super::decision::{Decision, Explained};
use super::python::{all_but_last, capitalize, common_beginning, strip};
use super::rewrite::Rewrite;
use crate::card::{Character, Gender};
use crate::record::Story;

/// In what the loaders differ.
#[derive(Clone, Copy, Debug)]
pub(super) struct Quirks {
    /// How many stretches of names that the text begins with become They.
    they: usize,
    /// Whether the last sentence of a first text is looked for in all of it. Then a text that ends in
    /// a full stop has an empty last sentence, and several characters mean none.
    first_text_whole: bool,
    flag: Flag,
}

/// What the reference flag says.
#[derive(Clone, Copy, Debug)]
enum Flag {
    /// Something was replaced. The loader has no flag; this one is ours.
    Replaced,
    /// A name became He or She. They does not count.
    Single,
}

pub(super) const MAKE_A_STORY: Quirks = Quirks {
    they: 0,
    first_text_whole: true,
    flag: Flag::Replaced,
};

pub(super) const STORYGPTV_TRAIN: Quirks = Quirks {
    they: 1,
    first_text_whole: false,
    flag: Flag::Single,
};

pub(super) const STORYGPTV_EVAL: Quirks = Quirks {
    they: usize::MAX,
    first_text_whole: false,
    flag: Flag::Single,
};

/// Words that are looked for, and the pronoun of each.
struct Spellings(Vec<(String, &'static str)>);

pub(super) fn captions(story: &Story, cast: &[Character], quirks: Quirks) -> Vec<Explained> {
    let spellings = Spellings::of(cast);
    let mut out = Vec::with_capacity(story.frames.len());
    let Some((first, later)) = story.frames.split_first() else {
        return out;
    };
    let first: &str = &first.caption;
    let searched = if quirks.first_text_whole {
        first
    } else {
        all_but_last(first)
    };
    let mut kept = spellings.subject(first, searched);
    // The text that a beginning is compared with changes only where a name became He or She.
    let mut compared = first.to_owned();
    out.push(Explained::unchanged(first, Decision::FirstFrame));
    for frame in later {
        let text: &str = &frame.caption;
        let mut rewrite = Rewrite::new(text);
        if let Some(names) = spellings.names_at_the_beginning(text, &compared) {
            rewrite.replace(names, "They", "released-beginning", quirks.they);
        }
        let subject = spellings.subject(rewrite.text(), all_but_last(rewrite.text()));
        let single = subject.is_some() && subject == kept;
        if let Some((name, pronoun)) = subject.filter(|_| single) {
            rewrite.text().clone_into(&mut compared);
            rewrite.replace(name, pronoun, "released-single", usize::MAX);
        }
        let decision = match subject {
            _ if rewrite.is_changed() => Decision::Replaced,
            None => Decision::NoCharacters,
            Some((name, _)) => Decision::OtherSubject {
                before: kept.map(|(name, _)| name.to_owned()),
                now: name.to_owned(),
            },
        };
        kept = subject;
        let flag = match quirks.flag {
            Flag::Replaced => rewrite.is_changed(),
            Flag::Single => single,
        };
        out.push(Explained {
            caption: rewrite.caption(flag),
            decision,
        });
    }
    out
}

impl Spellings {
    /// Every name with a capital in the cast's order, then every name without. The published list is
    /// of nine names, in the order of the labels.
    fn of(cast: &[Character]) -> Self {
        let pronoun = |character: &Character| match character.gender {
            Gender::Female => "She",
            Gender::Male => "He",
            Gender::Unknown => "They",
        };
        let capital = cast.iter().map(|c| (capitalize(&c.name), pronoun(c)));
        let small = cast.iter().map(|c| (c.name.to_lowercase(), pronoun(c)));
        Self(capital.chain(small).collect())
    }

    /// The spellings that occur in a text, inside words too.
    fn within(&self, text: &str) -> impl Iterator<Item = (&str, &'static str)> {
        self.0
            .iter()
            .filter(move |(name, _)| text.contains(name.as_str()))
            .map(|(name, pronoun)| (name.as_str(), *pronoun))
    }

    /// The spelling that the text is taken to be about: of several in a text of several sentences, the
    /// first in the last sentence. Sentences are the parts between full stops of `searched`.
    fn subject(&self, text: &str, searched: &str) -> Option<(&str, &'static str)> {
        let mut found = self.within(text);
        let first = found.next()?;
        match searched.rsplit_once('.') {
            Some((_, last)) if found.next().is_some() => self.within(last).next(),
            _ => Some(first),
        }
    }

    /// The words of `text` up to the first one that is no name, if there are at least two of them and
    /// `compared` begins with them too. A word with a comma or the letters "and" counts as a name. Of a
    /// shared beginning that is all names, the last word stays.
    fn names_at_the_beginning<'a>(&self, text: &'a str, compared: &str) -> Option<&'a str> {
        let shared = common_beginning(text, compared);
        let words: Vec<&str> = shared.split(' ').collect();
        let count = words
            .iter()
            .position(|word| !self.passes_for_a_name(word))
            .unwrap_or(words.len() - 1);
        if count < 2 {
            return None;
        }
        let letters: usize = words[..count].iter().map(|word| word.len()).sum();
        Some(&shared[..letters + count - 1])
    }

    fn passes_for_a_name(&self, word: &str) -> bool {
        if word.contains(',') || word.contains("and") {
            return true;
        }
        let bare = word.replace('\'', "");
        let bare = strip(&bare);
        self.0.iter().any(|(name, _)| name == bare)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_sentence_of_several_decides() {
        let spellings = Spellings(vec![("Ann".to_owned(), "She"), ("Bob".to_owned(), "He")]);
        let subject = |text: &str| {
            let found = spellings.subject(text, all_but_last(text));
            found.map(|(name, _)| name.to_owned())
        };
        assert_eq!(subject("Ann sits. Bob waits.").as_deref(), Some("Bob"));
        assert_eq!(subject("Bob sits with Ann.").as_deref(), Some("Ann"));
        assert_eq!(subject("Bob sits. It rains.").as_deref(), Some("Bob"));
        assert_eq!(subject("Bob sits by Ann. It rains."), None);
        assert_eq!(subject("It rains."), None);
    }

    #[test]
    fn names_at_the_beginning_are_those_that_both_texts_have() {
        let spellings = Spellings(vec![("Ann".to_owned(), "She"), ("Bob".to_owned(), "He")]);
        let names = |text, before| spellings.names_at_the_beginning(text, before);
        assert_eq!(
            names("Ann and Bob sit.", "Ann and Bob run."),
            Some("Ann and Bob")
        );
        assert_eq!(names("Ann sits.", "Ann runs."), None);
        assert_eq!(names("Ann and Bob", "Ann and Bob"), Some("Ann and"));
        assert_eq!(
            names("Ann and Bob's hat", "Ann and Bob's cap"),
            Some("Ann and")
        );
        assert_eq!(names("A band, Bob", "A band, Bob"), None);
        assert_eq!(names("", "Ann"), None);
    }
}
