//! How much each cluster moves a value: the moments of the jackknife's pseudo-values.

/// Moves below this share of the values themselves are rounding.
const ROUNDING: f64 = 1e-12;

/// What is known of a value from its values without each cluster.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Influence {
    /// Number of clusters.
    pub(super) clusters: f64,
    /// Standard error.
    pub(super) error: f64,
    /// Skewness of the pseudo-values, with the usual correction for few of them.
    pub(super) skewness: f64,
    /// Clusters that the error rests on: their number divided by the kurtosis. One outlier among many that are
    /// alike counts as one cluster; a normal distribution has a third of them.
    pub(super) carriers: f64,
}

impl Influence {
    /// Of `value` and of what it is without each cluster. `None` with fewer than two clusters, and where no
    /// cluster moves it by more than rounding does.
    pub(super) fn of(value: f64, without: &[f64]) -> Option<Self> {
        let n = without.len() as f64;
        if n < 2.0 || without.iter().all(|rest| is_rounding(value, *rest)) {
            return None;
        }
        let pseudo: Vec<f64> = without
            .iter()
            .map(|rest| n * value - (n - 1.0) * rest)
            .collect();
        let mean = pseudo.iter().sum::<f64>() / n;
        let power = |exponent: i32| -> f64 {
            let powers = pseudo.iter().map(|value| (value - mean).powi(exponent));
            powers.sum::<f64>() / n
        };
        let variance = power(2);
        if !(variance > 0.0 && variance.is_finite()) {
            return None;
        }
        let skewness = if n > 2.0 {
            power(3) / variance.powf(1.5) * (n * (n - 1.0)).sqrt() / (n - 2.0)
        } else {
            0.0
        };
        Some(Self {
            clusters: n,
            error: (variance / (n - 1.0)).sqrt(),
            skewness,
            carriers: n * variance * variance / power(4),
        })
    }
}

/// Whether a value without a cluster differs from the whole by no more than rounding.
pub(super) fn is_rounding(value: f64, without: f64) -> bool {
    (value - without).abs() <= ROUNDING * value.abs().max(without.abs())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The mean of values without each of them.
    fn means(values: &[f64]) -> (f64, Vec<f64>) {
        let (sum, n) = (values.iter().sum::<f64>(), values.len() as f64);
        let without = values.iter().map(|value| (sum - value) / (n - 1.0));
        (sum / n, without.collect())
    }

    #[test]
    fn of_a_mean_it_is_the_moments_of_the_values() {
        let (mean, without) = means(&[3.0, 1.0, 4.0, 1.0, 5.0, 9.0, 2.0, 6.0]);
        let found = Influence::of(mean, &without).unwrap();
        // scipy.stats.skew(x, bias=False), and sem(x).
        assert!(
            (found.skewness - 0.833_503_138_533_665_8).abs() < 1e-9,
            "{found:?}"
        );
        assert!(
            (found.error - 0.971_697_704_315_199_5).abs() < 1e-9,
            "{found:?}"
        );
    }

    #[test]
    fn one_cluster_that_differs_carries_the_error_alone() {
        let mut values = vec![1.0; 50];
        values[7] = 0.0;
        let (mean, without) = means(&values);
        let found = Influence::of(mean, &without).unwrap();
        assert!((found.carriers - 1.0).abs() < 0.1, "{found:?}");
    }

    #[test]
    fn rounding_is_no_influence() {
        assert_eq!(Influence::of(0.3, &[0.3, 0.1 + 0.2, 0.3]), None);
        assert_eq!(Influence::of(0.0, &[0.0; 4]), None);
        assert_eq!(Influence::of(0.5, &[0.4]), None);
    }
}
