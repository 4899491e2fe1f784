//! Sums of features and of their products per story: what a bootstrap of the Fréchet distance needs.
//!
//! With them a resample costs one weighted sum of small matrices, whatever the number of frames.

use super::{Gaussian, MeanPrecision};
use faer::Mat;

/// Count, sum and sum of products of the feature vectors of each cluster.
///
/// Features are taken relative to a `shift` (their rough mean), because a covariance from raw sums of
/// products would lose its digits to cancellation when means are large.
#[derive(Clone, Debug)]
pub struct MomentTable {
    shift: Vec<f64>,
    counts: Vec<u64>,
    /// `[clusters, d]`.
    sums: Vec<f64>,
    /// `[clusters, d (d + 1) / 2]`: lower triangles, line by line.
    products: Vec<f64>,
}

impl MomentTable {
    /// An empty table of `clusters` clusters; feature vectors have the length of `shift`.
    #[must_use]
    pub fn new(clusters: usize, shift: Vec<f64>) -> Self {
        let d = shift.len();
        Self {
            counts: vec![0; clusters],
            sums: vec![0.0; clusters * d],
            products: vec![0.0; clusters * triangle(d)],
            shift,
        }
    }

    /// Adds a feature vector to a cluster.
    pub fn add(&mut self, cluster: usize, features: impl IntoIterator<Item = f32>) {
        let d = self.shift.len();
        let line: Vec<f64> = features
            .into_iter()
            .zip(&self.shift)
            .map(|(value, shift)| f64::from(value) - shift)
            .collect();
        self.counts[cluster] += 1;
        for (sum, value) in self.sums[cluster * d..].iter_mut().zip(&line) {
            *sum += value;
        }
        let mut products = self.products[cluster * triangle(d)..].iter_mut();
        for (i, a) in line.iter().enumerate() {
            // The line is the first of the pair: a zip asks it first, and then takes no product too many.
            for (b, product) in line[..=i].iter().zip(products.by_ref()) {
                *product += a * b;
            }
        }
    }

    /// The normal distribution of all vectors, each cluster taken as often as `multiplicities` says.
    /// Its mean is relative to the shift. `None` with fewer than two vectors.
    #[must_use]
    pub fn gaussian(&self, multiplicities: &[u32]) -> Option<Gaussian> {
        let d = self.shift.len();
        let n: u64 = self
            .counts
            .iter()
            .zip(multiplicities)
            .map(|(n, m)| n * u64::from(*m))
            .sum();
        if n < 2 {
            return None;
        }
        let mut mean = weighted(&self.sums, d, multiplicities);
        for value in &mut mean {
            *value /= n as f64;
        }
        let products = weighted(&self.products, triangle(d), multiplicities);
        let covariance = Mat::from_fn(d, d, |i, j| {
            let (high, low) = (i.max(j), i.min(j));
            let product = products[triangle(high) + low];
            (product - n as f64 * mean[high] * mean[low]) / (n as f64 - 1.0)
        });
        Some(Gaussian {
            n: Some(usize::try_from(n).ok()?),
            mean,
            mean_precision: MeanPrecision::F64,
            covariance,
        })
    }
}

/// Entries of the lower triangle of a matrix with `d` lines.
fn triangle(d: usize) -> usize {
    d * (d + 1) / 2
}

fn weighted(rows: &[f64], width: usize, multiplicities: &[u32]) -> Vec<f64> {
    let mut total = vec![0.0; width];
    if width == 0 {
        return total;
    }
    for (row, multiplicity) in rows.chunks_exact(width).zip(multiplicities) {
        if *multiplicity > 0 {
            let times = f64::from(*multiplicity);
            for (sum, value) in total.iter_mut().zip(row) {
                *sum += times * value;
            }
        }
    }
    total
}

#[cfg(test)]
mod tests {
    use super::*;
    use ndarray::Array2;

    #[test]
    fn a_resample_equals_a_fit_of_the_repeated_rows() {
        let features = Array2::from_shape_fn((9, 4), |(i, j)| {
            100.0 + (((i * 7 + j * 13) % 11) as f32) * 0.3
        });
        let shift: Vec<f64> = features.row(0).iter().map(|v| f64::from(*v)).collect();
        let mut table = MomentTable::new(3, shift.clone());
        for (index, row) in features.rows().into_iter().enumerate() {
            table.add(index / 3, row.iter().copied());
        }
        let order = [0, 1, 2, 6, 7, 8, 6, 7, 8];
        let repeated = features.select(ndarray::Axis(0), &order);
        let expected = Gaussian::fit(&repeated.view());
        let found = table.gaussian(&[1, 0, 2]).unwrap();
        assert_eq!(found.n, Some(9));
        for (i, start) in shift.iter().enumerate() {
            assert!((found.mean[i] + start - expected.mean[i]).abs() < 1e-12);
            for j in 0..4 {
                assert!((found.covariance[(i, j)] - expected.covariance[(i, j)]).abs() < 1e-12);
            }
        }
        assert!(table.gaussian(&[0, 0, 0]).is_none());
    }
}
