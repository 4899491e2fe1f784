//! How far each metric moves with each fault, in units of its own range.

use super::{Anchor, Condition, Fault, Finding, Strength};
use crate::metric::{Audit, METRICS};
use crate::record::Score;
use serde::Serialize;

/// Movements below this share of the range are rounding.
const ROUNDING: f64 = 1e-9;

/// What one fault does to one metric.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Cell {
    /// The fault.
    pub fault: Fault,
    /// Movement towards worse at strengths 1 to 5, as a share of the metric's range. Below 0: the fault
    /// looks like an improvement. `None` where the metric has no value.
    pub damage: [Option<f64>; 5],
    /// Standard deviation of the damage over seeds, where there are several.
    pub deviation: [Option<f64>; 5],
    /// Whether it moves, and from strength 0 to 5 never turns round.
    pub monotone: bool,
    /// Whether the interval at strength 1 excludes the clean value; `None` without an interval.
    pub seen_at_1: Option<bool>,
}

/// One metric.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Row {
    /// Metric id.
    pub metric: String,
    /// Whether a larger value is better.
    pub higher_is_better: bool,
    /// On the real frames.
    pub clean: f64,
    /// On the frames of other stories.
    pub shuffled: Option<f64>,
    /// On frames of uniform noise.
    #[serde(rename = "static")]
    pub uniform: Option<f64>,
    /// The larger distance of the two from `clean`: 1 on the scale of damage. `None` when both are 0.
    pub range: Option<f64>,
    /// Which of the two it is.
    pub anchor: Option<Anchor>,
    /// One a fault, in [`Fault::ALL`]'s order.
    pub cells: Vec<Cell>,
}

/// The outcome of a study.
///
/// The damage of a value v is (v - clean) / range for metrics of which more is worse, and (clean - v) /
/// range for the others. The range of a metric is the distance from its clean value to its value on
/// `shuffled` or on `static` frames, whichever is larger: one of the two alone leaves metrics without a
/// scale, because real frames of other stories are perfect for a distance between sets.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(transparent)]
pub struct Damage {
    /// One a metric that has a value on the real frames.
    pub rows: Vec<Row>,
}

impl Damage {
    /// Compares the findings of a study.
    #[must_use]
    pub fn new(findings: &[Finding]) -> Self {
        Self {
            rows: METRICS
                .iter()
                .filter(|metric| metric.audit != Audit::Left)
                .filter_map(|metric| row(findings, metric.id))
                .collect(),
        }
    }
}

/// The score of a metric under a condition.
fn find<'a>(findings: &'a [Finding], condition: Condition, metric: &str) -> Option<&'a Score> {
    let finding = findings.iter().find(|f| f.condition == condition)?;
    finding.scores.iter().find(|score| score.metric == metric)
}

fn row(findings: &[Finding], metric: &str) -> Option<Row> {
    let score = find(findings, Condition::Clean, metric)?;
    let clean = score.value?;
    let anchored = |anchor| find(findings, Condition::Anchor(anchor), metric)?.value;
    let farthest = Anchor::ALL
        .into_iter()
        .filter_map(|anchor| Some((anchor, (anchored(anchor)? - clean).abs())))
        .filter(|(_, distance)| *distance > 0.0)
        .max_by(|first, second| first.1.total_cmp(&second.1));
    let range = farthest.map(|(_, distance)| distance);
    let sign = if score.higher_is_better { -1.0 } else { 1.0 };
    let cells = Fault::ALL.into_iter().map(|fault| {
        let at = |strength| find(findings, Condition::Faulty(fault, strength), metric);
        let damage = Strength::ALL.map(|strength| // Adding 0 makes -0 a plain 0.
            Some(sign * (at(strength)?.value? - clean) / range? + 0.0));
        Cell {
            fault,
            damage,
            deviation: [None; 5],
            monotone: monotone(&damage),
            seen_at_1: at(Strength::ALL[0])
                .and_then(|score| score.interval)
                .map(|[low, high]| {
                    // A distance of nothing comes out as 1e-11 or so, now above and now below 0.
                    let slack = ROUNDING * range.unwrap_or(0.0);
                    clean < low - slack || clean > high + slack
                }),
        }
    });
    Some(Row {
        metric: metric.to_owned(),
        higher_is_better: score.higher_is_better,
        clean,
        shuffled: anchored(Anchor::Shuffled),
        uniform: anchored(Anchor::Static),
        range,
        anchor: farthest.map(|(anchor, _)| anchor),
        cells: cells.collect(),
    })
}

fn monotone(damage: &[Option<f64>; 5]) -> bool {
    let mut steps = Vec::with_capacity(5);
    let mut last = 0.0;
    for value in damage {
        let Some(value) = value else { return false };
        steps.push(value - last);
        last = *value;
    }
    last.abs() > ROUNDING && steps.iter().all(|step| step * last.signum() > -ROUNDING)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::record::Unit;

    fn finding(condition: Condition, value: Option<f64>, interval: Option<[f64; 2]>) -> Finding {
        let score = Score {
            metric: "lpips".to_owned(),
            slice: "all".to_owned(),
            value,
            unscored: None,
            interval,
            unit: Unit::Distance,
            higher_is_better: false,
            n: 4,
            planned: 4,
            stories: 1,
            counts: None,
            seeds: None,
            own: None,
            signature: String::new(),
            warnings: Vec::new(),
        };
        Finding {
            condition,
            extent: None,
            scores: vec![score],
        }
    }

    fn study(blur: [f64; 5], interval: Option<[f64; 2]>) -> Vec<Finding> {
        let mut findings = vec![
            finding(Condition::Clean, Some(0.25), None),
            finding(Condition::Anchor(Anchor::Shuffled), Some(0.5), None),
            finding(Condition::Anchor(Anchor::Static), Some(1.25), None),
        ];
        for (strength, value) in Strength::ALL.into_iter().zip(blur) {
            let condition = Condition::Faulty(Fault::Blur, strength);
            findings.push(finding(condition, Some(value), interval));
        }
        findings
    }

    #[test]
    fn the_worse_anchor_is_1_and_clean_is_0() {
        let damage = Damage::new(&study([0.25, 0.75, 1.25, 1.25, 2.25], Some([0.2, 0.3])));
        let [row] = &damage.rows[..] else {
            panic!("{damage:?}")
        };
        assert_eq!((row.range, row.anchor), (Some(1.0), Some(Anchor::Static)));
        let cell = &row.cells[2];
        for (found, wanted) in cell.damage.iter().zip([0.0, 0.5, 1.0, 1.0, 2.0]) {
            assert!((found.unwrap() - wanted).abs() < 1e-12);
        }
        assert!(cell.monotone);
        assert_eq!(cell.seen_at_1, Some(false));
        assert_eq!(row.cells[0].damage, [None; 5]);
        assert!(!row.cells[0].monotone);
    }

    #[test]
    fn turning_round_or_standing_still_is_not_monotone() {
        let cell =
            |values, interval| Damage::new(&study(values, interval)).rows[0].cells[2].clone();
        assert!(!cell([0.25, 0.75, 0.7, 1.0, 1.0], None).monotone);
        assert!(!cell([0.25; 5], None).monotone);
        let better = cell([0.2, 0.2, 0.1, 0.1, 0.0], Some([0.1, 0.22]));
        assert!(better.monotone && better.seen_at_1 == Some(true));
        assert!(better.damage[4].unwrap() < 0.0);
    }

    #[test]
    fn without_a_range_there_is_no_damage() {
        let findings = [finding(Condition::Clean, Some(1.0), None)];
        let damage = Damage::new(&findings);
        assert_eq!(damage.rows[0].range, None);
        assert_eq!(damage.rows[0].cells[0].damage, [None; 5]);
        assert!(
            Damage::new(&[finding(Condition::Clean, None, None)])
                .rows
                .is_empty()
        );
    }

    #[test]
    fn an_interval_that_ends_at_the_clean_value_does_not_exclude_it() {
        let seen = |low| {
            let findings = study([0.75; 5], Some([low, 0.8]));
            Damage::new(&findings).rows[0].cells[2].seen_at_1
        };
        assert_eq!(seen(0.25 + 1e-12), Some(false));
        assert_eq!(seen(0.26), Some(true));
    }
}
