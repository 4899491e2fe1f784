//! `timing.jsonl`: how long the stages after drawing took, a line each time one was done.
//!
//! Drawing is timed story by story in the journal. What is observed and scored depends on no clock, so its
//! times stand in a file of their own, which nothing is computed from and which may be deleted.

use super::error::RunError;
use super::layout::{TIMING, json_line};
use serde::{Deserialize, Serialize};
use std::fs::{self, OpenOptions};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::Path;
use std::time::SystemTime;

/// A stage after drawing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum TimedStage {
    /// Frames are observed.
    Observe,
    /// Observations are reduced to scores.
    Score,
}

/// A stage that was done.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct StageTime {
    /// Which.
    pub stage: TimedStage,
    /// Folder below the run that received the result: empty for the run's own.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub folder: String,
    /// Frames that it went over.
    pub frames: usize,
    /// Wall time in seconds.
    pub seconds: f64,
    /// When it was done, in seconds since 1970.
    pub finished: u64,
}

impl StageTime {
    /// A stage that is done now.
    #[must_use]
    pub fn now(stage: TimedStage, frames: usize, seconds: f64) -> Self {
        let finished = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
        Self {
            stage,
            folder: String::new(),
            frames,
            seconds,
            finished: finished.map_or(0, |time| time.as_secs()),
        }
    }

    /// Says where below `root` the result lies.
    #[must_use]
    pub fn within(mut self, root: &Path, folder: &Path) -> Self {
        let below = folder.strip_prefix(root).unwrap_or(Path::new(""));
        let parts: Vec<_> = below.iter().map(|part| part.to_string_lossy()).collect();
        self.folder = parts.join("/");
        self
    }
}

/// Appends a line to the times of the run in `root`, and returns when it is on the disk.
///
/// # Errors
/// [`RunError::Output`] and other faults of writing.
pub fn record_time(root: &Path, time: &StageTime) -> Result<(), RunError> {
    let path = root.join(TIMING);
    append(&path, &json_line(time)).map_err(|error| RunError::write(&path, error))
}

fn append(path: &Path, line: &str) -> io::Result<()> {
    let mut options = OpenOptions::new();
    let mut file = options.read(true).append(true).create(true).open(path)?;
    // The rest of a killed write must not swallow this line.
    let mut torn = false;
    if file.seek(SeekFrom::End(0))? > 0 {
        let mut last = [0];
        file.seek(SeekFrom::End(-1))?;
        file.read_exact(&mut last)?;
        torn = last != *b"\n";
    }
    let head = if torn { "\n" } else { "" };
    file.write_all(format!("{head}{line}\n").as_bytes())?;
    file.sync_data()
}

/// The times of the run in `root`, first to last; lines that are not whole are passed over. Empty for runs
/// of versions that kept none.
///
/// # Errors
/// [`RunError::Read`].
pub fn read_times(root: &Path) -> Result<Vec<StageTime>, RunError> {
    let path = root.join(TIMING);
    let bytes = match fs::read(&path) {
        Ok(bytes) => bytes,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(RunError::read(&path, error)),
    };
    let lines = bytes.split(|byte| *byte == b'\n');
    Ok(lines
        .filter_map(|line| serde_json::from_slice(line).ok())
        .collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_appended_and_torn_lines_passed_over() {
        let folder = tempfile::tempdir().expect("tempdir");
        let root = folder.path();
        assert!(read_times(root).expect("none").is_empty());
        let first = StageTime::now(TimedStage::Observe, 24, 1.5);
        record_time(root, &first).expect("first");
        let path = root.join(TIMING);
        let mut bytes = fs::read(&path).expect("read");
        bytes.extend_from_slice(b"{\"stage\":\"obs");
        fs::write(&path, bytes).expect("torn");
        let second =
            StageTime::now(TimedStage::Score, 24, 0.1).within(root, &root.join("effect").join("x"));
        record_time(root, &second).expect("second");
        assert_eq!(second.folder, "effect/x");
        assert_eq!(read_times(root).expect("both"), [first, second]);
    }
}
