//! Texts as CLIP reads them.

use super::EvaluatorError;
use super::{html, whitespace};
use crate::inference::{Bundle, ClipModel, Tokenizer};

/// Cleans, splits and pads texts.
pub(super) struct ClipText {
    tokenizer: Tokenizer,
    model: ClipModel,
}

impl ClipText {
    pub(super) fn open(bundle: &Bundle, model: &ClipModel) -> Result<Self, EvaluatorError> {
        let tokenizer = Tokenizer::open(&bundle.file(&model.tokenizer))?;
        Ok(Self {
            tokenizer,
            model: model.clone(),
        })
    }

    /// `bos`, tokens, `eos`, padding: exactly `context_length` ids. The second value says whether the
    /// text was cut: the last token is then `eos` all the same, as openai/CLIP does with
    /// `truncate=True`.
    pub(super) fn encode(&self, text: &str) -> Result<(Vec<i64>, bool), EvaluatorError> {
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

/// Character references are resolved twice, white space is collapsed, letters become small:
/// openai/CLIP's `basic_clean` and `whitespace_clean`.
///
/// `ftfy.fix_text`, which comes first there, has no port and is not applied. It mends text that was
/// decoded with a wrong encoding, and makes curly quotes, ligatures, full-width letters and terminal
/// escapes plain ones; other text comes out the same.
fn clean(text: &str, lower_case: bool) -> String {
    let text = whitespace::collapse(&html::unescape(&html::unescape(text)));
    if lower_case {
        text.to_lowercase()
    } else {
        text
    }
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
        assert_eq!(clean("a&nbsp;b\u{2003}c\u{1f}d", true), "a b c d");
        assert_eq!(clean("caf&amp;eacute; &ndash&lt", true), "café &ndash<");
        assert_eq!(clean("", true), "");
        assert_eq!(clean("é&", true), "é&");
        assert_eq!(clean("ΟΔΟΣ İ", true), "οδος i\u{307}");
    }
}
