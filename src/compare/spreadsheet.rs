//! A comparison for programs: JSON and CSV, numbers in full.

use super::{CompareError, Finding, Study};
use crate::table::tame;

const HEADER: [&str; 26] = [
    "base",
    "candidate",
    "metric",
    "slice",
    "unit",
    "higher_is_better",
    "base_value",
    "candidate_value",
    "difference",
    "low",
    "high",
    "interval_method",
    "p",
    "p_method",
    "p_holm",
    "effect",
    "detectable",
    "error",
    "stories",
    "base_frames",
    "candidate_frames",
    "base_seed_sd",
    "candidate_seed_sd",
    "seed_share",
    "verdict",
    "remarks",
];

impl Study {
    /// All of it as JSON.
    ///
    /// # Errors
    /// A number that JSON cannot express.
    pub fn json(&self) -> Result<String, CompareError> {
        let mut text = serde_json::to_string_pretty(self)?;
        text.push('\n');
        Ok(text)
    }

    /// Every finding as CSV, a line each; absent numbers are empty fields.
    ///
    /// # Errors
    /// The CSV writer fails, which it does not do in memory.
    pub fn csv(&self) -> Result<String, CompareError> {
        let mut writer = csv::Writer::from_writer(Vec::new());
        writer.write_record(HEADER)?;
        for against in &self.candidates {
            let word = name(&against.verdict.word)?;
            for finding in &against.findings {
                let mut fields = vec![tame(&self.base), tame(&against.candidate)];
                fields.extend(Self::line(finding)?);
                fields.insert(fields.len() - 1, word.clone());
                writer.write_record(fields)?;
            }
        }
        let bytes = writer
            .into_inner()
            .map_err(|error| csv::Error::from(error.into_error()))?;
        Ok(String::from_utf8_lossy(&bytes).into_owned())
    }

    fn line(finding: &Finding) -> Result<Vec<String>, CompareError> {
        let number = |value: Option<f64>| value.map_or_else(String::new, |value| value.to_string());
        let seeds = finding.seeds.as_ref();
        let deviation = |side: usize| number(seeds.and_then(|part| part.deviation[side]));
        Ok(vec![
            tame(&finding.metric),
            tame(&finding.slice),
            name(&finding.unit)?,
            finding.higher_is_better.to_string(),
            number(finding.base),
            number(finding.candidate),
            number(finding.difference),
            number(finding.interval.map(|ends| ends[0])),
            number(finding.interval.map(|ends| ends[1])),
            finding.interval_method.to_owned(),
            number(finding.p),
            finding.p_method.to_owned(),
            number(finding.p_holm),
            number(finding.effect),
            number(finding.detectable),
            number(finding.error),
            finding.stories.to_string(),
            finding.frames[0].to_string(),
            finding.frames[1].to_string(),
            deviation(0),
            deviation(1),
            number(seeds.map(|part| part.share)),
            tame(&finding.remarks.join("; ")),
        ])
    }
}

/// How JSON calls a variant.
fn name(variant: &impl serde::Serialize) -> Result<String, CompareError> {
    let value = serde_json::to_value(variant)?;
    Ok(value.as_str().unwrap_or_default().to_owned())
}
