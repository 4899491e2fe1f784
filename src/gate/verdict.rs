//! What the gate found.

use super::check::Check;
use crate::metric::about_metric;
use crate::record::Unit;
use std::fmt;
use std::fmt::Write as _;

/// What became of a score.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Status {
    /// It is not what the rules allow.
    Failed,
    /// It is of other data, other stories or another protocol than the baseline's, and says nothing.
    Incomparable,
    /// It is not in the baseline.
    New,
    /// It is what the rules allow.
    Held,
    /// The rules do not cover it.
    Ignored,
}

impl Status {
    /// As `--format json` writes it.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Failed => "failed",
            Self::Incomparable => "incomparable",
            Self::New => "new",
            Self::Held => "held",
            Self::Ignored => "ignored",
        }
    }
}

/// Why a score failed.
#[derive(Clone, Debug, PartialEq)]
pub enum Reason {
    /// The value moved beyond the window, to the bad side.
    Worse,
    /// The value moved beyond the window, to the good side.
    TooGood,
    /// The value is below what a rule demands.
    BelowMinimum(f64),
    /// The value is above what a rule allows.
    AboveMaximum(f64),
    /// The baseline has this score, the run has not.
    Vanished,
    /// The baseline has a value, the run has none.
    NoValue(String),
    /// The value is not a finite number.
    NotFinite,
    /// Too few frames were scored.
    Coverage {
        /// Frames that were.
        n: usize,
        /// Frames that should have been.
        wanted: usize,
    },
    /// It was computed in another way: the parts that differ, the baseline's first.
    Signature(Vec<String>),
    /// It moved beyond the tolerance, and neither sums of stories nor intervals say whether by chance.
    NoInterval,
    /// No run of this model was given.
    NoRun,
}

impl Reason {
    /// A word for programs, for example JUnit's `type`.
    #[must_use]
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Worse => "worse",
            Self::TooGood => "suspiciously-good",
            Self::BelowMinimum(_) => "below-minimum",
            Self::AboveMaximum(_) => "above-maximum",
            Self::Vanished => "vanished",
            Self::NoValue(_) => "no-value",
            Self::NotFinite => "not-finite",
            Self::Coverage { .. } => "coverage",
            Self::Signature(_) => "signature",
            Self::NoInterval => "no-interval",
            Self::NoRun => "no-run",
        }
    }
}

impl fmt::Display for Reason {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Worse => formatter.write_str("worse"),
            Self::TooGood => formatter.write_str(
                "suspiciously good (a broken metric or a leak looks like this; if it is real, update the baseline)",
            ),
            Self::BelowMinimum(least) => write!(formatter, "below the minimum {least}"),
            Self::AboveMaximum(most) => write!(formatter, "above the maximum {most}"),
            Self::Vanished => formatter.write_str("in the baseline, but no longer scored"),
            Self::NoValue(why) => write!(formatter, "no value: {why}"),
            Self::NotFinite => formatter.write_str("the value is not a finite number"),
            Self::Coverage { n, wanted } => {
                write!(formatter, "{n} frames scored, {wanted} wanted")
            }
            Self::Signature(parts) => write!(
                formatter,
                "computed in another way (baseline / run): {}",
                parts.join("; ")
            ),
            Self::NoInterval => formatter.write_str(
                "the value differs and has no interval to judge it by; give an absolute or relative tolerance",
            ),
            Self::NoRun => formatter.write_str("no run of this model was given"),
        }
    }
}

/// One score's judgement.
#[derive(Clone, Debug, PartialEq)]
pub struct Outcome {
    /// Id of the model.
    pub model: String,
    /// Metric id.
    pub metric: String,
    /// Slice.
    pub slice: String,
    /// Unit of the values.
    pub unit: Unit,
    /// What became of it.
    pub status: Status,
    /// The baseline's value.
    pub baseline: Option<f64>,
    /// The run's value.
    pub value: Option<f64>,
    /// Ends of the window around the baseline's value, where there is one.
    pub window: Option<[f64; 2]>,
    /// Chance of such a difference if nothing changed, two-sided: alone.
    pub p: Option<f64>,
    /// The same among all tests of the family (Holm); what is compared with `alpha`.
    pub p_adjusted: Option<f64>,
    /// Number of the family of tests.
    pub family: Option<u8>,
    /// How the chance was computed.
    pub test: Option<&'static str>,
    /// What the rule demands; `None` for scores that no rule covers.
    pub check: Option<Check>,
    /// Why it failed, or in what it is incomparable.
    pub reasons: Vec<Reason>,
}

impl Outcome {
    /// A score of a model, metric and slice before it is judged.
    pub(super) fn of(
        (model, metric, slice): (&str, &str, &str),
        unit: Unit,
        status: Status,
    ) -> Self {
        Self {
            model: model.to_owned(),
            metric: metric.to_owned(),
            slice: slice.to_owned(),
            unit,
            status,
            baseline: None,
            value: None,
            window: None,
            p: None,
            p_adjusted: None,
            family: None,
            test: None,
            check: None,
            reasons: Vec::new(),
        }
    }

    /// A value, with a digit or two more than tables print: a gate shows what moved.
    #[must_use]
    pub fn number(&self, value: f64) -> String {
        let decimals = match self.unit {
            Unit::Percent => 2,
            _ => about_metric(&self.metric, self.unit).decimals.max(4),
        };
        format!("{value:.decimals$}")
    }

    /// The difference with its sign.
    #[must_use]
    pub fn difference(&self) -> Option<f64> {
        Some(self.value? - self.baseline?)
    }

    /// Baseline and run in words: `58.00, baseline 94.00 (-36.00, allowed 90.00 to 98.00)`.
    #[must_use]
    pub fn values(&self) -> String {
        let mut text = match (self.value, self.baseline) {
            (Some(value), Some(baseline)) => {
                let difference = value - baseline;
                let sign = if difference < 0.0 { "-" } else { "+" };
                format!(
                    "{}, baseline {} ({sign}{}",
                    self.number(value),
                    self.number(baseline),
                    self.number(difference.abs())
                )
            }
            (Some(value), None) => return format!("{}, not in the baseline", self.number(value)),
            (None, Some(baseline)) => {
                return format!("no value, baseline {}", self.number(baseline));
            }
            (None, None) => return "no value".to_owned(),
        };
        if let Some([low, high]) = self.window {
            if low < high {
                let allowed = format!(", allowed {} to {}", self.number(low), self.number(high));
                text.push_str(&allowed);
            } else if self.p.is_none() {
                text.push_str(", no change allowed");
            }
        }
        if let (Some(p), Some(test)) = (self.p_adjusted, self.test) {
            let _ = if p < LEAST_PRINTED {
                write!(text, ", p < {LEAST_PRINTED} by {test}")
            } else {
                write!(text, ", p = {p:.4} by {test}")
            };
        }
        text.push(')');
        text
    }

    /// The whole judgement in one line.
    #[must_use]
    pub fn line(&self) -> String {
        let reasons: Vec<String> = self.reasons.iter().map(ToString::to_string).collect();
        let line = format!(
            "{} {} {}: {}: {}",
            self.model,
            self.metric,
            self.slice,
            self.values(),
            reasons.join("; ")
        );
        one_line(&line)
    }
}

/// Probabilities below this are printed as such.
const LEAST_PRINTED: f64 = 0.0001;

/// A probability as it is printed: never 0, which no test can claim.
pub(super) fn probability(p: f64) -> String {
    if p < LEAST_PRINTED {
        format!("< {LEAST_PRINTED}")
    } else {
        format!("{p:.4}")
    }
}

/// Text from files on one line of a terminal: control characters become spaces.
pub(super) fn one_line(text: &str) -> String {
    let breaks = |c: char| c.is_control() || matches!(c, '\u{2028}' | '\u{2029}');
    text.chars()
        .map(|c| if breaks(c) { ' ' } else { c })
        .collect()
}

/// Everything the gate found.
#[derive(Clone, Debug, PartialEq)]
pub struct Verdict {
    /// Every score of baseline and runs: models in the baseline's order, scores in theirs, then what is new.
    pub outcomes: Vec<Outcome>,
    /// Things a reader must know that fail nothing.
    pub notes: Vec<String>,
    /// Chance of a false alarm of the statistical rules, over all scores of a family.
    pub alpha: f64,
}

impl Verdict {
    /// Scores with a status, in order.
    pub fn with(&self, status: Status) -> impl Iterator<Item = &Outcome> {
        self.outcomes.iter().filter(move |it| it.status == status)
    }

    /// How many scores have a status.
    #[must_use]
    pub fn count(&self, status: Status) -> usize {
        self.with(status).count()
    }

    /// Scores that were compared with the baseline: that failed or held.
    #[must_use]
    pub fn judged(&self) -> usize {
        self.count(Status::Failed) + self.count(Status::Held)
    }

    /// How many scores of a family of tests were tested.
    #[must_use]
    pub fn tested(&self, family: u8) -> usize {
        let outcomes = self.outcomes.iter();
        outcomes.filter(|it| it.family == Some(family)).count()
    }

    /// Failures and scores without a meaning in words, a line each; of a model that no run was given of, one line.
    #[must_use]
    pub fn complaints(&self) -> Vec<String> {
        let mut lines: Vec<String> = Vec::new();
        for status in [Status::Failed, Status::Incomparable] {
            for outcome in self.with(status) {
                let line = if outcome.reasons == [Reason::NoRun] {
                    let scores = (self.with(status)).filter(|it| it.model == outcome.model);
                    let model = one_line(&outcome.model);
                    format!("{model}: {} ({} scores)", Reason::NoRun, scores.count())
                } else {
                    outcome.line()
                };
                let line = format!("{}: {line}", status.name());
                if lines.last() != Some(&line) {
                    lines.push(line);
                }
            }
        }
        lines
    }

    /// Whether the gate lets pass: something was judged, and everything that was is held. What is
    /// incomparable beside it does not pass either.
    #[must_use]
    pub fn passes(&self) -> bool {
        self.count(Status::Held) > 0
            && self.count(Status::Failed) == 0
            && self.count(Status::Incomparable) == 0
    }
}
