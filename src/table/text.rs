//! What every format does to text before it escapes it.

use std::borrow::Cow;

/// One line without control characters: line breaks and tabs become spaces, the others go, since no format
/// can show them and some end a file there. Marks of direction stay.
pub(super) fn line(text: &str) -> Cow<'_, str> {
    let breaks = |c: char| matches!(c, '\n' | '\r' | '\t' | '\u{2028}' | '\u{2029}' | '\u{85}');
    if !text.contains(|c: char| c.is_control() || breaks(c)) {
        return Cow::Borrowed(text);
    }
    let characters = text.chars().filter_map(|c| {
        if breaks(c) {
            Some(' ')
        } else {
            (!c.is_control()).then_some(c)
        }
    });
    Cow::Owned(characters.collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_one_line() {
        assert_eq!(line("a\r\nb\u{2028}c\0\u{1b}[1m"), "a  b c[1m");
        assert!(matches!(line("na\u{ef}ve \u{5d0}"), Cow::Borrowed(_)));
    }
}
