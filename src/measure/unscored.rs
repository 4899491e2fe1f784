//! Why a metric has no value.

use crate::metric::caption::CaptionUnscored;
use crate::metric::{
    FrechetUnscored, InceptionScoreUnscored, KidUnscored, PrdcUnscored, SimilarityUnscored,
};
use serde::{Serialize, Serializer};

/// Why there is no value. Displays as a sentence fragment, and is one in JSON.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum Unscored {
    /// No Fréchet distance.
    #[error(transparent)]
    Frechet(#[from] FrechetUnscored),
    /// No kernel distance.
    #[error(transparent)]
    Kernel(#[from] KidUnscored),
    /// No precision and recall.
    #[error(transparent)]
    Neighbours(#[from] PrdcUnscored),
    /// No Inception Score.
    #[error(transparent)]
    Inception(#[from] InceptionScoreUnscored),
    /// No cosines.
    #[error(transparent)]
    Similarity(#[from] SimilarityUnscored),
    /// No cosines of captions with references.
    #[error("captions and references: {0}")]
    References(SimilarityUnscored),
    /// No BLEU or CIDEr.
    #[error(transparent)]
    Captions(#[from] CaptionUnscored),
    /// Two empty sets.
    #[error("there is no pair to compare")]
    NoPair,
    /// Equal images.
    #[error(
        "PSNR is infinite: {equal} of {pairs} pairs are equal{}",
        if equal < pairs { format!(", first {first}") } else { String::new() }
    )]
    Infinite {
        /// Pairs without an error.
        equal: usize,
        /// All pairs.
        pairs: usize,
        /// The name of the first.
        first: String,
    },
    /// No label.
    #[error("there are {rows} rows of {classes} labels")]
    NoLabels {
        /// Rows.
        rows: usize,
        /// Labels of a row.
        classes: usize,
    },
}

impl Serialize for Unscored {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}
