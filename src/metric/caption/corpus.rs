//! Captions as numbers: every distinct token has one.

use super::ngram::Hashing;
use super::ptb::PtbTokeniser;
use super::{CaptionUnscored, CaptionWarning, Tokeniser};
use rayon::prelude::*;
use std::collections::HashMap;
use std::ops::Range;

/// The tokens of all captions, one behind the other: an item a hypothesis, then its references.
#[derive(Clone, Debug, Default)]
struct Tokens {
    numbers: Vec<u32>,
    /// End of every caption in `numbers`.
    captions: Vec<usize>,
    /// End of every item in `captions`.
    items: Vec<usize>,
}

impl Tokens {
    fn end_caption(&mut self) {
        self.captions.push(self.numbers.len());
    }

    fn end_item(&mut self) {
        self.items.push(self.captions.len());
    }

    fn caption(&self, caption: usize) -> &[u32] {
        let start = caption.checked_sub(1).map_or(0, |at| self.captions[at]);
        &self.numbers[start..self.captions[caption]]
    }

    fn item(&self, item: usize) -> Item<'_> {
        let start = item.checked_sub(1).map_or(0, |at| self.items[at]);
        Item {
            tokens: self,
            captions: start..self.items[item],
        }
    }
}

/// One item of a corpus.
#[derive(Clone, Debug)]
pub(super) struct Item<'a> {
    tokens: &'a Tokens,
    /// At least one: the hypothesis.
    captions: Range<usize>,
}

impl<'a> Item<'a> {
    /// The hypothesis, then the references.
    pub(super) fn captions(&self) -> impl ExactSizeIterator<Item = &'a [u32]> + use<'a> {
        let tokens = self.tokens;
        self.captions.clone().map(|at| tokens.caption(at))
    }

    pub(super) fn hypothesis(&self) -> &'a [u32] {
        self.tokens.caption(self.captions.start)
    }

    pub(super) fn references(&self) -> impl ExactSizeIterator<Item = &'a [u32]> + use<'a> {
        self.captions().skip(1)
    }
}

/// Hypotheses with their references, tokenised: at least one item, and a reference for each.
#[derive(Clone, Debug)]
pub struct Corpus {
    tokens: Tokens,
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
        // Each chunk gives numbers of its own; they become those of the corpus afterwards, in order.
        // Where they are cut does not show.
        let size = items.len().div_ceil(4 * rayon::current_num_threads());
        let chunks: Vec<CorpusBuilder> = items
            .par_chunks(size.max(256))
            .map(|chunk| {
                let mut ptb = PtbTokeniser::default();
                let mut builder = CorpusBuilder::default();
                for (hypothesis, references) in chunk {
                    let references = references.iter().map(AsRef::as_ref);
                    for caption in std::iter::once(hypothesis.as_ref()).chain(references) {
                        tokeniser.each(&mut ptb, caption, |token| builder.add(token));
                        builder.tokens.end_caption();
                    }
                    builder.tokens.end_item();
                }
                builder
            })
            .collect();
        let mut all = CorpusBuilder::default();
        for chunk in chunks {
            all.take(chunk);
        }
        all.finish()
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
        self.tokens.items.len()
    }

    /// Number of reference captions of all items.
    #[must_use]
    pub fn references(&self) -> usize {
        self.tokens.captions.len() - self.len()
    }

    /// What BLEU and CIDEr both have to warn of.
    #[must_use]
    pub fn warnings(&self) -> Vec<CaptionWarning> {
        let mut warnings = Vec::new();
        let mut empty = (0..self.len()).filter(|at| self.item(*at).hypothesis().is_empty());
        if let Some(first) = empty.next() {
            let count = 1 + empty.count();
            warnings.push(CaptionWarning::EmptyHypotheses { count, first });
        }
        let references = (0..self.len()).flat_map(|at| self.item(at).references());
        let count = references.filter(|reference| reference.is_empty()).count();
        if count > 0 {
            warnings.push(CaptionWarning::EmptyReferences { count });
        }
        warnings
    }

    pub(super) fn item(&self, item: usize) -> Item<'_> {
        self.tokens.item(item)
    }

    /// Tokens of all captions.
    pub(super) fn tokens(&self) -> usize {
        self.tokens.numbers.len()
    }

    pub(super) fn vocabulary(&self) -> usize {
        self.vocabulary
    }
}

/// Collects items and gives tokens their numbers, in the order in which they first come.
#[derive(Debug, Default)]
pub struct CorpusBuilder {
    numbers: HashMap<Box<str>, u32, Hashing>,
    tokens: Tokens,
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
        self.caption(hypothesis);
        for reference in references {
            self.caption(reference);
        }
        self.tokens.end_item();
    }

    fn caption<'a>(&mut self, tokens: impl Iterator<Item = &'a str>) {
        tokens.for_each(|token| self.add(token));
        self.tokens.end_caption();
    }

    fn add(&mut self, token: &str) {
        let number = self.number(token);
        self.tokens.numbers.push(number);
    }

    fn number(&mut self, token: &str) -> u32 {
        if let Some(number) = self.numbers.get(token) {
            return *number;
        }
        let number = self.numbers.len() as u32;
        self.numbers.insert(token.into(), number);
        number
    }

    /// Adds the items of another builder.
    fn take(&mut self, other: Self) {
        let mut known: Vec<(Box<str>, u32)> = other.numbers.into_iter().collect();
        known.sort_unstable_by_key(|(_, number)| *number);
        let numbers: Vec<u32> = known.iter().map(|(token, _)| self.number(token)).collect();
        let before = (self.tokens.numbers.len(), self.tokens.captions.len());
        let Tokens {
            numbers: tokens,
            captions,
            items,
        } = other.tokens;
        let all = &mut self.tokens;
        all.numbers
            .extend(tokens.iter().map(|token| numbers[*token as usize]));
        all.captions
            .extend(captions.iter().map(|end| before.0 + end));
        all.items.extend(items.iter().map(|end| before.1 + end));
    }

    /// The corpus.
    ///
    /// # Errors
    /// No item at all, an item without references.
    pub fn finish(self) -> Result<Corpus, CaptionUnscored> {
        let items = self.tokens.items.len();
        if items == 0 {
            return Err(CaptionUnscored::Empty);
        }
        let lonely = |at: &usize| self.tokens.item(*at).references().len() == 0;
        if let Some(item) = (0..items).find(lonely) {
            return Err(CaptionUnscored::NoReference { item });
        }
        Ok(Corpus {
            vocabulary: self.numbers.len(),
            tokens: self.tokens,
        })
    }
}
