//! Words: alone, with apostrophes, and the short forms that are cut off them.

use super::abbreviation::{abbreviation, decision};
use super::class::{Class, SOFT_HYPHEN};
use super::compound::{
    dotted_joined_by_hyphens, element, joined_by_and, joined_by_hyphens, joined_by_lines,
    joined_by_marks, joined_by_slashes,
};
use super::entity::accented;
use super::file::file;
use super::matched::{Match, Writing};
use super::text::Text;

/// Words that are two tokens, with the length of the first.
const TWO_IN_ONE: &[(&str, usize)] = &[
    ("cannot", 3),
    ("gimme", 3),
    ("gonna", 3),
    ("gotta", 3),
    ("lemme", 3),
    ("wanna", 3),
];

/// Words with an apostrophe that stay whole although no rule covers them.
const WHOLE: &[&str] = &["c'est", "cap'n", "dunkin'", "ol'", "somethin'"];

/// The same, but only with a straight apostrophe.
const WHOLE_STRAIGHT: &[&str] = &["c'mon", "e'er", "ev'ry", "li'l", "nat'l", "s'mores"];

/// Whether `c` is an apostrophe where a short form is meant.
fn apostrophe(c: char) -> bool {
    matches!(c, '\'' | '\u{2019}' | '\u{92}')
}

/// Whether `c` is a quotation mark that people type for an apostrophe; fewer rules take it for one.
fn opening_apostrophe(c: char) -> bool {
    matches!(c, '`' | '\u{2018}' | '\u{201b}' | '\u{91}')
}

/// End of a plain word: letters, marks and digits, not starting with digits that a mark follows. An
/// entity such as `&eacute;` is a letter.
pub(super) fn plain_word(text: &Text, start: usize) -> usize {
    let in_word = |_, class| matches!(class, Class::Letter | Class::Mark | Class::Digit);
    let mut end = match text.class(start) {
        Class::Letter | Class::Mark => text.run(start, in_word),
        Class::Digit => text.alnum(start),
        _ => start,
    };
    while text.class(start) != Class::Digit
        && let Some(after) = accented(text, end)
    {
        end = text.run(after, in_word);
    }
    end
}

/// A short form at `at`: `'s 'm 'd 'll 're 've`, whatever follows.
pub(super) fn short_form(text: &Text, at: usize) -> Option<Match> {
    let after = apostrophe_end(text, at)?;
    let end = match text.at(after).to_ascii_lowercase() {
        's' | 'm' | 'd' => after + 1,
        'l' if text.says(after, "ll") => after + 2,
        'r' if text.says(after, "re") => after + 2,
        'v' if text.says(after, "ve") => after + 2,
        _ => return None,
    };
    Some(Match::text(end).to_be(Writing::ShortForm))
}

/// End of an apostrophe at `at`, also as an entity, which is a typographic one to all rules.
pub(super) fn apostrophe_end(text: &Text, at: usize) -> Option<usize> {
    if apostrophe(text.at(at)) {
        Some(at + 1)
    } else if text.says(at, "&apos;") {
        Some(at + 6)
    } else {
        None
    }
}

/// End of what people type for an apostrophe at `at`.
pub(super) fn any_apostrophe_end(text: &Text, at: usize) -> Option<usize> {
    if opening_apostrophe(text.at(at)) {
        Some(at + 1)
    } else {
        apostrophe_end(text, at)
    }
}

/// Whether a word starts at `at`, and not with a digit.
pub(super) fn starts_word(text: &Text, at: usize) -> bool {
    matches!(text.class(at), Class::Letter | Class::Mark) || accented(text, at).is_some()
}

/// `n't` at `at`. The end.
fn negation(text: &Text, at: usize) -> Option<usize> {
    if !text.at(at).eq_ignore_ascii_case(&'n') {
        return None;
    }
    let after = any_apostrophe_end(text, at + 1)?;
    text.at(after)
        .eq_ignore_ascii_case(&'t')
        .then_some(after + 1)
}

/// The best token that starts with a letter (also as an entity), a mark or a digit.
pub(super) fn word(text: &mut Text, start: usize) -> Option<Match> {
    let end = plain_word(text, start);
    if end == start {
        return None;
    }
    let letters = text.ascii_letters(start);
    let mut best = Match::text(end);
    if let Some(end) = negation(text, start) {
        best = best.or(Some(Match::text(end).to_be(Writing::ShortForm)));
    }
    best = best
        .or(before_short_form(text, start, end))
        .or(two_in_one(text, start, end))
        .or(tagged(text, start, letters))
        .or(before_comma(text, Match::text(end)));
    if text.at(letters) == '.' && letters > start {
        best = best
            .or(acronym(text, start, letters))
            .or(abbreviation(text, start, letters));
    }
    for thing in [
        joined_by_marks(text, start),
        joined_by_hyphens(text, start),
        joined_by_lines(text, start),
    ]
    .into_iter()
    .flatten()
    {
        let short = short_form(text, thing.end).map(|form| Match::ahead(thing.end, form.end));
        best = best.or(Some(thing)).or(short).or(before_comma(text, thing));
    }
    // These ignore short forms.
    for thing in [
        Some(Match::text(element(text, start))),
        dotted_joined_by_hyphens(text, start),
        joined_by_and(text, start),
    ]
    .into_iter()
    .flatten()
    {
        best = best.or(Some(thing)).or(before_comma(text, thing));
    }
    Some(
        best.or(file(text, start))
            .or(with_apostrophe(text, start))
            .or(joined_by_slashes(text, start)),
    )
}

/// `etc.,`: before a comma (also an ideographic one), a semicolon or a colon every word keeps its dot.
fn before_comma(text: &Text, thing: Match) -> Option<Match> {
    let dot = thing.end;
    (text.at(dot) == '.' && matches!(text.at(dot + 1), ',' | ';' | ':' | '\u{3001}'))
        .then(|| Match::ahead(dot + 1, dot + 2).to_be(thing.writing))
}

/// A word and the short form that follows it: the word is the token.
fn before_short_form(text: &Text, start: usize, end: usize) -> Option<Match> {
    let letters = text.run(start, |c, _| c.is_ascii_alphabetic() || c == SOFT_HYPHEN);
    if text
        .slice(start..letters)
        .iter()
        .filter(|c| **c != SOFT_HYPHEN)
        .count()
        > 1
        && !text.at(letters - 2).eq_ignore_ascii_case(&'n')
        && let Some(reach) = negation(text, letters - 1)
    {
        return Some(Match::ahead(letters - 1, reach));
    }
    short_form(text, end).map(|form| Match::ahead(end, form.end))
}

/// Whether a word is `cannot`, `gonna`, ..., in any case.
pub(super) fn is_two_in_one(word: &[u8]) -> bool {
    let same = |(known, _): &(&str, usize)| word.eq_ignore_ascii_case(known.as_bytes());
    matches!(word.len(), 5 | 6) && TWO_IN_ONE.iter().any(same)
}

/// `cannot`, `gonna`, ...: the first half.
pub(super) fn two_in_one(text: &Text, start: usize, end: usize) -> Option<Match> {
    let (_, first) = TWO_IN_ONE
        .iter()
        .find(|(word, _)| word.len() == end - start && text.says(start, word))?;
    Some(Match::ahead(start + first, end + 1))
}

/// `c++`, `c#`, `f#`, `US$`.
fn tagged(text: &Text, start: usize, letters: usize) -> Option<Match> {
    if letters == start + 1 {
        let letter = text.at(start).to_ascii_lowercase();
        if letter == 'c' && text.at(letters) == '+' && text.at(letters + 1) == '+' {
            return Some(Match::text(letters + 2));
        }
        if matches!(letter, 'c' | 'f') && text.at(letters) == '#' {
            return Some(Match::text(letters + 1));
        }
    }
    let capitals = text.run(start, |c, _| c.is_ascii_uppercase());
    (capitals > start && text.at(capitals) == '$').then(|| Match::text(capitals + 1))
}

/// `U.S.`, `a.m.`, `p.m.`: single letters, each with a dot; `Ph.D.`, `Ed.D.`.
fn acronym(text: &Text, start: usize, letters: usize) -> Option<Match> {
    if letters == start + 2 && (text.says(start, "ph.d.") || text.says(start, "ed.d.")) {
        return Some(Match::ahead(start + 5, decision(text, start + 5)));
    }
    single_letters(text, start, letters)
}

/// Letters, each with a dot; at least two.
pub(super) fn single_letters(text: &Text, start: usize, letters: usize) -> Option<Match> {
    if letters != start + 1 {
        return None;
    }
    let mut end = start;
    while text.at(end).is_ascii_alphabetic() && text.at(end + 1) == '.' {
        end += 2;
    }
    (end > start + 2).then(|| Match::text(end))
}

/// `O'Brien`, `l'été`, `Hawai'i`, `o'clock`, `y'` of `y'all`.
fn with_apostrophe(text: &Text, start: usize) -> Option<Match> {
    let letter_run = |at: usize| text.run(at, |_, class| class == Class::Letter);
    let letters = letter_run(start);
    if letters == start {
        return None;
    }
    let after = any_apostrophe_end(text, letters)?;
    let closing = !opening_apostrophe(text.at(letters));
    let first = text.at(start);
    let mut best = Match::text(start);
    if letters == start + 1 {
        // These are left out by all who speak French; other capitals stand before names.
        let rest = if matches!(first, 'd' | 'l' | 'o' | 'D' | 'L' | 'O') {
            text.alnum(after)
        } else if first == 'n' || (first.is_ascii_uppercase() && !matches!(first, 'I' | 'Y')) {
            letter_run(after)
        } else {
            after
        };
        let both_o = matches!(first, 'o' | 'O') && text.at(after).eq_ignore_ascii_case(&'o');
        if rest >= after + 2 {
            best = best.or(Some(Match::text(rest)));
        } else if both_o {
            best = best.or(Some(Match::text(after + 1)));
        }
        let first = first.to_ascii_lowercase();
        let cut = matches!(first, 'd' | 'j' | 'l') || (first == 'y' && starts_word(text, after));
        if cut && closing {
            best = best.or(Some(Match::text(after)));
        }
    } else if is_vowel(text.at(letters - 1)) {
        let next = text.at(after);
        if matches!(next, 'a' | 'e' | 'i' | 'o' | 'u') || next.is_ascii_uppercase() {
            best = best.or(Some(Match::text(letter_run(after))));
        }
    }
    if closing {
        let straight = if text.at(letters) == '\'' {
            WHOLE_STRAIGHT
        } else {
            &[]
        };
        for whole in WHOLE.iter().chain(straight) {
            let before = letters - start;
            if whole.as_bytes().get(before) == Some(&b'\'')
                && text.says(start, &whole[..before])
                && text.says(after, &whole[before + 1..])
            {
                best = best.or(Some(Match::text(after + whole.len() - before - 1)));
            }
        }
    }
    (best.end > start).then_some(best)
}

fn is_vowel(c: char) -> bool {
    matches!(c.to_ascii_lowercase(), 'a' | 'e' | 'i' | 'o' | 'u' | 'y')
}
