//! What the model of a run says of its frames.

use super::text::duration;
use crate::run::Entry;
use crate::table::Line;
use serde::Serialize;
use std::collections::BTreeMap;

/// Remarks that are shown; the journal has all.
const SHOWN: usize = 5;

/// What the model says of its frames, in short.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct FrameReports {
    /// Frames of which it says something.
    pub frames: usize,
    /// The median of the seconds that it says frames took.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub median_seconds: Option<f64>,
    /// The most memory of the device that it says was in use, in bytes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub peak_memory_bytes: Option<u64>,
    /// Remarks, the commonest first, with how many frames have each.
    pub notes: Vec<(String, usize)>,
}

impl FrameReports {
    /// Of the entries of a journal; `None` where nothing is said.
    pub(super) fn of<'a>(entries: impl Iterator<Item = &'a Entry>) -> Option<Self> {
        let reports = entries.flat_map(|entry| &entry.reports);
        let reports: Vec<_> = reports.filter(|report| !report.is_empty()).collect();
        let mut seconds: Vec<f64> = reports.iter().filter_map(|it| it.seconds).collect();
        seconds.sort_by(f64::total_cmp);
        let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
        for note in reports.iter().filter_map(|it| it.note.as_deref()) {
            *counts.entry(note).or_default() += 1;
        }
        let mut notes: Vec<(String, usize)> = counts
            .into_iter()
            .map(|(note, count)| (note.to_owned(), count))
            .collect();
        notes.sort_by_key(|(_, count)| std::cmp::Reverse(*count));
        (!reports.is_empty()).then(|| Self {
            frames: reports.len(),
            median_seconds: seconds.get(seconds.len() / 2).copied(),
            peak_memory_bytes: reports.iter().filter_map(|it| it.peak_memory_bytes).max(),
            notes,
        })
    }

    /// For people.
    pub(super) fn lines(&self) -> Vec<Line> {
        let mut lines = Vec::new();
        if let Some(seconds) = self.median_seconds {
            lines.push(format!("{} per frame (median)", duration(seconds)));
        }
        if let Some(bytes) = self.peak_memory_bytes {
            let gigabytes = bytes as f64 / 1e9;
            lines.push(format!("{gigabytes:.2} GB of memory at most"));
        }
        let shown = self.notes.iter().take(SHOWN);
        lines.extend(shown.map(|(note, count)| format!("{count} x {note}")));
        if let Some(more) = self.notes.len().checked_sub(SHOWN + 1) {
            lines.push(format!("and {} other remarks in journal.jsonl", more + 1));
        }
        lines.into_iter().map(Line::Prose).collect()
    }
}
