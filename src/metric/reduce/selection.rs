//! Which scores are computed: all of a run, or those that a caller asks for.

use crate::metric::Family;
use crate::record::Score;
use std::collections::BTreeSet;

/// Metrics and slices that are wanted; of each, nothing said is everything.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Selection {
    metrics: Option<BTreeSet<String>>,
    slices: Option<BTreeSet<String>>,
}

impl Selection {
    /// Everything.
    #[must_use]
    pub fn everything() -> Self {
        Self::default()
    }

    /// These metrics on these slices.
    #[must_use]
    pub fn new(metrics: BTreeSet<String>, slices: BTreeSet<String>) -> Self {
        Self {
            metrics: Some(metrics),
            slices: Some(slices),
        }
    }

    /// The metrics and the slices of these scores.
    #[must_use]
    pub fn of<'a>(scores: impl IntoIterator<Item = &'a Score>) -> Self {
        let of = |score: &Score| (score.metric.clone(), score.slice.clone());
        let (metrics, slices) = scores.into_iter().map(of).unzip();
        Self::new(metrics, slices)
    }

    pub(super) fn slice(&self, name: &str) -> bool {
        self.slices
            .as_ref()
            .is_none_or(|slices| slices.contains(name))
    }

    pub(super) fn metric(&self, id: &str) -> bool {
        self.metrics
            .as_ref()
            .is_none_or(|metrics| metrics.contains(id))
    }

    /// Whether one of its metrics is wanted.
    pub(super) fn family(&self, family: &'static Family) -> bool {
        family.metrics().any(|metric| self.metric(metric.id))
    }
}
