//! PTB tokens as captions are scored with: what CoreNLP 3.4.1's `PTBTokenizer -preserveLines
//! -lowerCase` gives, then pycocoevalcap's list of dropped punctuation.
//!
//! Written here, to the last token, and from behaviour alone: the tokeniser was run on millions of short strings as a black box
//! (`tools/golden/ptb.py`), and the rules here say what came out. Its grammar, which is under the GPL,
//! was not read. The plan is that of any scanner: every rule that fits proposes a token, the one that
//! had to look farthest wins, the first one where two looked equally far.
//!
//! Known to differ: mail addresses longer than `web::LOCAL_PART` (on purpose), letters that newer versions
//! of Unicode gave a small form, and `'t` before a dotted or a long letter (`'tİs`), which Java takes for an
//! `i` or an `s`.
//!
//! One caption at a time. The reference tokenises a file, and there a caption's last token can depend
//! on the first of the next line (a single letter with a dot, as in "plan A."); here it never does.

mod abbreviation;
mod class;
mod classes;
mod compound;
mod entity;
mod file;
mod matched;
mod number;
mod sigma;
mod symbol;
mod text;
mod web;
mod word;

use class::{Class, SOFT_HYPHEN};
use matched::{Match, Writing};
use text::Text;

/// Tokens that pycocoevalcap drops. Brackets are in its list as `-LRB-`, which no token ever is after
/// lower-casing; so they stay.
const PUNCTUATION: [&str; 17] = [
    "''", "'", "``", "`", "-LRB-", "-RRB-", "-LCB-", "-RCB-", ".", "?", "!", ",", ":", "-", "--",
    "...", ";",
];

/// An apostrophe as an entity.
const APOSTROPHE: [char; 6] = ['&', 'a', 'p', 'o', 's', ';'];

/// Whether the COCO filter drops this token.
#[must_use]
pub fn is_punctuation(token: &str) -> bool {
    token.len() <= 5 && PUNCTUATION.contains(&token)
}

/// Whether `c` would start a new line in the reference, which then gives every later caption to the
/// wrong image. Here it is a space.
#[must_use]
pub fn is_line_separator(c: char) -> bool {
    matches!(c, '\n' | '\r' | '\u{b}' | '\u{c}' | '\u{2028}' | '\u{2029}')
}

/// A tokeniser with its buffers, for many captions.
#[derive(Debug, Default)]
pub struct PtbTokeniser {
    text: Text,
    token: String,
}

impl PtbTokeniser {
    /// Calls `take` with every token of a caption, punctuation included, in order.
    ///
    /// Opening and closing quotes are not distinguished: the filter drops both.
    pub fn each_token(&mut self, caption: &str, mut take: impl FnMut(&str)) {
        let mut at = self.simple_words(caption, &mut take);
        if at == caption.len() {
            return;
        }
        // What was taken is ASCII: bytes are characters.
        self.text.load(caption);
        while at < self.text.len() {
            if let Some(end) = self.text.simple_word(at) {
                self.token.clear();
                let letters = self.text.slice(at..end).iter();
                self.token.extend(letters.map(char::to_ascii_lowercase));
                take(&self.token);
                at = end;
                continue;
            }
            let found = self.proposal(at);
            self.write(at, found);
            if !self.token.is_empty() {
                take(&self.token);
            }
            at = found.end.max(at + 1);
        }
    }

    /// The words that a caption begins with and no rule concerns, ASCII letters between spaces; most
    /// captions have nothing else. Returns where the first other thing begins, or the space before it, which
    /// may belong to a run of blanks.
    fn simple_words(&mut self, caption: &str, take: &mut impl FnMut(&str)) -> usize {
        let mut at = 0;
        loop {
            let rest = &caption.as_bytes()[at..];
            let letters = rest.iter().take_while(|b| b.is_ascii_alphabetic()).count();
            let (word, after) = rest.split_at(letters);
            if !matches!(after.first(), None | Some(b' ')) || word::is_two_in_one(word) {
                return at.saturating_sub(1);
            }
            if letters > 0 {
                self.token.clear();
                let lower = word.iter().map(|b| char::from(b.to_ascii_lowercase()));
                self.token.extend(lower);
                take(&self.token);
            }
            if after.is_empty() {
                return caption.len();
            }
            at += letters + 1;
        }
    }

    /// The token that starts at `at`; an empty one where the character there is deleted.
    fn proposal(&mut self, at: usize) -> Match {
        let text = &mut self.text;
        match text.class(at) {
            // What ends a word may start the name of a host or, if it is Arabic, a number.
            Class::Space | Class::Hyphen | Class::Unknown => {
                let nothing = Match::written(text.blanks(at).max(at + 1), "");
                nothing
                    .or(number::number(text, at))
                    .or(web::domain(text, at))
            }
            Class::Letter | Class::Mark => from_letter(text, at),
            Class::Digit => word::word(text, at)
                .unwrap_or(Match::text(at + 1))
                .or(number::from_digit(text, at))
                .or(web::address(text, at)),
            Class::Symbol => symbol::symbol(text, at).or(web::domain(text, at)),
        }
    }

    /// Calls `take` with every token of a caption that is left after the COCO filter.
    pub fn each_kept(&mut self, caption: &str, mut take: impl FnMut(&str)) {
        self.each_token(caption, |token| {
            if !is_punctuation(token) {
                take(token);
            }
        });
    }

    /// Writes a token: lower case, and spaces that do not break.
    fn write(&mut self, start: usize, found: Match) {
        self.token.clear();
        if let Writing::Instead(written) = found.writing {
            self.token.push_str(written);
            return;
        }
        let mut simple = true;
        let stretch = self.text.slice(start..found.end);
        for &c in stretch {
            match (found.writing, c) {
                (_, 'A'..='Z') => self.token.push(c.to_ascii_lowercase()),
                (_, ' ') => self.token.push('\u{a0}'),
                (Writing::Plain, SOFT_HYPHEN) => {}
                (Writing::Plain, '(') => self.token.push_str("-lrb-"),
                (Writing::Plain, ')') => self.token.push_str("-rrb-"),
                (Writing::ShortForm, '\u{2019}' | '\u{92}') => self.token.push('\''),
                (Writing::ShortForm, '\u{2018}' | '\u{201b}' | '\u{91}') => self.token.push('`'),
                (Writing::Quotes, c) => match symbol::alone(c) {
                    Some(written) => self.token.push_str(written),
                    None => self.token.push(c),
                },
                _ => {
                    simple &= c.is_ascii();
                    self.token.push(c);
                }
            }
        }
        match found.writing {
            // Only where it is in lower case; the rules take it in any.
            Writing::ShortForm if stretch.windows(6).any(|part| part == APOSTROPHE) => {
                self.token = self.token.replace("&apos;", "'");
            }
            Writing::And => self.token = self.token.replace("&amp;", "&"),
            _ => {}
        }
        if stretch == [SOFT_HYPHEN] {
            self.token.push('-');
        }
        if !simple {
            self.token = sigma::lower_case(&self.token);
        }
    }
}

/// A word, after the common case that needs no rule: ASCII letters, then white space.
fn from_letter(text: &mut Text, at: usize) -> Match {
    let end = text.ascii_letters(at);
    if matches!(text.at(end), ' ' | '\n') && end > at {
        return word::two_in_one(text, at, end).unwrap_or(Match::text(end));
    }
    let mut found = word::word(text, at).unwrap_or(Match::text(at + 1));
    match text.at(at) {
        'x' => found = found.or(symbol::eyes(text, at)),
        SOFT_HYPHEN => found = found.or(number::number(text, at)),
        _ => {}
    }
    found.or(web::address(text, at))
}

/// Calls `take` with every token of one caption; see [`PtbTokeniser::each_token`].
pub fn each_token(caption: &str, take: impl FnMut(&str)) {
    PtbTokeniser::default().each_token(caption, take);
}
