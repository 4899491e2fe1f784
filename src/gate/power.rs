//! What a number of stories can show, before anything is judged.

use super::baseline::{Baseline, BaselineModel, BaselineScore};
use super::chance::before_error;
use super::rules::{Decision, Rules};
use super::subject::Subject;
use crate::metric::{HEADLINE, about_metric};
use crate::record::Unit;
use crate::stats::student_quantile;

/// The smallest difference of a headline score that its test could fail on.
#[derive(Clone, Debug, PartialEq)]
pub struct Power {
    /// Id of the model.
    pub model: String,
    /// Metric id.
    pub metric: String,
    /// Unit of value and difference.
    pub unit: Unit,
    /// Stories of the baseline.
    pub stories: usize,
    /// Tests of the family, which Holm's first threshold is of.
    pub tests: usize,
    /// The difference, as of runs that have nothing in common; pairing mostly makes it smaller.
    pub least: f64,
    /// Whether a value that is so much worse exists.
    pub could_fail: bool,
}

impl Power {
    /// Metric and difference as they are printed.
    #[must_use]
    pub fn words(&self) -> String {
        let decimals = about_metric(&self.metric, self.unit).decimals;
        let points = match self.unit {
            Unit::Percent => " points",
            _ => "",
        };
        format!("{} {:.decimals$}{points}", self.metric, self.least)
    }
}

/// What the stories of the baseline can show of each headline score that a statistical rule judges. Scores whose error is
/// not known, because no story moves them, are left out.
#[must_use]
pub fn power(baseline: &Baseline, rules: &Rules, subjects: &[Subject]) -> Vec<Power> {
    let tested = tested(baseline, rules, subjects);
    let tests = tested.len();
    let known = tested.into_iter().filter_map(|(model, score, subject)| {
        let key = (score.metric.clone(), score.slice.clone());
        let known = before_error(score, subject.parts.get(&key), model.stories.len())?;
        let level = 1.0 - rules.alpha / (2.0 * tests as f64);
        let quantile = student_quantile(level, known.stories as f64 - 1.0)?;
        let least = quantile * known.error * std::f64::consts::SQRT_2;
        let room = match score.unit {
            // Without an end on the side where it is worse.
            Unit::Distance | Unit::Decibel => f64::INFINITY,
            Unit::Cosine => score.value? + 1.0,
            Unit::Percent | Unit::Score => score.value?,
        };
        Some(Power {
            model: model.model.clone(),
            metric: score.metric.clone(),
            unit: score.unit,
            stories: model.stories.len(),
            tests,
            least,
            could_fail: least <= room,
        })
    });
    known.collect()
}

type Tested<'a> = (&'a BaselineModel, &'a BaselineScore, &'a Subject);

/// The scores of the first family that chance is asked about.
fn tested<'a>(baseline: &'a Baseline, rules: &Rules, subjects: &'a [Subject]) -> Vec<Tested<'a>> {
    let mut tested = Vec::new();
    for model in &baseline.models {
        let of_model = subjects.iter().find(|it| it.scores.model == model.model);
        let Some(subject) = of_model else { continue };
        for score in model.scores.iter().filter(|it| it.value.is_some()) {
            let decision = rules.decide(&model.model, &score.metric, &score.slice).0;
            let asked = matches!(decision, Decision::Check(check) if check.statistical);
            if asked && rules.of_metric(&score.metric).family(&score.slice) == HEADLINE {
                tested.push((model, score, subject));
            }
        }
    }
    tested
}
