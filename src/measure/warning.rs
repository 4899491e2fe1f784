//! What a reader of an answer must know.

use super::ImageFault;
use crate::metric::caption::CaptionWarning;
use crate::metric::{FrechetUnscored, FrechetWarning};
use serde::{Serialize, Serializer};
use std::path::PathBuf;

/// Something that makes a number less than it seems. Displays as a sentence fragment, and is one in JSON.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum Warning {
    /// Image files that are doubtful.
    #[error("{count} of {total} images in {} are {}", path.display(), fault.words())]
    Images {
        /// What is doubtful.
        fault: ImageFault,
        /// How many are.
        count: usize,
        /// Of how many.
        total: usize,
        /// In which folder, or which image.
        path: PathBuf,
    },
    /// Numbers that look like something else than what they are read as.
    #[error("{} {what}", path.display())]
    Numbers {
        /// The file.
        path: PathBuf,
        /// What it holds, and what is expected.
        what: &'static str,
    },
    /// Captions with names and captions without, taken in their order.
    #[error("{} has names, what it is compared with has none: taken line by line, in their order", named.display())]
    ByPosition {
        /// The file with names.
        named: PathBuf,
    },
    /// Captions of images without a word.
    #[error("{count} captions are empty, first {first}")]
    EmptyCaptions {
        /// How many.
        count: usize,
        /// Which is the first.
        first: String,
    },
    /// Hypotheses without a token.
    #[error(
        "{count} hypotheses are empty after tokenisation (the first is that of {first}); they score 0"
    )]
    EmptyHypotheses {
        /// How many.
        count: usize,
        /// The id of the first.
        first: String,
    },
    /// Images in the folder itself and in folders below it.
    #[error(
        "{count} of {total} images in {} lie in folders below: clean-fid reads these too, pytorch-fid does not",
        path.display()
    )]
    Below {
        /// How many lie below.
        count: usize,
        /// Of how many.
        total: usize,
        /// The folder.
        path: PathBuf,
    },
    /// Two folders whose images are paired in order and not called alike.
    #[error(
        "images are paired in the order of their names, and {unlike} of {pairs} pairs are not called alike, first {} and {}",
        first[0].display(),
        first[1].display()
    )]
    OtherNames {
        /// Pairs with two names.
        unlike: usize,
        /// All pairs.
        pairs: usize,
        /// The first of them.
        first: [PathBuf; 2],
    },
    /// Pairs of images of different sizes.
    #[error("{count} pairs differ in size; the first image was brought to the size of the second")]
    Sizes {
        /// How many.
        count: usize,
    },
    /// Captions that CLIP did not read to their end.
    #[error("{count} captions were longer than the model's context and lost their end")]
    CutCaptions {
        /// How many.
        count: usize,
    },
    /// Items that were left out, as the request allows.
    #[error("{count} items have no hypothesis; left out, as asked for")]
    WithoutHypothesis {
        /// How many.
        count: usize,
    },
    /// Hypotheses that were left out, as the request allows.
    #[error("{count} hypotheses have no references; left out, as asked for")]
    WithoutReferences {
        /// How many.
        count: usize,
    },
    /// What BLEU and CIDEr say.
    #[error(transparent)]
    Captions(#[from] CaptionWarning),
    /// What the Fréchet distance says.
    #[error(transparent)]
    Frechet(#[from] FrechetWarning),
    /// There is no interval.
    #[error("no interval: {0}")]
    NoInterval(NoInterval),
    /// The estimate over all vectors has no interval.
    #[error(
        "no interval of the estimate over all vectors: a jackknife needs at least 8 vectors in each set"
    )]
    NoIntervalOfAll,
    /// The value is KID's estimate over all vectors.
    #[error(
        "no subset of {subset_size} fits {} and {} vectors: the value is the estimate over all of them",
        sizes[0],
        sizes[1]
    )]
    NoSubset {
        /// Vectors of a subset.
        subset_size: usize,
        /// Vectors there are.
        sizes: [usize; 2],
    },
    /// KID below zero.
    #[error("below zero: the estimate is unbiased, so sets that are alike give values around zero")]
    BelowZero,
    /// Intervals of precision and recall.
    #[error("intervals resample who is counted, not the neighbourhoods they are counted in")]
    FixedNeighbourhoods,
    /// Resamples without a value.
    #[error(
        "the value is not defined on {undefined} of {all} resamples; the interval is of the others"
    )]
    UndefinedResamples {
        /// How many.
        undefined: usize,
        /// Of how many.
        all: usize,
    },
}

/// Why a Fréchet distance has no interval.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum NoInterval {
    /// There are no images.
    #[error("statistics do not say how far each image moves them")]
    Statistics,
    /// It was not asked for.
    #[error(
        "of features of {dimensions} dimensions it takes as long again, and some; `--wide-interval` computes it"
    )]
    Wide {
        /// Length of a vector.
        dimensions: usize,
    },
    /// Too few to say how far one moves it.
    #[error("{count} {parts} are too few")]
    TooFew {
        /// How many.
        count: usize,
        /// Images or groups.
        parts: &'static str,
    },
    /// The value stays when any is left out.
    #[error("none of the {parts} moves the value; its error is unknown, not zero")]
    Still {
        /// Images or groups.
        parts: &'static str,
    },
    /// Without some there is no distance.
    #[error(transparent)]
    Unscored(#[from] FrechetUnscored),
}

impl Serialize for Warning {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}
