//! The scores of all runs as CSV, one line per score.

use super::{Comparison, ReportError};
use crate::table::tame;

const HEADER: [&str; 19] = [
    "run",
    "model",
    "label",
    "metric",
    "slice",
    "value",
    "low",
    "high",
    "unit",
    "higher_is_better",
    "n",
    "planned",
    "stories",
    "unscored",
    "warnings",
    "signature",
    "format",
    "seeds",
    "seeds_sd",
];

/// Every score that was asked for, of every slice where none was; numbers in full, absent ones empty.
///
/// # Errors
/// The CSV writer fails, which it does not do in memory.
pub fn csv(comparison: &Comparison) -> Result<String, ReportError> {
    let mut writer = csv::Writer::from_writer(Vec::new());
    writer.write_record(HEADER).map_err(ReportError::Csv)?;
    let number = |value: Option<f64>| value.map_or_else(String::new, |value| value.to_string());
    for (run, label) in comparison.runs.iter().zip(&comparison.labels) {
        for score in &run.scores {
            let unit = score.unit.name();
            writer
                .write_record([
                    tame(&run.run),
                    tame(&run.model),
                    tame(label),
                    tame(&score.metric),
                    tame(&score.slice),
                    number(score.value),
                    number(score.interval.map(|ends| ends[0])),
                    number(score.interval.map(|ends| ends[1])),
                    unit.to_owned(),
                    score.higher_is_better.to_string(),
                    score.n.to_string(),
                    score.planned.to_string(),
                    score.stories.to_string(),
                    tame(score.unscored.as_deref().unwrap_or_default()),
                    tame(&score.warnings.join("; ")),
                    tame(&score.signature),
                    run.format.to_string(),
                    score
                        .seeds
                        .map_or_else(String::new, |seeds| seeds.count.to_string()),
                    number(score.seeds.and_then(|seeds| seeds.sd)),
                ])
                .map_err(ReportError::Csv)?;
        }
    }
    let bytes = writer
        .into_inner()
        .map_err(|error| ReportError::Csv(csv::Error::from(error.into_error())))?;
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}
