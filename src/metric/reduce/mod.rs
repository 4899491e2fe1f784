//! From what was seen on every frame to scores: a pure function of its inputs.
//!
//! Counts are integers and float sums run in plan order, so the same observations give the same bits
//! however the run was partitioned or resumed.

mod distance;
mod input;
mod labels;
mod signature;
mod slice;

pub use input::{FeaturePair, ReduceInput, ScoreProtocol};

use crate::record::Score;
use labels::Labels;
use slice::Slice;

/// All scores of a run, in a fixed order: slice by slice (`all`, `pronoun`, `no_pronoun`,
/// `frame_1`.., `character:<name>` in label order), and within a slice `char_acc`, `char_f1`,
/// `bg_acc`, `bg_f1`; `fid` follows those of `all`.
///
/// - `char_acc`, `bg_acc`: percent of frames whose whole label vector is right at `p > 0.5`.
/// - `char_f1`, `bg_f1`: micro F1 over frames and labels, in percent.
/// - On `character:<name>`: accuracy and F1 of that one label over all frames.
/// - `fid`: Fréchet distance between generated and ground-truth features of the same frames.
///
/// A frame without probabilities (or with ones that are not finite, or not as many as labels) is not
/// scored: `n` is then below `planned`, and a warning says how many frames were unusable rather than
/// absent.
#[must_use]
pub fn reduce(input: &ReduceInput<'_>) -> Vec<Score> {
    let mut scores = Vec::new();
    for slice in Slice::all_of(input) {
        for labels in [Labels::Characters, Labels::Backgrounds] {
            if labels == Labels::Backgrounds && matches!(slice, Slice::Character { .. }) {
                continue;
            }
            scores.extend(labels::scores(input, labels, &slice));
        }
        if slice == Slice::All {
            scores.push(distance::score(input));
        }
    }
    scores
}

#[cfg(test)]
mod tests;
