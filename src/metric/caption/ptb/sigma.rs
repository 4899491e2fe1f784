//! The capital sigma, whose small letter depends on its place in a word.

use super::class::{Class, class};

const SIGMA: char = 'Σ';

/// Lower case as the reference writes it. A sigma is a final one where its word goes on before it, but
/// not after it. What a word is differs from Unicode's rule (and from `str::to_lowercase`): `ΑΣ-Β` is one
/// word, `ΑΣ..Β` are two, and digits belong to it.
///
/// Left as they are: a few marks on which the two differ, and letters of newer Unicode versions, which
/// Java may not know to have a small form.
pub(super) fn lower_case(token: &str) -> String {
    let lower = token.to_lowercase();
    if !token.contains(SIGMA) {
        return lower;
    }
    let chars: Vec<char> = token.chars().collect();
    let mut written = String::with_capacity(lower.len());
    for (at, &c) in chars.iter().enumerate() {
        if c == SIGMA {
            let last =
                has_letter(&chars, (0..at).rev()) && !has_letter(&chars, at + 1..chars.len());
            written.push(if last { 'ς' } else { 'σ' });
        } else {
            written.extend(c.to_lowercase());
        }
    }
    written
}

/// Whether a sigma's word has another letter that has a case, at one of these places, the nearest first.
fn has_letter(chars: &[char], places: impl Iterator<Item = usize>) -> bool {
    for at in places {
        let c = chars[at];
        if c.is_lowercase() || c.to_lowercase().next() != Some(c) {
            return true;
        }
        if !in_word(chars, at) {
            return false;
        }
    }
    false
}

/// Whether the character is inside a word. Some are between two letters or two digits only.
fn in_word(chars: &[char], at: usize) -> bool {
    let mark = |c: char| class(c) == Class::Mark;
    let between = |kind: fn(char) -> bool| {
        let before = chars[..at].iter().rev().copied().find(|c| !mark(*c));
        let after = chars.get(at + 1).copied();
        before.is_some_and(kind) && after.is_some_and(kind)
    };
    match chars[at] {
        // Ideographs are a word each.
        '\u{3041}'..='\u{9fff}' => false,
        '-' | '_' | '\'' => between(char::is_alphabetic),
        '.' => between(char::is_alphabetic) || between(char::is_numeric),
        ',' => between(char::is_numeric),
        c => c.is_alphanumeric() || mark(c),
    }
}

#[cfg(test)]
mod tests {
    use super::lower_case;

    #[test]
    fn a_sigma_is_final_where_its_word_ends() {
        for (token, expected) in [
            ("ΟΔΟΣ", "οδος"),
            ("ΑΣ-Β", "ασ-β"),
            ("ΑΣ..Β", "ας..β"),
            ("b0Σ", "b0ς"),
            ("0Σ", "0σ"),
            ("Σ", "σ"),
            ("İΣ", "i\u{307}ς"),
        ] {
            assert_eq!(lower_case(token), expected);
        }
    }
}
