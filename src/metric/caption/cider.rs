//! CIDEr (Vedantam et al. 2015) in pycocoevalcap's arithmetic, which is CIDEr-D without stemming.
//!
//! A caption is a vector of n-gram counts, each weighted by `ln N - ln max(1, df)`: N items, df of them
//! with the n-gram in a reference. The weight of a hypothesis is clipped by the reference's; a Gaussian
//! of the difference in length punishes padding. Length is counted in bigrams.
//!
//! The document frequencies come from the references of the items that are scored: values of
//! different subsets are not comparable, and a single item has 0.

use super::CaptionWarning;
use super::bleu::{Bleu, ORDERS, clipped_matches, of_matches};
use super::corpus::{Corpus, Item};
use super::ngram::{Documents, Gram, ItemDocuments, NARROW};
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
    let of_order = |order| {
        by_width(corpus, order, |documents| {
            similarities(corpus, documents, options.sigma)
        })
    };
    let orders: Vec<Vec<f64>> = (1..=ORDERS).into_par_iter().map(of_order).collect();
    of_similarities(corpus, &orders)
}

/// [`super::bleu`] and [`cider`] from n-grams that are counted once. The values are the same.
#[must_use]
pub fn bleu_and_cider(corpus: &Corpus, options: CiderOptions) -> (Bleu, Cider) {
    let of_order = |order| {
        by_width(corpus, order, |documents| {
            let matches = matches(corpus, documents);
            (matches, similarities(corpus, documents, options.sigma))
        })
    };
    let (matches, similarities): (Vec<Vec<u64>>, Vec<Vec<f64>>) =
        (1..=ORDERS).into_par_iter().map(of_order).unzip();
    let of_item = |at: usize| std::array::from_fn(|order| matches[order][at]);
    let bleu = of_matches(corpus, (0..corpus.len()).map(of_item).collect());
    (bleu, of_similarities(corpus, &similarities))
}

fn by_width<T>(corpus: &Corpus, order: usize, take: impl FnOnce(&Documents) -> T) -> T {
    take(&if corpus.vocabulary() <= NARROW {
        Documents::count::<u64>(corpus, order)
    } else {
        Documents::count::<u128>(corpus, order)
    })
}

fn of_similarities(corpus: &Corpus, orders: &[Vec<f64>]) -> Cider {
    let items: Vec<f64> = (0..corpus.len())
        .map(|at| {
            let sum: f64 = orders.iter().map(|order| order[at]).sum();
            sum / ORDERS as f64 / corpus.item(at).references().len() as f64 * 10.0
        })
        .collect();
    let mut warnings = corpus.warnings();
    if items.len() == 1 {
        warnings.push(CaptionWarning::SingleItem);
    }
    Cider {
        value: ordered_mean(&items).unwrap_or(f64::NAN),
        items,
        warnings,
    }
}

/// Clipped matches of every item.
fn matches(corpus: &Corpus, documents: &Documents) -> Vec<u64> {
    (0..corpus.len())
        .into_par_iter()
        .with_min_len(256)
        .map_init(Vec::new, |most, at| {
            let grams = documents.item(at);
            let references = 1..=corpus.item(at).references().len();
            clipped_matches(
                grams.caption(0),
                references.map(|at| grams.caption(at)),
                most,
            )
        })
        .collect()
}

/// For every item, the sum over its references of the similarity in n-grams of one order.
fn similarities(corpus: &Corpus, documents: &Documents, sigma: f64) -> Vec<f64> {
    // Of every possible number of items; most n-grams are in a few.
    let all = (corpus.len() as f64).ln();
    let weights: Vec<f64> = (0..=corpus.len())
        .map(|items| all - (items as f64).max(1.0).ln())
        .collect();
    (0..corpus.len())
        .into_par_iter()
        .with_min_len(256)
        .map_init(
            || (Vec::new(), Vec::new()),
            |(idf, counts), at| {
                let grams = documents.item(at);
                idf.clear();
                let frequencies = grams.frequencies.iter();
                idf.extend(frequencies.map(|items| weights[*items as usize]));
                similarity(grams, &corpus.item(at), idf, counts, sigma)
            },
        )
        .collect()
}

/// The sum over an item's references. `idf` has the weight of every distinct n-gram; `counts` is working
/// space.
fn similarity(
    grams: ItemDocuments<'_>,
    item: &Item<'_>,
    idf: &[f64],
    counts: &mut Vec<u32>,
    sigma: f64,
) -> f64 {
    let weighted = |gram: &Gram| f64::from(gram.count) * idf[gram.number as usize];
    let norm = |caption: &[Gram]| {
        let squares = caption.iter().map(|gram| weighted(gram).powi(2));
        squares.sum::<f64>().sqrt()
    };
    let hypothesis = grams.caption(0);
    let hypothesis_norm = norm(hypothesis);
    let mut sum = 0.0;
    for (number, reference) in item.references().enumerate() {
        let caption = grams.caption(number + 1);
        counts.clear();
        counts.resize(hypothesis.len(), 0);
        for gram in caption {
            if let Some(count) = counts.get_mut(gram.number as usize) {
                *count = gram.count;
            }
        }
        let mut similarity = 0.0;
        for (gram, count) in hypothesis.iter().zip(counts.iter()) {
            let other = f64::from(*count) * idf[gram.number as usize];
            similarity += weighted(gram).min(other) * other;
        }
        let reference_norm = norm(caption);
        if hypothesis_norm != 0.0 && reference_norm != 0.0 {
            similarity /= hypothesis_norm * reference_norm;
        }
        let difference = bigrams(item.hypothesis()) - bigrams(reference);
        sum += similarity * (-(difference * difference) / (2.0 * sigma * sigma)).exp();
    }
    sum
}

/// Length of a caption as CIDEr counts it.
fn bigrams(tokens: &[u32]) -> f64 {
    tokens.len().saturating_sub(1) as f64
}
