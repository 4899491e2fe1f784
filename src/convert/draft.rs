//! A folder that appears whole or not at all.

use crate::record::{FaultKind, Hint};
use std::fs::{self, File, OpenOptions};
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};
use tempfile::TempDir;

/// Why a folder cannot be written.
#[derive(Debug, thiserror::Error)]
pub enum DraftError {
    /// Something else is there.
    #[error("{} exists and is not an empty folder", path.display())]
    Occupied {
        /// The folder.
        path: PathBuf,
    },
    /// A file could not be written.
    #[error("failed to write {}", path.display())]
    Write {
        /// The file, where it would have been.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
}

impl Hint for DraftError {
    fn fault_kind(&self) -> FaultKind {
        FaultKind::Output
    }

    fn hint(&self) -> Option<String> {
        Some(match self {
            Self::Occupied { .. } => "choose a new folder, or remove this one".into(),
            Self::Write { .. } => {
                "check free space and permissions, or choose another folder".into()
            }
        })
    }
}

/// A hidden folder beside `target` that gets its name when everything is in it. Dropped before, it
/// removes itself.
#[derive(Debug)]
pub(crate) struct Draft {
    target: PathBuf,
    folder: TempDir,
}

impl Draft {
    /// Begins a folder that is to be at `target`, which must be absent or empty.
    pub(crate) fn begin(target: &Path) -> Result<Self, DraftError> {
        let free = match fs::read_dir(target) {
            Ok(mut entries) => entries.next().is_none(),
            // A file, or a link that leads nowhere.
            Err(_) => fs::symlink_metadata(target).is_err(),
        };
        if !free {
            return Err(DraftError::Occupied {
                path: target.to_owned(),
            });
        }
        let parent = match target.parent() {
            Some(parent) if !parent.as_os_str().is_empty() => parent,
            _ => Path::new("."),
        };
        let folder = fs::create_dir_all(parent)
            .and_then(|()| builder().tempdir_in(parent))
            .map_err(|source| DraftError::Write {
                path: parent.to_owned(),
                source,
            })?;
        Ok(Self {
            target: target.to_owned(),
            folder,
        })
    }

    /// Where files are written until the end.
    pub(crate) fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// Where `name` will be.
    pub(crate) fn place(&self, name: &str) -> PathBuf {
        self.target.join(name)
    }

    /// Writes a file, with the folders above it.
    pub(crate) fn put(&self, name: &str, bytes: &[u8]) -> Result<(), DraftError> {
        let mut file = self.create(name)?;
        file.add(bytes)?;
        file.finish()
    }

    /// Begins a file that is written piece by piece.
    pub(crate) fn create(&self, name: &str) -> Result<Writing, DraftError> {
        let path = self.place(name);
        let own = self.folder().join(name);
        let made = own
            .parent()
            .map_or(Ok(()), fs::create_dir_all)
            .and_then(|()| {
                // Two names may be one on a file system that ignores capitals: never write over.
                OpenOptions::new().write(true).create_new(true).open(&own)
            });
        match made {
            Ok(file) => Ok(Writing {
                path,
                file: BufWriter::with_capacity(1 << 16, file),
            }),
            Err(source) => Err(DraftError::Write { path, source }),
        }
    }

    /// Gives the folder its name.
    pub(crate) fn finish(self) -> Result<(), DraftError> {
        let Self { target, folder } = self;
        let failed = |source| DraftError::Write {
            path: target.clone(),
            source,
        };
        // An empty folder may exist already; renaming onto it would fail on some systems.
        if target.exists() {
            fs::remove_dir(&target).map_err(failed)?;
        }
        let folder = folder.keep();
        fs::rename(&folder, &target).map_err(|source| {
            // Best effort: the error that is reported is the rename's.
            let _ = fs::remove_dir_all(&folder);
            failed(source)
        })
    }
}

/// Temporary folders are for their owner alone; a data set is as open as the user's other folders.
fn builder() -> tempfile::Builder<'static, 'static> {
    let mut builder = tempfile::Builder::new();
    builder.prefix(".storyeval-draft-");
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        // The user's mask takes away from it.
        builder.permissions(fs::Permissions::from_mode(0o777));
    }
    builder
}

/// A file on its way.
#[derive(Debug)]
pub(crate) struct Writing {
    path: PathBuf,
    file: BufWriter<File>,
}

impl Writing {
    /// Appends.
    pub(crate) fn add(&mut self, bytes: &[u8]) -> Result<(), DraftError> {
        self.file
            .write_all(bytes)
            .map_err(|source| failed(&self.path, source))
    }

    /// Hands everything to the system.
    pub(crate) fn finish(mut self) -> Result<(), DraftError> {
        self.file
            .flush()
            .map_err(|source| failed(&self.path, source))
    }
}

fn failed(path: &Path, source: io::Error) -> DraftError {
    DraftError::Write {
        path: path.to_owned(),
        source,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_is_there_before_the_end_and_nothing_stays_after_a_failure() {
        let root = tempfile::tempdir().unwrap();
        let target = root.path().join("a/b");
        let draft = Draft::begin(&target).unwrap();
        draft.put("x/y.txt", b"text").unwrap();
        assert!(!target.exists());
        assert!(draft.put("x/y.txt", b"again").is_err());
        draft.finish().unwrap();
        assert_eq!(fs::read(target.join("x/y.txt")).unwrap(), b"text");

        let other = root.path().join("a/c");
        let draft = Draft::begin(&other).unwrap();
        draft.put("x", b"half").unwrap();
        drop(draft);
        let left: Vec<_> = fs::read_dir(root.path().join("a")).unwrap().collect();
        assert_eq!(left.len(), 1);
    }

    #[test]
    fn an_empty_folder_is_free_and_a_file_is_not() {
        let root = tempfile::tempdir().unwrap();
        let empty = root.path().join("empty");
        fs::create_dir(&empty).unwrap();
        Draft::begin(&empty).unwrap().finish().unwrap();
        let file = root.path().join("file");
        fs::write(&file, "").unwrap();
        for path in [file.as_path(), root.path()] {
            assert!(matches!(
                Draft::begin(path),
                Err(DraftError::Occupied { .. })
            ));
        }
    }
}
