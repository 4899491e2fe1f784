//! Improved precision and recall, density and coverage.

use super::images::UNSEEN;
use super::interval::Groups;
use super::matrix::both;
use super::preset::name_of;
use super::sets::{self, Features, origin};
use super::{Answer, FeatureSets, Host, IntervalPlan, Measure, MeasureError, Warning};
use crate::metric::{Prdc, PrdcOptions, prdc};
use crate::record::Signature;
use serde_json::json;

/// Asks for precision, recall, density and coverage; the value is the precision.
#[derive(Clone, Debug, Default)]
pub struct PrdcRequest {
    /// The two sets.
    pub sets: FeatureSets,
    /// Numbers of neighbours.
    pub options: PrdcOptions,
    /// Groups are of the generated set; those of the reference are the same where it has as many images.
    pub interval: IntervalPlan,
}

impl Measure for PrdcRequest {
    fn measure(&self, host: &dyn Host) -> Result<Answer, MeasureError> {
        if let Some([Some(n1), Some(n2)]) = self.sets.sizes()? {
            sets::groups(&self.interval, &self.sets.paths[0], n1)?;
            if let Err(reason) = self.options.fit([n1, n2]) {
                let answer = Answer::of_sets("prdc", [Some(n1), Some(n2)]).without(reason);
                return Ok(self.signed(answer, [UNSEEN, "none"], [n1, n2]));
            }
        }
        self.of_features(&self.sets.features(host)?)
    }
}

impl PrdcRequest {
    /// The answer of sets that were read.
    pub(super) fn of_features(&self, [a, b]: &[Features; 2]) -> Result<Answer, MeasureError> {
        let sizes = [a.numbers.dim().0, b.numbers.dim().0];
        let mut answer = Answer::of_sets("prdc", sizes.map(Some));
        answer.warnings = [a.warnings.clone(), b.warnings.clone()].concat();
        let mut ci = "none".to_owned();
        match both!(&a.numbers, &b.numbers, |x, y| prdc(&x, &y, &self.options)) {
            Err(reason) => answer = answer.without(reason),
            Ok(found) => ci = self.fill(&mut answer, &found, sizes)?,
        }
        Ok(self.signed(answer, [&origin(&a.origin, &b.origin), &ci], sizes))
    }
}

impl PrdcRequest {
    /// Values and intervals. Returns what a signature says of the intervals.
    fn fill(
        &self,
        answer: &mut Answer,
        found: &Prdc,
        [n1, n2]: [usize; 2],
    ) -> Result<String, MeasureError> {
        let plan = &self.interval;
        let generated = sets::groups(plan, &self.sets.paths[0], n1)?;
        let real = if n1 == n2 {
            generated.clone()
        } else {
            Groups::each(n2)
        };
        let k = self.options.density_k as f64;
        let flag = |flag: bool| f64::from(u8::from(flag));
        let each: [Vec<f64>; 4] = [
            found
                .generated
                .iter()
                .map(|it| flag(it.in_closed))
                .collect(),
            found.real.iter().map(|it| flag(it.in_closed)).collect(),
            found
                .generated
                .iter()
                .map(|it| it.open as f64 / k)
                .collect(),
            found.real.iter().map(|it| flag(it.covered)).collect(),
        ];
        let [precision, recall, density, coverage] = [
            plan.of_mean(&each[0], &generated),
            plan.of_mean(&each[1], &real),
            plan.of_mean(&each[2], &generated),
            plan.of_mean(&each[3], &real),
        ];
        (answer.value, answer.interval) = (Some(found.precision), precision);
        for (name, value) in [
            ("precision", found.precision),
            ("recall", found.recall),
            ("density", found.density),
            ("coverage", found.coverage),
        ] {
            answer.detail(name, value);
        }
        answer.detail("f_score", found.f_score());
        answer.detail("open_precision", found.open_precision);
        answer.detail("open_recall", found.open_recall);
        answer.detail(
            "intervals",
            json!({
                "precision": precision,
                "recall": recall,
                "density": density,
                "coverage": coverage,
            }),
        );
        if answer.interval.is_some() {
            answer.warnings.push(Warning::FixedNeighbourhoods);
        }
        Ok(plan.name(&generated))
    }

    fn signed(&self, answer: Answer, [origin, ci]: [&str; 2], [n1, n2]: [usize; 2]) -> Answer {
        let PrdcOptions {
            precision_k,
            density_k,
        } = self.options;
        let parts = Signature::of("prdc")
            .with("input", origin)
            .with("preset", name_of(&self.sets.network.preset))
            .with("k", format!("{precision_k},{density_k}"))
            .with("precision,recall", "closed")
            .with("density,coverage", "open");
        let most = n1.min(n2).saturating_sub(1);
        let fewer = if most > 0 && most < precision_k.max(density_k) {
            format!("; for these, `--nearest-k {most}` is the most")
        } else {
            String::new()
        };
        let answer = answer.signed(parts, ci, &[Some(n1), Some(n2)]);
        answer.hinted(format!(
            "give finite features of one network, with more images in each set than neighbours{fewer}"
        ))
    }
}
