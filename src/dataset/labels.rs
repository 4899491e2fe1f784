//! `labels.pkl` and `labels_bg.pkl`: 0/1 vectors a clip.

use super::DatasetError;
use super::path::read_pickle;
use super::pickle::{Pickle, Ref};
use crate::record::ClipId;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// A decoded label file; vectors are checked when they are asked for.
pub(super) struct Labels {
    path: PathBuf,
    vectors: BTreeMap<String, Vec<bool>>,
}

impl Labels {
    /// Reads a dict of id to vector; with `key`, the one that lies in a dict under this key.
    /// Vectors of the clips in `wanted` must have `arity` elements of 0 or 1.
    pub(super) fn read<'a>(
        path: &Path,
        key: Option<&str>,
        arity: Option<usize>,
        wanted: impl Fn(&str) -> bool + 'a,
    ) -> Result<Self, DatasetError> {
        let wrong = |found: &str| DatasetError::WrongContent {
            path: path.to_owned(),
            clip: None,
            wanted: match key {
                Some(key) => format!("a dict with a dict of clip ids under `{key}`"),
                None => "a dict of clip ids".to_owned(),
            },
            found: found.to_owned(),
        };
        let pickle: Pickle = read_pickle(path)?;
        let mut root = pickle.root();
        if let Some(key) = key {
            root = root
                .get(key)
                .ok_or_else(|| wrong(&format!("a {} without it", root.type_name())))?;
        }
        let entries = root.entries().ok_or_else(|| wrong(root.type_name()))?;
        let mut vectors = BTreeMap::new();
        let mut arity = arity;
        for (key, value) in entries {
            let id = key.as_str().ok_or_else(|| wrong(key.type_name()))?;
            if !wanted(id) {
                continue;
            }
            let vector = vector(path, id, value, arity)?;
            // Where nobody says how long the vectors are, they are all as long as the first.
            arity.get_or_insert(vector.len());
            vectors.insert(id.to_owned(), vector);
        }
        Ok(Self {
            path: path.to_owned(),
            vectors,
        })
    }

    /// The vector of a clip, if there is one.
    pub(super) fn get(&self, clip: &str) -> Option<&[bool]> {
        self.vectors.get(clip).map(Vec::as_slice)
    }

    /// The vector of a clip.
    pub(super) fn require(&self, clip: &str) -> Result<&[bool], DatasetError> {
        self.get(clip).ok_or_else(|| DatasetError::MissingLabels {
            clip: ClipId::new(clip),
            path: self.path.clone(),
        })
    }
}

fn vector(
    path: &Path,
    id: &str,
    value: Ref<'_>,
    arity: Option<usize>,
) -> Result<Vec<bool>, DatasetError> {
    let wrong = |found: String| DatasetError::WrongContent {
        path: path.to_owned(),
        clip: Some(id.to_owned()),
        wanted: "a list or array of 0 and 1".to_owned(),
        found,
    };
    let found = value
        .len()
        .ok_or_else(|| wrong(value.type_name().to_owned()))?;
    if let Some(wanted) = arity.filter(|wanted| *wanted != found) {
        return Err(DatasetError::LabelArity {
            path: path.to_owned(),
            clip: ClipId::new(id),
            found,
            wanted,
        });
    }
    let numbers = value
        .numbers()
        .ok_or_else(|| wrong(format!("a {} of other things", value.type_name())))?;
    numbers
        .into_iter()
        .map(|number| match number {
            0.0 => Ok(false),
            1.0 => Ok(true),
            other => Err(wrong(format!("a vector with {other}"))),
        })
        .collect()
}
