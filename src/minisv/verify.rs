//! Whether a drawn world is still what was drawn: every file against its hash in `minisv.json`.

use super::layout::{MinisvError, SUMMARY, content_hash};
use crate::convert::DraftError;
use crate::record::sha256_file;
use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

/// How a folder can fail to be a whole MiniSV.
#[derive(Debug, thiserror::Error)]
pub enum CheckError {
    /// There is no `minisv.json`.
    #[error("nothing was drawn there yet")]
    Absent,
    /// `minisv.json` cannot be understood.
    #[error("{} is not a MiniSV summary", path.display())]
    Summary {
        /// The file.
        path: PathBuf,
        /// Why, when it is not JSON of the right shape.
        source: Option<serde_json::Error>,
    },
    /// A file is missing or cannot be read.
    #[error("failed to read {}", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// A file has other bytes than were drawn.
    #[error("{} was changed after it was drawn", path.display())]
    Changed {
        /// The file.
        path: PathBuf,
    },
}

#[derive(serde::Deserialize)]
struct Summary {
    content_sha256: String,
    sha256: BTreeMap<String, String>,
}

/// Reads every file of the MiniSV in `dir` and compares hashes. Returns the content hash.
///
/// # Errors
/// [`CheckError`], with the first file that is not as it was drawn.
pub fn check(dir: &Path) -> Result<String, CheckError> {
    let path = dir.join(SUMMARY);
    let text = match fs::read_to_string(&path) {
        Ok(text) => text,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Err(CheckError::Absent),
        Err(source) => return Err(CheckError::Read { path, source }),
    };
    let summary: Summary = serde_json::from_str(&text).map_err(|source| CheckError::Summary {
        path: path.clone(),
        source: Some(source),
    })?;
    if content_hash(&summary.sha256) != summary.content_sha256 {
        return Err(CheckError::Summary { path, source: None });
    }
    for (name, expected) in &summary.sha256 {
        let path = dir.join(name);
        let found = sha256_file(&path).map_err(|source| CheckError::Read {
            path: path.clone(),
            source,
        })?;
        if found != *expected {
            return Err(CheckError::Changed { path });
        }
    }
    Ok(summary.content_sha256)
}

/// Removes a MiniSV that was drawn into `dir`. Only a folder with a `minisv.json` is touched.
///
/// # Errors
/// When it is no MiniSV, or cannot be removed.
pub fn remove(dir: &Path) -> Result<(), MinisvError> {
    if !dir.join(SUMMARY).is_file() {
        return Err(DraftError::Occupied {
            path: dir.to_owned(),
        }
        .into());
    }
    fs::remove_dir_all(dir).map_err(|source| {
        DraftError::Write {
            path: dir.to_owned(),
            source,
        }
        .into()
    })
}

#[cfg(test)]
mod tests {
    use super::super::{SplitSizes, World, write};
    use super::*;

    #[test]
    fn a_changed_or_missing_file_is_noticed() -> Result<(), Box<dyn std::error::Error>> {
        let folder = tempfile::tempdir()?;
        let dir = folder.path().join("world");
        assert!(matches!(check(&dir), Err(CheckError::Absent)));
        let sizes = SplitSizes {
            test_stories: 1,
            val_stories: 0,
            train_clips: 0,
        };
        let report = write(&dir, World { seed: 0, sizes }, &|_, _| {})?;
        assert_eq!(check(&dir)?, report.content_sha256);

        let labels = dir.join("labels.pkl");
        let mut bytes = fs::read(&labels)?;
        bytes[10] ^= 1;
        fs::write(&labels, &bytes)?;
        assert!(matches!(check(&dir), Err(CheckError::Changed { path }) if path == labels));
        fs::remove_file(&labels)?;
        assert!(matches!(check(&dir), Err(CheckError::Read { path, .. }) if path == labels));
        remove(&dir)?;
        assert!(matches!(check(&dir), Err(CheckError::Absent)));
        Ok(())
    }
}
