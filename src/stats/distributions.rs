//! Percentiles and tails, from statrs.

use statrs::distribution::{ContinuousCDF, Normal, StudentsT};

/// Φ(z) of the standard normal distribution.
#[must_use]
pub fn normal_cdf(z: f64) -> f64 {
    Normal::standard().cdf(z)
}

/// The `p`-th quantile of Student's distribution, `p` in `(0, 1)`. `None` without a degree of freedom.
#[must_use]
pub fn student_quantile(p: f64, freedom: f64) -> Option<f64> {
    let student = StudentsT::new(0.0, 1.0, freedom).ok()?;
    (p > 0.0 && p < 1.0).then(|| student.inverse_cdf(p))
}

/// Two-sided p value of `t` under Student's distribution. `None` without a degree of freedom or for NaN.
#[must_use]
pub fn student_p(t: f64, freedom: f64) -> Option<f64> {
    let student = StudentsT::new(0.0, 1.0, freedom).ok()?;
    (!t.is_nan()).then(|| (2.0 * student.cdf(-t.abs())).min(1.0))
}

#[cfg(test)]
mod tests {
    use super::super::golden::{close, paired};
    use super::*;

    #[test]
    fn quantiles_and_tails_are_scipys() {
        for case in paired().student {
            let quantile = student_quantile(0.975, case.freedom).unwrap();
            close(quantile, case.quantile, 1e-9);
            close(
                student_p(case.t, case.freedom).unwrap(),
                case.two_sided,
                1e-9,
            );
        }
        close(normal_cdf(1.959_963_984_540_054), 0.975, 1e-9);
        // statrs's erfc has ten digits.
        close(normal_cdf(-1.0), 0.158_655_253_931_457_07, 1e-9);
        assert_eq!(student_quantile(0.975, 0.0), None);
        assert_eq!(student_p(f64::NAN, 3.0), None);
    }
}
