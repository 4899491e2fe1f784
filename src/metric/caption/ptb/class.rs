//! What a single character is to the tokeniser.

use super::classes::{DIGITS, LETTERS, MARKS, SYMBOLS};

/// The class of a character.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Class {
    /// White space: ends a token.
    Space,
    /// Makes words.
    Letter,
    /// Makes numbers and words.
    Digit,
    /// Makes words, but not after a number; the soft hyphen is one, too.
    Mark,
    /// One of the typographic hyphens, which only join.
    Hyphen,
    /// A token of its own, unless a rule says otherwise.
    Symbol,
    /// Deleted. It ends a token.
    Unknown,
}

/// Deleted inside words; a hyphen when alone.
pub(super) const SOFT_HYPHEN: char = '\u{ad}';

/// Classes of the ASCII characters.
static ASCII: [Class; 128] = ascii();

const fn ascii() -> [Class; 128] {
    let mut classes = [Class::Unknown; 128];
    let mut code = 0;
    while code < 128 {
        let byte = code as u8;
        classes[code] = if byte.is_ascii_alphabetic() {
            Class::Letter
        } else if byte.is_ascii_digit() {
            Class::Digit
        } else if byte.is_ascii_graphic() {
            Class::Symbol
        } else if matches!(byte, b' ' | b'\t' | b'\n') {
            Class::Space
        } else {
            Class::Unknown
        };
        code += 1;
    }
    classes
}

/// The class of `c`.
pub(super) fn class(c: char) -> Class {
    if c.is_ascii() {
        ASCII[c as usize]
    } else {
        beyond_ascii(c)
    }
}

fn beyond_ascii(c: char) -> Class {
    match c {
        SOFT_HYPHEN => return Class::Mark,
        '\u{a0}' => return Class::Space,
        '\u{58a}' | '\u{2010}' | '\u{2011}' => return Class::Hyphen,
        // Typographic quotes, dashes, the ellipsis, currencies and fractions. The C1 control
        // characters stand for them in captions that were Windows-1252.
        '\u{80}'
        | '\u{85}'
        | '\u{91}'..='\u{94}'
        | '\u{96}'
        | '\u{97}'
        | '\u{a2}'..='\u{a4}'
        | '\u{ab}'
        | '\u{bb}'..='\u{be}'
        | '\u{2013}'..='\u{2015}'
        | '\u{2018}'
        | '\u{2019}'
        | '\u{201b}'..='\u{201d}'
        | '\u{2026}'
        | '\u{2039}'
        | '\u{203a}'
        | '\u{2044}'
        | '\u{20a0}'
        | '\u{20ac}'
        | '\u{2153}'
        | '\u{2154}' => return Class::Symbol,
        _ => {}
    }
    let Ok(code) = u16::try_from(u32::from(c)) else {
        // The tokeniser reads 16-bit units and knows none outside the basic plane.
        return Class::Unknown;
    };
    let within = |table: &[(u16, u16)]| {
        let at = table.partition_point(|(_, last)| *last < code);
        table.get(at).is_some_and(|(first, _)| *first <= code)
    };
    if within(LETTERS) {
        Class::Letter
    } else if within(MARKS) {
        Class::Mark
    } else if within(DIGITS) {
        Class::Digit
    } else if within(SYMBOLS) {
        Class::Symbol
    } else {
        Class::Unknown
    }
}
