//! CIDEr (Vedantam et al. 2015) in pycocoevalcap's arithmetic, which is CIDEr-D without stemming.
//!
//! A caption is a vector of n-gram counts, each weighted by `ln N - ln max(1, df)`: N items, df of them
//! with the n-gram in a reference. The weight of a hypothesis is clipped by the reference's; a Gaussian
//! of the difference in length punishes padding. Length is counted in bigrams.
//!
//! The document frequencies come from the references of the items that are scored: values of
//! different subsets are not comparable, and a single item has 0.

use super::CaptionWarning;
use super::bleu::ORDERS;
use super::corpus::Corpus;
use super::ngram::{Gram, Grams};
use crate::metric::ordered_mean;
use rayon::prelude::*;

/// What pycocoevalcap lets a user choose.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct CiderOptions {
    /// Standard deviation of the Gaussian, in bigrams.
    pub sigma: f64,
}

impl Default for CiderOptions {
    fn default() -> Self {
        Self { sigma: 6.0 }
    }
}

/// CIDEr of a corpus and of its items.
#[derive(Clone, Debug, PartialEq)]
pub struct Cider {
    /// Mean over the items, in `[0, 10]`; papers print it, or 100 times it.
    pub value: f64,
    /// Value of every item under the document frequencies of the whole corpus.
    pub items: Vec<f64>,
    /// In a fixed order.
    pub warnings: Vec<CaptionWarning>,
}

/// CIDEr of every item and of all of them together.
#[must_use]
pub fn cider(corpus: &Corpus, options: CiderOptions) -> Cider {
    let orders: Vec<Vec<f64>> = (1..=ORDERS)
        .into_par_iter()
        .map(|order| similarities(corpus, order, options.sigma))
        .collect();
    let items: Vec<f64> = corpus
        .items()
        .iter()
        .enumerate()
        .map(|(at, item)| {
            let sum: f64 = orders.iter().map(|order| order[at]).sum();
            sum / ORDERS as f64 / item.references.len() as f64 * 10.0
        })
        .collect();
    let mut warnings = corpus.warnings();
    if items.len() == 1 {
        warnings.push(CaptionWarning::SingleItem);
    }
    Cider {
        // A corpus is never empty.
        value: ordered_mean(&items).unwrap_or(f64::NAN),
        items,
        warnings,
    }
}

/// Mean of items when item `i` is drawn `multiplicities[i]` times; for the bootstrap. The values stay
/// those under the document frequencies of the whole corpus.
///
/// `None` when nothing is drawn.
#[must_use]
pub fn weighted_mean(items: &[f64], multiplicities: &[u32]) -> Option<f64> {
    let drawn: u64 = multiplicities.iter().map(|times| u64::from(*times)).sum();
    let sum: f64 = items
        .iter()
        .zip(multiplicities)
        .map(|(value, times)| value * f64::from(*times))
        .sum();
    (drawn > 0).then(|| sum / drawn as f64)
}

/// For every item, the sum over its references of the similarity in n-grams of one order.
fn similarities(corpus: &Corpus, order: usize, sigma: f64) -> Vec<f64> {
    let grams = Grams::count(corpus, order);
    let all = (corpus.len() as f64).ln();
    let weights: Vec<f64> = grams
        .documents
        .iter()
        .map(|documents| all - f64::from(*documents).max(1.0).ln())
        .collect();
    let weighted = |gram: &Gram| f64::from(gram.count) * weights[gram.id as usize];
    let norm = |caption: &[Gram]| {
        caption
            .iter()
            .map(|gram| weighted(gram).powi(2))
            .sum::<f64>()
            .sqrt()
    };
    let mut slots = vec![(usize::MAX, 0_usize); weights.len()];
    let mut counts: Vec<u32> = Vec::new();
    let mut values = Vec::with_capacity(corpus.len());
    for (at, item) in corpus.items().iter().enumerate() {
        let hypothesis = grams.caption(at, 0);
        let hypothesis_norm = norm(hypothesis);
        for (slot, gram) in hypothesis.iter().enumerate() {
            slots[gram.id as usize] = (at, slot);
        }
        let mut sum = 0.0;
        for (number, reference) in item.references.iter().enumerate() {
            let grams = grams.caption(at, number + 1);
            counts.clear();
            counts.resize(hypothesis.len(), 0);
            for gram in grams {
                let (owner, slot) = slots[gram.id as usize];
                if owner == at {
                    counts[slot] = gram.count;
                }
            }
            let mut similarity = 0.0;
            for (gram, count) in hypothesis.iter().zip(&counts) {
                let other = f64::from(*count) * weights[gram.id as usize];
                similarity += weighted(gram).min(other) * other;
            }
            let reference_norm = norm(grams);
            if hypothesis_norm != 0.0 && reference_norm != 0.0 {
                similarity /= hypothesis_norm * reference_norm;
            }
            let difference = bigrams(&item.hypothesis) - bigrams(reference);
            sum += similarity * (-(difference * difference) / (2.0 * sigma * sigma)).exp();
        }
        values.push(sum);
    }
    values
}

/// Length of a caption as CIDEr counts it.
fn bigrams(tokens: &[u32]) -> f64 {
    tokens.len().saturating_sub(1) as f64
}
