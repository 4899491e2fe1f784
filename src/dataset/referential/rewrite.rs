//! A text in which words are replaced again and again, and which still knows what stood there.

use crate::record::{ReferentialCaption, Replacement};

/// A caption on its way. Later replacements see the text as earlier ones left it, as in the released
/// code; the record is kept in places of the original all the same.
#[derive(Debug)]
pub(super) struct Rewrite<'a> {
    original: &'a str,
    text: String,
    /// In order of place; no two overlap, neither in the original nor in the text.
    done: Vec<Done>,
}

/// One replacement and its place in the text as it is now.
#[derive(Debug)]
struct Done {
    at: usize,
    replacement: Replacement,
}

/// Bytes of the text before a step: an earlier replacement, or one to be made.
#[derive(Clone, Copy, Debug)]
struct Span {
    start: usize,
    end: usize,
    /// Index of the earlier replacement; `None` for one to be made.
    earlier: Option<usize>,
}

impl<'a> Rewrite<'a> {
    /// Nothing is replaced yet.
    pub(super) fn new(original: &'a str) -> Self {
        Self {
            original,
            text: original.to_owned(),
            done: Vec::new(),
        }
    }

    /// The text as it is now.
    pub(super) fn text(&self) -> &str {
        &self.text
    }

    /// Whether anything was replaced.
    pub(super) fn is_changed(&self) -> bool {
        !self.done.is_empty()
    }

    /// Replaces the first `limit` occurrences of `literal`, inside words too, as Python's
    /// `str.replace` does. Says how many there were.
    pub(super) fn replace(
        &mut self,
        literal: &str,
        pronoun: &str,
        rule: &str,
        limit: usize,
    ) -> usize {
        let made: Vec<usize> = self
            .text
            .match_indices(literal)
            .take(limit)
            .map(|(start, _)| start)
            .collect();
        if made.is_empty() {
            return 0;
        }
        let mut spans: Vec<Span> = made
            .iter()
            .map(|&start| Span {
                start,
                end: start + literal.len(),
                earlier: None,
            })
            .collect();
        spans.extend(self.done.iter().enumerate().map(|(index, done)| Span {
            start: done.at,
            end: done.at + done.replacement.pronoun.len(),
            earlier: Some(index),
        }));
        spans.sort_by_key(|span| (span.start, span.end));
        let mut text = String::with_capacity(self.text.len());
        let mut done = Vec::with_capacity(spans.len());
        let mut from = 0;
        for group in groups(&spans) {
            let (start, end) = extent(group);
            text.push_str(&self.text[from..start]);
            from = end;
            let at = text.len();
            let replacement = if let [span] = group
                && let Some(index) = span.earlier
            {
                self.done[index].replacement.clone()
            } else {
                let (first, last) = (self.origin(start), self.origin(end));
                Replacement {
                    words: self.original[first..last].to_owned(),
                    offset: first,
                    pronoun: self.with_pronouns(group, pronoun),
                    rule: rule.to_owned(),
                }
            };
            text.push_str(&replacement.pronoun);
            done.push(Done { at, replacement });
        }
        text.push_str(&self.text[from..]);
        self.text = text;
        self.done = done;
        made.len()
    }

    /// The caption with its record.
    pub(super) fn caption(self, reference_flag: bool) -> ReferentialCaption {
        ReferentialCaption {
            text: self.text,
            replacements: self.done.into_iter().map(|done| done.replacement).collect(),
            reference_flag,
        }
    }

    /// Place in the original of a place in the text that is not inside a replacement.
    fn origin(&self, place: usize) -> usize {
        let before = self
            .done
            .iter()
            .rev()
            .find(|done| done.at + done.replacement.pronoun.len() <= place);
        before.map_or(place, |done| {
            let replacement = &done.replacement;
            let gap = place - done.at - replacement.pronoun.len();
            replacement.offset + replacement.words.len() + gap
        })
    }

    /// What replaces a group afterwards.
    fn with_pronouns(&self, group: &[Span], pronoun: &str) -> String {
        let (start, end) = extent(group);
        let mut out = String::new();
        let mut from = start;
        for span in group.iter().filter(|span| span.earlier.is_none()) {
            out.push_str(&self.text[from..span.start]);
            out.push_str(pronoun);
            from = span.end;
        }
        out.push_str(&self.text[from..end]);
        out
    }
}

/// Cuts sorted spans where no span runs across.
fn groups(spans: &[Span]) -> Vec<&[Span]> {
    let mut groups = Vec::new();
    let (mut from, mut end) = (0, 0);
    for (index, span) in spans.iter().enumerate() {
        if index > from && span.start >= end {
            groups.push(&spans[from..index]);
            from = index;
            end = 0;
        }
        end = end.max(span.end);
    }
    if from < spans.len() {
        groups.push(&spans[from..]);
    }
    groups
}

fn extent(group: &[Span]) -> (usize, usize) {
    let start = group.first().map_or(0, |span| span.start);
    let end = group.iter().map(|span| span.end).max().unwrap_or(start);
    (start, end)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dataset::referential::tests::undone;
    use proptest::prelude::*;

    #[test]
    fn later_replacements_keep_the_places_of_the_original() {
        let mut rewrite = Rewrite::new("Ann and Bob sit. Bob sings.");
        assert_eq!(rewrite.replace("Ann and Bob", "They", "pair", 9), 1);
        assert_eq!(rewrite.text(), "They sit. Bob sings.");
        assert_eq!(rewrite.replace("Bob", "He", "single", 9), 1);
        let caption = rewrite.caption(true);
        assert_eq!(caption.text, "They sit. He sings.");
        let places: Vec<(&str, usize, &str)> = caption
            .replacements
            .iter()
            .map(|r| (r.words.as_str(), r.offset, r.rule.as_str()))
            .collect();
        assert_eq!(places, [("Ann and Bob", 0, "pair"), ("Bob", 17, "single")]);
    }

    #[test]
    fn a_replacement_of_a_pronoun_takes_the_old_one_in() {
        let mut rewrite = Rewrite::new("Ann nods.");
        rewrite.replace("Ann", "They", "first", 9);
        assert_eq!(rewrite.replace("y nod", "X", "second", 9), 1);
        let caption = rewrite.caption(false);
        assert_eq!(caption.text, "TheXs.");
        assert_eq!(caption.replacements.len(), 1);
        assert_eq!(caption.replacements[0].words, "Ann nod");
        assert_eq!(caption.replacements[0].pronoun, "TheX");
        assert_eq!(caption.replacements[0].rule, "second");
    }

    #[test]
    fn as_many_as_asked_for() {
        let mut rewrite = Rewrite::new("a b a b a");
        assert_eq!(rewrite.replace("a", "He", "r", 2), 2);
        assert_eq!(rewrite.text(), "He b He b a");
        assert_eq!(rewrite.replace("z", "He", "r", 2), 0);
    }

    proptest! {
        #[test]
        fn every_step_is_pythons_and_can_be_undone(
            text in "[abé ]{0,12}",
            steps in proptest::collection::vec(("[abéTh]{0,2}", "(They|He|a)", 0_usize..4), 0..5),
        ) {
            let mut rewrite = Rewrite::new(&text);
            let mut plain = text.clone();
            for (literal, pronoun, limit) in steps {
                plain = plain.replacen(&literal, &pronoun, limit);
                rewrite.replace(&literal, &pronoun, "r", limit);
                prop_assert_eq!(rewrite.text(), plain.as_str());
            }
            let caption = rewrite.caption(false);
            prop_assert_eq!(undone(&caption), text);
        }
    }
}
