//! Every number of a study as CSV, one line per metric and condition.

use super::{Condition, Damage, SeedStudy};
use crate::table::TableError;

/// `fault, strength, metric, value, low, high, n` and what is behind them: the amount that the strength
/// means, the frames or stories hit, the damage, why there is no value, and the seed. The real
/// frames are `none` at strength 0, the same under every seed; the anchors have no strength. Absent numbers
/// are empty fields.
///
/// # Errors
/// The CSV writer fails, which it does not do in memory.
pub fn listing(studies: &[SeedStudy]) -> Result<String, TableError> {
    let mut writer = csv::Writer::from_writer(Vec::new());
    let header = [
        "fault", "strength", "metric", "value", "low", "high", "n", "amount", "hit", "damage",
        "unscored", "seed",
    ];
    writer.write_record(header).map_err(TableError::Csv)?;
    let text = |value: Option<f64>| value.map_or_else(String::new, |value| value.to_string());
    let findings = studies.iter().flat_map(|study| {
        let findings = study.findings.iter();
        findings.map(|finding| (study.seed.0.to_string(), finding, &study.damage))
    });
    for (seed, finding, damage) in findings {
        let (fault, strength, amount) = match finding.condition {
            Condition::Clean => ("none".to_owned(), "0".to_owned(), None),
            Condition::Anchor(anchor) => (anchor.to_string(), String::new(), None),
            Condition::Faulty(fault, strength) => (
                fault.to_string(),
                strength.level().to_string(),
                Some(fault.amount(strength)),
            ),
        };
        for score in &finding.scores {
            writer
                .write_record([
                    &fault,
                    &strength,
                    &score.metric,
                    &text(score.value),
                    &text(score.interval.map(|ends| ends[0])),
                    &text(score.interval.map(|ends| ends[1])),
                    &score.n.to_string(),
                    &text(amount),
                    &finding
                        .extent
                        .map_or_else(String::new, |e| e.hit.to_string()),
                    &text(of(damage, finding.condition, &score.metric)),
                    score.unscored.as_deref().unwrap_or_default(),
                    &seed,
                ])
                .map_err(TableError::Csv)?;
        }
    }
    let bytes = writer
        .into_inner()
        .map_err(|error| TableError::Csv(error.into_error().into()))?;
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

fn of(damage: &Damage, condition: Condition, metric: &str) -> Option<f64> {
    let row = damage.rows.iter().find(|row| row.metric == metric)?;
    match condition {
        Condition::Clean => row.range.map(|_| 0.0),
        Condition::Anchor(_) => None,
        Condition::Faulty(fault, strength) => {
            let cell = row.cells.iter().find(|cell| cell.fault == fault)?;
            cell.damage[usize::from(strength.level()) - 1]
        }
    }
}
