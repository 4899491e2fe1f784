//! What captions from the web bring along: tags, addresses, handles.

use super::class::Class;
use super::entity::accented;
use super::matched::{Match, Writing};
use super::text::Text;

/// No rule looks farther than this for the end of a tag or address, so that a hostile line of many
/// megabytes takes time in proportion to its length.
const FARTHEST: usize = 1_000;

/// Longest part of a mail address before the `@`.
const LOCAL_PART: usize = 256;

/// `http://...`, `www....`, `example.com/path`, `name@example.com`, in words that start at `start`.
pub(super) fn address(text: &mut Text, start: usize) -> Option<Match> {
    let mut best = Match::text(start);
    if text.has_at {
        best = best.or(mail(text, start));
    }
    match text.at(start) {
        'h' | 'H' => best = best.or(full_url(text, start)),
        'w' | 'W' => best = best.or(www(text, start)),
        _ => {}
    }
    best = best.or(domain(text, start));
    (best.end > start).then(|| best.to_be(Writing::Whole))
}

/// A character inside an address. A space that does not break is no space to the reference here.
fn inside(c: char, class: Class) -> bool {
    (class != Class::Space || c == '\u{a0}') && !matches!(c, '"' | '<' | '>' | '(' | ')' | '|')
}

/// End of an address that fills `start..end`: the last character is not punctuation.
fn trimmed(text: &Text, start: usize, mut end: usize) -> Option<usize> {
    while end > start && matches!(text.at(end - 1), '.' | ',' | '!' | '?' | '-' | '{' | '}') {
        end -= 1;
    }
    // Two of the reference's 16-bit units.
    let long = end >= start + 2 || (end > start && text.at(start) > '\u{ffff}');
    long.then_some(end)
}

/// `http://` and `https://`.
fn full_url(text: &Text, start: usize) -> Option<Match> {
    let rest = ["https://", "http://"]
        .iter()
        .find(|scheme| text.says(start, scheme))
        .map(|scheme| start + scheme.len())?;
    let end = text.run(rest, |c, class| inside(c, class) && !matches!(c, '{' | '}'));
    trimmed(text, rest, end).map(Match::text)
}

/// `www.`, labels with dots, two to four letters, possibly a path.
fn www(text: &Text, start: usize) -> Option<Match> {
    if !text.says(start, "www.") {
        return None;
    }
    let first = start + 4;
    let limit = first + FARTHEST;
    let mut best = None;
    let mut at = first;
    let mut empty = true;
    while at < limit
        && inside(text.at(at), text.class(at))
        && !matches!(text.at(at), '{' | '}' | ',' | '!' | '?')
    {
        let dot = text.at(at) == '.';
        if dot && empty {
            break;
        }
        empty = dot;
        if dot {
            let letters = text.ascii_letters(at + 1).min(at + 5);
            if letters >= at + 3 {
                best = best.max(Some(path(text, letters).unwrap_or(letters)));
            }
        }
        at += 1;
    }
    best.map(Match::text)
}

/// `example.com`, `example.com/path`: labels of nearly anything but ASCII digits, capitals and punctuation, then
/// one of four top-level names. What follows the name does not matter.
pub(super) fn domain(text: &mut Text, start: usize) -> Option<Match> {
    /// More labels than this are no address.
    const LABELS: usize = 16;
    let mut end = text.label(start);
    let mut best = None;
    for _ in 0..LABELS {
        let name = end + 1;
        if text.at(end) != '.' || end == start {
            break;
        }
        if ["com", "net", "org", "edu"]
            .iter()
            .any(|top| text.says(name, top))
        {
            best = Some(path(text, name + 3).unwrap_or(name + 3));
        }
        end = text.label(name);
        if end == name {
            break;
        }
    }
    best.map(|end| Match::text(end).to_be(Writing::Whole))
}

/// End of a path that starts with a slash at `start`.
fn path(text: &Text, start: usize) -> Option<usize> {
    if text.at(start) != '/' {
        return None;
    }
    let end = text.run(start + 1, inside);
    trimmed(text, start + 1, end)
}

/// `name@example.com`, also in angle brackets: the local part may hold nearly anything but white space,
/// the kind that does not break included.
pub(super) fn mail(text: &Text, start: usize) -> Option<Match> {
    let name = match text.at(start) {
        '<' => start + 1,
        '&' if text.says(start, "&lt;") => start + 4,
        _ => start,
    };
    if !text.at(name).is_ascii_alphanumeric() {
        return None;
    }
    let part = |c: char, class: Class| inside(c, class) && !matches!(c, '{' | '}' | '\u{a0}');
    let limit = name + LOCAL_PART;
    let mut best = None;
    let mut at = name + 1;
    while at < limit && part(text.at(at), text.class(at)) {
        if text.at(at) == '@' {
            // Labels that are not empty, apart by single dots.
            let mut end = at + 1;
            while end < at + LOCAL_PART
                && part(text.at(end), text.class(end))
                && !(text.at(end) == '.'
                    && (end == at + 1
                        || text.at(end + 1) == '.'
                        || !part(text.at(end + 1), text.class(end + 1))))
            {
                end += 1;
            }
            if end > at + 1 {
                best = best.max(Some(end));
            }
        }
        at += 1;
    }
    let end = best?;
    let end = end + usize::from(text.at(end) == '>');
    Some(Match::text(end).to_be(Writing::Whole))
}

/// `@name`.
pub(super) fn handle(text: &Text, start: usize) -> Option<Match> {
    let name = start + 1;
    let first = text.at(name);
    if !(first.is_ascii_alphabetic() || first == '_') {
        return None;
    }
    let end = text.run(name, |c, _| c.is_ascii_alphanumeric() || c == '_');
    Some(Match::text(end))
}

/// `#tag`: letters, marks and accented letters, no digits.
pub(super) fn hashtag(text: &Text, start: usize) -> Option<Match> {
    let letters = |at| text.run(at, |_, class| matches!(class, Class::Letter | Class::Mark));
    let mut end = letters(start + 1);
    while let Some(after) = accented(text, end) {
        end = letters(after);
    }
    (end > start + 1).then(|| Match::text(end).to_be(Writing::Whole))
}

/// `<b>`, `</b>`, `<img src="...">`, `<!-- ... -->`.
pub(super) fn tag(text: &Text, start: usize) -> Option<Match> {
    let name = |at: usize| {
        if text.at(at).is_ascii_alphabetic() {
            text.run(at, |c, _| {
                c.is_ascii_alphanumeric() || matches!(c, '.' | ':' | '_' | '-')
            })
        } else {
            at
        }
    };
    let spaces = |at: usize| text.run(at, |c, _| c == ' ');
    let mut at = start + 1;
    match text.at(at) {
        '!' | '?' => {
            if !(text.at(at + 1).is_ascii_alphabetic() || text.at(at + 1) == '-') {
                return None;
            }
            let limit = at + FARTHEST;
            while at < limit && !matches!(text.at(at), '>' | '\n') {
                at += 1;
            }
        }
        '/' => {
            let end = name(at + 1);
            if end == at + 1 {
                return None;
            }
            at = spaces(end);
        }
        _ => {
            let end = name(at);
            if end == at {
                return None;
            }
            at = attributes(text, end, name, spaces)?;
        }
    }
    (text.at(at) == '>').then(|| Match::text(at + 1).to_be(Writing::Whole))
}

fn attributes(
    text: &Text,
    start: usize,
    name: impl Fn(usize) -> usize,
    spaces: impl Fn(usize) -> usize,
) -> Option<usize> {
    let mut at = start;
    let limit = start + FARTHEST;
    while at < limit {
        let next = spaces(at);
        let slash = usize::from(text.at(next) == '/');
        if slash == 1 {
            return Some(spaces(next + 1));
        }
        let end = name(next);
        if end == next || next == at {
            return Some(next);
        }
        at = end;
        let equals = spaces(at);
        if text.at(equals) == '=' {
            let open = spaces(equals + 1);
            let quote = text.at(open);
            if !matches!(quote, '"' | '\'') {
                return None;
            }
            let mut close = open + 1;
            while close < limit && text.at(close) != '\n' && text.at(close) != quote {
                close += 1;
            }
            if text.at(close) != quote {
                return None;
            }
            at = close + 1;
        }
    }
    None
}
