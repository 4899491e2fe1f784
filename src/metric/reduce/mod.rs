//! From what was seen on every frame to scores: a pure function of its inputs.
//!
//! Counts are integers; float sums, draws and splits run over frames in the order of their keys (story
//! id, frame number). So the same observations give the same bits in any order, however the run was
//! partitioned or resumed. Exceptions are what published scripts define by position: see `chosen`.

mod captions;
mod chosen;
mod consistency;
mod crops;
mod distance;
mod draft;
mod features;
mod input;
mod jackknife;
mod labels;
mod mean;
mod own;
mod parts;
mod pixels;
mod refusals;
mod selection;
mod sets;
mod signature;
mod similarity;
mod slice;
mod words;

pub use input::{
    CLIP, CLIP_TEXT, CROPS, ExtractorName, Extractors, FEATURES, FeaturePair, Features, LOGITS,
    ReduceInput, ScoreContext,
};
pub use own::OwnColumn;
pub use parts::{Parts, Reduced, StorySums};
pub use selection::Selection;

pub(super) use captions::CAPTIONS;
pub(super) use chosen::Chosen;
pub(super) use consistency::CONSISTENCY;
pub(super) use crops::CHARACTER_CROPS;
pub(super) use distance::FRECHET;
pub(super) use labels::{BACKGROUNDS, CHARACTERS};
pub(super) use mean::{CLIP_SIMILARITY, LPIPS};
pub(super) use pixels::PIXELS;
pub(super) use refusals::REFUSALS;
pub(super) use sets::{INCEPTION, KERNEL, NEIGHBOURS};
pub(super) use slice::Slice;
pub(super) use words::{DISTINCT, WORDS, WRITTEN_NAMES};

use super::FAMILIES;
use crate::record::Score;

/// All scores of a run under a protocol, in a fixed order: slice by slice (`all`, `pronoun`,
/// `no_pronoun`, `frame_1`.., `character:<name>` in label order). Metrics that the protocol has no
/// section for are absent. `docs/metrics.md` defines each.
///
/// - `char_acc`, `bg_acc`: percent of frames whose whole label vector is right at `p > 0.5`.
/// - `char_f1`, `bg_f1`: F1 in percent, averaged as the protocol says; the other averages and the
///   share of right labels follow on `all`.
/// - On `character:<name>`: accuracy and F1 of that one label over all frames.
/// - `fid`: Fréchet distance between generated and ground-truth features of the same frames.
/// - `kid`, `precision`, `recall`, `density`, `coverage`, `is`: other views of the same features.
/// - `clip_ti`, `clip_ii`, `lpips`: means over frames.
/// - `bleu1`..`bleu4`, `cider`: captions of the generated frames against those of the real ones.
/// - `consistency`, `consistency_shared` and their `_gt`: means over pairs of frames of a story.
/// - Metrics that the user brought, after the built-in ones of a slice.
/// - `perplexity`, `written_*`, `distinct*`, `names_*`, `char_f1_written`, ..: captions that the generator wrote itself.
/// - `char_consistency`, `char_found`, their `_gt`, and `char_likeness`: single characters, cut out.
/// - `refused`: percent of planned frames that the model refused; absent for models that cannot.
///
/// A frame without an observation is not scored: `n` is then below `planned`, and a warning says how
/// many frames were unusable rather than absent.
#[must_use]
pub fn reduce(input: &ReduceInput<'_>) -> Vec<Score> {
    let reduced = reduce_with_parts(input, &Selection::everything());
    reduced.into_iter().map(|reduced| reduced.score).collect()
}

/// The same scores, as far as they are wanted, each with what it is made of.
#[must_use]
pub fn reduce_with_parts(input: &ReduceInput<'_>, wanted: &Selection) -> Vec<Reduced> {
    let chosen = Chosen::new(input);
    let mut scores = Vec::new();
    for slice in Slice::all_of(&chosen) {
        if !wanted.slice(&slice.name()) {
            continue;
        }
        for family in FAMILIES {
            if family.is_on(&slice) && (family.asked)(input.protocol) && wanted.family(family) {
                scores.extend((family.reduce)(&chosen, &slice));
            }
        }
        scores.extend(own::own(&chosen, &slice, wanted));
    }
    scores.retain(|reduced| wanted.metric(&reduced.score.metric));
    scores
}

#[cfg(test)]
mod interval_tests;
#[cfg(test)]
mod order_tests;
#[cfg(test)]
mod tests;
