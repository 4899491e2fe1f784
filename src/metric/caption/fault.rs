//! Why captions get no score, and what a reader of a score must know.

/// Why there is no value. Displays as a sentence fragment.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CaptionUnscored {
    /// There is nothing to score.
    #[error("there is no caption to score")]
    Empty,
    /// An item has nothing to be compared with.
    #[error("item {item} has no reference caption")]
    NoReference {
        /// Position of the item, from 0.
        item: usize,
    },
}

/// Something that makes a value mean less than it seems. Displays as a sentence fragment.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CaptionWarning {
    /// Hypotheses without a token.
    #[error(
        "{count} hypotheses are empty after tokenisation (the first is item {first}); they score 0"
    )]
    EmptyHypotheses {
        /// How many.
        count: usize,
        /// Position of the first, from 0.
        first: usize,
    },
    /// References without a token.
    #[error("{count} reference captions are empty after tokenisation")]
    EmptyReferences {
        /// How many.
        count: usize,
    },
    /// CIDEr of one item.
    #[error(
        "CIDEr of a single item is 0 by construction: every n-gram occurs in all (one) of the items, and ln 1 is 0"
    )]
    SingleItem,
    /// Matches of an order are missing altogether.
    #[error(
        "no {order}-gram of any hypothesis is in its references; BLEU-{order} is only the reference's smoothing constant"
    )]
    NoMatch {
        /// Length of the n-gram, from 1.
        order: usize,
    },
    /// Captions held characters that would start a new line in the reference.
    #[error(
        "{count} captions hold a line separator; it was read as a space (the Java tokeniser would shift every later caption to the wrong image)"
    )]
    LineSeparators {
        /// How many captions.
        count: usize,
    },
}
