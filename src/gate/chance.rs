//! Whether chance explains a difference.
//!
//! A run with the stories of the baseline is compared with it as `compare` does: paired by story, Student's t on what the
//! difference is without each story in turn. Of sums per story the baseline keeps the sums, of everything else (distances of
//! sets, corpus scores) the values without each story. Other stories are compared by both standard errors, and what is
//! not kept (single positions and characters) by both intervals, as if the runs had nothing in common: slow to alarm.
//! Within a family of scores, chances are adjusted by Holm, so that `alpha` is the chance of any false alarm in it. A
//! metric's row says which test is its own, which family its scores belong to, and what a difference is that cannot be
//! tested.

use super::baseline::BaselineScore;
use super::judge::{Doubt, Pending};
use super::parts::{error_of, error_of_sums, left_out, rounded, significant};
use super::verdict::Reason;
use crate::metric::{GateTest, Parts, StorySums, Untested};
use crate::stats::{
    LEAST_GROUPS, LeftOut, Pair, PairedTest, Resampling, holm, normal_cdf, standard_error,
    student_p,
};
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
            pending.outcome.family = Some(family);
            let (indices, chances) = asked.entry(family).or_default();
            indices.push(index);
            chances.push(p);
        } else if doubt.reason.is_some() {
            let outcome = &mut pending.outcome;
            let few = doubt.found.stories < LEAST_GROUPS;
            match doubt.rule.untested {
                Untested::Fails if !few => outcome.reasons.push(Reason::NoInterval),
                Untested::Fails | Untested::Noted => notes.push(format!(
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
    let moved = value.to_bits() != before.to_bits();
    let intervals = doubt.found.interval.zip(doubt.baseline.interval);
    if doubt.rule.untested == Untested::Noted && moved && intervals.is_none() {
        return None;
    }
    if let Some(parts) = doubt.parts.filter(|_| doubt.rule.test == GateTest::Stories) {
        let paired = || paired(doubt, parts, [before, value], plan).map(|p| (p, "stories"));
        let apart = || apart(doubt, parts, [before, value]).map(|p| (p, "standard errors"));
        let found = if doubt.same_stories {
            paired()
        } else {
            apart()
        };
        if found.is_some() {
            return found;
        }
    }
    let Some((found, baseline)) = intervals else {
        // Nothing moved, and nothing is to be explained.
        return (!moved).then_some((1.0, "equality"));
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

/// By the test of `compare`, paired by story. `None` where the baseline does not keep what that needs.
fn paired(
    doubt: &Doubt<'_>,
    parts: &Parts,
    [before, value]: [f64; 2],
    plan: Resampling,
) -> Option<f64> {
    if let (Parts::Sums(found), Some(base)) = (parts, doubt.baseline.cluster_sums()) {
        let alike = base.clusters() == found.sums.clusters() && base.width() == found.sums.width();
        let base = found.with_sums(alike.then_some(base)?);
        // Sums that do not give the scores are of another definition, or of other observations than the scores.
        gives(&base, before).then_some(())?;
        gives(found, value).then_some(())?;
        let (base, found) = (&base, found.with_sums(rounded(&found.sums)));
        let (a, b, _) = base.paired(&found);
        return Pair::new(&a, &b, |terms: &[f64]| base.value(terms))
            .test(plan)?
            .p;
    }
    let (found, base) = (left_out(parts), &doubt.baseline.without);
    let alike = found.len() == base.len() && doubt.found.n == doubt.baseline.n;
    if !alike || !value_of(parts, value) || few(parts, found.len()) {
        return None;
    }
    let without = found.iter().zip(base).map(|(found, base)| LeftOut {
        value: found.value.map(significant).zip(*base).map(|(b, a)| b - a),
        size: found.size,
    });
    PairedTest::by_t(value - before, without.collect()).p
}

/// By both standard errors, as of runs that have nothing in common: Welch's t, over stories.
fn apart(doubt: &Doubt<'_>, parts: &Parts, [before, value]: [f64; 2]) -> Option<f64> {
    let base = before_error(doubt.baseline, Some(parts), doubt.found.stories)?;
    let groups = left_out(parts).len();
    if !value_of(parts, value) || few(parts, groups.min(base.stories)) {
        return None;
    }
    let found = error_of(value, parts)?;
    let (a, b) = (base.error.powi(2), found.powi(2));
    let freedom = (a + b).powi(2)
        / (a.powi(2) / (base.stories as f64 - 1.0) + b.powi(2) / (groups as f64 - 1.0));
    student_p((value - before) / (a + b).sqrt(), freedom)
}

/// Whether a statistic that is no function of sums has too few groups for its error, as in `compare`.
fn few(parts: &Parts, groups: usize) -> bool {
    matches!(parts, Parts::LeftOut { .. }) && groups < LEAST_GROUPS
}

/// Whether the parts are those of the value.
fn value_of(parts: &Parts, value: f64) -> bool {
    match parts {
        Parts::Sums(made) => gives(made, value),
        Parts::LeftOut {
            value: of_parts, ..
        } => near(*of_parts, value),
        Parts::None(_) => false,
    }
}

fn gives(made: &StorySums, value: f64) -> bool {
    made.value(&made.sums.total())
        .is_some_and(|found| near(found, value))
}

fn near(found: f64, value: f64) -> bool {
    (found - value).abs() <= SAME * value.abs().max(1.0)
}

/// What the baseline alone knows of the error of a score.
pub(super) struct KnownError {
    /// Standard error.
    pub(super) error: f64,
    /// Stories, or groups of them, that it is of.
    pub(super) stories: usize,
}

/// The standard error of a baseline's score: of what is kept story by story, elsewhere of its interval over `stories`.
/// `parts` are those of the same score in a run, which know how sums become a value.
pub(super) fn before_error(
    score: &BaselineScore,
    parts: Option<&Parts>,
    stories: usize,
) -> Option<KnownError> {
    let value = score.value?;
    if let (Some(Parts::Sums(made)), Some(sums)) = (parts, score.cluster_sums())
        && sums.width() == made.sums.width()
    {
        let error = error_of_sums(value, made, &sums)?;
        let stories = sums.clusters();
        return Some(KnownError { error, stories });
    }
    if score.without.len() > 1 {
        let stories = score.without.len();
        let without = score.without.iter();
        let without: Vec<LeftOut> = without
            .map(|it| LeftOut {
                value: *it,
                size: 1,
            })
            .collect();
        let error = standard_error(value, &without).ok()?;
        return Some(KnownError { error, stories });
    }
    let error = deviation(score.interval?);
    (error > 0.0).then_some(KnownError { error, stories })
}

/// A note on scores that a baseline of an earlier version keeps nothing of.
pub(super) fn unpaired(judgements: &[Pending<'_>]) -> Option<String> {
    let mut metrics: Vec<&str> = Vec::new();
    for pending in judgements {
        let Some(doubt) = pending.doubt.as_ref().filter(|it| it.found.slice == "all") else {
            continue;
        };
        let kept = !(doubt.baseline.without.is_empty() && doubt.baseline.sums.is_empty());
        let name = doubt.found.metric.as_str();
        if !kept && doubt.parts.is_some() && !metrics.contains(&name) {
            metrics.push(name);
        }
    }
    (!metrics.is_empty()).then(|| {
        format!(
            "the baseline keeps nothing story by story of {}: intervals judge them, which see less; `storyeval gate update` brings the paired test",
            metrics.join(", ")
        )
    })
}

/// The standard error behind a 95 % interval: half its width in normal errors. Student's quantile, and the longer end of
/// a skewed score, make it too large rather than too small.
fn deviation([low, high]: [f64; 2]) -> f64 {
    (high - low) / (2.0 * HALF_WIDTH)
}
