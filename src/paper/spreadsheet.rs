//! A published table as CSV: one line per cell, and one more for every further run.

use super::{Finding, PaperError, PublishedCell, Reply};

const HEADER: [&str; 24] = [
    "paper",
    "version",
    "table",
    "row",
    "col",
    "group",
    "heading",
    "model",
    "setting",
    "dataset",
    "metric",
    "printed",
    "value",
    "unit",
    "protocol",
    "run",
    "measured",
    "low",
    "high",
    "difference",
    "n",
    "run_protocol",
    "verdict",
    "reasons",
];

impl Reply<'_> {
    /// Every cell as it is printed and as a number, with the columns of the runs that are compared with it.
    ///
    /// # Errors
    /// The CSV writer fails, which it does not do in memory.
    pub fn csv(&self) -> Result<String, PaperError> {
        let mut writer = csv::Writer::from_writer(Vec::new());
        writer.write_record(HEADER).map_err(PaperError::Csv)?;
        for cell in self.table.cells() {
            let of_cell = |found: &&Finding| (found.row, found.col) == (cell.row, cell.col);
            let mut lines: Vec<_> = self.findings.iter().filter(of_cell).map(Some).collect();
            if lines.is_empty() {
                lines.push(None);
            }
            for finding in lines {
                let mut record = published(cell);
                record.extend(finding.map_or_else(|| vec![String::new(); 9], ours));
                writer.write_record(record).map_err(PaperError::Csv)?;
            }
        }
        let bytes = writer
            .into_inner()
            .map_err(|error| PaperError::Csv(csv::Error::from(error.into_error())))?;
        Ok(String::from_utf8_lossy(&bytes).into_owned())
    }
}

fn published(cell: &PublishedCell) -> Vec<String> {
    let unit = serde_json::to_value(cell.unit).ok();
    let unit = unit.as_ref().and_then(|unit| unit.as_str());
    vec![
        cell.paper.clone(),
        cell.version.clone(),
        cell.table.clone(),
        cell.row.to_string(),
        cell.col.to_string(),
        cell.group.clone(),
        cell.heading.clone(),
        cell.model.clone(),
        cell.setting.clone(),
        cell.dataset.clone(),
        cell.metric.clone(),
        cell.printed.clone(),
        number(cell.value),
        unit.unwrap_or_default().to_owned(),
        cell.protocol.clone(),
    ]
}

fn ours(finding: &Finding) -> Vec<String> {
    vec![
        tame(&finding.run),
        number(finding.measured),
        number(finding.interval.map(|ends| ends[0])),
        number(finding.interval.map(|ends| ends[1])),
        number(finding.difference),
        finding.n.to_string(),
        tame(&finding.protocol),
        finding.verdict.name().to_owned(),
        tame(&finding.verdict.reasons().join("; ")),
    ]
}

fn number(value: Option<f64>) -> String {
    value.map_or_else(String::new, |value| value.to_string())
}

/// Keeps spreadsheets from running what comes out of a run folder as a formula.
fn tame(text: &str) -> String {
    if text.starts_with(['=', '+', '-', '@', '\t', '\r']) {
        format!("'{text}")
    } else {
        text.to_owned()
    }
}
