//! What was seen of a run's frames, read back: every file is compared with the hash that was written when it was made.

use super::error::RunError;
use super::features::{FeatureReader, read_features};
use super::layout::{FEATURES, OBSERVATIONS, OBSERVED};
use super::observations::read_columns;
use crate::record::{Observation, sha256_file};
use ndarray::Array2;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

/// `observed.json`: what the observations were made of. Written last.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Record {
    pub(super) format: u32,
    pub(super) key: String,
    pub(super) chunk: usize,
    /// [`super::Journal::digest`] of the frames.
    pub(super) journal: String,
    pub(super) rows: usize,
    /// SHA-256 of every file, by its path below the run folder.
    pub(super) files: BTreeMap<String, String>,
}

impl Record {
    /// Reads the `observed.json` in `root`.
    pub(super) fn read(root: &Path) -> Result<Self, RunError> {
        let path = root.join(OBSERVED);
        let bytes = fs::read(&path).map_err(|source| match source.kind() {
            io::ErrorKind::NotFound => RunError::NotObserved {
                path: root.to_path_buf(),
            },
            _ => RunError::read(&path, source),
        })?;
        serde_json::from_slice(&bytes).map_err(|source| RunError::Json {
            path,
            line: source.line(),
            source,
        })
    }
}

/// The observations and features in a folder.
#[derive(Clone, Debug)]
pub struct Seen {
    root: PathBuf,
    record: Record,
}

impl Seen {
    /// Opens a folder with observations: a run's own, or one below it.
    ///
    /// # Errors
    /// [`RunError::NotObserved`], [`RunError::Read`], and [`RunError::Json`] when the record is damaged.
    pub fn open(root: &Path) -> Result<Self, RunError> {
        Ok(Self {
            root: root.to_path_buf(),
            record: Record::read(root)?,
        })
    }

    /// The key that the observations were made under ([`super::Looking::key`]).
    #[must_use]
    pub fn key(&self) -> &str {
        &self.record.key
    }

    /// A row a frame, in plan order. Only the columns of these names are decoded; the others are as in a
    /// [`Observation`] that nothing is known of.
    ///
    /// # Errors
    /// [`RunError::Changed`], and those of [`read_columns`].
    pub fn observations(&self, columns: &[&str]) -> Result<Vec<Observation>, RunError> {
        read_columns(&self.unchanged(OBSERVATIONS)?, columns)
    }

    /// The features of this name, a row a frame.
    ///
    /// # Errors
    /// [`RunError::Changed`], [`RunError::FeatureName`], and those of [`read_features`].
    pub fn features(&self, name: &str) -> Result<Array2<f32>, RunError> {
        read_features(&self.unchanged(&features_file(name)?)?)
    }

    /// The same row by row; `None` where this look made no such features.
    ///
    /// # Errors
    /// Those of [`Seen::features`].
    pub fn feature_rows(&self, name: &str) -> Result<Option<FeatureReader>, RunError> {
        let file = features_file(name)?;
        if !self.record.files.contains_key(&file) {
            return Ok(None);
        }
        FeatureReader::open(&self.unchanged(&file)?).map(Some)
    }

    /// The path of a file that is what was written.
    fn unchanged(&self, file: &str) -> Result<PathBuf, RunError> {
        let path = self.root.join(file);
        let found = sha256_file(&path).map_err(|error| RunError::read(&path, error))?;
        if self.record.files.get(file) == Some(&found) {
            Ok(path)
        } else {
            Err(RunError::Changed {
                path,
                folder: self.root.clone(),
            })
        }
    }
}

/// The feature file of this name, by its path below the run folder; names are of ASCII letters, digits, `-` and `_`.
pub(super) fn features_file(name: &str) -> Result<String, RunError> {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_');
    if name.is_empty() || !name.bytes().all(plain) {
        return Err(RunError::FeatureName {
            name: name.to_owned(),
        });
    }
    Ok(format!("{FEATURES}/{name}.npy"))
}
