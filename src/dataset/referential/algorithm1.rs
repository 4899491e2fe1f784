//! Algorithm 1 of the StoryGPT-V supplementary.
//!
//! `C_i` is the set of characters that the text of frame i names. From the second frame on, when
//! `C_i` is not empty and a subset of `C_{i-1}`, one character is replaced by he or she and several
//! by they. As printed, the last line keeps `C_1` for ever; the released code compares with the
//! previous frame, and so does this. What the paper leaves open is fixed here: whole words only,
//! capitals at the start of a sentence only, possessives become his, her and their, and several
//! characters are replaced only where their names are together. The paper knows he, she and they
//! and no him or her, so a name after a preposition becomes "near he"; and `'s` is always taken for a
//! possessive, never for "is".

use super::decision::{Decision, Explained};
use super::mention::{Mention, enumerations, mentions, starts_sentence};
use crate::card::{Character, Gender};
use crate::record::{ReferentialCaption, Replacement, Story};
use std::collections::BTreeSet;

/// A stretch of the caption, what replaces it, and the rule.
struct Change {
    start: usize,
    end: usize,
    pronoun: &'static str,
    rule: &'static str,
}

pub(super) fn captions(story: &Story, cast: &[Character]) -> Vec<Explained> {
    let mut previous: Option<BTreeSet<usize>> = None;
    let mut out = Vec::with_capacity(story.frames.len());
    for frame in &story.frames {
        let text = &*frame.caption;
        let found = mentions(text, cast);
        let current: BTreeSet<usize> = found.iter().map(|mention| mention.character).collect();
        out.push(caption(text, &found, &current, previous.as_ref(), cast));
        previous = Some(current);
    }
    out
}

fn caption(
    text: &str,
    found: &[Mention],
    current: &BTreeSet<usize>,
    previous: Option<&BTreeSet<usize>>,
    cast: &[Character],
) -> Explained {
    let unchanged = |decision| Explained::unchanged(text, decision);
    let names = |indices: &mut dyn Iterator<Item = &usize>| -> Vec<String> {
        indices.map(|index| cast[*index].name.clone()).collect()
    };
    let Some(previous) = previous else {
        return unchanged(Decision::FirstFrame);
    };
    if current.is_empty() {
        return unchanged(Decision::NoCharacters);
    }
    if !current.is_subset(previous) {
        let new = names(&mut current.difference(previous));
        return unchanged(Decision::NotCarriedOver { new });
    }
    let changes: Vec<Change> = if current.len() == 1 {
        found
            .iter()
            .map(|mention| single(mention, cast[mention.character].gender))
            .collect()
    } else {
        enumerations(text, found, current)
            .into_iter()
            .map(|(first, last)| several(&first, &last))
            .collect()
    };
    if changes.is_empty() {
        let names = names(&mut current.iter());
        return unchanged(Decision::NamesStandApart { names });
    }
    Explained {
        caption: apply(text, &changes),
        decision: Decision::Replaced,
    }
}

fn single(mention: &Mention, gender: Gender) -> Change {
    let (pronoun, rule) = match (gender, mention.is_possessive()) {
        (Gender::Female, false) => ("she", "single"),
        (Gender::Male, false) => ("he", "single"),
        (Gender::Female, true) => ("her", "single-possessive"),
        (Gender::Male, true) => ("his", "single-possessive"),
        // The caller keeps such names out of the cast.
        (Gender::Unknown, false) => ("they", "single"),
        (Gender::Unknown, true) => ("their", "single-possessive"),
    };
    Change {
        start: mention.start,
        end: mention.possessive_end,
        pronoun,
        rule,
    }
}

fn several(first: &Mention, last: &Mention) -> Change {
    let (pronoun, rule) = if last.is_possessive() {
        ("their", "conjunction-possessive")
    } else {
        ("they", "conjunction")
    };
    Change {
        start: first.start,
        end: last.possessive_end,
        pronoun,
        rule,
    }
}

fn apply(text: &str, changes: &[Change]) -> ReferentialCaption {
    let mut out = String::with_capacity(text.len());
    let mut replacements = Vec::with_capacity(changes.len());
    let mut from = 0;
    for change in changes {
        let mut pronoun = change.pronoun.to_owned();
        if starts_sentence(text, change.start) {
            pronoun[..1].make_ascii_uppercase();
        }
        out.push_str(&text[from..change.start]);
        out.push_str(&pronoun);
        from = change.end;
        replacements.push(Replacement {
            words: text[change.start..change.end].to_owned(),
            offset: change.start,
            pronoun,
            rule: change.rule.to_owned(),
        });
    }
    out.push_str(&text[from..]);
    ReferentialCaption {
        text: out,
        replacements,
        reference_flag: true,
    }
}
