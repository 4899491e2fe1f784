//! What a run says to a published number.

use super::obstacle::obstacles;
use super::{Claim, PublishedCell, PublishedRow};
use crate::record::{Score, Unit};
use serde::Serialize;

/// The answer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "verdict", content = "reasons", rename_all = "kebab-case")]
pub enum Verdict {
    /// The published number lies in the measured interval, extended to the measured value and widened by half
    /// a unit of the last printed digit.
    Reproduced,
    /// It is not.
    Differs,
    /// The two are not the same measurement, for these reasons.
    NotComparable(Vec<String>),
    /// The run has no value, for this reason.
    Unscored(String),
}

/// A published cell with a score of a run.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Finding {
    /// Row of the cell, from 1.
    pub row: usize,
    /// Column of the cell, from 1.
    pub col: usize,
    /// Metric id.
    pub metric: String,
    /// Heading of the column.
    pub heading: String,
    /// The run's folder.
    pub run: String,
    /// The run's model.
    pub model: String,
    /// The run's protocol.
    pub protocol: String,
    /// What is printed.
    pub printed: String,
    /// The published number in `unit`; `None` where the units measure different things.
    pub published: Option<f64>,
    /// Unit of all numbers here.
    pub unit: Option<Unit>,
    /// The run's value.
    pub measured: Option<f64>,
    /// Its 95 % interval.
    pub interval: Option<[f64; 2]>,
    /// Measured less published; `None` where the two are not the same measurement.
    pub difference: Option<f64>,
    /// Frames that entered the value.
    pub n: usize,
    /// Frames planned.
    pub planned: usize,
    /// How the value was computed.
    pub signature: Option<String>,
    /// The answer, with its reasons.
    #[serde(flatten)]
    pub verdict: Verdict,
}

/// Whether a published number is reproduced: it lies in the measured 95 % interval, extended to the
/// measured value where the interval does not hold it (bootstraps of older versions may lie beside a biased
/// estimate), and widened at both ends by half a unit of the last printed digit.
#[must_use]
pub(super) fn reproduces(
    published: f64,
    half_digit: f64,
    value: f64,
    interval: Option<[f64; 2]>,
) -> bool {
    let [low, high] = interval.unwrap_or([value, value]);
    // Decimal halves are not binary ones.
    let room = half_digit + 1e-9;
    published >= low.min(value) - room && published <= high.max(value) + room
}

/// What a run says to every number of a row.
pub(super) fn findings(row: &PublishedRow<'_>, claim: &Claim) -> Vec<Finding> {
    let of_cell = |cell: &PublishedCell| {
        let score = claim.run.score(&cell.metric);
        let verdict = verdict(cell, score, claim);
        let published = score.and_then(|score| Some(cell.value_in(score.unit)?.0));
        let measured = score.and_then(|score| score.value);
        let difference = match verdict {
            Verdict::Reproduced | Verdict::Differs => measured.zip(published).map(|(m, p)| m - p),
            Verdict::NotComparable(_) | Verdict::Unscored(_) => None,
        };
        Finding {
            row: cell.row,
            col: cell.col,
            metric: cell.metric.clone(),
            heading: cell.heading.clone(),
            run: claim.run.folder.clone(),
            model: claim.run.model.id.clone(),
            protocol: claim.run.protocol.id.clone(),
            printed: cell.printed.clone(),
            published,
            unit: score.map(|score| score.unit),
            measured,
            interval: score.and_then(|score| score.interval),
            difference,
            n: score.map_or(0, |score| score.n),
            planned: score.map_or(0, |score| score.planned),
            signature: score.map(|score| score.signature.clone()),
            verdict,
        }
    };
    row.numbers().map(of_cell).collect()
}

fn verdict(cell: &PublishedCell, score: Option<&Score>, claim: &Claim) -> Verdict {
    let Some(score) = score else {
        return if cell.obstacle.is_empty() {
            Verdict::Unscored(format!("the run has no score {}", cell.metric))
        } else {
            Verdict::NotComparable(vec![cell.obstacle.clone()])
        };
    };
    let Some(value) = score.value else {
        let reason = score.unscored.as_deref();
        return Verdict::Unscored(reason.unwrap_or("the run does not say why").to_owned());
    };
    let mut reasons = obstacles(cell, &claim.run, score, claim.row.is_some());
    let Some((published, half_digit)) = cell.value_in(score.unit) else {
        reasons.push("unit: the two measure different things".to_owned());
        return Verdict::NotComparable(reasons);
    };
    if !reasons.is_empty() {
        Verdict::NotComparable(reasons)
    } else if reproduces(published, half_digit, value, score.interval) {
        Verdict::Reproduced
    } else {
        Verdict::Differs
    }
}

#[cfg(test)]
#[path = "verdict_tests.rs"]
mod tests;
