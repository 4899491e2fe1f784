//! `train-val-test_split.json`: which clip is in which split.

use super::DatasetError;
use super::annotation::{malformed, without_mark};
use super::path::check_id;
use std::collections::{BTreeMap, HashSet};
use std::path::{Path, PathBuf};

/// The splits by name, each in the file's order.
#[derive(Debug)]
pub(crate) struct Splits {
    path: PathBuf,
    lists: BTreeMap<String, Vec<String>>,
}

impl Splits {
    pub(crate) fn parse(bytes: &[u8], path: &Path) -> Result<Self, DatasetError> {
        let lists: BTreeMap<String, Vec<String>> = serde_json::from_slice(without_mark(bytes))
            .map_err(|source| malformed(path, bytes, None, source))?;
        let mut seen = HashSet::new();
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
    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// Every split, each in the file's order.
    pub(crate) fn lists(&self) -> &BTreeMap<String, Vec<String>> {
        &self.lists
    }

    /// Ids of all splits, sorted by their bytes as Python sorts text.
    pub(crate) fn sorted(&self) -> Vec<&str> {
        let mut ids: Vec<&str> = self.lists.values().flatten().map(String::as_str).collect();
        ids.sort_unstable();
        ids
    }
}
