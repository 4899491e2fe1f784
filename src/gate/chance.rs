//! Whether chance explains a difference.
//!
//! Scores that are a function of sums over the frames of each story (accuracies, micro F1, means) have the same
//! stories on both sides: a paired test, by swapping whole stories between the runs. Everything else (distances of
//! sets, corpus scores, single characters) has its interval: the difference is compared with both intervals as if the
//! runs had nothing in common. They have the stories in common, so that this test is slow to alarm. Within a family of
//! scores, chances are adjusted by Holm, so that `alpha` is the chance of any false alarm in it. A metric's row says which
//! test is its own, which family its scores belong to, and what a difference is that cannot be tested.

use super::baseline::rounded;
use super::judge::{Doubt, Pending};
use super::verdict::Reason;
use crate::metric::{GateTest, StorySums, Untested};
use crate::stats::{Pair, Resampling, holm, normal_cdf};
use std::collections::BTreeMap;

/// Half the width of a 95 % interval of a normal distribution, in standard deviations.
const HALF_WIDTH: f64 = 1.959_963_984_540_054;

/// Fewest sign patterns that are drawn where not all are counted.
const FEWEST: usize = 10_000;

/// A drawn pattern cannot give a smaller p than one over their number. With so many times `tests / alpha` of
/// them, one score alone can still fail among all that are tested.
const MARGIN: f64 = 4.0;

/// Relative difference of a score and what its sums give: they were rounded to nine decimals, story by story.
const SAME: f64 = 1e-6;

/// Settles what chance may explain; returns notes on what could not be tested.
pub(super) fn settle(judgements: &mut [Pending<'_>], alpha: f64) -> Vec<String> {
    let tests = judgements.iter().filter(|it| it.doubt.is_some()).count();
    let plan = Resampling {
        resamples: FEWEST.max((MARGIN * tests as f64 / alpha).ceil() as usize),
        seed: 0,
    };
    let mut notes = Vec::new();
    // Judgements and their chances, by family.
    let mut asked: BTreeMap<u8, (Vec<usize>, Vec<f64>)> = BTreeMap::new();
    for (index, pending) in judgements.iter_mut().enumerate() {
        let Some(doubt) = &pending.doubt else {
            continue;
        };
        if let Some((p, test)) = chance(doubt, plan) {
            pending.outcome.p = Some(p);
            pending.outcome.test = Some(test);
            let family = doubt.rule.family(&pending.outcome.slice);
            let (indices, chances) = asked.entry(family).or_default();
            indices.push(index);
            chances.push(p);
        } else if doubt.reason.is_some() {
            let outcome = &mut pending.outcome;
            match doubt.rule.untested {
                Untested::Fails => outcome.reasons.push(Reason::NoInterval),
                Untested::Noted => notes.push(format!(
                    "{} {} {}: {}",
                    outcome.model,
                    outcome.metric,
                    outcome.slice,
                    Reason::NoInterval
                )),
            }
        }
    }
    for (indices, chances) in asked.into_values() {
        for (index, adjusted) in indices.into_iter().zip(holm(&chances)) {
            let pending = &mut judgements[index];
            pending.outcome.p_adjusted = Some(adjusted);
            if adjusted < alpha {
                let reason = pending.doubt.as_ref().and_then(|it| it.reason.clone());
                pending.outcome.reasons.extend(reason);
            }
        }
    }
    notes
}

/// The two-sided chance of such a difference, and the name of the test.
fn chance(doubt: &Doubt<'_>, plan: Resampling) -> Option<(f64, &'static str)> {
    let (value, before) = (doubt.found.value?, doubt.baseline.value?);
    let sums = (doubt.sums).filter(|_| doubt.rule.test == GateTest::Stories);
    if let Some((base, sums)) = doubt.baseline.cluster_sums().zip(sums) {
        // Sums that do not give the scores are of another definition, or of other observations than the scores.
        let same = |sums: &StorySums, value: f64| {
            let found = sums.value(&sums.sums.total());
            found.is_some_and(|found| (found - value).abs() <= SAME * value.abs().max(1.0))
        };
        if same(sums, value) && same(&sums.with_sums(base.clone()), before) {
            let found = rounded(&sums.sums);
            let pair = Pair::new(&base, &found, |terms| sums.value(terms));
            return Some((pair.randomise(plan)?.p, "stories"));
        }
    }
    let intervals = doubt.found.interval.zip(doubt.baseline.interval);
    let Some((found, baseline)) = intervals else {
        // Nothing moved, and nothing is to be explained.
        return (value.to_bits() == before.to_bits()).then_some((1.0, "equality"));
    };
    let difference = (value - before).abs();
    let error = deviation(found).hypot(deviation(baseline));
    let p = if difference == 0.0 {
        1.0
    } else {
        2.0 * normal_cdf(-difference / error)
    };
    Some((p, "intervals"))
}

/// The standard error behind a 95 % interval: half its width in normal errors. Student's quantile, and the longer end of
/// a skewed score, make it too large rather than too small.
fn deviation([low, high]: [f64; 2]) -> f64 {
    (high - low) / (2.0 * HALF_WIDTH)
}
