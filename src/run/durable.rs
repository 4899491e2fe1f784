//! Files that are either whole under their name or not there at all.
//!
//! A file is written as `.NAME.part` in its own folder (a rename is atomic only within one file
//! system), flushed to the disk, renamed, and then the folder is flushed, because the new name is
//! an entry of the folder and not of the file.

use super::error::RunError;
use super::fault::{self, Point};
use crate::record::unless_unsupported;
use std::fs::{self, File, OpenOptions};
use std::io::{self, BufWriter, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

/// A file in the making. Dropping it without [`DurableFile::commit`] leaves no trace of it.
#[derive(Debug)]
pub struct DurableFile {
    /// `None` once the file has been committed.
    writer: Option<BufWriter<File>>,
    part: PathBuf,
    path: PathBuf,
}

impl DurableFile {
    /// Starts a file that will replace `path`.
    ///
    /// # Errors
    /// [`RunError::Output`] and other faults of writing when the folder cannot be written.
    pub fn create(path: &Path) -> Result<Self, RunError> {
        let part = part_of(path);
        // What lies here is from a killed process. It is removed, not opened: were it a link, opening
        // it would write wherever the link points.
        match fs::remove_file(&part) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => {
                return Err(RunError::write(&part, error));
            }
            _ => {}
        }
        let file = OpenOptions::new()
            .write(true)
            .create_new(true)
            .open(&part)
            .map_err(|error| RunError::write(path, error))?;
        Ok(Self {
            writer: Some(BufWriter::new(file)),
            part,
            path: path.to_path_buf(),
        })
    }

    /// The name that the file will have.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Flushes everything to the disk and gives the file its name.
    ///
    /// # Errors
    /// [`RunError::Output`] and other faults of writing; the old file of that name is then still there.
    pub fn commit(self) -> Result<(), RunError> {
        let path = self.path.clone();
        self.place()
            .and_then(|()| sync_folder(&path))
            .map_err(|error| RunError::write(&path, error))
    }

    /// Like [`DurableFile::commit`], but leaves flushing the folder to the caller, who places
    /// several files in one.
    pub(super) fn place(mut self) -> io::Result<()> {
        let mut writer = self.writer.take().expect("taken only here");
        let placed = (|| {
            writer.flush()?;
            writer.get_ref().sync_all()?;
            fault::reached(Point::BeforeRename)?;
            fs::rename(&self.part, &self.path)
        })();
        if placed.is_err() && !fault::dead() {
            let _ = fs::remove_file(&self.part);
        }
        placed?;
        fault::reached(Point::AfterRename)
    }

    fn inner(&mut self) -> &mut BufWriter<File> {
        self.writer.as_mut().expect("only `place` takes the writer")
    }
}

impl Write for DurableFile {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.inner().write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.inner().flush()
    }
}

impl Seek for DurableFile {
    fn seek(&mut self, position: SeekFrom) -> io::Result<u64> {
        self.inner().seek(position)
    }
}

impl Drop for DurableFile {
    fn drop(&mut self) {
        if self.writer.is_some() && !fault::dead() {
            // Nothing useful can be done if this fails: the name is never read.
            let _ = fs::remove_file(&self.part);
        }
    }
}

/// Writes `bytes` to `path`, whole or not at all, and returns when they are on the disk.
///
/// # Errors
/// [`RunError::ReadOnly`], [`RunError::DiskFull`] or [`RunError::Output`] with the path.
pub fn write_durably(path: &Path, bytes: &[u8]) -> Result<(), RunError> {
    let mut file = DurableFile::create(path)?;
    fill(&mut file, bytes).map_err(|error| RunError::write(path, error))?;
    file.commit()
}

/// Writes `bytes` in two halves, so that tests can stop between them.
pub(super) fn fill(file: &mut DurableFile, bytes: &[u8]) -> io::Result<()> {
    let (head, tail) = bytes.split_at(bytes.len() / 2);
    file.write_all(head)?;
    #[cfg(test)]
    file.flush()?;
    fault::reached(Point::HalfFile)?;
    file.write_all(tail)
}

/// Creates `folder` with its parents and flushes every new name to the disk.
pub(super) fn create_folder(folder: &Path) -> Result<(), RunError> {
    if folder.as_os_str().is_empty() || folder.is_dir() {
        return Ok(());
    }
    if let Some(parent) = folder.parent() {
        create_folder(parent)?;
    }
    if folder.is_file() {
        let path = folder.to_path_buf();
        return Err(RunError::NotFolder { path });
    }
    match fs::create_dir(folder) {
        // Another process may have been faster.
        Err(error) if error.kind() != io::ErrorKind::AlreadyExists => Err(error),
        _ => sync_folder(folder),
    }
    .map_err(|error| RunError::write(folder, error))
}

/// Flushes the folder that holds `path`.
pub(super) fn sync_folder(path: &Path) -> io::Result<()> {
    // Windows has no handle to flush for a folder; there the rename itself is journaled.
    if cfg!(unix) {
        let folder = match path.parent() {
            Some(folder) if !folder.as_os_str().is_empty() => folder,
            _ => Path::new("."),
        };
        // A folder that cannot be flushed is one of the file system's weaknesses, not a reason to stop.
        File::open(folder)?.sync_all().or_else(unless_unsupported)?;
    }
    Ok(())
}

/// Name under which `path` is written: `.NAME.part` beside it.
pub(super) fn part_of(path: &Path) -> PathBuf {
    let mut name = std::ffi::OsString::from(".");
    name.push(path.file_name().unwrap_or_default());
    name.push(".part");
    path.with_file_name(name)
}

/// Removes a file that may be absent.
pub(super) fn remove_if_there(path: &Path) -> Result<(), RunError> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(RunError::write(path, error)),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_replaced_whole() {
        let folder = tempfile::tempdir().expect("tempdir");
        let path = folder.path().join("scores.json");
        write_durably(&path, b"one").expect("first");
        write_durably(&path, b"two!").expect("second");
        assert_eq!(fs::read(&path).expect("read"), b"two!");
        assert_eq!(fs::read_dir(folder.path()).expect("list").count(), 1);
    }

    #[test]
    fn an_uncommitted_file_leaves_no_trace() {
        let folder = tempfile::tempdir().expect("tempdir");
        let mut file = DurableFile::create(&folder.path().join("a")).expect("create");
        file.write_all(b"half").expect("write");
        drop(file);
        assert_eq!(fs::read_dir(folder.path()).expect("list").count(), 0);
    }

    #[test]
    fn a_kill_at_any_point_leaves_the_old_or_the_new_file() {
        for points in 1..=3 {
            let folder = tempfile::tempdir().expect("tempdir");
            let path = folder.path().join("a");
            write_durably(&path, b"old").expect("old");
            fault::arm(points);
            let result = write_durably(&path, b"new one");
            assert!(fault::disarm());
            assert!(result.is_err());
            let found = fs::read(&path).expect("read");
            assert_eq!(
                found,
                if points < 3 {
                    b"old".to_vec()
                } else {
                    b"new one".to_vec()
                }
            );
            write_durably(&path, b"again").expect("after the kill");
            assert_eq!(fs::read(&path).expect("read"), b"again");
            assert_eq!(fs::read_dir(folder.path()).expect("list").count(), 1);
        }
    }

    #[test]
    #[cfg(unix)]
    fn a_link_in_the_way_is_not_followed() {
        let folder = tempfile::tempdir().expect("tempdir");
        let victim = folder.path().join("victim");
        fs::write(&victim, b"precious").expect("victim");
        let path = folder.path().join("a");
        std::os::unix::fs::symlink(&victim, part_of(&path)).expect("link");
        write_durably(&path, b"x").expect("write");
        assert_eq!(fs::read(&victim).expect("read"), b"precious");
        assert_eq!(fs::read(&path).expect("read"), b"x");
    }

    #[test]
    fn a_missing_folder_is_named() {
        let folder = tempfile::tempdir().expect("tempdir");
        let path = folder.path().join("none").join("a");
        let error = write_durably(&path, b"x").expect_err("no folder");
        assert!(error.to_string().contains("none"), "{error}");
    }
}
