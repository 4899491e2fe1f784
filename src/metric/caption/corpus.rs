//! Captions as numbers: every distinct token has one.

use super::ngram::Hashing;
use super::ptb::PtbTokeniser;
use super::{CaptionUnscored, CaptionWarning, Tokeniser};
use rayon::prelude::*;
use std::collections::HashMap;

/// The tokens of one item.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Item {
    pub(super) hypothesis: Vec<u32>,
    pub(super) references: Vec<Vec<u32>>,
}

/// Hypotheses with their references, tokenised: at least one item, and a reference for each.
#[derive(Clone, Debug)]
pub struct Corpus {
    items: Vec<Item>,
    /// Number of distinct tokens.
    vocabulary: usize,
}

impl Corpus {
    /// Tokenises captions: an item a hypothesis, with its references.
    ///
    /// # Errors
    /// No item at all, an item without references.
    pub fn from_captions<H, R>(
        items: &[(H, Vec<R>)],
        tokeniser: Tokeniser,
    ) -> Result<Self, CaptionUnscored>
    where
        H: AsRef<str> + Sync,
        R: AsRef<str> + Sync,
    {
        // Tokens are found on all cores; numbers are given out in order afterwards.
        const CHUNK: usize = 256;
        let chunks: Vec<Vec<Pending>> = items
            .par_chunks(CHUNK)
            .map_init(PtbTokeniser::default, |ptb, chunk| {
                chunk
                    .iter()
                    .map(|(hypothesis, references)| Pending {
                        hypothesis: pending(tokeniser, ptb, hypothesis.as_ref()),
                        references: references
                            .iter()
                            .map(|reference| pending(tokeniser, ptb, reference.as_ref()))
                            .collect(),
                    })
                    .collect()
            })
            .collect();
        let mut builder = CorpusBuilder::default();
        for item in chunks.iter().flatten() {
            builder.push(
                item.hypothesis.tokens(),
                item.references.iter().map(Joined::tokens),
            );
        }
        builder.finish()
    }

    /// Takes tokens as they are: an item a hypothesis, with its references.
    ///
    /// # Errors
    /// No item at all, an item without references.
    pub fn from_tokens<S: AsRef<str>>(
        items: &[(Vec<S>, Vec<Vec<S>>)],
    ) -> Result<Self, CaptionUnscored> {
        let mut builder = CorpusBuilder::default();
        for (hypothesis, references) in items {
            builder.push(
                hypothesis.iter().map(AsRef::as_ref),
                references.iter().map(|r| r.iter().map(AsRef::as_ref)),
            );
        }
        builder.finish()
    }

    /// Number of items.
    #[must_use]
    #[expect(clippy::len_without_is_empty, reason = "a corpus is never empty")]
    pub fn len(&self) -> usize {
        self.items.len()
    }

    /// Number of reference captions of all items.
    #[must_use]
    pub fn references(&self) -> usize {
        self.items.iter().map(|item| item.references.len()).sum()
    }

    /// What BLEU and CIDEr both have to warn of.
    #[must_use]
    pub fn warnings(&self) -> Vec<CaptionWarning> {
        let mut warnings = Vec::new();
        let empty = |item: &Item| item.hypothesis.is_empty();
        if let Some(first) = self.items.iter().position(empty) {
            warnings.push(CaptionWarning::EmptyHypotheses {
                count: self.items.iter().filter(|item| empty(item)).count(),
                first,
            });
        }
        let count = self
            .items
            .iter()
            .flat_map(|item| &item.references)
            .filter(|reference| reference.is_empty())
            .count();
        if count > 0 {
            warnings.push(CaptionWarning::EmptyReferences { count });
        }
        warnings
    }

    pub(super) fn items(&self) -> &[Item] {
        &self.items
    }

    pub(super) fn vocabulary(&self) -> usize {
        self.vocabulary
    }
}

/// Tokens of one caption, end to end in one string.
#[derive(Debug, Default)]
struct Joined {
    text: String,
    ends: Vec<usize>,
}

impl Joined {
    fn tokens(&self) -> impl Iterator<Item = &str> {
        let mut start = 0;
        self.ends.iter().map(move |end| {
            let token = &self.text[start..*end];
            start = *end;
            token
        })
    }
}

#[derive(Debug)]
struct Pending {
    hypothesis: Joined,
    references: Vec<Joined>,
}

fn pending(tokeniser: Tokeniser, ptb: &mut PtbTokeniser, caption: &str) -> Joined {
    let mut joined = Joined::default();
    tokeniser.each(ptb, caption, |token| {
        joined.text.push_str(token);
        joined.ends.push(joined.text.len());
    });
    joined
}

/// Collects items and gives tokens their numbers.
#[derive(Debug, Default)]
pub struct CorpusBuilder {
    numbers: HashMap<Box<str>, u32, Hashing>,
    items: Vec<Item>,
}

impl CorpusBuilder {
    /// Adds an item.
    pub fn push<'a, R>(
        &mut self,
        hypothesis: impl Iterator<Item = &'a str>,
        references: impl Iterator<Item = R>,
    ) where
        R: Iterator<Item = &'a str>,
    {
        let hypothesis = self.numbered(hypothesis);
        let references = references.map(|tokens| self.numbered(tokens)).collect();
        self.items.push(Item {
            hypothesis,
            references,
        });
    }

    fn numbered<'a>(&mut self, tokens: impl Iterator<Item = &'a str>) -> Vec<u32> {
        tokens
            .map(|token| {
                if let Some(number) = self.numbers.get(token) {
                    *number
                } else {
                    let number = self.numbers.len() as u32;
                    self.numbers.insert(token.into(), number);
                    number
                }
            })
            .collect()
    }

    /// The corpus.
    ///
    /// # Errors
    /// No item at all, an item without references.
    pub fn finish(self) -> Result<Corpus, CaptionUnscored> {
        if self.items.is_empty() {
            return Err(CaptionUnscored::Empty);
        }
        if let Some(item) = self.items.iter().position(|i| i.references.is_empty()) {
            return Err(CaptionUnscored::NoReference { item });
        }
        Ok(Corpus {
            vocabulary: self.numbers.len(),
            items: self.items,
        })
    }
}
