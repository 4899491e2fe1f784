//! Words: alone, with apostrophes, joined by hyphens, dots, slashes and the like, and the short
//! forms that are cut off them.

use super::abbreviation::{abbreviation, decision};
use super::class::{Class, SOFT_HYPHEN};
use super::matched::Match;
use super::text::Text;
use super::web::accented;

/// Words that are two tokens, with the length of the first.
const TWO_IN_ONE: &[(&str, usize)] = &[
    ("cannot", 3),
    ("gimme", 3),
    ("gonna", 3),
    ("gotta", 3),
    ("lemme", 3),
    ("wanna", 3),
];

/// Words with an apostrophe that stay whole although no rule covers them.
const WHOLE: &[&str] = &["c'est", "cap'n", "dunkin'", "ol'", "somethin'"];

/// The same, but only with a straight apostrophe.
const WHOLE_STRAIGHT: &[&str] = &["c'mon", "e'er", "ev'ry", "li'l", "nat'l", "s'mores"];

/// Whether `c` is an apostrophe where a short form is meant.
pub(super) fn apostrophe(c: char) -> bool {
    matches!(c, '\'' | '\u{2019}' | '\u{92}')
}

/// Whether `c` is a quotation mark that people type for an apostrophe; fewer rules take it for one.
fn opening_apostrophe(c: char) -> bool {
    matches!(c, '`' | '\u{2018}' | '\u{201b}' | '\u{91}')
}

/// End of a plain word: letters, marks and digits, not starting with digits that a mark follows. An
/// entity such as `&eacute;` is a letter.
pub(super) fn plain_word(text: &Text, start: usize) -> usize {
    let in_word = |_, class| matches!(class, Class::Letter | Class::Mark | Class::Digit);
    let mut end = match text.class(start) {
        Class::Letter | Class::Mark => text.run(start, in_word),
        Class::Digit => text.alnum(start),
        _ => start,
    };
    while text.class(start) != Class::Digit
        && let Some(after) = accented(text, end)
    {
        end = text.run(after, in_word);
    }
    end
}

/// A short form at `at` after which no letter follows. The end.
pub(super) fn short_form(text: &Text, at: usize) -> Option<usize> {
    short_form_end(text, at).filter(|end| !text.at(*end).is_ascii_alphabetic())
}

/// A short form at `at`: `'s 'm 'd 'll 're 've`. The end, whatever follows.
pub(super) fn short_form_end(text: &Text, at: usize) -> Option<usize> {
    let after = apostrophe_end(text, at)?;
    let end = match text.at(after).to_ascii_lowercase() {
        's' | 'm' | 'd' => after + 1,
        'l' if text.says(after, "ll") => after + 2,
        'r' if text.says(after, "re") => after + 2,
        'v' if text.says(after, "ve") => after + 2,
        _ => return None,
    };
    Some(end)
}

/// End of an apostrophe at `at`, also as an entity.
pub(super) fn apostrophe_end(text: &Text, at: usize) -> Option<usize> {
    if apostrophe(text.at(at)) {
        Some(at + 1)
    } else if text.says(at, "&apos;") {
        Some(at + 6)
    } else {
        None
    }
}

/// `n't` at `at`.
fn negation(text: &Text, at: usize) -> Option<usize> {
    if !text.at(at).eq_ignore_ascii_case(&'n') {
        return None;
    }
    let mark = text.at(at + 1);
    let after = if apostrophe(mark) || opening_apostrophe(mark) {
        at + 2
    } else {
        apostrophe_end(text, at + 1)?
    };
    text.at(after)
        .eq_ignore_ascii_case(&'t')
        .then_some(after + 1)
}

/// The best token that starts with a letter, a mark or a digit.
pub(super) fn word(text: &mut Text, start: usize) -> Option<Match> {
    let end = plain_word(text, start);
    if end == start {
        return None;
    }
    let letters = text.ascii_letters(start);
    let mut best = Match::text(end);
    if let Some(end) = negation(text, start) {
        best = best.or(Some(Match::text(end)));
    }
    best = best
        .or(before_short_form(text, start, end))
        .or(two_in_one(text, start, end))
        .or(tagged(text, start, letters))
        .or(before_comma(text, Match::text(end)));
    if text.at(letters) == '.' && letters > start {
        best = best
            .or(acronym(text, start, letters))
            .or(abbreviation(text, start, letters));
    }
    for thing in [
        joined_by_marks(text, start),
        joined_by_hyphens(text, start),
        joined_by_lines(text, start),
        Some(Match::text(element(text, start))),
    ]
    .into_iter()
    .flatten()
    {
        let short = short_form_end(text, thing.end).map(|reach| Match::ahead(thing.end, reach));
        best = best.or(Some(thing)).or(short).or(before_comma(text, thing));
    }
    Some(
        best.or(file(text, start))
            .or(with_apostrophe(text, start))
            .or(joined_by_slashes(text, start))
            .or(joined_by_and(text, start)),
    )
}

/// `etc.,`: before a comma, a semicolon or a colon every word keeps its dot.
fn before_comma(text: &Text, thing: Match) -> Option<Match> {
    let dot = thing.end;
    (text.at(dot) == '.' && matches!(text.at(dot + 1), ',' | ';' | ':'))
        .then(|| Match::ahead(dot + 1, dot + 2))
}

/// A word and the short form that follows it: the word is the token.
fn before_short_form(text: &Text, start: usize, end: usize) -> Option<Match> {
    let letters = text.ascii_letters(start);
    if letters > start + 1
        && !text.at(letters - 2).eq_ignore_ascii_case(&'n')
        && let Some(reach) = negation(text, letters - 1)
    {
        return Some(Match::ahead(letters - 1, reach));
    }
    short_form_end(text, end).map(|reach| Match::ahead(end, reach))
}

/// Whether a word is `cannot`, `gonna`, ..., in any case.
pub(super) fn is_two_in_one(word: &[u8]) -> bool {
    let same = |(known, _): &(&str, usize)| word.eq_ignore_ascii_case(known.as_bytes());
    matches!(word.len(), 5 | 6) && TWO_IN_ONE.iter().any(same)
}

/// `cannot`, `gonna`, ...: the first half.
pub(super) fn two_in_one(text: &Text, start: usize, end: usize) -> Option<Match> {
    let (_, first) = TWO_IN_ONE
        .iter()
        .find(|(word, _)| word.len() == end - start && text.says(start, word))?;
    Some(Match::ahead(start + first, end + 1))
}

/// `end.Start`, `www.example.com`, `hello!world`: parts that start with a letter, joined by single
/// full stops, exclamation or question marks without a space.
fn joined_by_marks(text: &Text, start: usize) -> Option<Match> {
    let part = |at: usize| {
        if matches!(text.class(at), Class::Letter | Class::Mark) {
            plain_word(text, at)
        } else {
            at
        }
    };
    let first = part(start);
    let mut end = first;
    while end > start && matches!(text.at(end), '.' | '!' | '?') {
        let next = part(end + 1);
        if next == end + 1 {
            break;
        }
        end = next;
    }
    (end > first).then(|| Match::text(end))
}

/// Endings that make a name with dots a file, also where a part starts with a digit (`5.jpg`).
const FILES: &[&str] = &[
    "bat", "bmp", "c", "cgi", "class", "cpp", "dll", "doc", "docx", "exe", "gif", "gz", "h", "htm",
    "html", "jar", "java", "jpeg", "jpg", "mov", "mp3", "pdf", "php", "pl", "png", "ppt", "ps",
    "py", "sql", "tar", "txt", "wav", "x", "xml", "zip",
];

/// `5.jpg`, `a.5.txt`, before white space or the end of a sentence.
fn file(text: &Text, start: usize) -> Option<Match> {
    /// More parts than this are no file.
    const PARTS: usize = 16;
    let mut end = text.alnum(start);
    let mut best = None;
    for _ in 0..PARTS {
        if text.at(end) != '.' {
            break;
        }
        let part = end + 1;
        end = text.alnum(part);
        let closed =
            text.class(end) == Class::Space || matches!(text.at(end), '.' | ',' | '!' | '?');
        if closed
            && FILES
                .iter()
                .any(|ending| ending.len() == end - part && text.says(part, ending))
        {
            best = Some(Match::ahead(end, end + 1));
        }
        if end == part {
            break;
        }
    }
    best
}

/// `c++`, `c#`, `f#`, `US$`.
fn tagged(text: &Text, start: usize, letters: usize) -> Option<Match> {
    if letters == start + 1 {
        let letter = text.at(start).to_ascii_lowercase();
        if letter == 'c' && text.at(letters) == '+' && text.at(letters + 1) == '+' {
            return Some(Match::text(letters + 2));
        }
        if matches!(letter, 'c' | 'f') && text.at(letters) == '#' {
            return Some(Match::text(letters + 1));
        }
    }
    let capitals = text.run(start, |c, _| c.is_ascii_uppercase());
    (capitals > start && text.at(capitals) == '$').then(|| Match::text(capitals + 1))
}

/// `U.S.`, `a.m.`, `p.m.`: single letters, each with a dot; `Ph.D.`, `Ed.D.`.
fn acronym(text: &Text, start: usize, letters: usize) -> Option<Match> {
    if letters == start + 2 && (text.says(start, "ph.d.") || text.says(start, "ed.d.")) {
        return Some(Match::ahead(start + 5, decision(text, start + 5)));
    }
    single_letters(text, start, letters)
}

/// Letters, each with a dot; at least two.
fn single_letters(text: &Text, start: usize, letters: usize) -> Option<Match> {
    if letters != start + 1 {
        return None;
    }
    let mut end = start;
    while text.at(end).is_ascii_alphabetic() && text.at(end + 1) == '.' {
        end += 2;
    }
    (end > start + 2).then(|| Match::text(end))
}

/// `O'Brien`, `l'été`, `Hawai'i`, `o'clock`, `y'` of `y'all`.
fn with_apostrophe(text: &Text, start: usize) -> Option<Match> {
    let letter_run = |at: usize| text.run(at, |_, class| class == Class::Letter);
    let letters = letter_run(start);
    let mark = text.at(letters);
    if letters == start || !(apostrophe(mark) || opening_apostrophe(mark)) {
        return None;
    }
    let after = letters + 1;
    let first = text.at(start);
    let mut best = Match::text(start);
    if letters == start + 1 {
        // These are left out by all who speak French; other capitals stand before names.
        let rest = if matches!(first, 'd' | 'l' | 'o' | 'D' | 'L' | 'O') {
            plain_word(text, after)
        } else if first == 'n' || (first.is_ascii_uppercase() && !matches!(first, 'I' | 'Y')) {
            letter_run(after)
        } else {
            after
        };
        let both_o = matches!(first, 'o' | 'O') && text.at(after).eq_ignore_ascii_case(&'o');
        if rest >= after + 2 {
            best = best.or(Some(Match::text(rest)));
        } else if both_o {
            best = best.or(Some(Match::text(after + 1)));
        }
        let first = first.to_ascii_lowercase();
        let cut = matches!(first, 'd' | 'j' | 'l')
            || (first == 'y' && matches!(text.class(after), Class::Letter | Class::Mark));
        if cut && apostrophe(mark) {
            best = best.or(Some(Match::text(after)));
        }
    } else if is_vowel(text.at(letters - 1)) {
        let next = text.at(after);
        if matches!(next, 'a' | 'e' | 'i' | 'o' | 'u') || next.is_ascii_uppercase() {
            best = best.or(Some(Match::text(letter_run(after))));
        }
    }
    if apostrophe(mark) {
        let straight = if mark == '\'' { WHOLE_STRAIGHT } else { &[] };
        for whole in WHOLE.iter().chain(straight) {
            let before = letters - start;
            if whole.as_bytes().get(before) == Some(&b'\'')
                && text.says(start, &whole[..before])
                && text.says(after, &whole[before + 1..])
            {
                best = best.or(Some(Match::text(start + whole.len())));
            }
        }
    }
    (best.end > start).then_some(best)
}

fn is_vowel(c: char) -> bool {
    matches!(c.to_ascii_lowercase(), 'a' | 'e' | 'i' | 'o' | 'u' | 'y')
}

/// `well-known`, `5-year-old`, `pre-U.S.`; and `1,000-a`, `a.b-c`, where all is ASCII.
fn joined_by_hyphens(text: &mut Text, start: usize) -> Option<Match> {
    let wide = hyphens(text, start, element(text, start), true);
    let dotted_end = text.joined_run(start);
    let dotted = hyphens(text, start, dotted_end, false);
    match (wide, dotted) {
        (Some(wide), dotted) => Some(wide.or(dotted)),
        (None, dotted) => dotted,
    }
}

/// Hyphens and parts after a first part that ends at `first`. `wide` allows what is beyond ASCII, and
/// names such as `O'Brien`.
fn hyphens(text: &Text, start: usize, first: usize, wide: bool) -> Option<Match> {
    if first == start {
        return None;
    }
    let mut end = first;
    // Only a compound that is plain so far may end in an acronym.
    let mut plain = !wide || text.ascii_alnum(start) == first;
    while text.at(end) == '-' || (wide && hyphen(text, end)) {
        let part = end + 1;
        let acronym = if plain {
            single_letters(text, part, text.ascii_letters(part))
        } else {
            None
        };
        let next = match acronym {
            Some(acronym) => acronym.end,
            None if text.at(part) == SOFT_HYPHEN => text.run(part, |c, class| {
                c == SOFT_HYPHEN || matches!(class, Class::Letter | Class::Digit)
            }),
            None if wide => element(text, part),
            None => text.ascii_alnum(part),
        };
        if next == part {
            break;
        }
        plain &= !wide || acronym.is_some() || text.ascii_alnum(part) == next;
        end = next;
    }
    (end > first).then(|| Match::text(end))
}

/// End of a part of a compound: letters and digits, possibly after `d'`, `l'` or `o'`.
fn element(text: &Text, start: usize) -> usize {
    let mark = text.at(start + 1);
    if matches!(text.at(start), 'd' | 'l' | 'o' | 'D' | 'L' | 'O')
        && (apostrophe(mark) || opening_apostrophe(mark))
    {
        let end = text.alnum(start + 2);
        if end >= start + 4 {
            return end;
        }
    }
    if text.class(start) == Class::Letter {
        return text.run(start, |c, class| {
            c == SOFT_HYPHEN || matches!(class, Class::Letter | Class::Digit)
        });
    }
    text.alnum(start)
}

fn hyphen(text: &Text, at: usize) -> bool {
    text.at(at) == '-' || text.class(at) == Class::Hyphen
}

/// `a_b`, `a_b-c`: hyphens and single low lines.
fn joined_by_lines(text: &Text, start: usize) -> Option<Match> {
    let mut end = element(text, start);
    let mut low = false;
    while text.at(end) == '_' || hyphen(text, end) {
        let part_end = element(text, end + 1);
        if part_end == end + 1 {
            break;
        }
        low |= text.at(end) == '_';
        end = part_end;
    }
    low.then(|| Match::text(end))
}

/// `and/or`, `he/she/it`: at most three parts, each with at most two hyphens before ASCII
/// letters.
fn joined_by_slashes(text: &Text, start: usize) -> Option<Match> {
    let alnum = |at: usize| text.ascii_alnum(at);
    let part = |at: usize| {
        let mut end = alnum(at);
        for _ in 0..2 {
            if end == at || text.at(end) != '-' {
                break;
            }
            let next = text.ascii_letters(end + 1);
            if next == end + 1 {
                break;
            }
            end = next;
        }
        end
    };
    let first = part(start);
    let mut end = first;
    for _ in 0..2 {
        let slash = if text.at(end) == '\\' { end + 1 } else { end };
        if text.at(slash) != '/' {
            break;
        }
        let next = part(slash + 1);
        if next == slash + 1 {
            break;
        }
        end = next;
    }
    (end > first && first > start).then(|| Match::text(end))
}

/// `R&B`, `AT&T`, `A+B`: capitals only.
fn joined_by_and(text: &Text, start: usize) -> Option<Match> {
    let capitals = |at: usize| text.run(at, |c, _| c.is_ascii_uppercase());
    if text.says(start, "s&ls") {
        return Some(Match::text(start + 4));
    }
    let mut end = capitals(start);
    let first = end;
    if first == start {
        return None;
    }
    loop {
        let and = match text.at(end) {
            '&' if text.says(end, "&amp;") => end + 5,
            '&' | '+' => end + 1,
            _ => break,
        };
        let next = capitals(and);
        if next == and {
            break;
        }
        end = next;
    }
    (end > first).then(|| Match::text(end))
}
