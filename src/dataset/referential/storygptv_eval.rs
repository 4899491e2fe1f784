//! What the released evaluation loader of StoryGPT-V does (its `models/data.py` at commit 3969f68).
//!
//! It differs from Algorithm 1: characters come from the annotation and not from the text; they must
//! equal the kept frame's, a subset is not enough; a fixed text is looked for and replaced wherever
//! it stands, inside words too, always with a capital. The flag says that characters were equal,
//! replaced or not, unless a name is left standing as a word between spaces.

use super::decision::{Decision, Explained};
use crate::dataset::DatasetError;
use crate::record::{FrameIndex, ReferentialCaption, Replacement, Story, TextVariant};
use crate::spec::{Character, Gender};

pub(super) fn captions(story: &Story, cast: &[Character]) -> Result<Vec<Explained>, DatasetError> {
    // Characters of the last frame that did not match: the comparison is with them.
    let mut kept: Option<&[String]> = None;
    let mut out = Vec::with_capacity(story.frames.len());
    for (index, frame) in story.frames.iter().enumerate() {
        let (text, here) = (&*frame.caption, &*frame.characters);
        let explained = match kept {
            None => left(text, Decision::FirstFrame),
            Some(kept) if !same(here, kept) => left(text, Decision::OtherCast),
            Some([]) => {
                return Err(DatasetError::ReleasedCodeCrashes {
                    story: story.id.clone(),
                    frame: FrameIndex(index as u32 + 1),
                    variant: TextVariant::StorygptvEval,
                    exception: "IndexError: neither this frame nor the one before has an annotated character",
                });
            }
            Some(kept) => matched(text, kept, cast),
        };
        // After a match the kept list stays, which matters: its order decides what is looked for.
        if !kept.is_some_and(|kept| same(here, kept)) {
            kept = Some(here);
        }
        out.push(explained);
    }
    Ok(out)
}

fn left(text: &str, decision: Decision) -> Explained {
    Explained {
        caption: ReferentialCaption::unchanged(text),
        decision,
    }
}

fn same(left: &[String], right: &[String]) -> bool {
    let sorted = |names: &[String]| {
        let mut names = names.to_vec();
        names.sort_unstable();
        names
    };
    left.len() == right.len() && sorted(left) == sorted(right)
}

/// The characters are those kept, of which there is at least one.
fn matched(text: &str, kept: &[String], cast: &[Character]) -> Explained {
    let (literals, pronoun, rule) = match kept {
        [name] => {
            let gender = cast.iter().find(|character| character.name == *name);
            let pronoun = match gender.map(|character| character.gender) {
                Some(Gender::Female) => "She",
                Some(Gender::Male) => "He",
                None => return flagged(text, None, Decision::NoRule, cast),
            };
            (vec![capitalize(name)], pronoun, "released-single")
        }
        [first, second] => {
            let (first, second) = (capitalize(first), capitalize(second));
            let both = vec![
                format!("{first} and {second}"),
                format!("{second} and {first}"),
            ];
            (both, "They", "released-pair")
        }
        [first, second, third] => {
            let (first, second, third) = (capitalize(first), capitalize(second), capitalize(third));
            let literal = format!("{first}, {second} and {third}");
            (vec![literal], "They", "released-triple")
        }
        _ => return flagged(text, None, Decision::NoRule, cast),
    };
    // Of a pair, the second order is tried only where the first does not occur at all.
    match literals
        .iter()
        .find(|literal| text.contains(literal.as_str()))
    {
        Some(literal) => {
            let replacements = text
                .match_indices(literal.as_str())
                .map(|(offset, words)| Replacement {
                    words: words.to_owned(),
                    offset,
                    pronoun: pronoun.to_owned(),
                    rule: rule.to_owned(),
                })
                .collect();
            let changed = (text.replace(literal.as_str(), pronoun), replacements);
            flagged(text, Some(changed), Decision::Replaced, cast)
        }
        None => flagged(text, None, Decision::LiteralAbsent { literals }, cast),
    }
}

fn flagged(
    original: &str,
    changed: Option<(String, Vec<Replacement>)>,
    decision: Decision,
    cast: &[Character],
) -> Explained {
    let (text, replacements) = changed.unwrap_or_else(|| (original.to_owned(), Vec::new()));
    // Only single spaces separate, and punctuation stays on: "Fred." is not found.
    let named = text.split(' ').any(|token| {
        let token = token.to_lowercase();
        cast.iter().any(|character| character.name == token)
    });
    Explained {
        caption: ReferentialCaption {
            text,
            replacements,
            reference_flag: !named,
        },
        decision,
    }
}

/// Python's `str.capitalize`: the first letter upper case, all others lower case, so "mr slate"
/// becomes "Mr slate", which no caption holds.
fn capitalize(name: &str) -> String {
    let mut chars = name.chars();
    let mut out = String::with_capacity(name.len());
    if let Some(first) = chars.next() {
        let mut upper = first.to_uppercase();
        out.extend(upper.next());
        out.extend(upper.flat_map(char::to_lowercase));
    }
    out.extend(chars.flat_map(char::to_lowercase));
    out
}

#[cfg(test)]
mod tests {
    use super::capitalize;

    #[test]
    fn capitalize_is_pythons() {
        assert_eq!(capitalize("fred"), "Fred");
        assert_eq!(capitalize("mr slate"), "Mr slate");
        assert_eq!(capitalize("FRED"), "Fred");
        assert_eq!(capitalize("ßa"), "Ssa");
        assert_eq!(capitalize(""), "");
    }
}
