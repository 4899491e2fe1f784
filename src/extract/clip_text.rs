//! Texts as CLIP reads them.

use super::ExtractError;
use crate::inference::{Bundle, ClipModel, Tokenizer};

/// Cleans, splits and pads texts.
pub(super) struct ClipText {
    tokenizer: Tokenizer,
    model: ClipModel,
}

impl ClipText {
    pub(super) fn open(bundle: &Bundle, model: &ClipModel) -> Result<Self, ExtractError> {
        let tokenizer = Tokenizer::open(&bundle.file(&model.tokenizer))?;
        Ok(Self {
            tokenizer,
            model: model.clone(),
        })
    }

    /// `bos`, tokens, `eos`, padding: exactly `context_length` ids. The second value says whether the
    /// text was cut: the last token is then `eos` all the same, as openai/CLIP does with
    /// `truncate=True`.
    pub(super) fn encode(&self, text: &str) -> Result<(Vec<i64>, bool), ExtractError> {
        let model = &self.model;
        let tokens = self.tokenizer.encode(&clean(text, model.lower_case))?;
        let room = model.context_length.saturating_sub(2);
        let mut ids = Vec::with_capacity(model.context_length);
        ids.push(i64::from(model.bos_id));
        ids.extend(tokens.iter().take(room).map(|token| i64::from(token.id)));
        ids.push(i64::from(model.eos_id));
        ids.resize(model.context_length, i64::from(model.pad_id));
        Ok((ids, tokens.len() > room))
    }
}

/// HTML entities are read twice, white space is collapsed, letters become small: openai/CLIP's
/// `basic_clean` and `whitespace_clean`, but for `ftfy`, which mends text that was decoded with a wrong
/// encoding and of which there is no port. Texts in good order come out the same.
fn clean(text: &str, lower_case: bool) -> String {
    let text = unescape(&unescape(text));
    let words: Vec<&str> = text.split_whitespace().collect();
    let text = words.join(" ");
    if lower_case {
        text.to_lowercase()
    } else {
        text
    }
}

/// Named entities that occur in captions.
const ENTITIES: [(&str, char); 7] = [
    ("amp", '&'),
    ("lt", '<'),
    ("gt", '>'),
    ("quot", '"'),
    ("apos", '\''),
    ("nbsp", '\u{a0}'),
    ("hellip", '…'),
];
/// Longest entity that is looked for.
const LONGEST: usize = 10;

/// Replaces entities with a semicolon: the named ones above and all numeric ones.
fn unescape(text: &str) -> String {
    let mut result = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(start) = rest.find('&') {
        result.push_str(&rest[..start]);
        rest = &rest[start..];
        let end = rest
            .char_indices()
            .take(LONGEST)
            .find(|(_, c)| *c == ';')
            .map(|(end, _)| end);
        match end.and_then(|end| Some((end, entity(&rest[1..end])?))) {
            Some((end, character)) => {
                result.push(character);
                rest = &rest[end + 1..];
            }
            None => {
                result.push('&');
                rest = &rest[1..];
            }
        }
    }
    result + rest
}

fn entity(name: &str) -> Option<char> {
    if let Some(number) = name.strip_prefix('#') {
        let code = match number.strip_prefix(['x', 'X']) {
            Some(digits) => u32::from_str_radix(digits, 16).ok()?,
            None => number.parse().ok()?,
        };
        return char::from_u32(code).filter(|c| *c != '\0');
    }
    ENTITIES
        .iter()
        .find(|(known, _)| *known == name)
        .map(|(_, character)| *character)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_are_cleaned_as_clip_does() {
        assert_eq!(clean("  A  Dog\n&amp;amp; a cat. ", true), "a dog & a cat.");
        assert_eq!(
            clean("&lt;b&gt; &#39;x&#x27; &unknown; & 5 &", false),
            "<b> 'x' &unknown; & 5 &"
        );
        assert_eq!(clean("a&nbsp;b\u{2003}c", true), "a b c");
        assert_eq!(clean("", true), "");
        assert_eq!(clean("&#0;&#xFFFFFFFF;é&", true), "&#0;&#xffffffff;é&");
    }
}
