//! Numbers, dates, fractions and telephone numbers.

use super::class::{Class, SOFT_HYPHEN};
use super::matched::Match;
use super::text::Text;

/// `5`, `1,000`, `10:30`, `.5`, `-5`, `+5`: an optional sign, digits, groups after `. , :` or one of the
/// Arabic separators.
pub(super) fn number(text: &Text, start: usize) -> Option<Match> {
    let unsigned = start + usize::from(matches!(text.at(start), '+' | '-'));
    let first = unsigned + usize::from(text.at(unsigned) == SOFT_HYPHEN);
    let mut end = digits(text, first).unwrap_or(unsigned);
    while matches!(text.at(end), '.' | ',' | ':' | '\u{66b}' | '\u{66c}') {
        let Some(next) = digits(text, end + 1) else {
            break;
        };
        end = next;
    }
    (end > unsigned).then(|| Match::text(end))
}

/// Digits, with single soft hyphens between them. The end.
fn digits(text: &Text, start: usize) -> Option<usize> {
    let mut digit = start;
    let mut end = None;
    while text.class(digit) == Class::Digit {
        let next = digit + 1;
        end = Some(next);
        digit = next + usize::from(text.at(next) == SOFT_HYPHEN);
    }
    end
}

/// Everything else that starts with a digit: a date, a fraction, a telephone number.
pub(super) fn from_digit(text: &Text, start: usize) -> Option<Match> {
    let mut best = Match::text(start)
        .or(date(text, start))
        .or(fraction(text, start))
        .or(telephone(text, start));
    if let Some(more) = number(text, start) {
        best = best.or(Some(more));
    }
    (best.end > start).then_some(best)
}

/// `9/11/2001`, `9-11/2001`, `9/11-01`.
fn date(text: &Text, start: usize) -> Option<Match> {
    let mut at = start;
    for _ in 0..2 {
        let end = text.digits(at, 2);
        if end == at || !matches!(text.at(end), '/' | '-') {
            return None;
        }
        at = end + 1;
    }
    let end = text.digits(at, 4);
    (end >= at + 2).then(|| Match::text(end))
}

/// `1/2`, `2 1/2`, `2-1/2`: one to four digits a part.
fn fraction(text: &Text, start: usize) -> Option<Match> {
    let simple = |at: usize| {
        let above = text.digits(at, 4);
        let below = match (text.at(above), text.at(above + 1)) {
            ('/' | '\u{2044}', _) => above + 1,
            ('\\', '/') => above + 2,
            _ => return None,
        };
        let end = text.digits(below, 4);
        (above > at && end > below).then_some(end)
    };
    let whole = text.digits(start, 4);
    let mixed = matches!(text.at(whole), ' ' | '-' | '\u{a0}')
        .then(|| simple(whole + 1))
        .flatten();
    mixed.or_else(|| simple(start)).map(Match::text)
}

/// `555 123 4567`, `+44 20 7946 0958`, `(555) 123-4567`: groups of digits, apart by a space or a
/// hyphen; ASCII only. In captions also a list of years (`1984 1985 1986`), which is one token to the reference.
pub(super) fn telephone(text: &Text, start: usize) -> Option<Match> {
    let apart = |at: usize| matches!(text.at(at), ' ' | '-' | '\u{a0}');
    let in_brackets = text.at(start) == '(';
    // Where the last two groups may start, best first.
    let mut starts = [None, None];
    if in_brackets {
        let close = text.ascii_digits(start + 1, 3);
        if close < start + 3 || text.at(close) != ')' {
            return None;
        }
        let next = close + 1;
        starts[0] = Some(next + usize::from(matches!(text.at(next), ' ' | '\u{a0}')));
    } else {
        let first = start + usize::from(text.at(start) == '+');
        let end = text.ascii_digits(first, 4);
        if end < first + 2 || !apart(end) {
            return None;
        }
        let second = end + 1;
        let end = text.ascii_digits(second, 4);
        if end >= second + 2 && apart(end) {
            starts[0] = Some(end + 1);
        }
        starts[1] = Some(second);
    }
    starts
        .into_iter()
        .flatten()
        .filter_map(|at| last_groups(text, at))
        .max()
        .map(Match::text)
}

/// Three or four digits, possibly a space or hyphen, three to five digits: the farthest end.
fn last_groups(text: &Text, start: usize) -> Option<usize> {
    let mut best = None;
    for length in [3, 4] {
        let end = start + length;
        if text.ascii_digits(start, length) != end {
            break;
        }
        let next = end + usize::from(matches!(text.at(end), ' ' | '-' | '\u{a0}'));
        let last = text.ascii_digits(next, 5);
        if last >= next + 3 {
            best = best.max(Some(last));
        }
    }
    best
}
