//! A difference between two systems on the same clusters: Student's t on its standard error over clusters.

use super::bootstrap::Resampling;
use super::jackknife::{LeftOut, NoInterval, standard_error};
use super::pair::Pair;
use super::{student_p, student_quantile};

/// What is known of a difference.
#[derive(Clone, Debug, PartialEq)]
pub struct PairedTest {
    /// Candidate minus base.
    pub difference: f64,
    /// The difference without each cluster in turn.
    pub left_out: Vec<LeftOut>,
    /// Its standard error, or why there is none.
    pub error: Result<f64, NoInterval>,
    /// Its 95 % interval. It holds 0 if and only if `p` is above 0.05: both are of the same t.
    pub interval: Option<[f64; 2]>,
    /// Two-sided p value.
    pub p: Option<f64>,
    /// How p was found: `t`, or, where there is no error, `exact` or `randomised`.
    pub p_method: &'static str,
}

impl PairedTest {
    /// Student's t with a degree of freedom less than there are clusters; nothing but the reason where there is
    /// no standard error. Of a mean over clusters of one size this is the paired t test.
    #[must_use]
    pub fn by_t(difference: f64, left_out: Vec<LeftOut>) -> Self {
        let error = standard_error(difference, &left_out);
        let mut test = Self {
            difference,
            left_out,
            error,
            interval: None,
            p: None,
            p_method: "none",
        };
        let freedom = test.left_out.len() as f64 - 1.0;
        if let (Ok(error), Some(quantile)) = (error, student_quantile(0.975, freedom)) {
            let half = quantile * error;
            test.interval = Some([difference - half, difference + half]);
            test.p = student_p(difference / error, freedom);
            test.p_method = "t";
        }
        test
    }
}

impl<F> Pair<'_, F>
where
    F: Fn(&[f64]) -> Option<f64> + Sync,
{
    /// Tests the difference. Where it has no standard error (all clusters differ by the same amount, or the
    /// score is not defined without one of them), whole clusters are swapped ([`Pair::randomise`]), and
    /// there is no interval. `None` when the difference is not defined.
    #[must_use]
    pub fn test(&self, plan: Resampling) -> Option<PairedTest> {
        let mut test = PairedTest::by_t(self.difference()?, self.left_out());
        if test.p.is_none()
            && let Some(found) = self.randomise(plan)
        {
            test.p = Some(found.p);
            test.p_method = if found.exact { "exact" } else { "randomised" };
        }
        Some(test)
    }
}
