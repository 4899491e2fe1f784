//! Entities of HTML: what they stand for.

use super::matched::Match;
use super::text::Text;

/// Entities with the token that is written; an empty one is deleted. Quotes and dashes are dropped
/// by the filter, so which of them is written does not matter.
const ENTITIES: &[(&str, &str)] = &[
    ("&amp;", "&"),
    ("&lt;", "<"),
    ("&gt;", ">"),
    ("&md;", "--"),
    ("&mdash;", "--"),
    ("&ndash;", "--"),
    ("&nbsp;", ""),
];

/// The same, but only in lower case; otherwise they stay as they are.
const LOWER_ENTITIES: &[(&str, &str)] = &[("&apos;", "'"), ("&quot;", "''")];

/// Codes of newswire text that look like entities.
const SHORT_ENTITIES: [[char; 2]; 7] = [
    ['h', 't'],
    ['l', 'r'],
    ['q', 'c'],
    ['q', 'l'],
    ['q', 'r'],
    ['t', 'l'],
    ['u', 'r'],
];

/// `&amp;`, `&#39;`.
pub(super) fn entity(text: &Text, start: usize) -> Option<Match> {
    if text.at(start + 1) == '#' {
        let end = text.ascii_digits(start + 2, 9);
        return (end > start + 2 && text.at(end) == ';').then(|| Match::text(end + 1));
    }
    let short = [text.at(start + 1), text.at(start + 2)].map(|c| c.to_ascii_lowercase());
    if text.at(start + 3) == ';' && SHORT_ENTITIES.contains(&short) {
        return Some(Match::text(start + 4));
    }
    let find = |list: &[(&'static str, &'static str)]| {
        let found = list.iter().find(|(entity, _)| text.says(start, entity));
        found.map(|(entity, written)| Match::written(start + entity.len(), written))
    };
    find(ENTITIES).or_else(|| {
        let found = find(LOWER_ENTITIES)?;
        let lower = text
            .slice(start..found.end)
            .iter()
            .all(|c| !c.is_ascii_uppercase());
        Some(if lower { found } else { Match::text(found.end) })
    })
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
