//! The card of a suite: the runs that a table is made of.

use crate::record::Seed;
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;
use std::num::NonZeroUsize;

/// The runs that fill a published table, or make one of their own.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Suite {
    /// What the user types.
    pub id: String,
    /// What its table is called.
    pub name: String,
    /// What it is, in a sentence.
    pub description: String,
    /// Id of the published table whose rows the runs fill; a suite without one prints a table of its own.
    #[serde(default)]
    pub table: Option<String>,
    /// Columns of its own table, as metric ids; those of papers where there are none.
    #[serde(default)]
    pub columns: Vec<String>,
    /// What a reader must know about it.
    #[serde(default)]
    pub notes: Vec<String>,
    /// The runs, in the order in which they are made and printed.
    pub runs: Vec<SuiteRun>,
}

/// One run of a suite. With several seeds it is several runs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SuiteRun {
    /// Row of the published table that it fills, from 1.
    #[serde(default)]
    pub row: Option<usize>,
    /// Name of its row in a table of the suite's own.
    #[serde(default)]
    pub label: Option<String>,
    /// What its row has in common with others; one table per group. Within a group runs must be comparable.
    #[serde(default)]
    pub group: Option<String>,
    /// Data set id, or path of a card.
    pub dataset: String,
    /// Model id, or path of a card.
    pub model: String,
    /// Protocol id, or path of a card.
    pub protocol: String,
    /// Split of the data set.
    #[serde(default = "test")]
    pub split: String,
    /// Frames a story, where it is not the protocol's or the data set's.
    #[serde(default)]
    pub story_length: Option<NonZeroUsize>,
    /// Story subset id, or path of a card, where it is not the protocol's.
    #[serde(default)]
    pub subset: Option<String>,
    /// Only the first stories.
    #[serde(default)]
    pub limit: Option<NonZeroUsize>,
    /// Seeds, a run each.
    #[serde(default = "zero")]
    pub seeds: Vec<Seed>,
}

fn test() -> String {
    "test".to_owned()
}

fn zero() -> Vec<Seed> {
    vec![Seed(0)]
}

impl SuiteRun {
    /// Name of the folder of one of its runs: what distinguishes it, as far as it is not the default.
    #[must_use]
    pub fn folder(&self, seed: Seed) -> String {
        use std::fmt::Write;
        let mut name = format!(
            "{}-{}-{}",
            plain(&self.dataset),
            plain(&self.protocol),
            plain(&self.model)
        );
        if self.split != test() {
            let _ = write!(name, "-{}", plain(&self.split));
        }
        if let Some(length) = self.story_length {
            let _ = write!(name, "-{length}frames");
        }
        if let Some(subset) = &self.subset {
            let _ = write!(name, "-{}", plain(subset));
        }
        if let Some(limit) = self.limit {
            let _ = write!(name, "-first{limit}");
        }
        if seed != Seed(0) {
            let _ = write!(name, "-seed{}", seed.0);
        }
        name
    }
}

/// An id as it is; of a card's path, the file's name with what a folder's name cannot hold replaced.
fn plain(id_or_path: &str) -> String {
    let name = id_or_path.strip_suffix(".toml").unwrap_or(id_or_path);
    let name = name.rsplit(['/', '\\']).next().unwrap_or(name);
    let keep = |c: char| {
        if c.is_ascii_alphanumeric() || "-_".contains(c) {
            c
        } else {
            '_'
        }
    };
    name.chars().map(keep).collect()
}

impl Suite {
    pub(super) fn broken_rule(&self) -> Option<(&'static str, String)> {
        let plain = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
        if self.id.is_empty() || !self.id.chars().all(plain) {
            return Some((
                "an id has letters, digits, `-` and `_`, because a folder is called by it",
                self.id.clone(),
            ));
        }
        if self.runs.is_empty() {
            return Some(("a suite needs at least one [[runs]]", "none".to_owned()));
        }
        let mut folders = BTreeSet::new();
        let mut rows = BTreeSet::new();
        for run in &self.runs {
            if let Some(broken) = self.broken_run(run) {
                return Some(broken);
            }
            if run.row.is_some() && !rows.insert(run.row) {
                let row = run.row.unwrap_or(0).to_string();
                return Some(("each row is filled once; several seeds are one run", row));
            }
            for seed in &run.seeds {
                let folder = run.folder(*seed);
                if !folders.insert(folder.clone()) {
                    return Some(("no two runs are the same", folder));
                }
            }
        }
        None
    }

    fn broken_run(&self, run: &SuiteRun) -> Option<(&'static str, String)> {
        let name = || run.folder(Seed(0));
        if run.seeds.is_empty() {
            return Some(("seeds holds at least one", name()));
        }
        if self.table.is_some() != run.row.is_some() || run.row == Some(0) {
            return Some((
                "runs have a `row`, from 1, where the suite has a `table`, and only there",
                name(),
            ));
        }
        if self.table.is_some() && (run.label.is_some() || run.group.is_some()) {
            return Some((
                "`label` and `group` belong to a table of the suite's own",
                name(),
            ));
        }
        if self.table.is_some() && !self.columns.is_empty() {
            return Some((
                "`columns` belong to a table of the suite's own",
                self.columns.join(", "),
            ));
        }
        None
    }
}
