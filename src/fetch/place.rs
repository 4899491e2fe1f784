//! Where a file will be, and what lies beside it while it is under way.

use super::{Digest, FetchError};
use crate::record::{FileLock, try_lock, wait_for_lock};
use serde::{Deserialize, Serialize};
use std::fs::{self, File, OpenOptions};
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};

/// A file of a folder, with its part, its lock and its record.
#[derive(Clone, Debug)]
pub(super) struct Place {
    pub(super) file: PathBuf,
}

/// What a part is a part of: so that two versions of a file are never joined.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct PartOf {
    pub(super) address: String,
    /// The server's name for this version: a strong `ETag`, or else `Last-Modified`.
    pub(super) version: Option<String>,
}

/// Where a finished file came from.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Record {
    pub(super) origin: String,
    #[serde(flatten)]
    pub(super) digest: Digest,
}

/// Held while a file is under way. Dropping it lets the next process go on.
#[derive(Debug)]
pub(super) struct Guard(#[allow(dead_code, reason = "the lock goes with the file")] File);

impl Place {
    pub(super) fn new(file: &Path) -> Self {
        Self {
            file: file.to_owned(),
        }
    }

    fn beside(&self, prefix: &str, suffix: &str) -> PathBuf {
        let name = self.file.file_name().unwrap_or_default();
        let mut all = std::ffi::OsString::from(prefix);
        all.push(name);
        all.push(suffix);
        self.file.with_file_name(all)
    }

    /// The part that was received.
    pub(super) fn part(&self) -> PathBuf {
        self.beside("", ".part")
    }

    fn part_of_path(&self) -> PathBuf {
        self.beside("", ".part.json")
    }

    pub(super) fn record_path(&self) -> PathBuf {
        self.beside("", ".fetched.json")
    }

    /// Makes the folder and waits until no other process fetches this file; `waits` is called before.
    pub(super) fn lock(&self, waits: impl FnOnce()) -> Result<Guard, FetchError> {
        let folder = self.folder();
        fs::create_dir_all(folder)
            .map_err(|source| FetchError::write(folder.to_owned(), None, source))?;
        let path = self.beside(".", ".lock");
        let file = OpenOptions::new()
            .create(true)
            .truncate(false)
            .write(true)
            .open(&path)
            .map_err(|source| FetchError::write(path, None, source))?;
        // On a file system without locks two processes at once may write one part, and its hash tells.
        let locked = try_lock(&file).and_then(|lock| {
            if lock == FileLock::Taken {
                waits();
                wait_for_lock(&file)?;
            }
            Ok(())
        });
        locked.map_err(|source| FetchError::write(folder.to_owned(), None, source))?;
        Ok(Guard(file))
    }

    pub(super) fn folder(&self) -> &Path {
        match self.file.parent() {
            Some(folder) if !folder.as_os_str().is_empty() => folder,
            _ => Path::new("."),
        }
    }

    /// Bytes that were received.
    pub(super) fn received(&self) -> u64 {
        fs::metadata(self.part()).map_or(0, |it| it.len())
    }

    pub(super) fn part_of(&self) -> Option<PartOf> {
        serde_json::from_slice(&fs::read(self.part_of_path()).ok()?).ok()
    }

    pub(super) fn record(&self) -> Option<Record> {
        serde_json::from_slice(&fs::read(self.record_path()).ok()?).ok()
    }

    /// Begins a part.
    pub(super) fn begin(&self, of: &PartOf) -> Result<File, FetchError> {
        write_json(&self.part_of_path(), of)?;
        let part = self.part();
        // A link in the way is removed, not followed.
        match fs::remove_file(&part) {
            Err(source) if source.kind() != io::ErrorKind::NotFound => {
                return Err(FetchError::write(part, None, source));
            }
            _ => {}
        }
        let file = OpenOptions::new().write(true).create_new(true).open(&part);
        file.map_err(|source| FetchError::write(part, None, source))
    }

    /// Goes on with a part.
    pub(super) fn go_on(&self) -> Result<File, FetchError> {
        let part = self.part();
        let file = OpenOptions::new().append(true).open(&part);
        file.map_err(|source| FetchError::write(part, None, source))
    }

    /// Removes a part.
    pub(super) fn forget(&self) {
        // What cannot be removed is overwritten or refused later.
        let _ = fs::remove_file(self.part());
        let _ = fs::remove_file(self.part_of_path());
    }

    /// Copies a file of this machine into the part.
    pub(super) fn copy(
        &self,
        from: &Path,
        tell: &mut dyn FnMut(u64, u64),
    ) -> Result<(), FetchError> {
        let read = |source| FetchError::Read {
            path: from.to_owned(),
            source,
        };
        let mut input = File::open(from).map_err(read)?;
        let total = input.metadata().map_err(read)?.len();
        let mut part = self.begin(&PartOf::default())?;
        let mut buffer = vec![0; 1 << 18];
        let mut done = 0;
        loop {
            let got = input.read(&mut buffer).map_err(read)?;
            if got == 0 {
                break;
            }
            part.write_all(&buffer[..got]).map_err(|source| {
                self.forget();
                FetchError::write(self.part(), Some(total - done), source)
            })?;
            done += got as u64;
            tell(done, total);
        }
        let synced = part.sync_all();
        synced.map_err(|source| FetchError::write(self.part(), None, source))
    }

    /// Gives the part its name. The record is written first: it is only read where the file is.
    pub(super) fn finish(&self, record: &Record) -> Result<(), FetchError> {
        write_json(&self.record_path(), record)?;
        fs::rename(self.part(), &self.file)
            .map_err(|source| FetchError::write(self.file.clone(), None, source))?;
        self.forget();
        // A folder that cannot be flushed has the file nonetheless.
        #[cfg(unix)]
        let _ = File::open(self.folder()).and_then(|folder| folder.sync_all());
        Ok(())
    }
}

fn write_json(path: &Path, value: &impl Serialize) -> Result<(), FetchError> {
    let write = || -> io::Result<()> {
        let mut text = serde_json::to_vec_pretty(value)?;
        text.push(b'\n');
        let folder = path.parent().unwrap_or(Path::new("."));
        let mut file = tempfile::NamedTempFile::new_in(folder)?;
        file.write_all(&text)?;
        file.as_file().sync_all()?;
        file.persist(path)?;
        Ok(())
    };
    write().map_err(|source| FetchError::write(path.to_owned(), None, source))
}

/// Bytes that a user may still write below a folder; `None` where the system does not say.
pub(super) fn free_bytes(folder: &Path) -> Option<u64> {
    #[cfg(unix)]
    {
        let seen = rustix::fs::statvfs(folder).ok()?;
        Some(seen.f_bavail.saturating_mul(seen.f_frsize))
    }
    #[cfg(not(unix))]
    {
        let _ = folder;
        None
    }
}
