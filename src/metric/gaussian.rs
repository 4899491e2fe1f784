//! Mean and covariance of feature vectors, in f64.

use faer::Mat;
use ndarray::ArrayView2;

/// A normal distribution fitted to `n` feature vectors of length `d`.
#[derive(Clone, Debug)]
pub struct Gaussian {
    /// Vectors it was fitted to.
    pub n: usize,
    /// Mean, length `d`.
    pub mean: Vec<f64>,
    /// Covariance with `n - 1` in the denominator, `[d, d]`, symmetric.
    pub covariance: Mat<f64>,
}

impl Gaussian {
    /// Fits the rows of `features` (`[n, d]`, n at least 2). Sums run over rows in order.
    #[must_use]
    pub fn fit(features: &ArrayView2<'_, f32>) -> Self {
        let (centred, mean) = centred(features);
        let n = features.nrows();
        let covariance = centred.transpose() * &centred * faer::Scale(1.0 / (n as f64 - 1.0));
        Self {
            n,
            mean,
            covariance,
        }
    }

    /// Length of a feature vector.
    #[must_use]
    pub fn dim(&self) -> usize {
        self.mean.len()
    }

    /// Features that never change: zeros on the diagonal of the covariance.
    #[must_use]
    pub fn constant_features(&self) -> usize {
        (0..self.dim())
            .filter(|i| self.covariance[(*i, *i)] == 0.0)
            .count()
    }
}

/// The rows less their mean, `[n, d]`, and the mean.
pub(super) fn centred(features: &ArrayView2<'_, f32>) -> (Mat<f64>, Vec<f64>) {
    let (n, d) = features.dim();
    let mut mean = vec![0.0; d];
    for row in features.rows() {
        for (sum, value) in mean.iter_mut().zip(row) {
            *sum += f64::from(*value);
        }
    }
    for sum in &mut mean {
        *sum /= n as f64;
    }
    let centred = Mat::from_fn(n, d, |i, j| f64::from(features[[i, j]]) - mean[j]);
    (centred, mean)
}
