//! What a score is made of, story by story: what comparing two runs on the same stories needs.

use crate::record::Score;
use crate::stats::{ClusterSums, LeftOut};
use std::fmt;
use std::sync::Arc;

/// A score and its parts.
#[derive(Clone, Debug)]
pub struct Reduced {
    /// The score.
    pub score: Score,
    /// What it is made of.
    pub parts: Parts,
}

/// What a score is made of.
#[derive(Clone, Debug)]
pub enum Parts {
    /// Sums over the frames of each story, of which the score is a function.
    Sums(StorySums),
    /// The score without each story, or without each group of stories, in turn.
    LeftOut {
        /// The score itself, as the parts have it.
        value: f64,
        /// The same groups, in the same order, whenever the frames are the same.
        left_out: Vec<LeftOut>,
    },
    /// The score is not a statistic of stories, and why.
    None(String),
}

type Value = Arc<dyn Fn(&[f64]) -> Option<f64> + Send + Sync>;

/// Sums over the frames of each planned story, in order of the stories' ids. The last sum counts what was
/// added up; it is 0 for a story without a part in the score.
#[derive(Clone)]
pub struct StorySums {
    /// One cluster a planned story.
    pub sums: ClusterSums,
    value: Value,
}

impl StorySums {
    pub(super) fn new(
        sums: ClusterSums,
        value: impl Fn(&[f64]) -> Option<f64> + Send + Sync + 'static,
    ) -> Self {
        Self {
            sums,
            value: Arc::new(value),
        }
    }

    /// The mean of `[sum, count]` over all stories.
    #[must_use]
    pub fn of_mean(sums: ClusterSums) -> Self {
        Self::new(sums, |sums| (sums[1] > 0.0).then(|| sums[0] / sums[1]))
    }

    /// The score of sums; `None` where it is not defined. Sums may be weighted or averaged over runs.
    #[must_use]
    pub fn value(&self, sums: &[f64]) -> Option<f64> {
        (self.value)(sums)
    }

    /// The same score of other sums.
    #[must_use]
    pub fn with_sums(&self, sums: ClusterSums) -> Self {
        Self {
            sums,
            value: Arc::clone(&self.value),
        }
    }

    /// Sums of both of the stories that have a part on either side, and their places among all. A story without a frame
    /// of the slice is no story of it.
    #[must_use]
    pub fn paired(&self, candidate: &Self) -> (ClusterSums, ClusterSums, Vec<usize>) {
        let width = self.sums.width();
        let has_part = |row: &[f64]| row[width - 1] > 0.0;
        let (mut a_kept, mut b_kept) = (ClusterSums::new(0, width), ClusterSums::new(0, width));
        let mut places = Vec::new();
        for (place, (a, b)) in self.sums.rows().zip(candidate.sums.rows()).enumerate() {
            if has_part(a) || has_part(b) {
                a_kept.add(places.len(), a);
                b_kept.add(places.len(), b);
                places.push(place);
            }
        }
        (a_kept, b_kept, places)
    }

    /// The stories that have a part in the score, in order.
    #[must_use]
    pub fn with_a_part(&self) -> ClusterSums {
        let mut kept = ClusterSums::new(0, self.sums.width());
        for row in self.sums.rows().filter(|row| row[row.len() - 1] > 0.0) {
            kept.add(kept.clusters(), row);
        }
        kept
    }
}

impl fmt::Debug for StorySums {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("StorySums")
            .field("sums", &self.sums)
            .finish_non_exhaustive()
    }
}
