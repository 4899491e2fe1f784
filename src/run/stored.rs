//! What was seen of a run's frames, read back: every file is compared with the hash that was written when it was made.

use super::error::RunError;
use super::features::{FeatureReader, read_features};
use super::layout::{FEATURES, OBSERVATIONS, OBSERVED};
use super::observations::{OBSERVATIONS_FORMAT, PLANNED_COLUMNS, read_columns};
use crate::record::{Observation, sha256_file};
use ndarray::Array2;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};
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
    /// The evaluators' columns of `observations.parquet`.
    pub(super) columns: BTreeSet<String>,
    /// SHA-256 of every file, by its path below the run folder.
    pub(super) files: BTreeMap<String, String>,
}

impl Record {
    /// Reads the `observed.json` in `root`.
    pub(super) fn read(root: &Path) -> Result<Self, RunError> {
        let (path, bytes) = bytes(root)?;
        // The version first: another one may have other fields, and that is the better message.
        let Version { format } = parsed(&path, &bytes)?;
        if format != OBSERVATIONS_FORMAT {
            return Err(RunError::ObservationsFormat {
                path,
                found: format,
                supported: OBSERVATIONS_FORMAT,
            });
        }
        parsed(&path, &bytes)
    }
}

/// What the records of all versions say.
#[derive(Deserialize)]
struct Version {
    format: u32,
}

/// The key of observations of any version, to know what would be lost with them.
#[derive(Deserialize)]
struct KeyOnly {
    key: String,
}

fn bytes(root: &Path) -> Result<(PathBuf, Vec<u8>), RunError> {
    let path = root.join(OBSERVED);
    match fs::read(&path) {
        Ok(bytes) => Ok((path, bytes)),
        Err(source) if source.kind() == io::ErrorKind::NotFound => Err(RunError::NotObserved {
            path: root.to_path_buf(),
        }),
        Err(source) => Err(RunError::read(&path, source)),
    }
}

fn parsed<T: for<'a> Deserialize<'a>>(path: &Path, bytes: &[u8]) -> Result<T, RunError> {
    serde_json::from_slice(bytes).map_err(|source| RunError::Json {
        path: path.to_path_buf(),
        line: source.line(),
        source,
    })
}

/// The key of the observations in `root`, of whichever version they are; `None` where there are none.
#[must_use]
pub fn observed_key(root: &Path) -> Option<String> {
    let (path, bytes) = bytes(root).ok()?;
    let KeyOnly { key } = parsed(&path, &bytes).ok()?;
    Some(key)
}

/// The observations and features in a folder.
#[derive(Clone, Debug)]
pub struct StoredObservations {
    root: PathBuf,
    record: Record,
}

impl StoredObservations {
    /// Opens a folder with observations: a run's own, or one below it.
    ///
    /// # Errors
    /// [`RunError::NotObserved`], [`RunError::Read`], [`RunError::ObservationsFormat`], and [`RunError::Json`] when
    /// the record is damaged.
    pub fn open(root: &Path) -> Result<Self, RunError> {
        Ok(Self {
            root: root.to_path_buf(),
            record: Record::read(root)?,
        })
    }

    /// The key that the observations were made under ([`super::ObserveOptions::key`]).
    #[must_use]
    pub fn key(&self) -> &str {
        &self.record.key
    }

    /// The frames that were observed ([`super::Journal::digest`]).
    #[must_use]
    pub fn frames(&self) -> &str {
        &self.record.journal
    }

    /// A row per frame, in plan order. Only the columns of these names are decoded; the others are as in an
    /// [`Observation`] that nothing is known of. A column of an evaluator that did not observe this run has no value.
    ///
    /// # Errors
    /// [`RunError::Changed`], and those of [`read_columns`].
    pub fn observations(&self, columns: &[&'static str]) -> Result<Vec<Observation>, RunError> {
        let there: Vec<&'static str> = columns
            .iter()
            .copied()
            .filter(|name| PLANNED_COLUMNS.contains(name) || self.record.columns.contains(*name))
            .collect();
        read_columns(&self.unchanged(OBSERVATIONS)?, &there)
    }

    /// Whether there are features of this name.
    #[must_use]
    pub fn has_features(&self, name: &str) -> bool {
        features_file(name).is_ok_and(|file| self.record.files.contains_key(&file))
    }

    /// The features of this name, a row per frame.
    ///
    /// # Errors
    /// [`RunError::Changed`], [`RunError::FeatureName`], and those of [`read_features`].
    pub fn features(&self, name: &str) -> Result<Array2<f32>, RunError> {
        read_features(&self.unchanged(&features_file(name)?)?)
    }

    /// The same row by row; `None` where there are no features of this name.
    ///
    /// # Errors
    /// Those of [`StoredObservations::features`].
    pub fn feature_rows(&self, name: &str) -> Result<Option<FeatureReader>, RunError> {
        if !self.has_features(name) {
            return Ok(None);
        }
        FeatureReader::open(&self.unchanged(&features_file(name)?)?).map(Some)
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
