//! Everything that starts with neither a letter nor a digit.

use super::class::Class;
use super::entity::entity;
use super::matched::{Match, Writing};
use super::number::{number, telephone};
use super::text::Text;
use super::web::{handle, hashtag, mail, tag};
use super::word::{apostrophe_end, short_form, word};

/// The token that starts with the symbol at `start`.
pub(super) fn symbol(text: &mut Text, start: usize) -> Match {
    let c = text.at(start);
    let one = Match {
        end: start + 1,
        reach: start + 1,
        writing: alone(c).map_or(Writing::Plain, Writing::Instead),
    };
    let best = match c {
        '\'' => one.or(after_apostrophe(text, start)),
        '\u{2019}' | '\u{92}' => one
            .or(quotes(text, start))
            .or(after_apostrophe(text, start)),
        '-' => one
            .or(dashes(text, start))
            .or(number(text, start))
            .or(escaped_bracket(text, start)),
        '+' => one.or(number(text, start)).or(telephone(text, start)),
        '.' => one
            .or(dots(text, start).map(|end| Match::written(end, "...")))
            .or(number(text, start)),
        ',' | ':' => one.or(number(text, start)),
        '(' => one.or(telephone(text, start)).or(face(text, start)),
        '<' => one
            .or(double(text, start))
            .or(tag(text, start))
            .or(if text.has_at { mail(text, start) } else { None }),
        '>' => one.or(double(text, start)),
        '&' => one
            .or(after_apostrophe(text, start))
            .or(entity(text, start))
            .or(word(text, start))
            .or(if text.has_at { mail(text, start) } else { None }),
        '@' => one
            .or(repeated(text, start).map(Match::text))
            .or(handle(text, start)),
        '#' => one
            .or(repeated(text, start).map(Match::text))
            .or(hashtag(text, start)),
        '*' | '_' => one.or(repeated(text, start).map(Match::text)),
        '`' => one.or(quotes(text, start)),
        '!' | '?' => {
            let end = text.run(start, |c, _| matches!(c, '!' | '?'));
            one.or(Some(Match::text(end)))
        }
        '\\' => one.or(escaped_stars(text, start)),
        c if is_quote(c) => one.or(quotes(text, start)),
        _ => one.or(powers(text, start)),
    };
    best.or(smiley(text, start)).or(eyes(text, start))
}

/// What is written for a symbol on its own where it is not the symbol itself. Quotes of all kinds
/// are dropped by the filter; their direction is not worked out.
pub(super) fn alone(c: char) -> Option<&'static str> {
    Some(match c {
        '(' => "-lrb-",
        ')' => "-rrb-",
        '[' => "-lsb-",
        ']' => "-rsb-",
        '{' => "-lcb-",
        '}' => "-rcb-",
        '"' | '\u{94}' | '\u{bb}' | '\u{201d}' => "''",
        '\u{93}' | '\u{ab}' | '\u{201c}' => "``",
        '\u{91}' | '\u{2018}' | '\u{201b}' | '\u{2039}' => "`",
        '\u{92}' | '\u{2019}' | '\u{203a}' => "'",
        '\u{96}' | '\u{97}' | '\u{2013}'..='\u{2015}' => "--",
        '\u{85}' | '\u{2026}' => "...",
        '\u{a3}' => "#",
        '\u{80}' | '\u{a4}' | '\u{20a0}' | '\u{20ac}' => "$",
        '\u{a2}' => "cents",
        '\u{bc}' => "1/4",
        '\u{bd}' => "1/2",
        '\u{be}' => "3/4",
        '\u{2153}' => "1/3",
        '\u{2154}' => "2/3",
        _ => return None,
    })
}

/// Whether `c` is a quotation mark other than the straight ones.
fn is_quote(c: char) -> bool {
    matches!(
        c,
        '`' | '\u{91}'..='\u{94}'
            | '\u{ab}'
            | '\u{bb}'
            | '\u{2018}'
            | '\u{2019}'..='\u{201f}'
            | '\u{2039}'
            | '\u{203a}'
    )
}

/// Two quotation marks are one token, whichever they are. The filter knows only two equal single
/// ones, so that nested quotations leave tokens behind; the reference does the same.
fn quotes(text: &Text, start: usize) -> Option<Match> {
    is_quote(text.at(start + 1)).then(|| Match::text(start + 2).to_be(Writing::Quotes))
}

/// Powers and indices stay together: `²³`, `₂₀`, but not one with the other.
fn powers(text: &Text, start: usize) -> Option<Match> {
    let power = |c| {
        matches!(
            c,
            '\u{b2}' | '\u{b3}' | '\u{b9}' | '\u{2070}' | '\u{2074}'..='\u{2079}'
        )
    };
    let index = |c| matches!(c, '\u{2080}'..='\u{2089}');
    let end = text
        .run(start, |c, _| power(c))
        .max(text.run(start, |c, _| index(c)));
    (end > start).then(|| Match::text(end))
}

/// End of three to five dots, all with single spaces between them (also those that do not break) or none.
fn dots(text: &Text, start: usize) -> Option<usize> {
    let space = |at| usize::from(matches!(text.at(at), ' ' | '\u{a0}'));
    let mut end = start + 1;
    let apart = space(end);
    for count in 1..5 {
        let next = end + space(end).min(apart);
        if text.at(next) != '.' || next != end + apart {
            return (count >= 3).then_some(end);
        }
        end = next + 1;
    }
    Some(end)
}

/// End of a run of at least two of the same character.
fn repeated(text: &Text, start: usize) -> Option<usize> {
    let c = text.at(start);
    let end = text.run(start, |other, _| other == c);
    (end > start + 1).then_some(end)
}

/// Two to four hyphens are a dash, which the filter drops; more are a token as they stand.
fn dashes(text: &Text, start: usize) -> Option<Match> {
    let end = repeated(text, start)?;
    Some(if end <= start + 4 {
        Match::written(end, "--")
    } else {
        Match::text(end)
    })
}

fn double(text: &Text, start: usize) -> Option<Match> {
    (text.at(start + 1) == text.at(start)).then(|| Match::text(start + 2))
}

/// `\*`, `\*\*`.
fn escaped_stars(text: &Text, start: usize) -> Option<Match> {
    let mut end = start;
    while text.at(end) == '\\' && text.at(end + 1) == '*' {
        end += 2;
    }
    (end > start).then(|| Match::text(end))
}

/// `-LRB-` and its like: captions that were tokenised before.
fn escaped_bracket(text: &Text, start: usize) -> Option<Match> {
    ["-lrb-", "-rrb-", "-lsb-", "-rsb-", "-lcb-", "-rcb-"]
        .iter()
        .find(|bracket| text.says(start, bracket))
        .map(|bracket| Match::text(start + bracket.len()))
}

/// Words cut off at the front.
const CUT: &[&str] = &["em", "til", "till", "cause"];

/// `'s`, `'em`, `'n'`, `'90s`, `'tis`.
fn after_apostrophe(text: &Text, start: usize) -> Option<Match> {
    let after = apostrophe_end(text, start)?;
    let straight = text.at(start) == '\'';
    let mut best = Match::text(start);
    // A straight one before two letters opens a quotation; a typographic one closes it and has no
    // such rule, so there a short form is cut off whatever follows.
    if straight {
        let ends = |found: &Match| !text.at(found.end).is_ascii_alphabetic();
        best = best.or(short_form(text, start).filter(ends));
        if text.at(after) == '\'' {
            best = best.or(Some(Match::written(after + 1, "''")));
        }
    } else {
        best = best.or(short_form(text, start));
    }
    for word in CUT {
        if text.says(after, word) {
            best = best.or(Some(Match::text(after + word.len())));
        }
    }
    if straight {
        for word in ["tis", "twas"] {
            if text.says(after, word) {
                best = best.or(Some(Match::ahead(after + 1, after + word.len())));
            }
        }
    }
    if text.at(after).eq_ignore_ascii_case(&'n') {
        let end = after + 1;
        if let Some(end) = apostrophe_end(text, end) {
            best = best.or(Some(Match::text(end)));
        } else if !straight || text.class(end) == Class::Space {
            best = best.or(Some(Match::text(end)));
        }
    }
    let year = after + 2;
    if text.at(after).is_ascii_digit() && text.at(after + 1).is_ascii_digit() {
        let decade = matches!(text.at(after), '2'..='9')
            && text.at(after + 1) == '0'
            && text.at(year).eq_ignore_ascii_case(&'s');
        if decade {
            best = best.or(Some(Match::text(year + 1)));
        }
        if text.white(year) {
            best = best.or(Some(Match::ahead(year, year + 1)));
        }
    }
    (best.end > start).then_some(best)
}

/// `:)`, `;-(`, `>:D`: eyes, possibly a nose, a mouth, and no letter or digit after it.
fn smiley(text: &Text, start: usize) -> Option<Match> {
    let mut at = start;
    if matches!(text.at(at), '<' | '>') {
        at += 1;
    }
    if !matches!(text.at(at), ':' | ';' | '=') {
        return None;
    }
    at += 1;
    for nose in [0, 1] {
        let mouth = at + nose;
        if nose == 1 && !matches!(text.at(at), '-' | '\'' | '*' | 'o') {
            return None;
        }
        let ends = !text.at(mouth + 1).is_ascii_alphanumeric();
        if ends
            && matches!(
                text.at(mouth),
                '(' | ')' | '[' | ']' | '{' | '|' | '\\' | '@' | 'D' | 'd' | 'P' | 'p' | 'O'
            )
        {
            return Some(Match::text(mouth + 1));
        }
    }
    None
}

/// `^_^`, `-_-`, `>_<`.
pub(super) fn eyes(text: &Text, start: usize) -> Option<Match> {
    let eye = |c: char| matches!(c, '-' | '\'' | '<' | '=' | '>' | '^' | '~' | 'x');
    (eye(text.at(start)) && text.at(start + 1) == '_' && eye(text.at(start + 2)))
        .then(|| Match::text(start + 3))
}

/// `(^_^)`, `(-.-)`, `(><)`.
fn face(text: &Text, start: usize) -> Option<Match> {
    let eye = |c: char| matches!(c, '-' | '\'' | '<' | '=' | '>' | '^' | '~' | 'x');
    let left = start + 1;
    let nose =
        usize::from(matches!(text.at(left + 1), '_' | '.' | '-') && text.at(left + 2) != ')');
    let right = left + 1 + nose;
    let dash = |at: usize| text.at(at) == '-';
    let dashes = nose == 1 && dash(left + 1) && (dash(left) || dash(right));
    (!dashes && eye(text.at(left)) && eye(text.at(right)) && text.at(right + 1) == ')')
        .then(|| Match::text(right + 2))
}
