//! The health of a data set as it is printed.

use super::finding::Finding;
use super::kind::Severity;
use serde::Serialize;
use std::collections::BTreeMap;
use std::path::PathBuf;

/// The health of a data set.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Report {
    /// Id on the card.
    pub dataset: String,
    /// Name on the card.
    pub name: String,
    /// The layout; `None` where it could not be opened.
    pub layout: Option<&'static str>,
    /// Where it lies.
    pub folder: PathBuf,
    /// Whether there is no error.
    pub passed: bool,
    /// Frames a story; `None` where listed stories are taken as they are.
    pub story_length: Option<usize>,
    /// The splits that were checked, by name.
    pub splits: BTreeMap<String, SplitReport>,
    /// Clips whose frames were decoded.
    pub clips: usize,
    /// Frames that were decoded.
    pub frames: usize,
    /// What a run on this data set signs; `None` where it cannot be opened whole.
    pub content: Option<Content>,
    /// Everything that was found, worst first.
    pub findings: Vec<Finding>,
}

/// One split.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct SplitReport {
    /// What the split lists: `clips` or `stories`.
    pub lists: &'static str,
    /// How many of them.
    pub found: usize,
    /// How many the card says.
    pub expected: Option<usize>,
    /// Stories of this length.
    pub stories: usize,
    /// Different clips that are listed or in a story.
    pub clips: usize,
}

/// The content of the scored split.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Content {
    /// The split.
    pub split: String,
    /// SHA-256 over its metadata and frames, 64 hexadecimal digits: what `content_sha256` on a card
    /// pins.
    pub sha256: String,
    /// As signatures of scores show it.
    pub signature: String,
}

impl Report {
    /// Number of findings of one severity.
    #[must_use]
    pub fn count(&self, severity: Severity) -> usize {
        let findings = self.findings.iter();
        findings
            .filter(|finding| finding.severity == severity)
            .count()
    }

    /// Whether the data set is sound: no error, and where it has to be `strict` no warning either.
    #[must_use]
    pub fn sound(&self, strict: bool) -> bool {
        self.passed && !(strict && self.count(Severity::Warning) > 0)
    }
}
