//! What a statistic is made of, cluster by cluster.

use super::jackknife::LeftOut;

/// Sums over the observations of each cluster, `width` numbers a cluster.
///
/// Accuracy is a function of such sums (right frames, frames), and so are F1 (true and false positives),
/// means, corpus BLEU (matches, n-grams, lengths): everything that this program has an interval of, but
/// for distances between sets. A cluster less costs a subtraction and no pass over the data.
#[derive(Clone, Debug, PartialEq)]
pub struct ClusterSums {
    width: usize,
    /// `[clusters, width]`.
    rows: Vec<f64>,
}

impl ClusterSums {
    /// Sums of nothing for `clusters` clusters. `width` is at least 1.
    ///
    /// # Panics
    /// When `width` is 0.
    #[must_use]
    pub fn new(clusters: usize, width: usize) -> Self {
        assert!(width > 0, "a statistic is made of at least one sum");
        Self {
            width,
            rows: vec![0.0; clusters * width],
        }
    }

    /// Mean of `values[i]` over clusters of one observation: sums `[value, 1]`.
    #[cfg(test)]
    pub(crate) fn of_values(values: &[f64]) -> Self {
        let rows = values.iter().flat_map(|value| [*value, 1.0]).collect();
        Self { width: 2, rows }
    }

    /// Adds an observation to a cluster; clusters up to it come into being.
    ///
    /// # Panics
    /// When there are not `width` terms.
    pub fn add(&mut self, cluster: usize, terms: &[f64]) {
        assert_eq!(terms.len(), self.width, "as many terms as sums");
        let start = cluster * self.width;
        if self.rows.len() < start + self.width {
            self.rows.resize(start + self.width, 0.0);
        }
        for (sum, term) in self.rows[start..].iter_mut().zip(terms) {
            *sum += term;
        }
    }

    /// Number of clusters.
    #[must_use]
    pub fn clusters(&self) -> usize {
        self.rows.len() / self.width
    }

    /// Numbers a cluster.
    #[must_use]
    pub fn width(&self) -> usize {
        self.width
    }

    /// The sums of a cluster.
    ///
    /// # Panics
    /// When there is no such cluster.
    #[must_use]
    pub fn row(&self, cluster: usize) -> &[f64] {
        &self.rows[cluster * self.width..][..self.width]
    }

    /// All clusters, in order.
    pub fn rows(&self) -> impl Iterator<Item = &[f64]> {
        self.rows.chunks_exact(self.width)
    }

    /// The sums over all clusters.
    #[must_use]
    pub fn total(&self) -> Vec<f64> {
        let mut total = vec![0.0; self.width];
        for row in self.rows() {
            add(&mut total, row, 1.0);
        }
        total
    }

    /// The sums over all clusters, each as often as `multiplicities` says.
    #[must_use]
    pub fn weighted(&self, multiplicities: &[u32]) -> Vec<f64> {
        let mut total = vec![0.0; self.width];
        for (row, times) in self.rows().zip(multiplicities) {
            if *times > 0 {
                add(&mut total, row, f64::from(*times));
            }
        }
        total
    }

    /// A score of the sums without each cluster in turn.
    #[must_use]
    pub fn left_out(&self, score: impl Fn(&[f64]) -> Option<f64>) -> Vec<LeftOut> {
        let total = self.total();
        let mut rest = total.clone();
        let without = |row: &[f64]| {
            rest.copy_from_slice(&total);
            add(&mut rest, row, -1.0);
            LeftOut {
                value: score(&rest),
                size: 1,
            }
        };
        self.rows().map(without).collect()
    }

    /// The mean of several: of the seeds of one model, cluster by cluster. `None` without any, or when
    /// they are of different sizes.
    #[must_use]
    pub fn mean(of: &[&Self]) -> Option<Self> {
        let first = of.first()?;
        let mut rows = vec![0.0; first.rows.len()];
        for sums in of {
            if sums.width != first.width || sums.rows.len() != rows.len() {
                return None;
            }
            add(&mut rows, &sums.rows, 1.0 / of.len() as f64);
        }
        Some(Self {
            width: first.width,
            rows,
        })
    }
}

pub(super) fn add(total: &mut [f64], row: &[f64], times: f64) {
    for (sum, value) in total.iter_mut().zip(row) {
        *sum += times * value;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn clusters_grow_and_add_up() {
        let mut sums = ClusterSums::new(0, 2);
        sums.add(1, &[2.0, 1.0]);
        sums.add(0, &[5.0, 1.0]);
        sums.add(1, &[4.0, 1.0]);
        assert_eq!((sums.clusters(), sums.row(1)), (2, &[6.0, 2.0][..]));
        assert_eq!(sums.total(), [11.0, 3.0]);
        assert_eq!(sums.weighted(&[2, 1]), [16.0, 4.0]);
        let mean = ClusterSums::mean(&[&sums, &sums]).expect("alike");
        assert_eq!(mean, sums);
        assert_eq!(ClusterSums::mean(&[&sums, &ClusterSums::new(2, 3)]), None);
    }
}
