//! What a service without a memory is asked for: the caption of a frame with the story so far.

use crate::record::{canonical_json, sha256_hex};
use serde::{Deserialize, Serialize};
use std::num::NonZeroUsize;

/// The text of a request for one frame. `{name}` is replaced, `{{` and `}}` are braces.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PromptTemplate {
    /// For the first frame: `{caption}`, `{frames}` (how many the story has).
    pub first: String,
    /// For every later frame: the same, `{index}` (its position, from 1) and `{so_far}`, the story so far.
    pub later: String,
    /// One line of the story so far: `{index}` and `{caption}` of an earlier frame.
    pub line: String,
    /// Most characters that the service takes. The oldest lines of the story so far are left out where it would be
    /// more, and the journal says how many.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub longest: Option<NonZeroUsize>,
}

/// A request's text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rendered {
    /// The text.
    pub text: String,
    /// Earlier captions that had no room.
    pub left_out: usize,
}

const FIRST: [&str; 2] = ["caption", "frames"];
const LATER: [&str; 4] = ["caption", "frames", "index", "so_far"];
const LINE: [&str; 2] = ["index", "caption"];

enum Piece<'a> {
    Text(&'a str),
    Placeholder(&'a str),
}

impl PromptTemplate {
    /// SHA-256 of the canonical JSON of the template.
    #[must_use]
    pub fn hash(&self) -> String {
        sha256_hex(canonical_json(self).as_bytes())
    }

    /// The text for the last of `captions`, which are those of the story so far and of the frame that is drawn.
    #[must_use]
    pub fn render(&self, captions: &[&str], frames: usize) -> Rendered {
        let index = captions.len();
        let (caption, earlier) = captions.split_last().unwrap_or((&"", &[]));
        let template = if earlier.is_empty() {
            &self.first
        } else {
            &self.later
        };
        let lines: Vec<String> = (1..)
            .zip(earlier)
            .map(|(at, caption)| {
                fill(
                    &self.line,
                    &[("index", &at.to_string()), ("caption", caption)],
                )
            })
            .collect();
        let whole = |left_out: usize| {
            let values = [
                ("caption", *caption),
                ("frames", &frames.to_string()),
                ("index", &index.to_string()),
                ("so_far", &lines[left_out..].join("\n")),
            ];
            fill(template, &values)
        };
        let longest = self.longest.map_or(usize::MAX, NonZeroUsize::get);
        let fits = |left_out: &usize| whole(*left_out).chars().count() <= longest;
        let left_out = (0..=lines.len()).find(fits).unwrap_or(lines.len());
        Rendered {
            text: whole(left_out),
            left_out,
        }
    }

    pub(super) fn broken_rule(&self) -> Option<(&'static str, String)> {
        let parts = [
            (&self.first, &FIRST[..], &["caption"][..]),
            (&self.later, &LATER, &["caption", "so_far"]),
            (&self.line, &LINE, &["caption"]),
        ];
        for (text, known, needed) in parts {
            let found = match pieces(text) {
                Ok(pieces) => pieces,
                Err(at) => {
                    return Some((
                        "a brace of [http.prompt] that begins or ends no placeholder is written twice",
                        at.chars().take(40).collect(),
                    ));
                }
            };
            let names = found.iter().filter_map(|piece| match piece {
                Piece::Placeholder(name) => Some(*name),
                Piece::Text(_) => None,
            });
            if let Some(other) = names.clone().find(|name| !known.contains(name)) {
                return Some((
                    "placeholders of [http.prompt] are {caption} and {frames} in `first`, with {index} and {so_far} in `later`, and {index} and {caption} in `line`",
                    format!("{{{other}}}"),
                ));
            }
            if let Some(lacking) = needed
                .iter()
                .find(|it| !names.clone().any(|name| name == **it))
            {
                return Some((
                    "[http.prompt] uses {caption} in each of its texts and {so_far} in `later`",
                    format!(
                        "no {{{lacking}}} in {:?}",
                        text.chars().take(40).collect::<String>()
                    ),
                ));
            }
        }
        None
    }
}

/// The template with its values; what they hold is text, braces included.
fn fill(template: &str, values: &[(&str, &str)]) -> String {
    let mut text = String::new();
    // A card with other braces was refused when it was read.
    for piece in pieces(template).unwrap_or_default() {
        match piece {
            Piece::Text(plain) => text.push_str(plain),
            Piece::Placeholder(name) => {
                let value = values.iter().find(|(known, _)| *known == name);
                text.push_str(value.map_or("", |(_, value)| value));
            }
        }
    }
    text
}

/// A template taken apart; an error is the rest that begins with a single brace.
fn pieces(template: &str) -> Result<Vec<Piece<'_>>, &str> {
    let mut found = Vec::new();
    let mut rest = template;
    while let Some(at) = rest.find(['{', '}']) {
        found.push(Piece::Text(&rest[..at]));
        let brace = &rest[at..];
        if brace.starts_with("{{") || brace.starts_with("}}") {
            found.push(Piece::Text(&brace[..1]));
            rest = &brace[2..];
            continue;
        }
        let name = brace
            .strip_prefix('{')
            .and_then(|inside| inside.split_once('}'));
        let Some((name, after)) = name.filter(|(name, _)| !name.contains('{')) else {
            return Err(brace);
        };
        found.push(Piece::Placeholder(name));
        rest = after;
    }
    found.push(Piece::Text(rest));
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn template() -> PromptTemplate {
        PromptTemplate {
            first: "1 of {frames}: {caption}".to_owned(),
            later: "{{so far}}\n{so_far}\n{index} of {frames}: {caption}".to_owned(),
            line: "{index}. {caption}".to_owned(),
            longest: None,
        }
    }

    #[test]
    fn the_story_so_far_stands_before_the_caption() {
        let text = |captions: &[&str]| template().render(captions, 3).text;
        assert_eq!(
            text(&["Otto {caption} walks."]),
            "1 of 3: Otto {caption} walks."
        );
        assert_eq!(
            text(&["Otto walks.", "He {so_far} sits.", "He sleeps."]),
            "{so far}\n1. Otto walks.\n2. He {so_far} sits.\n3 of 3: He sleeps."
        );
    }

    #[test]
    fn the_oldest_lines_go_where_the_text_would_be_too_long() {
        let mut short = template();
        short.longest = NonZeroUsize::new(45);
        let captions = ["Otto walks.", "He sits.", "He sleeps."];
        let found = short.render(&captions, 3);
        assert_eq!(found.left_out, 1);
        assert_eq!(found.text, "{so far}\n2. He sits.\n3 of 3: He sleeps.");
        short.longest = NonZeroUsize::new(5);
        let found = short.render(&captions, 3);
        assert_eq!(
            (found.left_out, found.text.contains("He sleeps.")),
            (2, true)
        );
    }

    #[test]
    fn other_placeholders_and_single_braces_are_refused() {
        assert_eq!(template().broken_rule(), None);
        let broken = |change: fn(&mut PromptTemplate)| {
            let mut other = template();
            change(&mut other);
            assert_ne!(other.hash(), template().hash());
            other.broken_rule().unwrap().1
        };
        assert_eq!(broken(|it| it.first.push_str("{so_far}")), "{so_far}");
        assert_eq!(broken(|it| it.line.push_str("{Caption}")), "{Caption}");
        assert_eq!(broken(|it| it.later.push_str(" } ")), "} ");
        assert!(broken(|it| it.first.push_str("{caption")).starts_with("{caption"));
        assert!(broken(|it| "{caption}".clone_into(&mut it.later)).contains("{so_far}"));
    }
}
