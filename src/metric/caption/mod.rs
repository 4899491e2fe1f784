//! Metrics on captions: tokens, BLEU and CIDEr, as pycocoevalcap computes them.
//!
//! Captions become a [`Corpus`] of token numbers once; [`bleu`] and [`cider`] then read it. Both give a
//! value an item besides the one of the corpus, and both can be computed again over items drawn
//! several times, for the bootstrap.

mod bleu;
mod cider;
mod corpus;
mod fault;
mod ngram;
mod ptb;
mod released;
#[cfg(test)]
mod tests;
mod tokeniser;

pub use bleu::{BLEU_SUMS, Bleu, BleuCounts, ORDERS, bleu, bleu_of_sums};
pub use cider::{Cider, CiderOptions, bleu_and_cider, cider};
pub use corpus::{Corpus, CorpusBuilder};
pub use fault::{CaptionUnscored, CaptionWarning};
pub use ptb::{PtbTokeniser, each_token, is_line_separator, is_punctuation};
pub use released::{BleuMode, ReleasedBleu, released_bleu};
pub use tokeniser::{Tokeniser, is_python_space, line_separators, tokenize};
