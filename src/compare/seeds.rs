//! How much of the uncertainty is the draw of stories, and how much the seed of the generator.

use super::Finding;
use crate::stats::{minimum_detectable, student_p, student_quantile};
use serde::Serialize;

/// What several seeds say. The score of a model is then the mean over its seeds.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct SeedPart {
    /// Seeds of base and candidate.
    pub seeds: [usize; 2],
    /// Standard deviation of the score over the seeds of each side (divisor one less than the seeds); absent
    /// for a side with one.
    pub deviation: [Option<f64>; 2],
    /// Degrees of freedom of each deviation.
    pub freedom: [usize; 2],
    /// Share of the difference's variance that comes from the seeds, in `[0, 1]`; the rest comes from the
    /// draw of stories.
    pub share: f64,
    /// Standard error of the difference, both parts together.
    pub error: f64,
    /// Degrees of freedom of that error (Welch and Satterthwaite).
    pub error_freedom: f64,
    /// 95 % interval of the difference, both parts together.
    pub interval: [f64; 2],
    /// Two-sided p value of that error.
    pub p: f64,
}

impl SeedPart {
    /// Of a finding and the score of each seed of each side; `None` when each side has one.
    pub(super) fn of(finding: &Finding, values: &[Vec<f64>; 2]) -> Option<Self> {
        let seeds = values.each_ref().map(Vec::len);
        if seeds.iter().all(|seeds| *seeds < 2) {
            return None;
        }
        let (difference, of_stories) = (finding.difference?, finding.error.unwrap_or(0.0));
        let variances = values.each_ref().map(|values| variance(values));
        let terms: Vec<(f64, f64)> = [(of_stories * of_stories, finding.stories as f64 - 1.0)]
            .into_iter()
            .chain(variances.iter().zip(seeds).filter_map(|(variance, seeds)| {
                variance.map(|variance| (variance / seeds as f64, seeds as f64 - 1.0))
            }))
            .collect();
        let total: f64 = terms.iter().map(|(variance, _)| variance).sum();
        let parts = terms.iter().filter(|(variance, _)| *variance > 0.0);
        let weights: f64 = parts.map(|(v, freedom)| v * v / freedom).sum();
        let freedom = total * total / weights;
        let error = total.sqrt();
        let half = student_quantile(0.975, freedom)? * error;
        Some(Self {
            seeds,
            deviation: variances.map(|variance| variance.map(f64::sqrt)),
            freedom: seeds.map(|seeds| seeds.saturating_sub(1)),
            share: 1.0 - of_stories * of_stories / total,
            error,
            error_freedom: freedom,
            interval: [difference - half, difference + half],
            p: student_p(difference / error, freedom)?,
        })
    }

    /// Where both sides have seeds, the finding is about models and not about single runs of them: interval,
    /// p value and minimum detectable difference hold both parts.
    pub(super) fn apply(self, finding: &mut Finding) {
        if self.seeds.iter().all(|seeds| *seeds > 1) {
            finding.interval = Some(self.interval);
            finding.interval_method = "t";
            finding.p = Some(self.p);
            finding.p_method = "t";
            finding.detectable =
                minimum_detectable(self.error, self.error_freedom.max(1.0) as usize + 1);
        } else {
            finding.remarks.push(
                "one side has one seed: how much its score moves with the seed is not known"
                    .to_owned(),
            );
        }
        finding.seeds = Some(self);
    }
}

fn variance(values: &[f64]) -> Option<f64> {
    if values.len() < 2 {
        return None;
    }
    let n = values.len() as f64;
    let mean = values.iter().sum::<f64>() / n;
    Some(
        values
            .iter()
            .map(|value| (value - mean).powi(2))
            .sum::<f64>()
            / (n - 1.0),
    )
}
