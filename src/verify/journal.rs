//! What is known of clips from earlier passes: one line per clip, append-only.
//!
//! A clip's line counts as long as its files have the length and the time of change that they had. The
//! journal is a cache: it is not flushed to the disk line by line, and a line that is torn or cannot be
//! read is one more clip to check.

use super::facts::Facts;
use crate::dataset::open::Metadata;
use crate::record::{ClipId, sha256_hex};
use crate::record::{FileLock, try_lock};
use serde::{Deserialize, Serialize};
use std::collections::HashMap;
use std::fs::{self, File, OpenOptions};
use std::io::{self, BufRead, BufReader, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant, UNIX_EPOCH};

/// Changes whenever facts do.
const FORMAT: u32 = 2;
/// Bytes that are written at once, and the longest that a line waits for that.
const BUFFER: usize = 1 << 15;
const WAIT: Duration = Duration::from_secs(1);

/// A file as it was: path below the data set's folder, length, nanoseconds of its last change.
type FileStamp = (String, u64, i64);

/// By clip: its files as they were, and what was found out.
type Known = HashMap<String, (Vec<FileStamp>, Facts)>;

#[derive(Debug, Serialize, Deserialize)]
struct Line {
    clip: String,
    files: Vec<FileStamp>,
    facts: Facts,
}

/// The journal of one data set in one folder.
#[derive(Debug)]
pub struct Journal {
    path: PathBuf,
    known: Known,
    writer: Mutex<Writer>,
}

#[derive(Debug)]
struct Writer {
    /// `None` while another process writes, and after a write that failed.
    file: Option<File>,
    buffer: Vec<u8>,
    last: Instant,
    failed: Option<io::Error>,
}

impl Journal {
    /// Where the journal of a data set lies in a cache folder.
    #[must_use]
    pub fn path_in(cache: &Path, dataset: &str, folder: &Path) -> PathBuf {
        let folder = fs::canonicalize(folder).unwrap_or_else(|_| folder.to_owned());
        let key = format!("{FORMAT}\0{dataset}\0{}", folder.display());
        let key = sha256_hex(key.as_bytes());
        let key = key.get(..24).unwrap_or(&key);
        cache.join("verify").join(format!("{key}.jsonl"))
    }

    /// Opens a journal or begins it; `fresh` forgets what is in it.
    ///
    /// # Errors
    /// The file cannot be created, read or written.
    pub fn open(path: &Path, fresh: bool) -> io::Result<Self> {
        if let Some(folder) = path.parent() {
            fs::create_dir_all(folder)?;
        }
        let mut file = OpenOptions::new()
            .read(true)
            .append(true)
            .create(true)
            .open(path)?;
        let own = try_lock(&file)? != FileLock::Taken;
        if fresh && own {
            file.set_len(0)?;
        }
        let known = if fresh {
            HashMap::new()
        } else {
            let (known, whole) = read(&file)?;
            // What follows the last newline is the rest of a killed write.
            if own && whole < file.metadata()?.len() {
                file.set_len(whole)?;
            }
            known
        };
        file.seek(SeekFrom::End(0))?;
        Ok(Self {
            path: path.to_owned(),
            known,
            writer: Mutex::new(Writer {
                file: own.then_some(file),
                buffer: Vec::new(),
                last: Instant::now(),
                failed: None,
            }),
        })
    }

    /// The file.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// What is known of a clip, if its files are as they were.
    pub(super) fn known(&self, data: &Metadata, clip: &ClipId) -> Option<&Facts> {
        let (files, facts) = self.known.get(clip.as_str())?;
        (stamps(data, clip).as_ref() == Some(files)).then_some(facts)
    }

    /// Keeps what was found out about a clip whose files had `files` before they were read.
    pub(super) fn keep(&self, clip: &ClipId, files: Vec<FileStamp>, facts: &Facts) {
        let line = Line {
            clip: clip.to_string(),
            files,
            facts: facts.clone(),
        };
        // Text and numbers are always JSON.
        let Ok(mut line) = serde_json::to_vec(&line) else {
            return;
        };
        line.push(b'\n');
        let mut writer = self.writer.lock().unwrap_or_else(PoisonError::into_inner);
        if writer.file.is_some() {
            writer.buffer.append(&mut line);
            if writer.buffer.len() >= BUFFER || writer.last.elapsed() >= WAIT {
                writer.flush();
            }
        }
    }

    /// Writes what is still in memory.
    ///
    /// # Errors
    /// The first write that failed, now or before.
    pub fn finish(self) -> io::Result<()> {
        let mut writer = self
            .writer
            .into_inner()
            .unwrap_or_else(PoisonError::into_inner);
        writer.flush();
        writer.failed.map_or(Ok(()), Err)
    }
}

impl Writer {
    fn flush(&mut self) {
        if let Some(file) = &mut self.file
            && let Err(error) = file.write_all(&self.buffer)
        {
            self.failed = Some(error);
            self.file = None;
        }
        self.buffer.clear();
        self.last = Instant::now();
    }
}

/// The lines of a journal and how many bytes of it are whole lines. Of two lines about a clip the later
/// counts.
fn read(file: &File) -> io::Result<(Known, u64)> {
    let mut known = HashMap::new();
    let (mut whole, mut bytes) = (0, Vec::new());
    let mut reader = BufReader::with_capacity(1 << 16, file);
    loop {
        bytes.clear();
        let length = reader.read_until(b'\n', &mut bytes)?;
        if bytes.last() != Some(&b'\n') {
            return Ok((known, whole));
        }
        whole += length as u64;
        if let Ok(line) = serde_json::from_slice::<Line>(&bytes) {
            known.insert(line.clip, (line.files, line.facts));
        }
    }
}

/// The files of a clip as they are; `None` when one is not there.
pub(super) fn stamps(data: &Metadata, clip: &ClipId) -> Option<Vec<FileStamp>> {
    let files = data.catalog.pixels.files(clip).into_iter();
    files
        .map(|file| {
            let about = fs::metadata(data.root.folder().join(&file)).ok()?;
            let changed = about.modified().ok()?;
            let nanoseconds = match changed.duration_since(UNIX_EPOCH) {
                Ok(after) => after.as_nanos() as i64,
                Err(before) => -(before.duration().as_nanos() as i64),
            };
            Some((file, about.len(), nanoseconds))
        })
        .collect()
}
