//! A caption as the matchers see it: characters with their classes, and a line end after the last.

use super::class::{Class, SOFT_HYPHEN, class};
use std::ops::Range;

/// A caption, ready to be scanned.
#[derive(Debug, Default)]
pub(super) struct Text {
    chars: Vec<char>,
    classes: Vec<Class>,
    /// Whether the caption has an `@` and mail addresses are worth looking for.
    pub(super) has_at: bool,
    /// The last run of `[alnum.,]` that was measured; see [`Text::joined_run`].
    joined: Range<usize>,
    /// The last run that [`Text::label`] measured.
    label: Range<usize>,
}

impl Text {
    /// Takes a caption in, dropping the one before.
    pub(super) fn load(&mut self, caption: &str) {
        self.chars.clear();
        self.classes.clear();
        self.joined = 0..0;
        self.label = 0..0;
        self.has_at = caption.contains('@');
        self.chars.reserve(caption.len() + 1);
        self.classes.reserve(caption.len() + 1);
        for c in caption.chars() {
            // A caption is one line: every line separator is a space.
            let c = if super::is_line_separator(c) { ' ' } else { c };
            self.chars.push(c);
            self.classes.push(class(c));
        }
        // In the reference a caption is a line of a file, and some rules read its end.
        self.chars.push('\n');
        self.classes.push(Class::Space);
    }

    /// Number of characters, the line end included.
    pub(super) fn len(&self) -> usize {
        self.chars.len()
    }

    /// The character at `at`; the line end goes on beyond the end.
    pub(super) fn at(&self, at: usize) -> char {
        self.chars.get(at).copied().unwrap_or('\n')
    }

    /// The class at `at`.
    pub(super) fn class(&self, at: usize) -> Class {
        self.classes.get(at).copied().unwrap_or(Class::Space)
    }

    /// The characters of a range.
    pub(super) fn slice(&self, range: Range<usize>) -> &[char] {
        &self.chars[range]
    }

    /// First place from `start` on where `keep` is false.
    pub(super) fn run(&self, start: usize, keep: impl Fn(char, Class) -> bool) -> usize {
        let mut at = start;
        while at < self.chars.len() && keep(self.chars[at], self.classes[at]) {
            at += 1;
        }
        at
    }

    /// End of the letters and digits from `start` on.
    pub(super) fn alnum(&self, start: usize) -> usize {
        self.run(start, |_, class| {
            matches!(class, Class::Letter | Class::Digit)
        })
    }

    /// End of a word that no rule concerns: ASCII letters before white space, and of a length that no
    /// word with a rule of its own has (`cannot`, `gonna`).
    pub(super) fn simple_word(&self, start: usize) -> Option<usize> {
        let end = self.ascii_letters(start);
        let length = end - start;
        (length > 0 && !matches!(length, 5 | 6) && matches!(self.at(end), ' ' | '\n'))
            .then_some(end)
    }

    /// End of the ASCII letters and digits from `start` on.
    pub(super) fn ascii_alnum(&self, start: usize) -> usize {
        self.run(start, |c, _| c.is_ascii_alphanumeric())
    }

    /// End of the ASCII digits from `start` on, at most `most` of them.
    pub(super) fn ascii_digits(&self, start: usize, most: usize) -> usize {
        let mut at = start;
        while at - start < most && self.at(at).is_ascii_digit() {
            at += 1;
        }
        at
    }

    /// End of the blanks from `start` on, which are passed over together.
    pub(super) fn blanks(&self, start: usize) -> usize {
        self.run(start, |c, _| blank(c))
    }

    /// Whether there is white space at `at` to the rules that look behind a token. More than what a
    /// token ends before, and U+0085 is an ellipsis otherwise.
    pub(super) fn white(&self, at: usize) -> bool {
        blank(self.at(at)) || matches!(self.at(at), '\n' | '\u{85}')
    }

    /// End of the ASCII letters from `start` on.
    pub(super) fn ascii_letters(&self, start: usize) -> usize {
        self.run(start, |c, _| c.is_ascii_alphabetic())
    }

    /// End of the digits from `start` on, at most `most` of them.
    pub(super) fn digits(&self, start: usize, most: usize) -> usize {
        let mut at = start;
        while at - start < most && self.class(at) == Class::Digit {
            at += 1;
        }
        at
    }

    /// End of the ASCII letters, digits, dots, commas and soft hyphens from `start` on, which begin with a
    /// letter or digit. The last run is kept, because a list such as `1,a,2,b` asks for it at each of its parts.
    pub(super) fn joined_run(&mut self, start: usize) -> usize {
        if !self.at(start).is_ascii_alphanumeric() {
            return start;
        }
        if !self.joined.contains(&start) {
            let end = self.run(start, |c, _| {
                c.is_ascii_alphanumeric() || matches!(c, '.' | ',' | SOFT_HYPHEN)
            });
            self.joined = start..end;
        }
        self.joined.end
    }

    /// End of a label of a host name from `start` on; the last run is kept.
    pub(super) fn label(&mut self, start: usize) -> usize {
        if !self.label.contains(&start) {
            let end = self.run(start, |c, _| match c {
                'a'..='z' | '#' | '%' | '&' | '*' | '+' | '~' => true,
                '\t' | '\n' => false,
                _ => !c.is_ascii() || c.is_ascii_control(),
            });
            self.label = start..end;
        }
        self.label.end
    }

    /// Whether `word` (lower case, ASCII) is at `at`, in any case.
    pub(super) fn says(&self, at: usize, word: &str) -> bool {
        word.bytes()
            .enumerate()
            .all(|(i, byte)| self.at(at + i).to_ascii_lowercase() == char::from(byte))
    }
}

fn blank(c: char) -> bool {
    matches!(
        c,
        ' ' | '\t' | '\u{a0}' | '\u{2000}'..='\u{200a}' | '\u{3000}'
    )
}
