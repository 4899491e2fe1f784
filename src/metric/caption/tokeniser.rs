//! How a caption becomes tokens.

use super::ptb::{PtbTokeniser, is_line_separator};
use clap::ValueEnum;

/// The two ways that are in use.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum Tokeniser {
    /// PTB tokens, lower case, without punctuation: as pycocoevalcap's evaluation
    #[default]
    Ptb,
    /// Cut at white space: as pycocoevalcap's scorers when called on their own
    Whitespace,
}

impl Tokeniser {
    /// The name that signatures print.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Ptb => "ptb",
            Self::Whitespace => "whitespace",
        }
    }

    /// The tokens of one caption.
    #[must_use]
    pub fn tokens(self, caption: &str) -> Vec<String> {
        let mut tokens = Vec::new();
        self.each(&mut PtbTokeniser::default(), caption, |token| {
            tokens.push(token.to_owned());
        });
        tokens
    }

    /// Calls `take` with every token as the scorers see it: they cut at white space once more, and a
    /// PTB token such as `2 1/2` has a space inside that does not break.
    pub(super) fn each(self, ptb: &mut PtbTokeniser, caption: &str, mut take: impl FnMut(&str)) {
        match self {
            Self::Ptb => ptb.each_kept(caption, |token| {
                if token.bytes().all(|b| b.is_ascii() && b > b' ') {
                    take(token);
                } else {
                    split(token).for_each(&mut take);
                }
            }),
            Self::Whitespace => split(caption).for_each(take),
        }
    }
}

/// What Python takes for white space: Rust's and four control characters.
#[must_use]
pub fn is_python_space(c: char) -> bool {
    c.is_whitespace() || matches!(c, '\u{1c}'..='\u{1f}')
}

/// Python's `str.split()`.
fn split(text: &str) -> impl Iterator<Item = &str> {
    text.split(is_python_space).filter(|part| !part.is_empty())
}

/// The PTB tokens of a caption after the COCO filter, as pycocoevalcap's tokeniser joins them: a token
/// may hold a space that does not break (U+00A0), and a tag or an address other white space.
#[must_use]
pub fn tokenize(caption: &str) -> Vec<String> {
    let mut tokens = Vec::new();
    PtbTokeniser::default().each_kept(caption, |token| tokens.push(token.to_owned()));
    tokens
}

/// How many of the captions hold a character that would start a new line in the reference. A plain
/// line feed does not count: pycocoevalcap makes a space of it itself.
pub fn line_separators<'a>(captions: impl IntoIterator<Item = &'a str>) -> usize {
    captions
        .into_iter()
        .filter(|caption| {
            // The ASCII ones first, a byte at a time; U+2028 and U+2029 begin with this byte.
            let worth_it = |byte: u8| matches!(byte, b'\r' | 0xb | 0xc | 0xe2);
            caption.bytes().any(worth_it) && caption.contains(|c| c != '\n' && is_line_separator(c))
        })
        .count()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scorers_cut_at_every_white_space_of_python() {
        assert_eq!(
            Tokeniser::Whitespace.tokens(" A\u{a0}b\u{1f}c\u{2009}D. \n"),
            ["A", "b", "c", "D."]
        );
    }

    #[test]
    fn a_fraction_is_one_token_when_printed_and_two_when_scored() {
        assert_eq!(tokenize("2 1/2 pizzas"), ["2\u{a0}1/2", "pizzas"]);
        assert_eq!(
            Tokeniser::Ptb.tokens("2 1/2 pizzas"),
            ["2", "1/2", "pizzas"]
        );
        assert_eq!(Tokeniser::Ptb.tokens("<!a\tb>"), ["<!a", "b>"]);
    }

    #[test]
    fn line_separators_are_spaces_and_counted() {
        let captions = ["a\u{2028}b", "a\nb", "a\rb", "ab", "a\u{b}b", "a\u{c}b"];
        assert_eq!(line_separators(captions), 4);
        for caption in &captions[..3] {
            assert_eq!(tokenize(caption), ["a", "b"]);
        }
    }
}
