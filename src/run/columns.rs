//! Values that the user brought for a run: `columns.json` says what they are, `columns/<metric>.parquet` has them.

use super::durable::write_durably;
use super::error::RunError;
use super::layout::{COLUMNS, COLUMNS_FOLDER, json_file};
use super::observations::{ObservationWriter, read_columns};
use crate::card::is_metric_id;
use crate::record::{
    Column, ColumnKind, FrameIndex, Observation, Of, OwnMetric, StoryId, sha256_file,
};
use serde::{Deserialize, Serialize};
use std::collections::HashMap;
use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

/// Version of `columns.json` and its files.
const FORMAT: u32 = 1;

/// The values in the file of a metric.
const VALUE: Column = Column::new("value", ColumnKind::Number, Of::Generated);

/// A metric that the user brought for a run.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct StoredColumn {
    /// Id of the metric.
    pub id: String,
    /// What tables say of it.
    pub about: OwnMetric,
    /// Whether a larger value is better.
    pub higher_is_better: bool,
    /// The smallest value there can be.
    pub minimum: Option<f64>,
    /// The largest value there can be.
    pub maximum: Option<f64>,
    /// Version of its definition.
    pub version: u32,
    /// Name of the file that the values came from.
    pub file: String,
    /// Name of the values in it.
    pub column: String,
    /// SHA-256 of that file.
    pub sha256: String,
    /// What was noted when it was joined.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub notes: Vec<String>,
    /// The frames that it was joined to, as the journal has them.
    pub frames: String,
    /// SHA-256 of the values' file in the run folder.
    pub values: String,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    format: u32,
    columns: Vec<StoredColumn>,
}

#[derive(Deserialize)]
struct Version {
    format: u32,
}

/// The metrics that the user brought for the run in `root`, in the order in which they came.
///
/// # Errors
/// [`RunError::Read`], [`RunError::Json`] and [`RunError::Format`]; [`RunError::Changed`] for an id that is no id.
pub fn stored_columns(root: &Path) -> Result<Vec<StoredColumn>, RunError> {
    let path = root.join(COLUMNS);
    let bytes = match fs::read(&path) {
        Ok(bytes) => bytes,
        Err(error) => match error.kind() {
            ErrorKind::NotFound | ErrorKind::NotADirectory => return Ok(Vec::new()),
            _ => return Err(RunError::read(&path, error)),
        },
    };
    let json = |source: serde_json::Error| RunError::Json {
        path: path.clone(),
        line: source.line(),
        source,
    };
    // The version first: a later format may have other fields, and that is the better message.
    let Version { format } = serde_json::from_slice(&bytes).map_err(json)?;
    if format != FORMAT {
        return Err(RunError::Format {
            path,
            found: format,
            supported: FORMAT,
        });
    }
    let File { columns, .. } = serde_json::from_slice(&bytes).map_err(json)?;
    // An id names a file.
    if columns.iter().all(|column| is_metric_id(&column.id)) {
        return Ok(columns);
    }
    Err(RunError::Changed {
        path,
        folder: root.to_path_buf(),
    })
}

impl StoredColumn {
    fn path(&self, root: &Path) -> PathBuf {
        root.join(COLUMNS_FOLDER)
            .join(format!("{}.parquet", self.id))
    }

    /// Its values in the run in `root`, one per row of `places`; those of frames that it was not joined to are missing.
    ///
    /// # Errors
    /// [`RunError::Hash`] where the file is not as it was written, and those of reading it.
    pub fn values<'a>(
        &self,
        root: &Path,
        places: impl Iterator<Item = (&'a StoryId, FrameIndex)>,
    ) -> Result<Vec<Option<f64>>, RunError> {
        let path = self.path(root);
        let found = sha256_file(&path).map_err(|error| RunError::read(&path, error))?;
        if found != self.values {
            return Err(RunError::Hash {
                path,
                expected: self.values.clone(),
                found,
            });
        }
        let rows = read_columns(&path, &["story", "frame", VALUE.name])?;
        let by_place: HashMap<(&StoryId, FrameIndex), Option<f64>> = rows
            .iter()
            .map(|row| ((&row.story, row.frame), row.number(VALUE.name)))
            .collect();
        Ok(places
            .map(|place| by_place.get(&place).copied().flatten())
            .collect())
    }
}

/// Keeps a metric and its values, one per observation, in place of an earlier one of its id.
///
/// # Errors
/// [`RunError::Output`] and its kin, and those of [`stored_columns`].
pub fn store_column(
    root: &Path,
    mut column: StoredColumn,
    observations: &[Observation],
    values: &[Option<f64>],
) -> Result<(), RunError> {
    let mut columns = stored_columns(root)?;
    let path = column.path(root);
    let folder = root.join(COLUMNS_FOLDER);
    fs::create_dir_all(&folder).map_err(|source| RunError::write(&folder, source))?;
    let mut writer = ObservationWriter::create(&path, &[VALUE])?;
    for (row, value) in observations.iter().zip(values) {
        let mut kept = Observation::unseen(row.story.clone(), row.frame, row.clip.clone());
        kept.set(VALUE.name, *value);
        writer.push(kept)?;
    }
    writer.commit()?;
    column.values = sha256_file(&path).map_err(|error| RunError::read(&path, error))?;
    match columns.iter_mut().find(|known| known.id == column.id) {
        Some(known) => *known = column,
        None => columns.push(column),
    }
    write(root, columns)
}

/// Takes a metric out of a run. Gives whether it was there.
///
/// # Errors
/// Those of [`store_column`].
pub fn drop_column(root: &Path, id: &str) -> Result<bool, RunError> {
    let mut columns = stored_columns(root)?;
    let Some(at) = columns.iter().position(|column| column.id == id) else {
        return Ok(false);
    };
    let path = columns.remove(at).path(root);
    // What says that the file is there goes first.
    if columns.is_empty() {
        let list = root.join(COLUMNS);
        fs::remove_file(&list).map_err(|source| RunError::write(&list, source))?;
    } else {
        write(root, columns)?;
    }
    match fs::remove_file(&path) {
        Err(error) if error.kind() != ErrorKind::NotFound => Err(RunError::write(&path, error)),
        _ => Ok(true),
    }
}

fn write(root: &Path, columns: Vec<StoredColumn>) -> Result<(), RunError> {
    let file = File {
        format: FORMAT,
        columns,
    };
    write_durably(&root.join(COLUMNS), &json_file(&file))
}
