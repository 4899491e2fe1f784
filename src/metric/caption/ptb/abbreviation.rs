//! Abbreviations: words that keep their dot.
//!
//! Found by asking: every string of up to five letters and 215,000 words and names, in three cases,
//! before a small letter, a capital, a number and a comma (`tools/golden/ptb.py abbreviations`).

use super::class::Class;
use super::matched::Match;
use super::text::Text;
use super::web::tag;

/// Keep their dot wherever they stand; also glued to the next word (`Mr.Smith` is one token).
const TITLES: &[&str] = &[
    "adj", "adm", "adv", "alex", "asst", "atty", "attys", "ave", "brig", "capt", "cf", "cie",
    "cmdr", "col", "comdr", "cpl", "dept", "det", "dr", "drs", "elec", "ens", "ft", "gen", "gov",
    "govs", "hon", "insp", "invt", "jos", "lieut", "lt", "maj", "messrs", "mfg", "mlle", "mme",
    "mr", "mrs", "ms", "msgr", "mt", "mtg", "natl", "pfc", "ph", "pres", "prof", "profs", "pvt",
    "rep", "reps", "rev", "sen", "sens", "sfc", "sgt", "spc", "st", "ste", "supt", "supts",
    "treas", "vs", "wm",
];

/// Keep their dot, and the dot may end the sentence as well.
const ENDINGS: &[&str] = &[
    "al", "ala", "apr", "ariz", "assn", "assoc", "aug", "bancorp", "bhd", "bldg", "blvd", "bros",
    "calif", "co", "colo", "conn", "corp", "cos", "ct", "dak", "dec", "esq", "est", "etc", "ext",
    "feb", "fla", "fri", "ga", "inc", "ind", "intl", "jan", "jr", "jul", "jun", "kan", "kans",
    "ky", "ltd", "mar", "md", "mich", "minn", "mo", "mon", "mont", "neb", "nev", "nov", "oct",
    "okla", "penn", "plc", "ppte", "pptes", "ppty", "pptys", "pte", "ptes", "pty", "ptys", "rd",
    "rt", "sep", "sept", "seq", "sq", "sr", "sys", "tel", "tenn", "thu", "thurs", "tue", "tues",
    "univ", "va", "vt", "wed", "wis", "wisc", "wyo",
];

/// The same, but only with a capital first letter: they are words otherwise.
const CAPITAL_ENDINGS: &[&str] = &[
    "ark", "az", "del", "ill", "la", "mass", "miss", "ore", "pa", "tex", "wash",
];

/// Keep their dot before a number.
const BEFORE_NUMBERS: &[&str] = &["art", "ca", "fig", "figs", "no", "nos", "op", "pp", "prop"];

/// Words that start a sentence: after a single letter with a dot they make the dot a full stop.
const STARTERS: &[&str] = &[
    "a",
    "about",
    "according",
    "additionally",
    "after",
    "an",
    "as",
    "at",
    "but",
    "earlier",
    "he",
    "her",
    "here",
    "however",
    "if",
    "in",
    "it",
    "last",
    "many",
    "more",
    "now",
    "once",
    "one",
    "other",
    "our",
    "she",
    "since",
    "so",
    "some",
    "such",
    "that",
    "the",
    "their",
    "then",
    "there",
    "these",
    "they",
    "this",
    "we",
    "what",
    "when",
    "while",
    "yet",
    "you",
];

/// The longest of all lists.
const LONGEST: usize = 12;

fn listed(list: &[&str], word: &str) -> bool {
    list.binary_search(&word).is_ok()
}

/// A word from `start` to `end` (ASCII letters) with the dot at `end`.
pub(super) fn abbreviation(text: &Text, start: usize, end: usize) -> Option<Match> {
    let after = end + 1;
    let mut buffer = [0_u8; LONGEST];
    let length = end - start;
    if length > LONGEST {
        return None;
    }
    for (to, c) in buffer.iter_mut().zip(text.slice(start..end)) {
        *to = c.to_ascii_lowercase() as u8;
    }
    let word = std::str::from_utf8(&buffer[..length]).unwrap_or_default();
    if length == 1 {
        return (!sentence_starts(text, after)).then(|| Match::text(after));
    }
    if listed(TITLES, word) {
        return Some(Match::text(after));
    }
    let capital = text.at(start).is_ascii_uppercase();
    if listed(ENDINGS, word) || (capital && listed(CAPITAL_ENDINGS, word)) {
        return Some(Match::ahead(after, decision(text, after)));
    }
    if listed(BEFORE_NUMBERS, word) {
        let number = after + usize::from(text.white(after));
        if text.digits(number, 1) > number {
            return Some(Match::ahead(after, number + 1));
        }
    }
    None
}

/// How far one has to look after a dot that may end the sentence, too: `etc.a` and `etc.-b` split,
/// `etc.ab` and `etc.-bc` do not.
pub(super) fn decision(text: &Text, after: usize) -> usize {
    let alnum = |at| matches!(text.class(at), Class::Letter | Class::Mark | Class::Digit);
    let two = text.at(after) == '-' || (alnum(after) && !alnum(after + 1));
    after + 1 + usize::from(two)
}

/// Whether a sentence starts after the single letter's dot: white space, a capitalised word of the
/// list, white space; or `Mr.`, or a tag.
fn sentence_starts(text: &Text, dot_end: usize) -> bool {
    let mut start = dot_end;
    while start < text.len() && text.white(start) {
        start += 1;
    }
    if start > dot_end && text.at(start) == '<' {
        return tag(text, start).is_some_and(|found| text.white(found.end));
    }
    if start == dot_end || !text.at(start).is_ascii_uppercase() {
        return false;
    }
    let end = text.ascii_letters(start);
    if ["mr.", "ms."].iter().any(|title| text.says(start, title)) {
        return text.white(start + 3);
    }
    if end - start > LONGEST || !text.white(end) {
        return false;
    }
    let word: String = text
        .slice(start..end)
        .iter()
        .map(char::to_ascii_lowercase)
        .collect();
    listed(STARTERS, &word)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_are_sorted_and_short_enough() {
        for list in [TITLES, ENDINGS, CAPITAL_ENDINGS, BEFORE_NUMBERS, STARTERS] {
            assert!(list.windows(2).all(|pair| pair[0] < pair[1]));
            assert!(list.iter().all(|word| word.len() <= LONGEST));
        }
    }
}
