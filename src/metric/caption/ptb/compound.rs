//! Words that hyphens, dots, slashes and the like join to one token.

use super::class::{Class, SOFT_HYPHEN};
use super::matched::{Match, Writing};
use super::text::Text;
use super::word::{any_apostrophe_end, plain_word, single_letters, starts_word};

/// `end.Start`, `www.example.com`, `hello!world`: parts that start with a letter, joined by single
/// full stops, exclamation or question marks without a space.
pub(super) fn joined_by_marks(text: &Text, start: usize) -> Option<Match> {
    let part = |at: usize| {
        if starts_word(text, at) {
            plain_word(text, at)
        } else {
            at
        }
    };
    let first = part(start);
    let mut end = first;
    while end > start && matches!(text.at(end), '.' | '!' | '?') {
        let next = part(end + 1);
        if next == end + 1 {
            break;
        }
        end = next;
    }
    (end > first).then(|| Match::text(end))
}

/// `well-known`, `5-year-old`.
pub(super) fn joined_by_hyphens(text: &Text, start: usize) -> Option<Match> {
    hyphens(text, start, element(text, start), true)
}

/// `1,000-a`, `a.b-c`, `pre-U.S.`, where all is ASCII; soft hyphens as well.
pub(super) fn dotted_joined_by_hyphens(text: &mut Text, start: usize) -> Option<Match> {
    let first = text.joined_run(start);
    hyphens(text, start, first, false)
}

/// Hyphens and parts after a first part that ends at `first`. `wide` allows what is beyond ASCII, and
/// names such as `O'Brien`, but no acronyms.
fn hyphens(text: &Text, start: usize, first: usize, wide: bool) -> Option<Match> {
    if first == start {
        return None;
    }
    let mut end = first;
    while text.at(end) == '-' || (wide && hyphen(text, end)) {
        let part = end + 1;
        let next = if wide {
            element(text, part)
        } else if let Some(acronym) = single_letters(text, part, text.ascii_letters(part)) {
            acronym.end
        } else {
            text.run(part, |c, _| c.is_ascii_alphanumeric() || c == SOFT_HYPHEN)
        };
        if next == part {
            break;
        }
        end = next;
    }
    (end > first).then(|| Match::text(end))
}

/// End of letters and digits, possibly after `d'`, `l'` or `o'`.
pub(super) fn element(text: &Text, start: usize) -> usize {
    if matches!(text.at(start), 'd' | 'l' | 'o' | 'D' | 'L' | 'O')
        && let Some(after) = any_apostrophe_end(text, start + 1)
    {
        let end = text.alnum(after);
        if end >= after + 2 {
            return end;
        }
    }
    text.alnum(start)
}

fn hyphen(text: &Text, at: usize) -> bool {
    text.at(at) == '-' || text.class(at) == Class::Hyphen
}

/// `a_b`, `a_b-c`: hyphens and single low lines.
pub(super) fn joined_by_lines(text: &Text, start: usize) -> Option<Match> {
    let mut end = element(text, start);
    let mut low = false;
    while text.at(end) == '_' || hyphen(text, end) {
        let part_end = element(text, end + 1);
        if part_end == end + 1 {
            break;
        }
        low |= text.at(end) == '_';
        end = part_end;
    }
    low.then(|| Match::text(end))
}

/// `and/or`, `he/she/it`: at most three parts, each with at most two hyphens before ASCII
/// letters.
pub(super) fn joined_by_slashes(text: &Text, start: usize) -> Option<Match> {
    let alnum = |at: usize| text.ascii_alnum(at);
    let part = |at: usize| {
        let mut end = alnum(at);
        for _ in 0..2 {
            if end == at || text.at(end) != '-' {
                break;
            }
            let next = text.ascii_letters(end + 1);
            if next == end + 1 {
                break;
            }
            end = next;
        }
        end
    };
    let first = part(start);
    let mut end = first;
    for _ in 0..2 {
        let slash = if text.at(end) == '\\' { end + 1 } else { end };
        if text.at(slash) != '/' {
            break;
        }
        let next = part(slash + 1);
        if next == slash + 1 {
            break;
        }
        end = next;
    }
    (end > first && first > start).then(|| Match::text(end))
}

/// `R&B`, `AT&T`, `A+B`: capitals only.
pub(super) fn joined_by_and(text: &Text, start: usize) -> Option<Match> {
    let capitals = |at: usize| text.run(at, |c, _| c.is_ascii_uppercase());
    for savings in ["s&ls", "s&amp;ls"] {
        if text.says(start, savings) {
            return Some(Match::text(start + savings.len()).to_be(Writing::And));
        }
    }
    let mut end = capitals(start);
    let first = end;
    if first == start {
        return None;
    }
    loop {
        // `AT&AMP;` may be `AT&` and `AMP`.
        let entity = text.says(end, "&amp;").then_some(end + 5);
        let sign = matches!(text.at(end), '&' | '+').then_some(end + 1);
        let joined = |and: &usize| capitals(*and) > *and;
        let Some(and) = [entity, sign].into_iter().flatten().find(joined) else {
            break;
        };
        end = capitals(and);
    }
    (end > first).then(|| Match::text(end).to_be(Writing::And))
}
