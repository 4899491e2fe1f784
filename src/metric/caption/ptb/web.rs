//! What captions from the web bring along: tags, entities, addresses, handles.

use super::class::Class;
use super::matched::Match;
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
    (best.end > start).then_some(best)
}

/// A character inside an address. A space that does not break is no space to the reference here.
fn inside(c: char, class: Class) -> bool {
    (class != Class::Space || c == '\u{a0}')
        && !matches!(c, '"' | '<' | '>' | '(' | ')' | '|' | '\0')
}

/// End of an address that fills `start..end`: the last character is not punctuation.
fn trimmed(text: &Text, start: usize, mut end: usize) -> Option<usize> {
    while end > start && matches!(text.at(end - 1), '.' | ',' | '!' | '?' | '-' | '{' | '}') {
        end -= 1;
    }
    (end >= start + 2).then_some(end)
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

/// `www.`, parts with dots, two to four letters, possibly a path.
fn www(text: &Text, start: usize) -> Option<Match> {
    if !text.says(start, "www.") {
        return None;
    }
    let first = start + 4;
    let limit = first + FARTHEST;
    let mut best = None;
    let mut at = first;
    while at < limit && inside(text.at(at), text.class(at)) && !matches!(text.at(at), '{' | '}') {
        if text.at(at) == '.' && at > first {
            let letters = text.ascii_letters(at + 1).min(at + 5);
            if letters >= at + 3 {
                best = best.max(Some(path(text, letters).unwrap_or(letters)));
            }
        }
        at += 1;
    }
    best.map(Match::text)
}

/// `example.com`, `example.com/path`: labels of nearly anything but digits, capitals and ASCII punctuation, then
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
    best.map(Match::text)
}

/// End of a path that starts with a slash at `start`.
fn path(text: &Text, start: usize) -> Option<usize> {
    if text.at(start) != '/' {
        return None;
    }
    let end = text.run(start + 1, inside);
    trimmed(text, start + 1, end)
}

/// `name@example.com`, also in angle brackets: the local part may hold nearly anything.
pub(super) fn mail(text: &Text, start: usize) -> Option<Match> {
    let name = match text.at(start) {
        '<' => start + 1,
        '&' if text.says(start, "&lt;") => start + 4,
        _ => start,
    };
    if !text.at(name).is_ascii_alphanumeric() {
        return None;
    }
    let part = |c: char, class: Class| inside(c, class) && !matches!(c, '{' | '}');
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
    Some(Match::text(end + usize::from(text.at(end) == '>')))
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

/// `#tag`: letters and marks, no digits.
pub(super) fn hashtag(text: &Text, start: usize) -> Option<Match> {
    let end = text.run(start + 1, |_, class| {
        matches!(class, Class::Letter | Class::Mark)
    });
    (end > start + 1).then(|| Match::text(end))
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
            while at < limit && !matches!(text.at(at), '>' | '\n' | '\0') {
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
    (text.at(at) == '>').then(|| Match::text(at + 1))
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
            while close < limit && !matches!(text.at(close), '\n' | '\0') && text.at(close) != quote
            {
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

/// Entities with the token that is written; an empty one is deleted. Quotes and dashes are dropped
/// by the filter, so which of them is written does not matter.
const ENTITIES: &[(&str, &str)] = &[
    ("&amp;", "&"),
    ("&lt;", "<"),
    ("&gt;", ">"),
    ("&quot;", "''"),
    ("&apos;", "'"),
    ("&mdash;", "--"),
    ("&ndash;", "--"),
    ("&nbsp;", ""),
];

/// Codes of newswire text that look like entities.
const SHORT_ENTITIES: [[char; 2]; 8] = [
    ['h', 't'],
    ['l', 'r'],
    ['m', 'd'],
    ['q', 'c'],
    ['q', 'l'],
    ['q', 'r'],
    ['t', 'l'],
    ['u', 'r'],
];

/// `&amp;`, `&#39;`.
pub(super) fn entity(text: &Text, start: usize) -> Option<Match> {
    if text.at(start + 1) == '#' {
        let end = text.digits(start + 2, 9);
        return (end > start + 2 && text.at(end) == ';').then(|| Match::text(end + 1));
    }
    let short = [text.at(start + 1), text.at(start + 2)].map(|c| c.to_ascii_lowercase());
    if text.at(start + 3) == ';' && SHORT_ENTITIES.contains(&short) {
        return Some(Match::text(start + 4));
    }
    ENTITIES
        .iter()
        .find(|(entity, _)| text.says(start, entity))
        .map(|(entity, written)| Match::written(start + entity.len(), written))
}

/// `&eacute;` and its like at `start`: a letter inside words. The end.
pub(super) fn accented(text: &Text, start: usize) -> Option<usize> {
    if text.at(start) != '&'
        || !matches!(
            text.at(start + 1).to_ascii_lowercase(),
            'a' | 'e' | 'i' | 'o' | 'u'
        )
    {
        return None;
    }
    ["acute;", "grave;", "uml;"]
        .iter()
        .find(|rest| text.says(start + 2, rest))
        .map(|rest| start + 2 + rest.len())
}
