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
mod parts;
mod sets;
mod signature;
mod similarity;
mod slice;
mod wanted;

pub use input::{
    CLIP, CLIP_TEXT, CROPS, ExtractorName, Extractors, FEATURES, FeaturePair, Features, LOGITS,
    ReduceInput, ScoreContext,
};
pub use parts::{Parts, Reduced, StorySums};
pub use wanted::Wanted;

use crate::record::Score;
use chosen::Chosen;
use labels::Labels;
use slice::Slice;

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
/// - `char_consistency`, `char_found`, their `_gt`, and `char_likeness`: single characters, cut out.
///
/// A frame without an observation is not scored: `n` is then below `planned`, and a warning says how
/// many frames were unusable rather than absent.
#[must_use]
pub fn reduce(input: &ReduceInput<'_>) -> Vec<Score> {
    let reduced = reduce_with_parts(input, &Wanted::everything());
    reduced.into_iter().map(|reduced| reduced.score).collect()
}

/// The same scores, as far as they are wanted, each with what it is made of.
#[must_use]
pub fn reduce_with_parts(input: &ReduceInput<'_>, wanted: &Wanted) -> Vec<Reduced> {
    let chosen = Chosen::new(input);
    let protocol = input.protocol;
    let mut scores = Vec::new();
    for slice in Slice::all_of(&chosen) {
        if !wanted.slice(&slice.name()) {
            continue;
        }
        let of_label = matches!(slice, Slice::Character { .. });
        if let Some(rule) = &protocol.classifiers {
            for labels in [Labels::Characters, Labels::Backgrounds] {
                let asked = wanted.any(labels.metrics());
                if asked && (labels == Labels::Characters || !of_label) {
                    scores.extend(labels::scores(&chosen, rule, labels, &slice));
                }
            }
        }
        if of_label {
            continue;
        }
        if slice == Slice::All {
            scores.extend(of_sets(&chosen, wanted));
        }
        if let Some(rule) = protocol.clip.as_ref() {
            if wanted.any(&["clip_ti", "clip_ii"]) {
                scores.extend(mean::clip(&chosen, rule, &slice));
            }
            if slice == Slice::All && rule.consistency && wanted.any(&consistency::METRICS) {
                scores.extend(consistency::scores(&chosen, rule.repeats));
            }
        }
        if let (Slice::All, Some(cut)) = (&slice, protocol.cut())
            && wanted.any(&crops::METRICS)
        {
            scores.extend(crops::scores(&chosen, &cut));
        }
        if let Some(rule) = protocol.lpips.as_ref().filter(|_| wanted.any(&["lpips"])) {
            scores.push(mean::lpips(&chosen, rule, &slice));
        }
    }
    scores.retain(|reduced| wanted.any(&[reduced.score.metric.as_str()]));
    scores
}

/// Metrics of sets of frames.
fn of_sets(chosen: &Chosen<'_>, wanted: &Wanted) -> Vec<Reduced> {
    let protocol = chosen.input.protocol;
    let mut scores = Vec::new();
    if let Some(rule) = protocol.fid.as_ref().filter(|_| wanted.any(&["fid"])) {
        scores.push(distance::score(chosen, rule));
    }
    if let Some(rule) = protocol.kid.as_ref().filter(|_| wanted.any(&["kid"])) {
        scores.push(sets::kernel(chosen, rule));
    }
    let of_neighbours = ["precision", "recall", "density", "coverage"];
    if let Some(rule) = &protocol.neighbours
        && wanted.any(&of_neighbours)
    {
        scores.extend(sets::neighbours(chosen, rule));
    }
    let inception = protocol.inception_score.as_ref();
    if let Some(rule) = inception.filter(|_| wanted.any(&["is"])) {
        scores.push(sets::inception(chosen, rule));
    }
    if let Some(rule) = &protocol.captions
        && wanted.any(&captions::METRICS)
    {
        scores.extend(captions::scores(chosen, rule));
    }
    scores
}

#[cfg(test)]
mod interval_tests;
#[cfg(test)]
mod order_tests;
#[cfg(test)]
mod tests;
