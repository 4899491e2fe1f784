//! What was found, counted and with a few examples.

use super::kind::{Kind, Severity};
use serde::Serialize;
use std::collections::BTreeMap;

/// Examples that a finding keeps.
pub(super) const EXAMPLES: usize = 5;

/// One finding: everything of one kind in one split.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// How bad it is.
    pub severity: Severity,
    /// What kind of thing it is.
    pub kind: Kind,
    /// The split; `None` where it is about the data set as a whole.
    pub split: Option<String>,
    /// How many there are: clips, stories or files, as the message says.
    pub count: usize,
    /// What it is, with the first case in detail.
    pub message: String,
    /// Of errors and of unreadable photos all, else the first few: ids of clips or stories, names of files, `a ~ b` for pairs.
    pub examples: Vec<String>,
    /// Paths of the files that are broken or not there, where it is about files of frames.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub files: Vec<String>,
    /// What to do.
    pub hint: String,
}

/// Findings as they come in.
#[derive(Debug, Default)]
pub(super) struct Findings(BTreeMap<(Kind, Option<String>), Tally>);

#[derive(Debug, Default)]
struct Tally {
    count: usize,
    detail: Option<String>,
    hint: Option<String>,
    examples: Vec<String>,
    files: Vec<String>,
}

/// Whether every case of a kind is kept: what has to be mended is mended one by one.
fn keeps_all(kind: Kind) -> bool {
    kind.severity() == Severity::Error || kind == Kind::PhotosUnreadable
}

impl Findings {
    /// One more case of a kind. `detail` says more of the first.
    pub(super) fn add(
        &mut self,
        kind: Kind,
        split: Option<&str>,
        example: &str,
        detail: impl FnOnce() -> Option<String>,
    ) {
        let tally = self.0.entry((kind, split.map(str::to_owned))).or_default();
        if tally.count == 0 {
            tally.detail = detail();
        }
        tally.count += 1;
        if tally.examples.len() < EXAMPLES || keeps_all(kind) {
            tally.examples.push(example.to_owned());
        }
    }

    /// A file that a case of a kind is about.
    pub(super) fn file(&mut self, kind: Kind, split: Option<&str>, path: String) {
        let tally = self.0.entry((kind, split.map(str::to_owned))).or_default();
        tally.files.push(path);
    }

    /// `count` cases at once, of which a few are shown.
    pub(super) fn put(
        &mut self,
        kind: Kind,
        split: Option<&str>,
        count: usize,
        detail: Option<String>,
        mut examples: Vec<String>,
    ) {
        if !keeps_all(kind) {
            examples.truncate(EXAMPLES);
        }
        let tally = Tally {
            count,
            detail,
            examples,
            ..Tally::default()
        };
        self.0.insert((kind, split.map(str::to_owned)), tally);
    }

    /// The one finding of a data set that cannot be opened.
    pub(super) fn only(
        kind: Kind,
        detail: String,
        example: Option<String>,
        hint: Option<String>,
    ) -> Self {
        let tally = Tally {
            count: 1,
            detail: Some(detail),
            hint,
            examples: example.into_iter().collect(),
            files: Vec::new(),
        };
        Self(BTreeMap::from([((kind, None), tally)]))
    }

    /// All of them, worst first.
    pub(super) fn finish(self) -> Vec<Finding> {
        let all = self.0.into_iter().map(|((kind, split), tally)| Finding {
            severity: kind.severity(),
            kind,
            split,
            count: tally.count,
            message: match tally.detail {
                Some(detail) => format!("{}: {detail}", kind.meaning()),
                None => kind.meaning().to_owned(),
            },
            examples: tally.examples,
            files: tally.files,
            hint: tally.hint.unwrap_or_else(|| kind.hint().to_owned()),
        });
        all.collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cases_are_counted_by_kind_and_split_and_the_first_is_described() {
        let mut findings = Findings::default();
        for number in 0..7 {
            let id = format!("clip{number}");
            findings.add(Kind::CaptionEmpty, Some("test"), &id, || {
                Some(format!("as in {id}"))
            });
        }
        findings.add(Kind::FramesMissing, Some("train"), "x", || None);
        let found = findings.finish();
        assert_eq!(found.len(), 2);
        assert_eq!(found[0].severity, Severity::Error);
        assert_eq!(found[1].count, 7);
        assert_eq!(found[1].message, "captions without a word: as in clip0");
        assert_eq!(
            found[1].examples,
            ["clip0", "clip1", "clip2", "clip3", "clip4"]
        );
    }
}
