//! Tokenisers in the Hugging Face format (`tokenizer.json`).

use std::path::{Path, PathBuf};

use super::InferenceError;

/// A tokeniser read from a `tokenizer.json`.
#[derive(Clone, Debug)]
pub struct Tokenizer {
    inner: tokenizers::Tokenizer,
    path: PathBuf,
    /// Whether a text after an added token begins with a space, as every other text does.
    legacy: bool,
}

/// What sentencepiece writes for a space.
const SPACE: char = '\u{2581}';

/// A piece of text and its id.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Token {
    /// Id in the vocabulary.
    pub id: u32,
    /// First byte in the text that was given, normalisation undone.
    pub start: usize,
    /// One past the last byte. Byte-level tokenisers may split a character; each part then spans it whole.
    pub end: usize,
}

impl Tokenizer {
    /// Reads a `tokenizer.json`. Truncation and padding set in it are switched off: lengths are the
    /// bundle's business.
    ///
    /// # Errors
    /// [`InferenceError::Tokenizer`] where the file is absent or of another format.
    pub fn open(path: &Path) -> Result<Self, InferenceError> {
        let fail = |source| InferenceError::Tokenizer {
            path: path.to_owned(),
            source,
        };
        let mut inner = tokenizers::Tokenizer::from_file(path).map_err(fail)?;
        inner.with_truncation(None).map_err(fail)?;
        inner.with_padding(None);
        Ok(Self {
            inner,
            path: path.to_owned(),
            legacy: true,
        })
    }

    /// Splits as the slow Llama tokeniser of transformers 4.31 does with `legacy = false`: the space that
    /// sentencepiece puts before every text is taken away again after an added token, from the first
    /// piece and not from the text. A piece that then is in no vocabulary is the unknown token.
    #[must_use]
    pub fn without_legacy(mut self) -> Self {
        self.legacy = false;
        self
    }

    /// Splits a text into tokens. No begin, end or other special token is added.
    ///
    /// # Errors
    /// [`InferenceError::Encode`], for example for a character a vocabulary without an unknown token
    /// does not know.
    pub fn encode(&self, text: &str) -> Result<Vec<Token>, InferenceError> {
        if self.legacy {
            return self.split(text);
        }
        // Offsets are those of the text with spaces for markers, which is shorter by two bytes a marker.
        let spaced = text.replace(SPACE, " ");
        Ok(self.bare_after_added(&spaced, &self.split(&spaced)?))
    }

    fn split(&self, text: &str) -> Result<Vec<Token>, InferenceError> {
        let encoding = self
            .inner
            .encode(text, false)
            .map_err(|source| InferenceError::Encode {
                path: self.path.clone(),
                text: text.to_owned(),
                source,
            })?;
        let ids = encoding.get_ids().iter().zip(encoding.get_offsets());
        Ok(ids
            .map(|(&id, &(start, end))| Token { id, start, end })
            .collect())
    }

    fn bare_after_added(&self, text: &str, tokens: &[Token]) -> Vec<Token> {
        let added = self.inner.get_added_tokens_decoder();
        let mut bare = Vec::with_capacity(tokens.len());
        let mut after: Option<usize> = None;
        for &token in tokens {
            let is_added = added.contains_key(&token.id);
            let begins_bare = after
                .replace(token.end)
                .filter(|end| !is_added && !text[*end..].starts_with(' '));
            if !is_added {
                after = None;
            }
            let piece = begins_bare.and_then(|_| self.inner.id_to_token(token.id));
            match piece.as_deref().and_then(|piece| piece.strip_prefix(SPACE)) {
                None => bare.push(token),
                Some("") => {}
                Some(rest) => bare.push(Token {
                    id: self
                        .inner
                        .token_to_id(rest)
                        .or(self.unknown())
                        .unwrap_or(token.id),
                    ..token
                }),
            }
        }
        bare
    }

    /// The id of the unknown token.
    fn unknown(&self) -> Option<u32> {
        let tokenizers::ModelWrapper::BPE(model) = self.inner.get_model() else {
            return None;
        };
        self.inner.token_to_id(model.unk_token.as_deref()?)
    }

    /// Joins tokens to a text. Special tokens and ids outside the vocabulary are left out.
    ///
    /// # Errors
    /// [`InferenceError::Decode`].
    pub fn decode(&self, ids: &[u32]) -> Result<String, InferenceError> {
        self.inner
            .decode(ids, true)
            .map_err(|source| InferenceError::Decode {
                path: self.path.clone(),
                ids: ids.to_vec(),
                source,
            })
    }
}

#[cfg(test)]
#[path = "tokenizer_tests.rs"]
mod tests;
