//! n-grams of a corpus, counted.

use super::corpus::{Corpus, Item};
use std::collections::HashMap;
use std::hash::{BuildHasherDefault, Hasher};

/// Hashing of token numbers and tokens; quick, and the same in every process.
pub(super) type Hashing = BuildHasherDefault<Mix>;

/// A multiplicative hash. Its input is what people wrote in captions; the worst a hostile file can
/// reach is to be slow.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Mix(u64);

impl Mix {
    fn add(&mut self, word: u64) {
        let product = u128::from(self.0 ^ word ^ 0x9E37_79B9_7F4A_7C15) * 0xF39C_C060_5CED_C835;
        self.0 = (product as u64) ^ ((product >> 64) as u64);
    }
}

impl Hasher for Mix {
    fn write(&mut self, bytes: &[u8]) {
        for chunk in bytes.chunks(8) {
            let mut word = [0; 8];
            word[..chunk.len()].copy_from_slice(chunk);
            self.add(u64::from_le_bytes(word));
        }
        self.add(bytes.len() as u64);
    }

    fn write_u8(&mut self, value: u8) {
        self.add(u64::from(value));
    }

    fn write_u128(&mut self, value: u128) {
        self.add(value as u64);
        self.add((value >> 64) as u64);
    }

    fn finish(&self) -> u64 {
        self.0
    }
}

/// An n-gram of a caption and how often it is there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Gram {
    pub(super) id: u32,
    pub(super) count: u32,
}

/// The n-grams of one order of every caption, in the order in which the caption first has them: sums
/// over them then do not depend on the other captions.
#[derive(Debug, Default)]
pub(super) struct Grams {
    /// All captions, end to end; see [`Grams::caption`].
    all: Vec<Gram>,
    /// End of every caption: an item's hypothesis, then its references.
    ends: Vec<usize>,
    /// Number of items whose references have the n-gram.
    pub(super) documents: Vec<u32>,
    /// First caption of every item.
    first: Vec<usize>,
}

impl Grams {
    /// Counts the n-grams of `order` (1 to 4).
    pub(super) fn count(corpus: &Corpus, order: usize) -> Self {
        let mut counter = Counter::new(corpus, order);
        for item in corpus.items() {
            counter.item(item);
        }
        counter.grams
    }

    /// Caption `caption` of item `item`: 0 is the hypothesis, then come the references.
    pub(super) fn caption(&self, item: usize, caption: usize) -> &[Gram] {
        let at = self.first[item] + caption;
        let start = at.checked_sub(1).map_or(0, |before| self.ends[before]);
        &self.all[start..self.ends[at]]
    }
}

struct Counter {
    order: usize,
    numbers: HashMap<u128, u32, Hashing>,
    grams: Grams,
    /// For every n-gram, the caption that had it last and where its count is.
    seen: Vec<(usize, usize)>,
    /// For every n-gram, the item (from 1) whose references had it last.
    documented: Vec<usize>,
}

impl Counter {
    fn new(corpus: &Corpus, order: usize) -> Self {
        let single = if order == 1 { corpus.vocabulary() } else { 0 };
        Self {
            order,
            numbers: HashMap::default(),
            grams: Grams {
                documents: vec![0; single],
                ..Grams::default()
            },
            seen: vec![(usize::MAX, 0); single],
            documented: vec![0; single],
        }
    }

    fn item(&mut self, item: &Item) {
        self.grams.first.push(self.grams.ends.len());
        let number = self.grams.first.len();
        self.caption(&item.hypothesis);
        for reference in &item.references {
            let start = self.grams.all.len();
            self.caption(reference);
            for at in start..self.grams.all.len() {
                let id = self.grams.all[at].id as usize;
                if self.documented[id] != number {
                    self.documented[id] = number;
                    self.grams.documents[id] += 1;
                }
            }
        }
    }

    fn caption(&mut self, tokens: &[u32]) {
        let caption = self.grams.ends.len();
        for window in tokens.windows(self.order) {
            let id = self.number(window);
            let (last, at) = self.seen[id as usize];
            if last == caption {
                self.grams.all[at].count += 1;
            } else {
                self.seen[id as usize] = (caption, self.grams.all.len());
                self.grams.all.push(Gram { id, count: 1 });
            }
        }
        self.grams.ends.push(self.grams.all.len());
    }

    fn number(&mut self, window: &[u32]) -> u32 {
        if self.order == 1 {
            return window[0];
        }
        let key = window
            .iter()
            .fold(0_u128, |key, token| key << 32 | u128::from(*token));
        let next = self.numbers.len() as u32;
        let id = *self.numbers.entry(key).or_insert(next);
        if id == next {
            self.seen.push((usize::MAX, 0));
            self.documented.push(0);
            self.grams.documents.push(0);
        }
        id
    }
}
