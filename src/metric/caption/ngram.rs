//! n-grams of a corpus, counted.

use super::corpus::{Corpus, Item};
use std::collections::HashMap;
use std::hash::{BuildHasher, BuildHasherDefault, Hasher};

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

    fn write_u64(&mut self, value: u64) {
        self.add(value);
    }

    fn write_u128(&mut self, value: u128) {
        self.add(value as u64);
        self.add((value >> 64) as u64);
    }

    fn finish(&self) -> u64 {
        self.0
    }
}

fn hash<K: Key>(key: K) -> u64 {
    Hashing::default().hash_one(key)
}

/// An n-gram as one number: its tokens, side by side.
pub(super) trait Key: Copy + Default + Eq + std::hash::Hash + Send {
    /// The tokens of a window of at most four.
    fn of(window: &[u32]) -> Self;
}

/// For at most 65,536 distinct tokens.
impl Key for u64 {
    fn of(window: &[u32]) -> Self {
        window
            .iter()
            .fold(0, |key, token| key << 16 | Self::from(*token))
    }
}

/// For any number of distinct tokens.
impl Key for u128 {
    fn of(window: &[u32]) -> Self {
        window
            .iter()
            .fold(0, |key, token| key << 32 | Self::from(*token))
    }
}

/// Distinct tokens that [`u64`] keys have room for.
pub(super) const NARROW: usize = 1 << 16;

/// An n-gram of a caption and how often it is there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Gram {
    /// Its number among those of the item.
    pub(super) number: u32,
    /// Its occurrences in the caption.
    pub(super) count: u32,
}

/// The n-grams of one order of one item. They are numbered in the order in which the item has them, the
/// hypothesis first; sums over them then do not depend on other items.
#[derive(Debug)]
pub(super) struct ItemGrams<K> {
    /// All distinct ones, those of the hypothesis first.
    pub(super) keys: Vec<K>,
    grams: Vec<Gram>,
    /// End of every caption in `grams`.
    ends: Vec<usize>,
    /// Open addressing: number of an n-gram plus one, zero where free. A power of two long.
    table: Vec<u32>,
    /// For every distinct n-gram, where its count in the present caption is, if it is.
    places: Vec<usize>,
}

impl<K: Key> ItemGrams<K> {
    pub(super) fn new() -> Self {
        Self {
            keys: Vec::new(),
            grams: Vec::new(),
            ends: Vec::new(),
            table: Vec::new(),
            places: Vec::new(),
        }
    }

    /// Counts the n-grams of `order` (1 to 4), dropping those of the item before.
    pub(super) fn count(&mut self, item: &Item<'_>, order: usize) {
        self.keys.clear();
        self.grams.clear();
        self.ends.clear();
        self.places.clear();
        let most: usize = item.captions().map(<[u32]>::len).sum();
        self.table.clear();
        self.table.resize((2 * most + 1).next_power_of_two(), 0);
        for tokens in item.captions() {
            let start = self.grams.len();
            for window in tokens.windows(order) {
                let number = self.number(K::of(window));
                let place = self.places[number as usize];
                // A place before this caption's start is one in an earlier caption.
                if place >= start && place != usize::MAX {
                    self.grams[place].count += 1;
                } else {
                    self.places[number as usize] = self.grams.len();
                    self.grams.push(Gram { number, count: 1 });
                }
            }
            self.ends.push(self.grams.len());
        }
    }

    /// Caption 0 is the hypothesis, then come the references.
    pub(super) fn caption(&self, caption: usize) -> &[Gram] {
        let start = caption.checked_sub(1).map_or(0, |before| self.ends[before]);
        &self.grams[start..self.ends[caption]]
    }

    fn number(&mut self, key: K) -> u32 {
        let mask = self.table.len() - 1;
        let mut at = hash(key) as usize & mask;
        loop {
            match self.table[at] {
                0 => {
                    let number = self.keys.len() as u32;
                    self.table[at] = number + 1;
                    self.keys.push(key);
                    self.places.push(usize::MAX);
                    return number;
                }
                entry if self.keys[entry as usize - 1] == key => return entry - 1,
                _ => at = (at + 1) & mask,
            }
        }
    }
}

/// The n-grams of one order of all items, and in how many items the references have each.
#[derive(Debug)]
pub(super) struct Documents {
    grams: Vec<Gram>,
    /// End of every caption in `grams`, the hypothesis of an item before its references.
    caption_ends: Vec<usize>,
    /// For every item, in order, for each of its distinct n-grams: the items that have it in a reference.
    frequencies: Vec<u32>,
    /// For every item, where its captions and its n-grams start; one more at the end.
    starts: Vec<(usize, usize)>,
}

/// The n-grams of one item.
#[derive(Clone, Copy, Debug)]
pub(super) struct ItemDocuments<'a> {
    all: &'a Documents,
    first_caption: usize,
    /// For each distinct n-gram: the items that have it in a reference.
    pub(super) frequencies: &'a [u32],
}

impl<'a> ItemDocuments<'a> {
    /// Caption 0 is the hypothesis, then come the references.
    pub(super) fn caption(&self, caption: usize) -> &'a [Gram] {
        let caption = self.first_caption + caption;
        let ends = &self.all.caption_ends;
        let start = caption.checked_sub(1).map_or(0, |before| ends[before]);
        &self.all.grams[start..ends[caption]]
    }
}

impl Documents {
    /// Counts the n-grams of `order`.
    pub(super) fn count<K: Key>(corpus: &Corpus, order: usize) -> Self {
        let tokens = corpus.tokens();
        let mut documents = Self {
            grams: Vec::with_capacity(tokens),
            caption_ends: Vec::with_capacity(corpus.len() + corpus.references()),
            frequencies: Vec::new(),
            starts: Vec::with_capacity(corpus.len() + 1),
        };
        let mut grams = ItemGrams::<K>::new();
        let mut keys: Vec<K> = Vec::with_capacity(tokens);
        let mut referred: Vec<bool> = Vec::with_capacity(tokens);
        for item in 0..corpus.len() {
            let start = keys.len();
            documents.start(start);
            grams.count(&corpus.item(item), order);
            documents.keep(&grams);
            keys.extend(&grams.keys);
            referred.resize(keys.len(), false);
            for gram in &grams.grams[grams.caption(0).len()..] {
                referred[start + gram.number as usize] = true;
            }
        }
        documents.start(keys.len());
        documents.frequencies = frequencies(&keys, &referred);
        documents
    }

    fn start(&mut self, distinct: usize) {
        self.starts.push((self.caption_ends.len(), distinct));
    }

    fn keep<K>(&mut self, grams: &ItemGrams<K>) {
        let before = self.grams.len();
        self.grams.extend(&grams.grams);
        self.caption_ends
            .extend(grams.ends.iter().map(|end| before + end));
    }

    /// Those of an item.
    pub(super) fn item(&self, item: usize) -> ItemDocuments<'_> {
        let (first_caption, start) = self.starts[item];
        ItemDocuments {
            all: self,
            first_caption,
            frequencies: &self.frequencies[start..self.starts[item + 1].1],
        }
    }
}

/// About how many n-grams are counted in one table, so that it stays in the nearer caches.
const PART: usize = 4096;

/// An n-gram in the part that its hash deals it to.
#[derive(Clone, Copy, Default)]
struct Dealt<K> {
    key: K,
    at: u32,
    referred: bool,
}

/// For each n-gram, how many of all are the same and referred to. What only a hypothesis has is not, but
/// may be in references of other items.
fn frequencies<K: Key>(keys: &[K], referred: &[bool]) -> Vec<u32> {
    // One table of them all would be far larger than a cache, and every access to it a wait. They are
    // dealt out by hash first: equal n-grams to the same part.
    let parts = keys.len().div_ceil(PART).next_power_of_two().min(PART);
    let part = |key: K| (hash(key) >> 32) as usize & (parts - 1);
    let mut ends = vec![0; parts];
    for key in keys {
        ends[part(*key)] += 1;
    }
    let mut start = 0;
    for end in &mut ends {
        (*end, start) = (start, start + *end);
    }
    let mut dealt = vec![Dealt::default(); keys.len()];
    for (at, (key, referred)) in keys.iter().zip(referred).enumerate() {
        let end = &mut ends[part(*key)];
        dealt[*end] = Dealt {
            key: *key,
            at: at as u32,
            referred: *referred,
        };
        *end += 1;
    }
    let mut frequencies = vec![0; keys.len()];
    let mut counts: HashMap<K, u32, Hashing> = HashMap::default();
    let mut start = 0;
    for end in ends {
        let dealt = &dealt[start..end];
        start = end;
        counts.clear();
        for one in dealt {
            *counts.entry(one.key).or_insert(0) += u32::from(one.referred);
        }
        for one in dealt {
            frequencies[one.at as usize] = counts[&one.key];
        }
    }
    frequencies
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn frequencies_are_the_same_in_one_part_and_in_many() {
        // Some n-grams are there once, some in many places, every third place is a hypothesis' only.
        let keys: Vec<u64> = (0..5 * PART as u64).map(|at| at * at % 10_007).collect();
        let referred: Vec<bool> = (0..keys.len()).map(|at| at % 3 != 0).collect();
        let mut expected: HashMap<u64, u32> = HashMap::new();
        for (key, referred) in keys.iter().zip(&referred) {
            *expected.entry(*key).or_default() += u32::from(*referred);
        }
        for take in [0, 1, PART, PART + 1, keys.len()] {
            let found = frequencies(&keys[..take], &referred[..take]);
            for (at, (key, found)) in keys.iter().zip(&found).enumerate() {
                if take == keys.len() {
                    assert_eq!(*found, expected[key], "place {at}");
                }
                let same = keys[..take].iter().zip(&referred[..take]);
                if at < 50 {
                    let count = same.filter(|(other, referred)| *other == key && **referred);
                    assert_eq!(*found, count.count() as u32, "place {at} of {take}");
                }
            }
            assert_eq!(found.len(), take);
        }
    }
}
