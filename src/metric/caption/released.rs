//! What the released StoryGPT-V script (`eval/eval_cap.py`) does with captions.
//!
//! It calls pycocoevalcap's BLEU once an image, with reference and hypothesis swapped (the generated
//! caption is the reference), with one ground-truth caption only, and without the tokeniser. The
//! call returns BLEU-1 to BLEU-n, and the script averages the whole list: what it prints as BLEU-4 is
//! the mean of BLEU-1, 2, 3 and 4 over all images. Its CIDEr is the plain one, in the right order, over
//! all ground-truth captions, cut at white space: use [`super::cider`] with
//! [`super::Tokeniser::Whitespace`].

use super::bleu::{BleuCounts, ORDERS, bleu_of_pair};
use super::{CaptionUnscored, Tokeniser};
use clap::ValueEnum;

/// How BLEU is put together.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum BleuMode {
    /// Counts summed over the corpus, all references: pycocoevalcap's corpus value
    #[default]
    Corpus,
    /// What StoryGPT-V's released script prints: sides swapped, first reference only, BLEU-1..n
    /// averaged, one value per image; give `--tokeniser whitespace` with it
    StorygptvReleased,
}

impl BleuMode {
    /// The name that signatures print.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Corpus => "corpus",
            Self::StorygptvReleased => "storygptv-released",
        }
    }
}

/// BLEU as the released script prints it.
#[derive(Clone, Debug, PartialEq)]
pub struct ReleasedBleu {
    /// The four printed numbers: entry `n - 1` is the mean over images of the mean of BLEU-1..n.
    pub value: [f64; ORDERS],
    /// The same of every image.
    pub items: Vec<[f64; ORDERS]>,
}

/// BLEU of items as the released script computes it. An item is the caption of the generated image and
/// those of the ground-truth image, of which only the first is used.
///
/// # Errors
/// No item; an item without ground-truth caption.
pub fn released_bleu<H, R>(
    items: &[(H, Vec<R>)],
    tokeniser: Tokeniser,
) -> Result<ReleasedBleu, CaptionUnscored>
where
    H: AsRef<str>,
    R: AsRef<str>,
{
    if items.is_empty() {
        return Err(CaptionUnscored::Empty);
    }
    let items = items
        .iter()
        .enumerate()
        .map(|(item, (generated, truth))| {
            let first = truth.first().ok_or(CaptionUnscored::NoReference { item })?;
            let counts = bleu_of_pair(
                &tokeniser.tokens(first.as_ref()),
                &[tokeniser.tokens(generated.as_ref())],
            )?;
            Ok(printed(&counts))
        })
        .collect::<Result<Vec<_>, CaptionUnscored>>()?;
    let value = std::array::from_fn(|order| {
        let mut values: Vec<f64> = items.iter().map(|item| item[order]).collect();
        values.sort_by(f64::total_cmp);
        values.iter().sum::<f64>() / items.len() as f64
    });
    Ok(ReleasedBleu { value, items })
}

/// Means of BLEU-1..n, for n of 1 to 4.
fn printed(counts: &BleuCounts) -> [f64; ORDERS] {
    let scores = counts.scores();
    std::array::from_fn(|order| scores[..=order].iter().sum::<f64>() / (order as f64 + 1.0))
}
