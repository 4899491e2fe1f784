//! White space as Python sees it.

/// Whether Python's `str.isspace` (and `\s` in its `re`) holds: Unicode white space and the four
/// separators U+001C to U+001F.
pub(super) fn is_python_space(c: char) -> bool {
    c.is_whitespace() || ('\u{1c}'..='\u{1f}').contains(&c)
}

/// Python's `str.strip()`.
pub(super) fn strip(text: &str) -> &str {
    text.trim_matches(is_python_space)
}

/// Python's `re.sub(r"\s+", " ", text).strip()`.
pub(super) fn collapse(text: &str) -> String {
    let mut words = text.split(is_python_space).filter(|word| !word.is_empty());
    let mut result = String::with_capacity(text.len());
    result.push_str(words.next().unwrap_or(""));
    for word in words {
        result.push(' ');
        result.push_str(word);
    }
    result
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn separators_are_space_too() {
        assert_eq!(strip("\u{1f} a\u{a0}b\n\u{85}"), "a\u{a0}b");
        assert_eq!(collapse(" a \t\u{2028}b\u{1c}c  "), "a b c");
        assert_eq!(collapse("\u{200b}"), "\u{200b}");
        assert_eq!(collapse(" \n"), "");
    }
}
