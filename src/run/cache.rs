//! What networks saw on ground-truth frames, kept between runs.
//!
//! Real frames are the same for every model, and observing them costs as much as observing what a
//! model drew. A cache belongs to a key (data set content, ground-truth rule, extractor, way of
//! preprocessing) and maps clips to bytes. It grows by whole segments, each one file under the name of
//! its own hash, so that processes can share a folder and a killed one leaves nothing half-written. A
//! segment that is damaged is ignored: its clips are observed again. All caches together have a bound
//! ([`super::MOST_CACHED`]); those that were not used for longest go first. Where nothing can be written, a cache
//! gives what it has, and keeps what is new for as long as the process lasts.

use super::cache_bound::{ABOUT, MOST_CACHED, SEGMENT, Turn, prune, use_now};
use super::durable::{create_folder, write_durably};
use super::error::RunError;
use crate::record::{ClipId, sha256_hex};
use serde::{Deserialize, Serialize};
use std::collections::HashMap;
use std::fs::{self, File};
use std::io::{self, BufRead, BufReader, Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};

/// Clips that are held in memory before they become a segment.
const PENDING: usize = 512;
/// Longest first line of a segment that is read.
const MAX_HEADER: u64 = 1 << 24;

/// The first line of a segment. The values follow it, one after the other.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Header {
    format: u32,
    /// SHA-256 of everything after the first line.
    sha256: String,
    /// Clip and length in bytes of each value.
    values: Vec<(ClipId, u64)>,
}

/// Where a value lies.
#[derive(Clone, Copy, Debug)]
struct Place {
    segment: usize,
    start: u64,
    length: usize,
}

/// Values of clips under one key.
#[derive(Debug)]
pub struct Cache {
    root: PathBuf,
    folder: PathBuf,
    /// Keeps the folder from being removed.
    _in_use: Option<File>,
    /// Whether what is new goes to the disk.
    kept: bool,
    segments: Vec<PathBuf>,
    places: HashMap<ClipId, Place>,
    pending: HashMap<ClipId, Vec<u8>>,
    /// Clips of `pending` in the order they came, so that equal work writes equal files.
    order: Vec<ClipId>,
}

impl Cache {
    /// Opens the cache of `key` below `root`, and reads which clips it has.
    ///
    /// # Errors
    /// [`RunError::Output`] when the folder cannot be made for another reason than that it is read-only or the disk
    /// is full; [`RunError::Read`] when it cannot be listed.
    pub fn open(root: &Path, key: &str) -> Result<Self, RunError> {
        let folder = root.join(&sha256_hex(key.as_bytes())[..32]);
        let made = if_writable(make(root, &folder, key))?;
        let kept = made.is_some();
        let in_use = made.unwrap_or_else(|| use_now(&folder));
        let mut segments = match segments(&folder) {
            Ok(segments) => segments,
            Err(error) if !kept && error.kind() == io::ErrorKind::NotFound => Vec::new(),
            Err(error) => return Err(RunError::read(&folder, error)),
        };
        segments.retain(|path| path.extension().is_some_and(|suffix| suffix == SEGMENT));
        segments.sort();
        let mut cache = Self {
            root: root.to_owned(),
            folder,
            _in_use: in_use,
            kept,
            segments: Vec::new(),
            places: HashMap::new(),
            pending: HashMap::new(),
            order: Vec::new(),
        };
        for path in segments {
            cache.adopt(path);
        }
        Ok(cache)
    }

    /// The value of a clip.
    ///
    /// # Errors
    /// [`RunError::Read`] when the segment that held it is gone or unreadable.
    pub fn get(&self, clip: &ClipId) -> Result<Option<Vec<u8>>, RunError> {
        if let Some(value) = self.pending.get(clip) {
            return Ok(Some(value.clone()));
        }
        let Some(place) = self.places.get(clip) else {
            return Ok(None);
        };
        let path = &self.segments[place.segment];
        let mut value = vec![0; place.length];
        File::open(path)
            .and_then(|mut file| {
                file.seek(SeekFrom::Start(place.start))?;
                file.read_exact(&mut value)
            })
            .map_err(|source| RunError::read(path, source))?;
        Ok(Some(value))
    }

    /// Keeps the value of a clip; what is known already stays as it is.
    ///
    /// # Errors
    /// [`RunError::Output`] when a segment becomes full and cannot be written, as of [`Cache::flush`].
    pub fn put(&mut self, clip: &ClipId, value: Vec<u8>) -> Result<(), RunError> {
        if self.places.contains_key(clip) || self.pending.contains_key(clip) {
            return Ok(());
        }
        self.pending.insert(clip.clone(), value);
        self.order.push(clip.clone());
        if self.order.len().is_multiple_of(PENDING) {
            self.flush()?;
        }
        Ok(())
    }

    /// Writes what is pending, where the cache can be written.
    ///
    /// # Errors
    /// [`RunError::Output`] when it fails for another reason than that the cache is read-only or the disk is full.
    pub fn flush(&mut self) -> Result<(), RunError> {
        if self.order.is_empty() || !self.kept {
            return Ok(());
        }
        let (name, bytes) = self.segment();
        let path = self.folder.join(name);
        let turn = Turn::take(&self.root);
        // A run that observed the same frames at the same time has written the same file.
        if read_header(&path).is_none() && if_writable(write_durably(&path, &bytes))?.is_none() {
            self.kept = false;
            return Ok(());
        }
        prune(&self.root, MOST_CACHED);
        drop(turn);
        self.order.clear();
        self.pending.clear();
        self.adopt(path);
        Ok(())
    }

    /// What is pending as the name and the bytes of a segment.
    fn segment(&self) -> (String, Vec<u8>) {
        let mut payload = Vec::new();
        let mut values = Vec::with_capacity(self.order.len());
        for clip in &self.order {
            let value = self.pending.get(clip).map_or(&[][..], Vec::as_slice);
            values.push((clip.clone(), value.len() as u64));
            payload.extend(value);
        }
        let header = Header {
            format: 1,
            sha256: sha256_hex(&payload),
            values,
        };
        let mut bytes = serde_json::to_vec(&header).expect("a header is plain data");
        let name = format!("{}.{SEGMENT}", &sha256_hex(&bytes)[..32]);
        bytes.push(b'\n');
        bytes.extend(payload);
        (name, bytes)
    }

    /// Where it lies.
    #[cfg(test)]
    pub(super) fn folder(&self) -> &Path {
        &self.folder
    }

    /// Adds a segment when it is whole.
    fn adopt(&mut self, path: PathBuf) {
        let Some((header, start)) = read_header(&path) else {
            return;
        };
        let segment = self.segments.len();
        let mut start = start;
        for (clip, length) in header.values {
            let place = Place {
                segment,
                start,
                length: length as usize,
            };
            self.places.entry(clip).or_insert(place);
            start += length;
        }
        self.segments.push(path);
    }
}

/// Makes the folder of a cache, notes its key there, and keeps it from being removed.
fn make(root: &Path, folder: &Path, key: &str) -> Result<Option<File>, RunError> {
    create_folder(root)?;
    let _turn = Turn::take(root);
    create_folder(folder)?;
    let in_use = use_now(folder);
    let about = folder.join(ABOUT);
    if !about.exists() {
        write_durably(&about, key.as_bytes())?;
    }
    Ok(in_use)
}

/// What was made, or `None` where a cache is read-only or full: that is no reason not to score.
fn if_writable<T>(made: Result<T, RunError>) -> Result<Option<T>, RunError> {
    match made {
        Ok(made) => Ok(Some(made)),
        Err(RunError::ReadOnly { .. } | RunError::DiskFull { .. }) => Ok(None),
        Err(error) => Err(error),
    }
}

/// What lies in a cache's folder.
fn segments(folder: &Path) -> io::Result<Vec<PathBuf>> {
    fs::read_dir(folder)?
        .map(|entry| entry.map(|entry| entry.path()))
        .collect()
}

/// The header and the offset of the first value, if the segment is whole.
fn read_header(path: &Path) -> Option<(Header, u64)> {
    let file = File::open(path).ok()?;
    let mut reader = BufReader::new(file);
    let mut line = Vec::new();
    let start = (&mut reader)
        .take(MAX_HEADER)
        .read_until(b'\n', &mut line)
        .ok()?;
    let header: Header = serde_json::from_slice(&line).ok()?;
    let mut payload = Vec::new();
    reader.read_to_end(&mut payload).ok()?;
    let length: u64 = header
        .values
        .iter()
        .try_fold(0_u64, |sum, (_, length)| sum.checked_add(*length))?;
    let whole = header.format == 1
        && length == payload.len() as u64
        && header.sha256 == sha256_hex(&payload);
    whole.then_some((header, start as u64))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn clip(number: usize) -> ClipId {
        ClipId::new(format!("clip {number}"))
    }

    fn fill(cache: &mut Cache, range: std::ops::Range<usize>) {
        for number in range {
            let value = number.to_le_bytes().repeat(number % 3);
            cache.put(&clip(number), value).unwrap();
        }
    }

    #[test]
    fn values_survive_and_keys_do_not_mix() {
        let folder = tempfile::tempdir().unwrap();
        let mut cache = Cache::open(folder.path(), "a").unwrap();
        fill(&mut cache, 0..PENDING + 10);
        // Pending values are there before they are on the disk.
        assert_eq!(cache.get(&clip(PENDING + 1)).unwrap().unwrap().len() % 8, 0);
        cache.flush().unwrap();
        let mut again = Cache::open(folder.path(), "a").unwrap();
        fill(&mut again, PENDING..PENDING + 20);
        again.flush().unwrap();
        let third = Cache::open(folder.path(), "a").unwrap();
        for number in 0..PENDING + 20 {
            let expected = number.to_le_bytes().repeat(number % 3);
            assert_eq!(third.get(&clip(number)).unwrap().unwrap(), expected);
        }
        assert!(third.get(&clip(PENDING + 20)).unwrap().is_none());
        let other = Cache::open(folder.path(), "b").unwrap();
        assert!(other.get(&clip(1)).unwrap().is_none());
    }

    #[test]
    fn a_cache_that_cannot_be_written_keeps_values_for_the_process() {
        for source in [
            io::ErrorKind::PermissionDenied,
            io::ErrorKind::ReadOnlyFilesystem,
            io::ErrorKind::StorageFull,
        ] {
            let failed = RunError::write(Path::new("cache"), source.into());
            assert!(if_writable::<()>(Err(failed)).unwrap().is_none());
        }
        let other = RunError::write(Path::new("cache"), io::ErrorKind::NotADirectory.into());
        assert!(if_writable::<()>(Err(other)).is_err());

        let folder = tempfile::tempdir().unwrap();
        let mut cache = Cache::open(folder.path(), "a").unwrap();
        cache.kept = false;
        fill(&mut cache, 0..2 * PENDING + 3);
        cache.flush().unwrap();
        for number in 0..2 * PENDING + 3 {
            let expected = number.to_le_bytes().repeat(number % 3);
            assert_eq!(cache.get(&clip(number)).unwrap().unwrap(), expected);
        }
        let again = Cache::open(folder.path(), "a").unwrap();
        assert!(
            again.get(&clip(1)).unwrap().is_none(),
            "nothing was written"
        );
    }

    #[test]
    fn a_damaged_segment_is_looked_at_again() {
        let folder = tempfile::tempdir().unwrap();
        let mut cache = Cache::open(folder.path(), "a").unwrap();
        fill(&mut cache, 0..5);
        cache.flush().unwrap();
        let path = cache.segments[0].clone();
        let bytes = fs::read(&path).unwrap();
        let mut flipped = bytes.clone();
        *flipped.last_mut().unwrap() ^= 1;
        for damaged in [
            &bytes[..10],
            &bytes[..bytes.len() - 1],
            &flipped,
            b"",
            b"\n",
        ] {
            fs::write(&path, damaged).unwrap();
            let cache = Cache::open(folder.path(), "a").unwrap();
            assert!(cache.get(&clip(1)).unwrap().is_none());
        }
    }
}
