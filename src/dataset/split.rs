//! `train-val-test_split.json`: which clip is in which split.

use super::DatasetError;
use super::annotation::plain_message;
use super::path::{check_id, read};
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

/// The splits by name, each in the file's order.
#[derive(Debug)]
pub(super) struct Splits {
    path: PathBuf,
    lists: BTreeMap<String, Vec<String>>,
}

impl Splits {
    pub(super) fn read(path: &Path) -> Result<Self, DatasetError> {
        let lists: BTreeMap<String, Vec<String>> =
            serde_json::from_slice(&read(path)?).map_err(|source| DatasetError::Json {
                path: path.to_owned(),
                line: source.line(),
                column: source.column(),
                what: plain_message(&source),
                clip: None,
                source,
            })?;
        let mut seen = BTreeSet::new();
        for id in lists.values().flatten() {
            check_id(path, id)?;
            // A story is called by its first clip, so a clip listed twice would be two stories of
            // one name; in two splits it would be trained and tested on.
            if !seen.insert(id) {
                return Err(DatasetError::DuplicateId {
                    path: path.to_owned(),
                    id: id.clone(),
                });
            }
        }
        Ok(Self {
            path: path.to_owned(),
            lists,
        })
    }

    /// The file.
    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// Ids of one split in the file's order.
    pub(super) fn list(&self, split: &str) -> Result<&[String], DatasetError> {
        self.lists
            .get(split)
            .map(Vec::as_slice)
            .ok_or_else(|| DatasetError::UnknownSplit {
                path: self.path.clone(),
                split: split.to_owned(),
                known: self.lists.keys().cloned().collect(),
            })
    }

    /// Number of clips in each split.
    pub(super) fn sizes(&self) -> BTreeMap<String, usize> {
        self.lists
            .iter()
            .map(|(name, list)| (name.clone(), list.len()))
            .collect()
    }

    /// Ids of all splits, sorted by their bytes as Python sorts text.
    pub(super) fn sorted(&self) -> Vec<&str> {
        let mut ids: Vec<&str> = self.lists.values().flatten().map(String::as_str).collect();
        ids.sort_unstable();
        ids
    }
}
