//! The bias-corrected and accelerated interval of a bootstrap (Efron, 1987).

use super::bootstrap::Distribution;
use super::distributions::{normal_cdf, normal_quantile};
use super::percentile;

impl Distribution {
    /// The BCa interval that holds `level`: percentiles moved by the bias of the resamples around `value`
    /// (ties count half, as scipy has it) and by the skewness of the values `left_out` one cluster at a
    /// time. Never wider than the resamples.
    ///
    /// `None` when no resample is defined, all of them lie on one side of `value`, or leaving out changes
    /// nothing: then there is only [`Distribution::interval`].
    #[must_use]
    pub fn bca(&self, level: f64, value: f64, left_out: &[f64]) -> Option<[f64; 2]> {
        let sorted = self.sorted();
        let below = sorted.partition_point(|resample| *resample < value);
        let up_to = sorted.partition_point(|resample| *resample <= value);
        let share = (below + up_to) as f64 / (2.0 * sorted.len() as f64);
        if !(share > 0.0 && share < 1.0) {
            return None;
        }
        let bias = normal_quantile(share);
        let acceleration = acceleration(left_out)?;
        let end = |tail: f64| {
            let z = bias + normal_quantile(tail);
            let moved = bias + z / (1.0 - acceleration * z);
            percentile(sorted, 100.0 * normal_cdf(moved))
        };
        let tail = (1.0 - level) / 2.0;
        Some([end(tail)?, end(1.0 - tail)?])
    }
}

/// A sixth of the skewness of what each cluster moves.
fn acceleration(left_out: &[f64]) -> Option<f64> {
    let mean = left_out.iter().sum::<f64>() / left_out.len() as f64;
    let power = |exponent: i32| -> f64 {
        let parts = left_out.iter().map(|value| (mean - value).powi(exponent));
        parts.sum()
    };
    let spread = power(2);
    let acceleration = power(3) / (6.0 * spread.powf(1.5));
    (spread > 0.0 && acceleration.is_finite()).then_some(acceleration)
}

#[cfg(test)]
mod tests {
    use super::super::golden::{close, paired};
    use super::*;

    #[test]
    fn equals_scipy_on_its_own_resamples() {
        for case in paired().bca {
            let distribution = Distribution::of(case.resamples);
            let found = distribution.bca(0.95, case.value, &case.left_out).unwrap();
            for (end, expected) in found.into_iter().zip(case.interval) {
                close(end, expected, 1e-9);
            }
        }
    }

    #[test]
    fn what_has_no_interval_is_none() {
        let distribution = Distribution::of(vec![1.0, 2.0, 3.0]);
        assert_eq!(distribution.bca(0.95, 9.0, &[1.0, 2.0]), None);
        assert_eq!(distribution.bca(0.95, 2.0, &[1.0, 1.0]), None);
        assert_eq!(Distribution::of(vec![]).bca(0.95, 2.0, &[1.0, 2.0]), None);
    }
}
