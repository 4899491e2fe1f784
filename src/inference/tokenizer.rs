//! Tokenisers in the Hugging Face format (`tokenizer.json`).

use std::path::{Path, PathBuf};

use super::InferenceError;

/// A tokeniser read from a `tokenizer.json`.
#[derive(Clone, Debug)]
pub struct Tokenizer {
    inner: tokenizers::Tokenizer,
    path: PathBuf,
}

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
        })
    }

    /// Splits a text into tokens. No begin, end or other special token is added.
    ///
    /// # Errors
    /// [`InferenceError::Encode`], for example for a character a vocabulary without an unknown token
    /// does not know.
    pub fn encode(&self, text: &str) -> Result<Vec<Token>, InferenceError> {
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
