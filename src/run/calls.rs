//! `calls.jsonl`: the journal of requests to a paid service, append-only, a line before each request and one after it.
//!
//! The first line of a request is on the disk before the request is sent, so that what it may cost is known whenever
//! the process is killed: a request without an end counts as paid.

use super::checked_line;
use super::error::RunError;
use super::layout::CALLS;
use crate::record::{FrameIndex, Money, StoryId};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::fmt;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

/// How a request ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum CallEnd {
    /// With an image, which is paid for.
    Image,
    /// The service refused, for which it takes nothing.
    Refused,
    /// The service took nothing for it: it was busy or said what is wrong.
    Unpaid,
    /// The answer was lost or is none; it may be paid for and counts so.
    Lost,
}

/// A line.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
enum Line {
    Begun {
        call: u64,
        story: StoryId,
        frame: FrameIndex,
        price: Money,
    },
    Ended {
        call: u64,
        end: CallEnd,
    },
}

/// What requests cost so far.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Spent {
    /// Requests that were sent.
    pub calls: u64,
    /// Those that the service refused.
    pub refused: u64,
    /// Those that brought nothing.
    pub failed: u64,
    /// What those that count as paid cost together.
    pub cost: Money,
}

impl std::ops::Add for Spent {
    type Output = Self;

    fn add(self, other: Self) -> Self {
        Self {
            calls: self.calls + other.calls,
            refused: self.refused + other.refused,
            failed: self.failed + other.failed,
            cost: self.cost + other.cost,
        }
    }
}

impl fmt::Display for Spent {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{} in {} requests", self.cost, self.calls)?;
        if self.refused > 0 {
            write!(formatter, ", {} refused", self.refused)?;
        }
        if self.failed > 0 {
            write!(formatter, ", {} failed", self.failed)?;
        }
        Ok(())
    }
}

/// The requests of a run.
#[derive(Debug)]
pub struct CallJournal {
    path: PathBuf,
    file: File,
    calls: BTreeMap<u64, (Money, Option<CallEnd>)>,
}

impl CallJournal {
    /// Opens the journal of the run in `root`, or begins it. A torn last line is cut off.
    ///
    /// # Errors
    /// [`RunError::Read`], or [`RunError::Output`] and other faults of writing.
    pub fn open(root: &Path) -> Result<Self, RunError> {
        let path = root.join(CALLS);
        let (calls, whole) = parse(&read(&path)?);
        let file = OpenOptions::new().append(true).create(true).open(&path);
        let file = file.map_err(|error| RunError::write(&path, error))?;
        file.set_len(whole)
            .map_err(|error| RunError::write(&path, error))?;
        Ok(Self { path, file, calls })
    }

    /// What the run in `root` cost so far, read without touching the file; nothing where it asked no service.
    ///
    /// # Errors
    /// [`RunError::Read`].
    pub fn peek(root: &Path) -> Result<Spent, RunError> {
        Ok(sum(&parse(&read(&root.join(CALLS))?).0))
    }

    /// What the run cost so far.
    #[must_use]
    pub fn spent(&self) -> Spent {
        sum(&self.calls)
    }

    /// Notes a request that is about to be sent. Returns its number once the line is on the disk.
    ///
    /// # Errors
    /// [`RunError::Output`] and other faults of writing.
    pub fn begin(
        &mut self,
        story: &StoryId,
        frame: FrameIndex,
        price: Money,
    ) -> Result<u64, RunError> {
        let call = self.calls.last_key_value().map_or(1, |(last, _)| last + 1);
        self.append(&Line::Begun {
            call,
            story: story.clone(),
            frame,
            price,
        })?;
        self.calls.insert(call, (price, None));
        Ok(call)
    }

    /// Notes how a request ended.
    ///
    /// # Errors
    /// [`RunError::Output`] and other faults of writing.
    pub fn end(&mut self, call: u64, end: CallEnd) -> Result<(), RunError> {
        self.append(&Line::Ended { call, end })?;
        if let Some((_, ended)) = self.calls.get_mut(&call) {
            *ended = Some(end);
        }
        Ok(())
    }

    fn append(&mut self, line: &Line) -> Result<(), RunError> {
        let text = checked_line::write(line);
        self.file
            .write_all(text.as_bytes())
            .and_then(|()| self.file.sync_data())
            .map_err(|error| RunError::write(&self.path, error))
    }
}

fn read(path: &Path) -> Result<Vec<u8>, RunError> {
    match fs::read(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Vec::new()),
        read => read.map_err(|error| RunError::read(path, error)),
    }
}

/// The requests, and how many bytes reach to the end of the last whole line. Damaged lines are passed over: without
/// its end, a request counts as paid.
fn parse(bytes: &[u8]) -> (BTreeMap<u64, (Money, Option<CallEnd>)>, u64) {
    let mut calls = BTreeMap::new();
    let (mut position, mut whole) = (0, 0);
    for line in bytes.split_inclusive(|byte| *byte == b'\n') {
        position += line.len() as u64;
        let found = line.strip_suffix(b"\n").and_then(checked_line::read);
        match found {
            Some(Line::Begun { call, price, .. }) => {
                calls.insert(call, (price, None));
            }
            Some(Line::Ended { call, end }) => {
                if let Some((_, ended)) = calls.get_mut(&call) {
                    *ended = Some(end);
                }
            }
            None => continue,
        }
        whole = position;
    }
    (calls, whole)
}

fn sum(calls: &BTreeMap<u64, (Money, Option<CallEnd>)>) -> Spent {
    let is = |wanted: fn(Option<CallEnd>) -> bool| {
        calls.values().filter(|(_, end)| wanted(*end)).count() as u64
    };
    let paid = calls
        .values()
        .filter(|(_, end)| matches!(end, None | Some(CallEnd::Image | CallEnd::Lost)));
    Spent {
        calls: calls.len() as u64,
        refused: is(|end| end == Some(CallEnd::Refused)),
        failed: is(|end| matches!(end, None | Some(CallEnd::Unpaid | CallEnd::Lost))),
        cost: paid.map(|(price, _)| *price).sum(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_sent_is_known_after_a_kill_at_any_byte() {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path();
        assert_eq!(CallJournal::peek(root).unwrap(), Spent::default());
        let price: Money = "0.04".parse().unwrap();
        let mut journal = CallJournal::open(root).unwrap();
        for (at, end) in [
            CallEnd::Image,
            CallEnd::Unpaid,
            CallEnd::Refused,
            CallEnd::Lost,
        ]
        .into_iter()
        .enumerate()
        {
            let call = journal
                .begin(&StoryId::new("s"), FrameIndex(1), price)
                .unwrap();
            assert_eq!(call, at as u64 + 1);
            journal.end(call, end).unwrap();
        }
        journal
            .begin(&StoryId::new("s"), FrameIndex(2), price)
            .unwrap();
        let spent = journal.spent();
        assert_eq!((spent.calls, spent.refused, spent.failed), (5, 1, 3));
        assert_eq!(spent.cost, price * 3);
        assert_eq!(
            spent.to_string(),
            "$0.12 in 5 requests, 1 refused, 3 failed"
        );
        assert_eq!(CallJournal::peek(root).unwrap(), spent);
        let bytes = fs::read(root.join(CALLS)).unwrap();
        let mut last = Spent::default();
        for cut in 0..bytes.len() {
            fs::write(root.join(CALLS), &bytes[..cut]).unwrap();
            let mut journal = CallJournal::open(root).unwrap();
            assert!(journal.spent().calls >= last.calls && journal.spent().calls <= 5);
            last = journal.spent();
            // A line after a torn one is whole.
            let begun = journal
                .begin(&StoryId::new("s"), FrameIndex(3), price)
                .unwrap();
            assert_eq!(begun, last.calls + 1);
            assert_eq!(CallJournal::peek(root).unwrap(), journal.spent());
        }
    }
}
