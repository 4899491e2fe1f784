//! What metrics that are computed together have in common.

use super::Metric;
use super::reduce::{Chosen, Reduced, Slice};
use super::registry::METRICS;
use crate::card::Protocol;
use crate::record::Role;

/// Which slices of a run metrics have values on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Slices {
    /// All frames only: metrics of sets, of a corpus, or of whole stories.
    All,
    /// All frames, those with and without a pronoun, and each position of the story.
    Frames,
    /// The same, and each character.
    Characters,
}

impl Slices {
    /// Whether a slice is one of them.
    pub(super) fn have(self, slice: &Slice) -> bool {
        match slice {
            Slice::All => true,
            Slice::Pronoun(_) | Slice::Frame(_) => self != Self::All,
            Slice::Character { .. } => self == Self::Characters,
        }
    }
}

/// How the values of frames become a score.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reduction {
    /// Sums per story make up the score: a mean, a share, F1, corpus BLEU. Two runs are compared story by story.
    StorySums,
    /// A statistic of two sets of frames. Two runs are compared by leaving stories out.
    Sets,
    /// The same, of the distances between all pairs of frames: its cost grows with the square of their number.
    PairsOfFrames,
}

/// Metrics that one function computes, of the same section of a protocol and the same evaluators.
pub struct Family {
    /// Evaluators whose observations it reads.
    pub roles: &'static [Role],
    /// Sections of a protocol that its values depend on.
    pub choices: &'static [&'static str],
    /// How it reduces.
    pub reduction: Reduction,
    /// Whether it reads files large enough that a table tests its columns apart from the others.
    pub large: bool,
    /// Whether a protocol asks for it.
    pub asked: fn(&Protocol) -> bool,
    /// Takes its section out of a protocol, where it does not share it with another family.
    pub drop: fn(&mut Protocol),
    /// Whether it leaves frames out under a protocol although they were observed.
    pub leaves_out: fn(&Protocol) -> bool,
    /// Scores on a slice, in the order of `scores.json`.
    pub(super) reduce: fn(&Chosen<'_>, &Slice) -> Vec<Reduced>,
}

impl Family {
    /// Its metrics, in the order of columns.
    pub fn metrics(&'static self) -> impl Iterator<Item = &'static Metric> {
        METRICS
            .iter()
            .filter(move |metric| std::ptr::eq(metric.family, self))
    }

    /// Whether it has values on a slice.
    pub(super) fn is_on(&self, slice: &Slice) -> bool {
        METRICS
            .iter()
            .any(|metric| std::ptr::eq(metric.family, self) && metric.slices.have(slice))
    }
}

impl std::fmt::Debug for Family {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let ids: Vec<&str> = METRICS
            .iter()
            .filter(|metric| std::ptr::eq(metric.family, self))
            .map(|metric| metric.id)
            .collect();
        write!(formatter, "Family({})", ids.join(", "))
    }
}
