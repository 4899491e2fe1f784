//! Finding names in a caption.

use crate::card::Character;
use std::collections::BTreeSet;

/// A name in a text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Mention {
    /// Index in the cast.
    pub(super) character: usize,
    /// Byte offset of the first letter.
    pub(super) start: usize,
    /// Byte offset after the last letter, before a possessive.
    pub(super) end: usize,
    /// Byte offset after `'s` when the name is possessive, else `end`.
    pub(super) possessive_end: usize,
}

impl Mention {
    pub(super) fn is_possessive(self) -> bool {
        self.possessive_end > self.end
    }
}

/// Indices in `cast` of the characters that `text` names, by name or alias, as whole words and
/// without regard to case.
#[must_use]
pub fn mentioned(text: &str, cast: &[Character]) -> BTreeSet<usize> {
    mentions(text, cast)
        .into_iter()
        .map(|mention| mention.character)
        .collect()
}

/// Names in `text` from left to right. Where two spellings start at one place the longer counts.
pub(super) fn mentions(text: &str, cast: &[Character]) -> Vec<Mention> {
    let mut found = Vec::new();
    let mut from = 0;
    for (start, _) in text.char_indices() {
        if start < from || !is_boundary(text, start) {
            continue;
        }
        let longest = cast
            .iter()
            .enumerate()
            .flat_map(|(index, character)| {
                std::iter::once(&character.name)
                    .chain(&character.aliases)
                    .map(move |spelling| (index, spelling))
            })
            .filter_map(|(index, spelling)| Some((matched(text, start, spelling)?, index)))
            .max_by_key(|(end, index)| (*end, std::cmp::Reverse(*index)));
        if let Some((end, character)) = longest {
            found.push(Mention {
                character,
                start,
                end,
                possessive_end: possessive_end(text, end),
            });
            from = end;
        }
    }
    found
}

/// End of `spelling` in `text` at `start`, if it occurs there as whole words.
fn matched(text: &str, start: usize, spelling: &str) -> Option<usize> {
    let mut rest = text[start..].char_indices();
    let mut end = start;
    for wanted in spelling.chars() {
        let (offset, found) = rest.next()?;
        if !found.to_lowercase().eq(wanted.to_lowercase()) {
            return None;
        }
        end = start + offset + found.len_utf8();
    }
    (end > start && is_boundary(text, end)).then_some(end)
}

/// Whether no word runs across byte `at`.
fn is_boundary(text: &str, at: usize) -> bool {
    let before = text[..at].chars().next_back().is_some_and(is_word);
    let after = text[at..].chars().next().is_some_and(is_word);
    !(before && after)
}

fn is_word(c: char) -> bool {
    c.is_alphanumeric() || c == '_'
}

fn possessive_end(text: &str, end: usize) -> usize {
    for mark in ["'s", "\u{2019}s", "'S", "\u{2019}S"] {
        if text[end..].starts_with(mark) && is_boundary(text, end + mark.len()) {
            return end + mark.len();
        }
    }
    end
}

/// Whether a sentence begins at byte `at`: nothing precedes it but white space, quotes and
/// brackets, back to the start or to a mark that ends a sentence.
pub(super) fn starts_sentence(text: &str, at: usize) -> bool {
    text[..at]
        .chars()
        .rev()
        .find(|c| {
            !c.is_whitespace() && !matches!(c, '"' | '\'' | '(' | '[' | '\u{201c}' | '\u{2018}')
        })
        .is_none_or(|c| matches!(c, '.' | '!' | '?'))
}

/// Splits the mentions into the runs that enumerate exactly the characters of `wanted`, in any order:
/// "A and B", "A, B and C", "A, B, and C".
pub(super) fn enumerations(
    text: &str,
    mentions: &[Mention],
    wanted: &BTreeSet<usize>,
) -> Vec<(Mention, Mention)> {
    let mut runs = Vec::new();
    let mut at = 0;
    while let Some(run) = mentions.get(at..at + wanted.len()) {
        if is_enumeration(text, run, wanted) {
            runs.push((run[0], run[run.len() - 1]));
            at += run.len();
        } else {
            at += 1;
        }
    }
    runs
}

fn is_enumeration(text: &str, run: &[Mention], wanted: &BTreeSet<usize>) -> bool {
    let who: BTreeSet<usize> = run.iter().map(|mention| mention.character).collect();
    if run.len() < 2 || who != *wanted {
        return false;
    }
    let last = run.len() - 2;
    run.windows(2).enumerate().all(|(place, pair)| {
        // A possessive in the middle leaves its `'s` in the gap, which then is no separator.
        let gap = &text[pair[0].end..pair[1].start];
        let words: Vec<&str> = gap.split_whitespace().collect();
        let and = words == ["and"] || words == [",", "and"];
        let spaced = gap.ends_with(char::is_whitespace);
        spaced && (and || (place < last && words == [","]))
    })
}
