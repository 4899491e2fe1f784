//! What is compared, and how carefully.

use crate::metric::{Group, Metric, about};
use crate::record::Score;
use crate::stats::Resampling;

/// What is compared, and how carefully.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CompareOptions {
    /// Metric ids; empty for the columns of papers. `all` means every one.
    pub metrics: Vec<String>,
    /// Slices; empty for all of them.
    pub slices: Vec<String>,
    /// Arrangements of a test that swaps stories and is not exact: where a difference has no standard error.
    pub plan: Resampling,
    /// Stories to name in each direction.
    pub top: usize,
    /// Compare scores with different signatures all the same.
    pub force: bool,
}

impl Default for CompareOptions {
    fn default() -> Self {
        Self {
            metrics: Vec::new(),
            slices: Vec::new(),
            plan: Resampling {
                resamples: 10_000,
                seed: 0,
            },
            top: 5,
            force: false,
        }
    }
}

impl CompareOptions {
    /// Whether a score is compared. Numbers of the real frames alone are not: no model moves them.
    pub(super) fn wants(&self, score: &Score) -> bool {
        self.wants_metric(score) && (self.slices.is_empty() || self.slices.contains(&score.slice))
    }

    pub(super) fn wants_metric(&self, score: &Score) -> bool {
        let asked = |name: &str| self.metrics.iter().any(|metric| metric == name);
        if Metric::find(&score.metric).is_some_and(|metric| metric.of_real_frames) {
            return false;
        }
        if self.metrics.is_empty() {
            return about(score).group != Group::Detail;
        }
        asked("all") || asked(&score.metric)
    }
}
