//! A key of a service: it comes from the environment, goes into one header, and is printed nowhere.

use std::fmt;
use ureq::http::HeaderValue;

/// A key. Neither `Debug` nor `Display` show it.
#[derive(Clone)]
pub struct Secret(String);

/// What takes the place of a key in texts.
const HIDDEN: &str = "[key]";
/// So many characters of a key in a row are hidden wherever they are: servers repeat keys cut off or with stars.
const WINDOW: usize = 8;

impl fmt::Debug for Secret {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(HIDDEN)
    }
}

impl fmt::Display for Secret {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(HIDDEN)
    }
}

impl Secret {
    /// The value of a variable of the environment; `None` where it is not set or empty.
    #[must_use]
    pub fn of_environment(variable: &str) -> Option<Self> {
        std::env::var(variable).ok().and_then(Self::new)
    }

    /// A key; white space around it belongs to the file that it was read from.
    #[must_use]
    pub fn new(text: impl AsRef<str>) -> Option<Self> {
        let text = text.as_ref().trim();
        (!text.is_empty()).then(|| Self(text.to_owned()))
    }

    /// `Bearer KEY`; `None` where a header cannot hold the key.
    pub(super) fn bearer(&self) -> Option<HeaderValue> {
        let mut value = HeaderValue::from_str(&format!("Bearer {}", self.0)).ok()?;
        value.set_sensitive(true);
        Some(value)
    }

    /// Whether a header can hold it.
    #[must_use]
    pub fn is_sendable(&self) -> bool {
        self.bearer().is_some()
    }

    /// A text without the key and without pieces of it.
    #[must_use]
    pub fn scrub(&self, text: &str) -> String {
        let key: Vec<char> = self.0.chars().collect();
        let letters: Vec<char> = text.chars().collect();
        let window = WINDOW.min(key.len());
        let pieces: std::collections::HashSet<&[char]> = key.windows(window).collect();
        let mut hidden = vec![false; letters.len()];
        for (at, piece) in letters.windows(window).enumerate() {
            if pieces.contains(piece) {
                hidden[at..at + window].fill(true);
            }
        }
        let mut shown = String::with_capacity(text.len());
        for (at, letter) in letters.iter().enumerate() {
            if !hidden[at] {
                shown.push(*letter);
            } else if at == 0 || !hidden[at - 1] {
                shown.push_str(HIDDEN);
            }
        }
        shown
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_shown_nowhere() {
        let key = Secret::new(" sk-proj-0123456789abcdef\n").unwrap();
        assert_eq!(format!("{key} {key:?}"), "[key] [key]");
        let sent = key.bearer().unwrap();
        assert_eq!(sent.as_bytes(), b"Bearer sk-proj-0123456789abcdef");
        assert!(!format!("{sent:?}").contains("proj"));
        for (text, clean) in [
            (
                "you sent Bearer sk-proj-0123456789abcdef.",
                "you sent Bearer [key].",
            ),
            ("sk-proj-0***cdef", "[key]***cdef"),
            ("cut off: sk-proj-0123", "cut off: [key]"),
            ("é456789abcé and é", "é[key]é and é"),
            ("nothing of it", "nothing of it"),
        ] {
            assert_eq!(key.scrub(text), clean);
        }
        let short = Secret::new("abc").unwrap();
        assert_eq!(short.scrub("xabcx ab"), "x[key]x ab");
    }

    #[test]
    fn no_key_and_keys_that_no_header_holds() {
        assert!(Secret::new(" \n").is_none());
        assert!(Secret::of_environment("STORYEVAL_TEST_NO_SUCH_KEY").is_none());
        assert!(!Secret::new("two\nlines").unwrap().is_sendable());
    }
}
