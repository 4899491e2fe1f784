//! What a worker writes on stderr: its beginning and its end, in a file of the run folder.

use super::secrets::Secrets;
use std::collections::VecDeque;
use std::io;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

/// Bytes of the beginning that are kept, and of the end.
const KEPT: usize = 256 << 10;
/// How often the file is written while something comes.
const EVERY: Duration = Duration::from_secs(2);
/// Longest line that an error quotes, in characters.
const QUOTED: usize = 300;

/// A log that does not grow beyond twice [`KEPT`], however much is written.
#[derive(Debug)]
pub(super) struct Log {
    path: PathBuf,
    secrets: Secrets,
    head: Vec<u8>,
    tail: VecDeque<u8>,
    /// Bytes after `head`, kept or not.
    after: u64,
    written: Instant,
}

impl Log {
    /// A log at `path`. Its folder is made with the first line.
    pub(super) fn new(path: PathBuf, secrets: Secrets) -> Self {
        Self {
            path,
            secrets,
            head: Vec::new(),
            tail: VecDeque::new(),
            after: 0,
            written: Instant::now(),
        }
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// Takes what a worker wrote.
    pub(super) fn add(&mut self, bytes: &[u8]) {
        let (first, rest) = bytes.split_at(bytes.len().min(KEPT - self.head.len()));
        self.head.extend_from_slice(first);
        self.after += rest.len() as u64;
        let rest = &rest[rest.len().saturating_sub(KEPT)..];
        let over = (self.tail.len() + rest.len()).saturating_sub(KEPT);
        self.tail.drain(..over);
        self.tail.extend(rest);
        if self.written.elapsed() >= EVERY {
            // A log that cannot be written must not stop a worker; the last writing says so.
            let _ = self.write();
        }
    }

    /// Writes the file, if there is anything to write.
    pub(super) fn write(&mut self) -> io::Result<()> {
        self.written = Instant::now();
        if self.head.is_empty() {
            return Ok(());
        }
        if let Some(folder) = self.path.parent() {
            std::fs::create_dir_all(folder)?;
        }
        std::fs::write(&self.path, self.text())
    }

    /// What is kept, without values of the environment that are secret.
    fn text(&self) -> String {
        let tail: Vec<u8> = self.tail.iter().copied().collect();
        let left_out = self.after - tail.len() as u64;
        if left_out == 0 {
            let whole = [&self.head[..], &tail].concat();
            return self.secrets.removed(&String::from_utf8_lossy(&whole));
        }
        // A value that the gap cuts in two would not be recognised: as much as one may have is left out at both sides.
        let margin = self.secrets.longest().min(KEPT);
        let head = String::from_utf8_lossy(&self.head[..self.head.len() - margin]);
        let end = String::from_utf8_lossy(&tail[margin..]);
        format!(
            "{}\n[storyeval left out {} bytes here]\n{}",
            self.secrets.removed(&head),
            left_out + 2 * margin as u64,
            self.secrets.removed(&end)
        )
    }

    /// The last line that says something, for an error.
    pub(super) fn last_line(&self) -> Option<String> {
        let bytes: Vec<u8> = if self.tail.is_empty() {
            self.head.clone()
        } else {
            self.tail.iter().copied().collect()
        };
        let text = self.secrets.removed(&String::from_utf8_lossy(&bytes));
        let line = text.lines().rev().find(|line| !line.trim().is_empty())?;
        Some(line.trim().chars().take(QUOTED).collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn head_and_tail_of_a_flood_are_kept() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("workers/0.log");
        let mut log = Log::new(path.clone(), Secrets::default());
        log.write().unwrap();
        assert!(!path.exists() && log.last_line().is_none());
        log.add(b"the beginning\n");
        for _ in 0..100 {
            log.add(&vec![b'x'; 60_000]);
        }
        log.add(b"\nthe end\n\n");
        log.write().unwrap();
        let text = std::fs::read_to_string(&path).unwrap();
        assert!(text.starts_with("the beginning\nxxx"));
        assert!(text.ends_with("xxx\nthe end\n\n"));
        assert!(text.contains("[storyeval left out 5475"), "{}", text.len());
        assert!(text.len() <= 2 * KEPT + 100);
        assert_eq!(log.last_line().unwrap(), "the end");
    }

    #[test]
    fn a_short_log_is_whole() {
        let mut log = Log::new(PathBuf::from("unused"), Secrets::default());
        log.add(&vec![b'a'; KEPT - 1]);
        log.add(b"bcd");
        assert_eq!(log.text().len(), KEPT + 2);
        assert!(log.text().ends_with("abcd"));
    }
}
