//! Python's string methods, as far as the released code uses them.

/// `str.capitalize`: the first letter upper case, all others lower case, so "mr slate" becomes
/// "Mr slate", which no caption holds.
pub(super) fn capitalize(name: &str) -> String {
    let mut chars = name.chars();
    let mut out = String::with_capacity(name.len());
    if let Some(first) = chars.next() {
        let mut upper = first.to_uppercase();
        out.extend(upper.next());
        out.extend(upper.flat_map(char::to_lowercase));
    }
    out.extend(chars.flat_map(char::to_lowercase));
    out
}

/// `str.strip()`: Python counts four separators as white space that Rust does not.
pub(super) fn strip(word: &str) -> &str {
    word.trim_matches(|c: char| c.is_whitespace() || matches!(c, '\u{1c}'..='\u{1f}'))
}

/// `text[:-1]`: all but the last character, whatever it is.
pub(super) fn all_but_last(text: &str) -> &str {
    let mut chars = text.chars();
    chars.next_back();
    chars.as_str()
}

/// The characters that two texts begin with.
pub(super) fn common_beginning<'a>(text: &'a str, other: &str) -> &'a str {
    let end = text
        .char_indices()
        .zip(other.chars())
        .find(|((_, left), right)| left != right)
        .map_or_else(|| text.len().min(other.len()), |((at, _), _)| at);
    &text[..end]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn capitalize_is_pythons() {
        assert_eq!(capitalize("fred"), "Fred");
        assert_eq!(capitalize("mr slate"), "Mr slate");
        assert_eq!(capitalize("FRED"), "Fred");
        assert_eq!(capitalize("ßa"), "Ssa");
        assert_eq!(capitalize(""), "");
    }

    #[test]
    fn the_last_character_goes() {
        assert_eq!(all_but_last("Fred."), "Fred");
        assert_eq!(all_but_last("é"), "");
        assert_eq!(all_but_last(""), "");
    }

    #[test]
    fn beginnings_are_compared_by_characters() {
        assert_eq!(common_beginning("Fred sits.", "Fred sleeps."), "Fred s");
        assert_eq!(common_beginning("é", "è"), "");
        assert_eq!(common_beginning("Fred", "Fred sits."), "Fred");
        assert_eq!(common_beginning("Fred sits.", "Fred"), "Fred");
        assert_eq!(common_beginning("", "Fred"), "");
    }

    #[test]
    fn strip_is_pythons() {
        assert_eq!(strip(" \u{1c}Fred\t\u{a0}"), "Fred");
    }
}
