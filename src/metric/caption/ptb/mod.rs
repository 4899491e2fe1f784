//! PTB tokens as captions are scored with: what CoreNLP 3.4.1's `PTBTokenizer -preserveLines
//! -lowerCase` gives, then pycocoevalcap's list of dropped punctuation.
//!
//! Written from behaviour alone: the tokeniser was run on millions of short strings as a black box
//! (`tools/golden/ptb.py`), and the rules here say what came out. Its grammar, which is under the GPL,
//! was not read. The plan is that of any scanner: every rule that fits proposes a token, the one that
//! had to look farthest wins, the first one where two looked equally far.
//!
//! One caption at a time. The reference tokenises a file, and there a caption's last token can depend
//! on the first of the next line (a single letter with a dot, as in "plan A."); here it never does.

mod abbreviation;
mod class;
mod classes;
mod matched;
mod number;
mod symbol;
mod text;
mod web;
mod word;

use class::{Class, SOFT_HYPHEN};
use matched::Match;
use text::Text;

/// Tokens that pycocoevalcap drops. Brackets are in its list as `-LRB-`, which no token ever is after
/// lower-casing; so they stay.
const PUNCTUATION: [&str; 17] = [
    "''", "'", "``", "`", "-LRB-", "-RRB-", "-LCB-", "-RCB-", ".", "?", "!", ",", ":", "-", "--",
    "...", ";",
];

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
    /// Opening and closing quotes are not told apart: the filter drops both.
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
            let Some(found) = self.proposal(at) else {
                at += 1;
                continue;
            };
            if let Some(written) = found.written {
                if !written.is_empty() {
                    take(written);
                }
            } else {
                self.write(at, found.end);
                if !self.token.is_empty() {
                    take(&self.token);
                }
            }
            at = found.end.max(at + 1);
        }
    }

    /// The words that a caption begins with and no rule concerns, ASCII letters between spaces; most
    /// captions have nothing else. Returns where the first other thing begins.
    fn simple_words(&mut self, caption: &str, take: &mut impl FnMut(&str)) -> usize {
        let mut at = 0;
        loop {
            let rest = &caption.as_bytes()[at..];
            let letters = rest.iter().take_while(|b| b.is_ascii_alphabetic()).count();
            let (word, after) = rest.split_at(letters);
            if !matches!(after.first(), None | Some(b' ')) || word::is_two_in_one(word) {
                return at;
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

    /// The token that starts at `at`; none where the character there is deleted.
    fn proposal(&mut self, at: usize) -> Option<Match> {
        let text = &mut self.text;
        match text.class(at) {
            Class::Space | Class::Hyphen => None,
            Class::Unknown => web::domain(text, at),
            Class::Letter | Class::Mark => Some(from_letter(text, at)),
            Class::Digit => Some(
                word::word(text, at)
                    .unwrap_or(Match::text(at + 1))
                    .or(number::from_digit(text, at))
                    .or(web::address(text, at)),
            ),
            Class::Symbol => Some(symbol::symbol(text, at).or(web::domain(text, at))),
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

    /// Writes a stretch of the caption as a token: lower case, brackets escaped, no soft hyphens, and
    /// spaces that do not break.
    fn write(&mut self, start: usize, end: usize) {
        self.token.clear();
        let mut simple = true;
        let tag = self.text.at(start) == '<' && self.text.at(end - 1) == '>';
        let stretch = self.text.slice(start..end);
        let short_form = is_short_form(stretch);
        if stretch.len() == 2 && stretch.iter().all(|c| symbol::is_quote(*c)) {
            for c in stretch {
                self.token.push_str(symbol::written_quote(*c));
            }
            return;
        }
        if stretch.contains(&'&') && !stretch.iter().any(|c| matches!(c, '/' | '@')) {
            // Entities inside a token: `dog&apos;s`, `A&amp;B`.
            let text: String = stretch.iter().collect::<String>().to_lowercase();
            self.token = text
                .replace("&apos;", "'")
                .replace("&amp;", "&")
                .replace([' ', '\t'], "\u{a0}");
            return;
        }
        for (i, &c) in stretch.iter().enumerate() {
            match c {
                'A'..='Z' => self.token.push(c.to_ascii_lowercase()),
                SOFT_HYPHEN => {}
                ' ' | '\t' => self.token.push('\u{a0}'),
                '(' if !tag => self.token.push_str("-lrb-"),
                ')' if !tag => self.token.push_str("-rrb-"),
                // Short forms are written with a straight apostrophe.
                '\u{2019}' | '\u{92}' if short_form => self.token.push('\''),
                '\u{2018}' | '\u{201b}' | '\u{91}' if i == 1 && stretch.len() == 3 => {
                    self.token.push('`');
                }
                _ => {
                    simple &= c.is_ascii();
                    self.token.push(c);
                }
            }
        }
        if stretch == [SOFT_HYPHEN] {
            self.token.push('-');
        }
        if !simple {
            self.token = self.token.to_lowercase();
        }
    }
}

/// Whether a stretch is `'s`, `n't` and the like.
fn is_short_form(stretch: &[char]) -> bool {
    if stretch.len() > 3 || stretch.iter().any(char::is_ascii_digit) {
        return false;
    }
    let letters: String = stretch
        .iter()
        .filter(|c| c.is_ascii_alphabetic())
        .map(char::to_ascii_lowercase)
        .collect();
    match stretch.iter().position(|c| !c.is_ascii_alphabetic()) {
        Some(0) => matches!(letters.as_str(), "s" | "m" | "d" | "ll" | "re" | "ve"),
        Some(1) => letters == "nt" && stretch.len() == 3,
        _ => false,
    }
}

/// A word, after the common case that needs no rule: ASCII letters, then white space.
fn from_letter(text: &mut Text, at: usize) -> Match {
    let end = text.ascii_letters(at);
    if matches!(text.at(end), ' ' | '\n') && end > at {
        return word::two_in_one(text, at, end).unwrap_or(Match::text(end));
    }
    let mut found = word::word(text, at).unwrap_or(Match::text(at + 1));
    if text.at(at) == 'x' {
        found = found.or(symbol::eyes(text, at));
    }
    found.or(web::address(text, at))
}

/// Calls `take` with every token of one caption; see [`PtbTokeniser::each_token`].
pub fn each_token(caption: &str, take: impl FnMut(&str)) {
    PtbTokeniser::default().each_token(caption, take);
}
