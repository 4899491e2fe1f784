//! BLEU-1 to BLEU-4 (Papineni et al. 2002) in pycocoevalcap's arithmetic.
//!
//! Matches are clipped by the largest count over the references and summed over the corpus. The
//! reference length of an item is the closest one, the shorter of two equally close. Tiny constants
//! keep logarithms and divisions defined: an order without a match gives a very small value, not 0,
//! and even a perfect hypothesis is a little below 1.

use super::corpus::Corpus;
use super::ngram::{Gram, ItemGrams, Key, NARROW};
use super::{CaptionUnscored, CaptionWarning};
use rayon::prelude::*;

/// Orders of n-grams: 1 to 4.
pub const ORDERS: usize = 4;

const SMALL: f64 = 1e-9;
const TINY: f64 = 1e-15;

/// What BLEU is computed from. Counts add up: those of a corpus are the sums over its items.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct BleuCounts {
    /// Tokens of the hypotheses ("testlen").
    pub hypothesis: u64,
    /// Tokens of the closest references ("reflen").
    pub reference: u64,
    /// n-grams of the hypotheses, by order ("guess").
    pub guess: [u64; ORDERS],
    /// Those that are in a reference, clipped ("correct").
    pub correct: [u64; ORDERS],
}

impl BleuCounts {
    /// Adds the counts of `other`, `times` over.
    pub fn add(&mut self, other: &Self, times: u32) {
        let times = u64::from(times);
        self.hypothesis += times * other.hypothesis;
        self.reference += times * other.reference;
        for order in 0..ORDERS {
            self.guess[order] += times * other.guess[order];
            self.correct[order] += times * other.correct[order];
        }
    }

    /// BLEU-1 to BLEU-4, in `[0, 1]`.
    #[must_use]
    pub fn scores(&self) -> [f64; ORDERS] {
        of_counts(&self.sums())
    }

    /// The counts as numbers that add up: lengths of hypotheses and references, then guesses, then matches.
    #[must_use]
    pub fn sums(&self) -> [f64; BLEU_SUMS] {
        let counts = [self.hypothesis, self.reference].into_iter();
        let mut counts = counts.chain(self.guess).chain(self.correct);
        std::array::from_fn(|_| counts.next().unwrap_or_default() as f64)
    }
}

/// Numbers of [`BleuCounts::sums`].
pub const BLEU_SUMS: usize = 2 + 2 * ORDERS;

/// BLEU-1 to BLEU-4 of [`BleuCounts::sums`] that were added up, weighted or averaged. `None` for another
/// number of sums.
#[must_use]
pub fn bleu_of_sums(sums: &[f64]) -> Option<[f64; ORDERS]> {
    Some(of_counts(sums.try_into().ok()?))
}

fn of_counts(sums: &[f64; BLEU_SUMS]) -> [f64; ORDERS] {
    let ratio = (sums[0] + TINY) / (sums[1] + SMALL);
    let brevity = if ratio < 1.0 {
        (1.0 - 1.0 / ratio).exp()
    } else {
        1.0
    };
    let mut product = 1.0;
    std::array::from_fn(|order| {
        product *= (sums[2 + ORDERS + order] + TINY) / (sums[2 + order] + SMALL);
        product.powf(1.0 / (order as f64 + 1.0)) * brevity
    })
}

/// BLEU of a corpus and of its items.
#[derive(Clone, Debug, PartialEq)]
pub struct Bleu {
    /// BLEU-1 to BLEU-4 of the corpus, in `[0, 1]`.
    pub value: [f64; ORDERS],
    /// The sums behind it.
    pub counts: BleuCounts,
    /// Counts of every item; their [`BleuCounts::scores`] are pycocoevalcap's values per image.
    pub items: Vec<BleuCounts>,
    /// In a fixed order.
    pub warnings: Vec<CaptionWarning>,
}

impl Bleu {
    /// BLEU when item `i` is drawn `multiplicities[i]` times; for the bootstrap.
    ///
    /// `None` when nothing is drawn.
    #[must_use]
    pub fn resampled(&self, multiplicities: &[u32]) -> Option<[f64; ORDERS]> {
        let mut counts = BleuCounts::default();
        let mut drawn = false;
        for (item, times) in self.items.iter().zip(multiplicities) {
            counts.add(item, *times);
            drawn |= *times > 0;
        }
        drawn.then(|| counts.scores())
    }
}

/// BLEU of every item and of all of them together.
#[must_use]
pub fn bleu(corpus: &Corpus) -> Bleu {
    let matches = if corpus.vocabulary() <= NARROW {
        count_matches::<u64>(corpus)
    } else {
        count_matches::<u128>(corpus)
    };
    of_matches(corpus, matches)
}

/// BLEU from the clipped matches of every item, by order.
pub(super) fn of_matches(corpus: &Corpus, matches: Vec<[u64; ORDERS]>) -> Bleu {
    let of_item = |(at, correct)| {
        let item = corpus.item(at);
        let length = item.hypothesis().len();
        let closest = item
            .references()
            .map(<[u32]>::len)
            .min_by_key(|other| (other.abs_diff(length), *other))
            .unwrap_or_default();
        BleuCounts {
            hypothesis: length as u64,
            reference: closest as u64,
            guess: std::array::from_fn(|order| length.saturating_sub(order) as u64),
            correct,
        }
    };
    let items: Vec<BleuCounts> = matches.into_iter().enumerate().map(of_item).collect();
    let mut counts = BleuCounts::default();
    for item in &items {
        counts.add(item, 1);
    }
    let mut warnings = corpus.warnings();
    if let Some(order) = counts.correct.iter().position(|matches| *matches == 0) {
        warnings.push(CaptionWarning::NoMatch { order: order + 1 });
    }
    Bleu {
        value: counts.scores(),
        counts,
        items,
        warnings,
    }
}

fn count_matches<K: Key>(corpus: &Corpus) -> Vec<[u64; ORDERS]> {
    (0..corpus.len())
        .into_par_iter()
        .with_min_len(256)
        .map_init(
            || (ItemGrams::<K>::new(), Vec::new()),
            |(grams, most), at| {
                let item = corpus.item(at);
                std::array::from_fn(|order| {
                    grams.count(&item, order + 1);
                    let references = (1..=item.references().len()).map(|at| grams.caption(at));
                    clipped_matches(grams.caption(0), references, most)
                })
            },
        )
        .collect()
}

/// n-grams of the hypothesis that a reference has, each at most as often as the reference that has it
/// most often. `most` is working space.
pub(super) fn clipped_matches<'a>(
    hypothesis: &[Gram],
    references: impl Iterator<Item = &'a [Gram]>,
    most: &mut Vec<u32>,
) -> u64 {
    most.clear();
    most.resize(hypothesis.len(), 0);
    for gram in references.flatten() {
        // The first numbers are those of the hypothesis.
        if let Some(most) = most.get_mut(gram.number as usize) {
            *most = gram.count.max(*most);
        }
    }
    hypothesis
        .iter()
        .zip(most)
        .map(|(gram, most)| u64::from(gram.count.min(*most)))
        .sum()
}

/// BLEU of one pair, for callers that have no corpus.
///
/// # Errors
/// No reference.
pub(super) fn bleu_of_pair(
    hypothesis: &[String],
    references: &[Vec<String>],
) -> Result<BleuCounts, CaptionUnscored> {
    let corpus = Corpus::from_tokens(&[(hypothesis.to_vec(), references.to_vec())])?;
    Ok(bleu(&corpus).counts)
}
