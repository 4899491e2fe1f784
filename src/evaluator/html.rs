//! HTML character references, as Python's `html.unescape` resolves them.

use htmlize::ENTITIES;

/// Longest name that Python reads, the semicolon not counted.
const LONGEST: usize = 32;

/// Replaces named (`&amp;`, `&ampx` too) and numeric (`&#38;`, `&#x26`) references. Numbers of
/// Windows-1252 mean its characters, numbers that are no character become U+FFFD, and control
/// characters and non-characters vanish, all as in Python. What is no reference stays.
pub(super) fn unescape(text: &str) -> String {
    let mut result = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find('&') {
        result.push_str(&rest[..at]);
        rest = &rest[at + 1..];
        let taken = match rest.strip_prefix('#') {
            Some(number) => numeric(number, &mut result).map(|taken| taken + 1),
            None => named(rest, &mut result),
        };
        if let Some(taken) = taken {
            rest = &rest[taken..];
        } else {
            result.push('&');
        }
    }
    result.push_str(rest);
    result
}

/// Writes the character of a number and gives the bytes that were read; `None` where there is none.
fn numeric(text: &str, result: &mut String) -> Option<usize> {
    let (radix, mark) = match text.as_bytes().first()? {
        b'x' | b'X' => (16, 1),
        _ => (10, 0),
    };
    let digits = &text[mark..];
    let count = if radix == 16 {
        digits.bytes().take_while(u8::is_ascii_hexdigit).count()
    } else {
        digits.bytes().take_while(u8::is_ascii_digit).count()
    };
    if count == 0 {
        return None;
    }
    // More digits than a u32 has are far outside Unicode, leading zeros aside.
    let significant = digits[..count].trim_start_matches('0');
    let number = if significant.is_empty() {
        0
    } else {
        u32::from_str_radix(significant, radix).unwrap_or(u32::MAX)
    };
    if let Some(character) = character(number) {
        result.push(character);
    }
    let semicolon = usize::from(digits.as_bytes().get(count) == Some(&b';'));
    Some(mark + count + semicolon)
}

/// The character of a number; `None` for those that vanish.
fn character(number: u32) -> Option<char> {
    /// 0x80 to 0x9f in Windows-1252; where it has none, the control character itself.
    const WINDOWS: [char; 32] = [
        '\u{20ac}', '\u{81}', '\u{201a}', '\u{192}', '\u{201e}', '\u{2026}', '\u{2020}',
        '\u{2021}', '\u{2c6}', '\u{2030}', '\u{160}', '\u{2039}', '\u{152}', '\u{8d}', '\u{17d}',
        '\u{8f}', '\u{90}', '\u{2018}', '\u{2019}', '\u{201c}', '\u{201d}', '\u{2022}', '\u{2013}',
        '\u{2014}', '\u{2dc}', '\u{2122}', '\u{161}', '\u{203a}', '\u{153}', '\u{9d}', '\u{17e}',
        '\u{178}',
    ];
    match number {
        0 => Some('\u{fffd}'),
        0x0d => Some('\r'),
        0x80..=0x9f => Some(WINDOWS[number as usize - 0x80]),
        0x01..=0x08 | 0x0b | 0x0e..=0x1f | 0x7f | 0xfdd0..=0xfdef => None,
        _ => match char::from_u32(number) {
            None => Some('\u{fffd}'),
            Some(_) if number & 0xfffe == 0xfffe => None,
            some => some,
        },
    }
}

/// Writes the characters of the longest known name and gives the bytes that were read.
fn named(text: &str, result: &mut String) -> Option<usize> {
    let ends = |c: char| matches!(c, '\t' | '\n' | '\u{c}' | ' ' | '<' | '&' | '#' | ';');
    let name = text
        .char_indices()
        .take(LONGEST)
        .find(|(_, c)| ends(*c))
        .map(|(at, _)| at)
        .or_else(|| text.char_indices().nth(LONGEST).map(|(at, _)| at))
        .unwrap_or(text.len());
    if name == 0 {
        return None;
    }
    let semicolon = text.as_bytes().get(name) == Some(&b';');
    let longest = name + usize::from(semicolon);
    // The whole name first, then ever shorter ones, for those that need no semicolon.
    (2..=longest)
        .rev()
        .filter(|end| text.is_char_boundary(*end))
        .find_map(|end| {
            let reference = format!("&{}", &text[..end]);
            let value = ENTITIES.get(reference.as_bytes())?;
            result.push_str(std::str::from_utf8(value).ok()?);
            Some(end)
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn references_are_resolved_as_python_does() {
        for (text, expected) in [
            ("a &amp; b", "a & b"),
            ("&amp;amp;", "&amp;"),
            ("&ampx &lt&gt;", "&x <>"),
            ("&notit; &notin;", "\u{ac}it; \u{2209}"),
            ("&#38;&#x26;&#X26 &#38x", "&&& &x"),
            (
                "&#150;&#x81;&#0;&#xD800;&#x110000;",
                "\u{2013}\u{81}\u{fffd}\u{fffd}\u{fffd}",
            ),
            ("&#1;&#xffff;&#x1fffe;&#13;", "\r"),
            ("&#99999999999999999999;&#0000038;", "\u{fffd}&"),
            (
                "&;&#;&#x;& &unknown; &Unknown",
                "&;&#;&#x;& &unknown; &Unknown",
            ),
            ("caf&eacute &NotEqualTilde;", "caf\u{e9} \u{2242}\u{338}"),
            ("&é;&", "&é;&"),
        ] {
            assert_eq!(unescape(text), expected, "{text}");
        }
    }
}
