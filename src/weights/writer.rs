//! Files of a bundle, whose hashes are taken as they are written.

use super::WeightsError;
use crate::record::hex;
use sha2::{Digest, Sha256};
use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};

/// A bundle's folder before it has its name.
pub(super) struct Folder {
    folder: tempfile::TempDir,
    /// SHA-256 of every file, by name.
    pub(super) hashes: BTreeMap<String, String>,
}

impl Folder {
    /// Beside the place where it will be, so that it can be renamed.
    pub(super) fn beside(out: &Path) -> Result<Self, WeightsError> {
        let parent = parent(out);
        let made = fs::create_dir_all(parent).and_then(|()| {
            tempfile::Builder::new()
                .prefix(".import-")
                .tempdir_in(parent)
        });
        let folder = made.map_err(|source| WeightsError::Write {
            path: parent.to_owned(),
            source,
        })?;
        Ok(Self {
            folder,
            hashes: BTreeMap::new(),
        })
    }

    pub(super) fn path(&self) -> &Path {
        self.folder.path()
    }

    pub(super) fn create(&self, name: &str) -> Result<Out, WeightsError> {
        let path = self.path().join(name);
        match File::create_new(&path) {
            Ok(file) => Ok(Out {
                name: name.to_owned(),
                path,
                file: BufWriter::with_capacity(1 << 18, file),
                hasher: Sha256::new(),
                written: 0,
            }),
            Err(source) => Err(WeightsError::Write { path, source }),
        }
    }

    /// Waits until a file is on the disk, and keeps its hash.
    pub(super) fn close(&mut self, out: Out) -> Result<(), WeightsError> {
        let (name, path) = (out.name, out.path);
        let file = out
            .file
            .into_inner()
            .map_err(io::IntoInnerError::into_error);
        file.and_then(|file| file.sync_all())
            .map_err(|source| WeightsError::Write { path, source })?;
        self.hashes.insert(name, hex(&out.hasher.finalize()));
        Ok(())
    }

    /// A file with this content.
    pub(super) fn put(&mut self, name: &str, content: &[u8]) -> Result<(), WeightsError> {
        let mut out = self.create(name)?;
        out.put(content)?;
        self.close(out)
    }

    /// Gives the folder its name, and waits until both are on the disk.
    pub(super) fn become_of(self, out: &Path) -> Result<(), WeightsError> {
        self.renamed(out).map_err(|source| WeightsError::Write {
            path: out.to_owned(),
            source,
        })
    }

    fn renamed(self, out: &Path) -> io::Result<()> {
        let parent = parent(out);
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;
            // A temporary folder is its owner's alone; a bundle is as readable as the folder that it is in.
            let around = fs::metadata(parent)?.permissions().mode();
            fs::set_permissions(
                self.path(),
                fs::Permissions::from_mode(0o700 | around & 0o055),
            )?;
        }
        sync_folder(self.path())?;
        fs::rename(self.path(), out)?;
        // Its name is another one now: nothing is left to remove.
        let _ = self.folder.keep();
        sync_folder(parent)
    }
}

/// Flushes a folder. Windows has no handle for that; there the rename itself is journaled.
fn sync_folder(path: &Path) -> io::Result<()> {
    if cfg!(unix) {
        File::open(path)?.sync_all()?;
    }
    Ok(())
}

fn parent(out: &Path) -> &Path {
    match out.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        _ => Path::new("."),
    }
}

/// A file that is being written.
pub(super) struct Out {
    name: String,
    path: PathBuf,
    file: BufWriter<File>,
    hasher: Sha256,
    /// Bytes so far.
    pub(super) written: u64,
}

impl Out {
    pub(super) fn put(&mut self, bytes: &[u8]) -> Result<(), WeightsError> {
        self.write(bytes).map_err(|source| self.failed(source))
    }

    /// As [`Out::put`], for callers that add the path themselves.
    pub(super) fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.hasher.update(bytes);
        self.written += bytes.len() as u64;
        self.file.write_all(bytes)
    }

    pub(super) fn failed(&self, source: io::Error) -> WeightsError {
        WeightsError::Write {
            path: self.path.clone(),
            source,
        }
    }
}
