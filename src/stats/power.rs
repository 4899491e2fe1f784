//! What a paired comparison of this size could have shown.

use super::distributions::{normal_cdf, student_quantile};
use statrs::distribution::{ChiSquared, Continuous};
use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

/// Two-sided level of every test.
pub const LEVEL: f64 = 0.05;
/// Chance of finding a difference as large as the minimum detectable one.
pub const POWER: f64 = 0.8;
/// Points at which the density of the variance is taken.
const STEPS: usize = 2000;

/// The smallest true difference that a paired t test over `clusters` clusters finds with [`POWER`] at
/// [`LEVEL`], when the difference is estimated with the standard error `error`. In units of `error`'s.
///
/// It is the noncentral t test's (statsmodels' `TTestPower`); the randomisation test of a mean has the same
/// power for all but very few clusters. `None` with fewer than two clusters or without a finite error.
#[must_use]
pub fn minimum_detectable(error: f64, clusters: usize) -> Option<f64> {
    if clusters < 2 || !error.is_finite() {
        return None;
    }
    Some(in_errors(clusters)? * error)
}

/// The same in units of the error, which depends on nothing but the number of clusters: a comparison has many metrics of
/// the same stories, and the search takes milliseconds.
fn in_errors(clusters: usize) -> Option<f64> {
    static KNOWN: Mutex<BTreeMap<usize, f64>> = Mutex::new(BTreeMap::new());
    // Whoever panicked in between left a map of whole entries.
    let known = || KNOWN.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(shift) = known().get(&clusters) {
        return Some(*shift);
    }
    let shift = search(clusters as f64 - 1.0)?;
    known().insert(clusters, shift);
    Some(shift)
}

fn search(freedom: f64) -> Option<f64> {
    let (mut low, mut high) = (0.0, 1.0);
    while power(high, freedom)? < POWER {
        high *= 2.0;
    }
    // 60 halvings reach the last bit.
    for _ in 0..60 {
        let middle = f64::midpoint(low, high);
        if power(middle, freedom)? < POWER {
            low = middle;
        } else {
            high = middle;
        }
    }
    Some(high)
}

/// Chance that |T| passes the critical value, T being noncentral t with a shift of `shift` errors: normal
/// tails averaged over the distribution of the estimated variance (Simpson's rule).
fn power(shift: f64, freedom: f64) -> Option<f64> {
    let critical = student_quantile(1.0 - LEVEL / 2.0, freedom)?;
    let chi = ChiSquared::new(freedom).ok()?;
    // In s = sqrt(chi^2 / freedom), whose density is smooth at 0 from one degree of freedom on.
    let spread = 10.0 / (2.0 * freedom).sqrt();
    let (start, end) = ((1.0 - spread).max(0.0), 1.0 + spread);
    let step = (end - start) / STEPS as f64;
    let mut sum = 0.0;
    for at in 0..=STEPS {
        let s = start + step * at as f64;
        // At 0 the density is a limit: one degree of freedom has it finite there.
        let s = s.max(1e-9);
        let density = chi.pdf(s * s * freedom) * 2.0 * s * freedom;
        let tails = normal_cdf(shift - critical * s) + normal_cdf(-shift - critical * s);
        let weight = match at {
            0 | STEPS => 1.0,
            odd if odd % 2 == 1 => 4.0,
            _ => 2.0,
        };
        sum += weight * density * tails;
    }
    Some(sum * step / 3.0)
}

#[cfg(test)]
mod tests {
    use super::super::golden::{close, paired};
    use super::*;

    #[test]
    fn equals_statsmodels() {
        for case in paired().detectable {
            // statsmodels speaks of standard deviations: the error of a mean is one over root n.
            let error = 1.0 / (case.n as f64).sqrt();
            let found = minimum_detectable(error, case.n).unwrap();
            close(found, case.effect, 1e-6);
        }
    }

    #[test]
    fn nothing_is_detectable_with_one_story() {
        assert_eq!(minimum_detectable(1.0, 1), None);
        assert_eq!(minimum_detectable(f64::NAN, 9), None);
    }
}
