//! Holds runs against a baseline.

use super::baseline::{Baseline, BaselineModel, BaselineScore};
use super::chance;
use super::check::{Check, Coverage, SignatureRule};
use super::error::GateError;
use super::rules::{Decision, Rules};
use super::subject::Subject;
use super::verdict::{Outcome, Reason, Status, Verdict, one_line};
use crate::metric::{GateRule, Parts};
use crate::record::{Score, signature_differences};
use std::collections::BTreeMap;

/// Parts of a signature that say which frames were scored: scores that differ in them are not of one thing.
const DATA: [&str; 3] = ["dataset", "subset", "frames"];

/// Relative difference below which two numbers are the same: they went through decimal digits.
const SAME: f64 = 1e-9;

/// Judges runs.
///
/// With `all_models`, a model of the baseline that no run was given of fails, unless the rules ignore it.
///
/// # Errors
/// [`GateError::Twice`] for two runs of one model, [`GateError::Unusable`] for a rule that does not fit its score.
pub fn judge(
    baseline: &Baseline,
    rules: &Rules,
    subjects: &[Subject],
    all_models: bool,
) -> Result<Verdict, GateError> {
    once(subjects)?;
    let mut bench = Bench {
        baseline,
        rules,
        used: Vec::new(),
        outcomes: Vec::new(),
    };
    let mut notes = Vec::new();
    for model in &baseline.models {
        let subject = subjects.iter().find(|it| it.scores.model == model.model);
        match subject {
            Some(subject) => {
                notes.extend(unlike(model, subject));
                bench.model(model, subject)?;
            }
            None if all_models => bench.absent(model),
            None => {
                notes.push(format!(
                    "no run of {} was given; its {} scores are not judged",
                    model.model,
                    model.scores.len()
                ));
                // A rule for these scores is not idle.
                for score in &model.scores {
                    bench.decide(&model.model, &score.metric, &score.slice);
                }
            }
        }
    }
    for subject in subjects {
        if baseline.model(&subject.scores.model).is_none() {
            notes.push(format!(
                "{} is not in the baseline; nothing is demanded of it",
                subject.scores.model
            ));
            for score in &subject.scores.scores {
                bench.new_score(&subject.scores.model, score);
            }
        }
    }
    notes.extend(chance::unpaired(&bench.outcomes));
    notes.extend(chance::settle(&mut bench.outcomes, rules.alpha));
    notes.extend(rules.idle(&bench.used));
    let mut outcomes: Vec<Outcome> = bench.outcomes.into_iter().map(|it| it.outcome).collect();
    for outcome in &mut outcomes {
        if outcome.status == Status::Held && !outcome.reasons.is_empty() {
            outcome.status = Status::Failed;
        }
    }
    Ok(Verdict {
        outcomes,
        notes: notes.iter().map(|note| one_line(note)).collect(),
        alpha: rules.alpha,
    })
}

fn once(subjects: &[Subject]) -> Result<(), GateError> {
    let mut seen: BTreeMap<&str, &Subject> = BTreeMap::new();
    for subject in subjects {
        if let Some(first) = seen.insert(&subject.scores.model, subject) {
            return Err(GateError::Twice {
                model: subject.scores.model.clone(),
                first: first.folder.clone(),
                second: subject.folder.clone(),
            });
        }
    }
    Ok(())
}

/// In what a run differs from the baseline's before any score is judged.
fn unlike(model: &BaselineModel, subject: &Subject) -> Vec<String> {
    let differences = model.identity.differences(&subject.identity).into_iter();
    differences
        .map(|it| {
            format!(
                "{}: {} is {} in the baseline and {} in the run",
                model.model,
                it.field,
                short(&it.folder),
                short(&it.asked)
            )
        })
        .collect()
}

/// A hash by its first characters; anything else as it is.
fn short(value: &str) -> &str {
    if value.len() == 64 && value.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        &value[..12]
    } else {
        value
    }
}

/// A judgement, and what is needed to ask chance.
pub(super) struct Pending<'a> {
    pub(super) outcome: Outcome,
    /// Beyond the tolerance, on this side, with whom to ask.
    pub(super) doubt: Option<Doubt<'a>>,
}

/// A difference that chance may explain.
pub(super) struct Doubt<'a> {
    pub(super) baseline: &'a BaselineScore,
    pub(super) found: &'a Score,
    /// What the run's score is made of.
    pub(super) parts: Option<&'a Parts>,
    /// Whether the run has the stories of the baseline.
    pub(super) same_stories: bool,
    /// What it is if chance does not explain it; `None` when it then is progress that the rule welcomes.
    pub(super) reason: Option<Reason>,
    /// How the metric is tested.
    pub(super) rule: GateRule,
}

struct Bench<'a> {
    baseline: &'a Baseline,
    rules: &'a Rules,
    used: Vec<usize>,
    outcomes: Vec<Pending<'a>>,
}

impl<'a> Bench<'a> {
    fn decide(&mut self, model: &str, metric: &str, slice: &str) -> Decision {
        let (decision, rule) = self.rules.decide(model, metric, slice);
        self.used.extend(rule);
        decision
    }

    fn push(&mut self, outcome: Outcome) {
        self.outcomes.push(Pending {
            outcome,
            doubt: None,
        });
    }

    /// No run of the model was given.
    fn absent(&mut self, model: &'a BaselineModel) {
        for score in &model.scores {
            let mut outcome = of_baseline(&model.model, score);
            if let Decision::Check(check) = self.decide(&model.model, &score.metric, &score.slice) {
                outcome.status = Status::Failed;
                outcome.check = Some(check);
                outcome.reasons.push(Reason::NoRun);
            }
            self.push(outcome);
        }
    }

    fn new_score(&mut self, model: &str, score: &Score) {
        let ignored = self.decide(model, &score.metric, &score.slice) == Decision::Ignore;
        let status = if ignored {
            Status::Ignored
        } else {
            Status::New
        };
        let place = (model, score.metric.as_str(), score.slice.as_str());
        let mut outcome = Outcome::of(place, score.unit, status);
        outcome.value = score.value;
        self.push(outcome);
    }

    fn model(&mut self, model: &'a BaselineModel, subject: &'a Subject) -> Result<(), GateError> {
        let mut found: BTreeMap<(&str, &str), &'a Score> = BTreeMap::new();
        for score in &subject.scores.scores {
            // A score that is listed twice is held to its first value; a later one is not counted as new.
            found
                .entry((score.metric.as_str(), score.slice.as_str()))
                .or_insert(score);
        }
        let other_protocol = model.protocol != subject.scores.protocol;
        for score in &model.scores {
            let mut outcome = of_baseline(&model.model, score);
            let Decision::Check(check) = self.decide(&model.model, &score.metric, &score.slice)
            else {
                self.push(outcome);
                continue;
            };
            outcome.status = Status::Held;
            outcome.check = Some(check);
            let key = (score.metric.as_str(), score.slice.as_str());
            let Some(found) = found.get(&key).copied() else {
                outcome.reasons.push(Reason::Vanished);
                self.push(outcome);
                continue;
            };
            outcome.value = found.value;
            let mut parts = signature_differences(self.baseline.signature(score), &found.signature);
            if other_protocol {
                let (was, is) = (&model.protocol, &subject.scores.protocol);
                parts.insert(0, format!("protocol: {was} / {is}"));
            }
            let of_other_data = |part: &String| {
                let key = part.split_once(':').map_or("", |(key, _)| key);
                DATA.contains(&key)
            };
            if other_protocol || parts.iter().any(of_other_data) {
                outcome.status = Status::Incomparable;
                outcome.reasons.push(Reason::Signature(parts));
                self.push(outcome);
                continue;
            }
            if check.signature == SignatureRule::Same && !parts.is_empty() {
                outcome.reasons.push(Reason::Signature(parts));
            }
            let doubt = Doubt {
                baseline: score,
                found,
                parts: (subject.parts).get(&(score.metric.clone(), score.slice.clone())),
                same_stories: model.stories == subject.stories,
                reason: None,
                rule: self.rules.of_metric(&score.metric),
            };
            let pending = compare(outcome, check, doubt)?;
            self.outcomes.push(pending);
        }
        for score in &subject.scores.scores {
            if model.score(&score.metric, &score.slice).is_none() {
                self.new_score(&model.model, score);
            }
        }
        Ok(())
    }
}

fn of_baseline(model: &str, score: &BaselineScore) -> Outcome {
    let place = (model, score.metric.as_str(), score.slice.as_str());
    let mut outcome = Outcome::of(place, score.unit, Status::Ignored);
    outcome.baseline = score.value;
    outcome
}

/// Everything that two numbers of one thing are held to.
fn compare(
    mut outcome: Outcome,
    check: Check,
    mut doubt: Doubt<'_>,
) -> Result<Pending<'_>, GateError> {
    let (score, found) = (doubt.baseline, doubt.found);
    let wanted = match check.coverage {
        Coverage::Complete => found.planned.max(score.planned),
        Coverage::Baseline => score.n,
        Coverage::Any => 0,
    };
    if found.n < wanted {
        outcome
            .reasons
            .push(Reason::Coverage { n: found.n, wanted });
    }
    let settled = |outcome| {
        Ok(Pending {
            outcome,
            doubt: None,
        })
    };
    let value = match (found.value, score.value) {
        (Some(value), _) if !value.is_finite() => {
            outcome.reasons.push(Reason::NotFinite);
            return settled(outcome);
        }
        (Some(value), _) => value,
        (None, None) => return settled(outcome),
        (None, Some(_)) => {
            let why = found.unscored.as_deref().unwrap_or("it is not a number");
            outcome.reasons.push(Reason::NoValue(why.to_owned()));
            return settled(outcome);
        }
    };
    let slack = SAME * value.abs().max(score.value.unwrap_or(0.0).abs()).max(1.0);
    if let Some(least) = check.min.filter(|least| value < least - slack) {
        outcome.reasons.push(Reason::BelowMinimum(least));
    }
    if let Some(most) = check.max.filter(|most| value > most + slack) {
        outcome.reasons.push(Reason::AboveMaximum(most));
    }
    // A value where the baseline has none is news, and nothing to hold it against.
    let Some(before) = score.value else {
        return settled(outcome);
    };
    if !check.tolerance.is_given() && !check.statistical {
        return settled(outcome);
    }
    let Some(half) = check.tolerance.around(before, score.n, score.unit) else {
        return Err(GateError::Unusable {
            score: format!("{} {} {}", outcome.model, outcome.metric, outcome.slice),
            what: "frames are points of a percentage, and this score is none".to_owned(),
        });
    };
    outcome.window = Some([before - half, before + half]);
    let beyond = (value - before).abs() > half + slack;
    let better = (value > before) == score.higher_is_better;
    let reason = match (better, check.two_sided) {
        (false, _) => Some(Reason::Worse),
        (true, true) => Some(Reason::TooGood),
        (true, false) => None,
    };
    if !check.statistical {
        if beyond {
            outcome.reasons.extend(reason);
        }
        return settled(outcome);
    }
    // Chance is asked about every score of a statistical rule, also about one inside its tolerance: how many
    // are tested must not depend on what came out.
    doubt.reason = reason.filter(|_| beyond);
    Ok(Pending {
        outcome,
        doubt: Some(doubt),
    })
}

#[cfg(test)]
#[path = "judge_tests.rs"]
mod tests;
