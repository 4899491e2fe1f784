//! `journal.jsonl`: what is done, one line per unit, append-only.
//!
//! A line ends with a check of itself: 16 hexadecimal digits of the SHA-256 of the line without the
//! check. A line counts when it is whole, ends with a newline and its check holds. What follows the
//! last such line is the rest of a killed write and is cut off when the journal is opened; a bad
//! line before that is passed over, and its unit is drawn again.

use super::checked_line;
use super::error::RunError;
use super::fault::{self, Point};
use super::layout::{frame_file, json_line};
use super::plan::{Plan, Unit};
use crate::record::{Absence, FrameReport, Likelihood, StoryId, sha256_hex};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::fmt;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

/// A stored frame.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct StoredFrame {
    /// Path below the run folder.
    pub file: String,
    /// SHA-256 of the file.
    pub sha256: String,
}

/// A frame of a unit that is done: a file, or `{"absent": "missing"}`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum FrameEntry {
    /// It has a file.
    Stored(StoredFrame),
    /// It has none, and never will.
    Absent {
        /// Why.
        absent: Absence,
    },
}

/// A unit that is done.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Entry {
    /// Its position in the plan.
    pub unit: usize,
    /// Its story.
    pub story: StoryId,
    /// Its frames, first to last.
    pub frames: Vec<FrameEntry>,
    /// The caption of each frame that the generator wrote itself; empty where it wrote none.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub written: Vec<Option<String>>,
    /// How likely the generator holds the true caption of each frame; empty where it does not say.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub likelihoods: Vec<Option<Likelihood>>,
    /// What the generator says of each frame; empty where it says nothing.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub reports: Vec<FrameReport>,
    /// Seconds that its drawing took: its share of the batch.
    pub seconds: f64,
    /// Stories that were drawn together, where memory was too short for the plan's batch. The last float bits
    /// depend on it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub batch: Option<usize>,
}

impl Entry {
    /// Whether this entry is for `unit`, and names the files that the unit's frames have.
    fn is_for(&self, unit: &Unit) -> bool {
        self.story == unit.story
            && self.frames.len() == unit.clips.len()
            && unit
                .frames()
                .zip(&self.frames)
                .all(|(frame, entry)| match entry {
                    FrameEntry::Stored(stored) => stored.file == frame_file(&unit.story, frame),
                    FrameEntry::Absent { .. } => true,
                })
    }

    /// Whether every frame below `root` is the one that was stored.
    fn frames_hold(&self, root: &Path) -> bool {
        self.frames.iter().all(|frame| match frame {
            FrameEntry::Stored(frame) => fs::read(root.join(&frame.file))
                .is_ok_and(|bytes| sha256_hex(&bytes) == frame.sha256),
            FrameEntry::Absent { .. } => true,
        })
    }
}

/// What was found when a journal was opened.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Recovery {
    /// Bytes of a torn last write that were cut off.
    pub torn_bytes: usize,
    /// Lines that are damaged, or speak of another unit than the plan has.
    pub damaged_lines: usize,
    /// Units whose frames are missing or not those that were stored.
    pub lost_units: usize,
}

impl fmt::Display for Recovery {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            torn_bytes,
            damaged_lines,
            lost_units,
        } = self;
        write!(
            formatter,
            "{torn_bytes} bytes of a torn line, {damaged_lines} damaged lines and {lost_units} lost stories"
        )
    }
}

impl Recovery {
    /// Whether there was nothing to recover from.
    #[must_use]
    pub fn is_clean(&self) -> bool {
        *self == Self::default()
    }
}

/// The journal of a run, and what of it is believed.
#[derive(Debug)]
pub struct Journal {
    path: PathBuf,
    file: File,
    entries: BTreeMap<usize, Entry>,
    /// Set when a line may be half-written: then nothing may follow it.
    broken: bool,
}

impl Journal {
    /// Opens `path`, or begins it, and believes what `plan` and the frames below `root` confirm.
    ///
    /// # Errors
    /// [`RunError::Read`], or [`RunError::Output`] and other faults of writing.
    pub(super) fn open(
        path: &Path,
        plan: &Plan,
        root: &Path,
    ) -> Result<(Self, Recovery), RunError> {
        let mut file = OpenOptions::new()
            .read(true)
            .append(true)
            .create(true)
            .open(path)
            .map_err(|error| RunError::write(path, error))?;
        let mut bytes = Vec::new();
        file.read_to_end(&mut bytes)
            .map_err(|error| RunError::read(path, error))?;
        let mut recovery = Recovery::default();
        let (entries, whole) = parse(&bytes, plan, &mut recovery);
        if whole < bytes.len() {
            recovery.torn_bytes = bytes.len() - whole;
            file.set_len(whole as u64)
                .and_then(|()| file.seek(SeekFrom::End(0)))
                .and_then(|_| file.sync_all())
                .map_err(|error| RunError::write(path, error))?;
        }
        let planned = entries.len();
        let entries: BTreeMap<usize, Entry> = entries
            .into_iter()
            .filter(|(_, entry)| entry.frames_hold(root))
            .collect();
        recovery.lost_units = planned - entries.len();
        let journal = Self {
            path: path.to_path_buf(),
            file,
            entries,
            broken: false,
        };
        Ok((journal, recovery))
    }

    /// The entries of the journal at `path` that `plan` confirms, read without touching the file. Whether the
    /// frames are still those that were stored is not checked. Empty when there is no journal.
    ///
    /// # Errors
    /// [`RunError::Read`].
    pub(super) fn peek(
        path: &Path,
        plan: &Plan,
    ) -> Result<(BTreeMap<usize, Entry>, Recovery), RunError> {
        let bytes = match fs::read(path) {
            Ok(bytes) => bytes,
            Err(error) if error.kind() == io::ErrorKind::NotFound => Vec::new(),
            Err(error) => return Err(RunError::read(path, error)),
        };
        let mut recovery = Recovery::default();
        let (entries, whole) = parse(&bytes, plan, &mut recovery);
        recovery.torn_bytes = bytes.len() - whole;
        Ok((entries, recovery))
    }

    /// The believed entry of a unit.
    #[must_use]
    pub fn entry(&self, unit: usize) -> Option<&Entry> {
        self.entries.get(&unit)
    }

    /// Units that are done.
    #[must_use]
    pub fn done(&self) -> usize {
        self.entries.len()
    }

    /// Appends an entry whose frames are already on the disk. Returns when the line is, too.
    pub(super) fn append(&mut self, entry: Entry) -> Result<(), RunError> {
        if self.broken {
            let source = io::Error::other("an earlier line may be half-written");
            return Err(RunError::write(&self.path, source));
        }
        self.broken = true;
        write_line(&mut self.file, &checked_line::write(&entry))
            .map_err(|error| RunError::write(&self.path, error))?;
        self.broken = false;
        self.entries.insert(entry.unit, entry);
        Ok(())
    }

    /// SHA-256 over units, stories and frames in plan order, without the timings: equal for two runs
    /// that drew the same, however often they were stopped.
    #[must_use]
    pub fn digest(&self) -> String {
        digest(&self.entries)
    }
}

/// As [`Journal::digest`], of entries that were read without opening the journal.
pub(super) fn digest(entries: &BTreeMap<usize, Entry>) -> String {
    #[derive(Serialize)]
    struct Timeless<'a> {
        unit: usize,
        story: &'a StoryId,
        frames: &'a [FrameEntry],
        #[serde(skip_serializing_if = "<[_]>::is_empty")]
        written: &'a [Option<String>],
        #[serde(skip_serializing_if = "<[_]>::is_empty")]
        likelihoods: &'a [Option<Likelihood>],
    }
    let mut text = String::new();
    for entry in entries.values() {
        let timeless = Timeless {
            unit: entry.unit,
            story: &entry.story,
            frames: &entry.frames,
            written: &entry.written,
            likelihoods: &entry.likelihoods,
        };
        text.push_str(&json_line(&timeless));
        text.push('\n');
    }
    sha256_hex(text.as_bytes())
}

fn write_line(file: &mut File, line: &str) -> io::Result<()> {
    let (head, tail) = line.as_bytes().split_at(line.len() / 2);
    if cfg!(test) {
        file.write_all(head)?;
        fault::reached(Point::HalfLine)?;
        file.write_all(tail)?;
    } else {
        // One call, so that a line is torn only by a failing machine or a full disk.
        file.write_all(line.as_bytes())?;
    }
    file.sync_data()?;
    fault::reached(Point::LineWritten)
}

/// The last whole entry of every unit, and how many bytes reach to the end of the last whole line.
fn parse(bytes: &[u8], plan: &Plan, recovery: &mut Recovery) -> (BTreeMap<usize, Entry>, usize) {
    let mut entries = BTreeMap::new();
    let (mut position, mut whole, mut doubtful) = (0, 0, 0);
    for line in bytes.split_inclusive(|byte| *byte == b'\n') {
        position += line.len();
        let Some(found) = line
            .strip_suffix(b"\n")
            .and_then(checked_line::read::<Entry>)
        else {
            doubtful += 1;
            continue;
        };
        // Bad lines count as damage only when a good one follows; at the end they are a torn write.
        recovery.damaged_lines += doubtful;
        doubtful = 0;
        whole = position;
        match plan.units().get(found.unit) {
            Some(unit) if found.is_for(unit) => {
                entries.insert(found.unit, found);
            }
            _ => recovery.damaged_lines += 1,
        }
    }
    (entries, whole)
}

#[cfg(test)]
mod tests {
    use super::super::testing;
    use super::*;

    struct Fixture {
        folder: tempfile::TempDir,
        plan: Plan,
    }

    impl Fixture {
        fn new() -> Self {
            let folder = tempfile::tempdir().expect("tempdir");
            let plan = testing::plan(4, 2);
            let fixture = Self { folder, plan };
            let (mut journal, _) = fixture.open();
            for unit in fixture.plan.units() {
                journal.append(fixture.stored(unit)).expect("append");
            }
            fixture
        }

        fn stored(&self, unit: &Unit) -> Entry {
            let frames = unit.frames().map(|frame| {
                let file = frame_file(&unit.story, frame);
                let path = self.folder.path().join(&file);
                fs::create_dir_all(path.parent().expect("parent")).expect("folder");
                fs::write(&path, &file).expect("frame");
                let sha256 = sha256_hex(file.as_bytes());
                FrameEntry::Stored(StoredFrame { file, sha256 })
            });
            Entry {
                unit: unit.unit,
                story: unit.story.clone(),
                frames: frames.collect(),
                written: Vec::new(),
                likelihoods: Vec::new(),
                reports: Vec::new(),
                seconds: 0.1 + 0.2,
                batch: None,
            }
        }

        fn path(&self) -> PathBuf {
            self.folder.path().join("journal.jsonl")
        }

        fn open(&self) -> (Journal, Recovery) {
            Journal::open(&self.path(), &self.plan, self.folder.path()).expect("open")
        }
    }

    #[test]
    fn what_was_appended_is_believed() {
        let fixture = Fixture::new();
        let (journal, recovery) = fixture.open();
        assert!(recovery.is_clean());
        assert_eq!(journal.done(), 4);
        let text = fs::read_to_string(fixture.path()).expect("read");
        let line: serde_json::Value =
            serde_json::from_str(text.lines().next().expect("line")).expect("json");
        assert_eq!(line["unit"], 0);
        assert_eq!(line["frames"][1]["file"], "frames/story-0/2.png");
        assert!(line["seconds"].is_number() && line["check"].is_string());
    }

    #[test]
    fn a_journal_cut_anywhere_keeps_its_whole_lines() {
        let fixture = Fixture::new();
        let bytes = fs::read(fixture.path()).expect("read");
        for length in 0..bytes.len() {
            fs::write(fixture.path(), &bytes[..length]).expect("cut");
            let whole = bytes[..length].split(|byte| *byte == b'\n').count() - 1;
            let (mut journal, recovery) = fixture.open();
            assert_eq!(journal.done(), whole, "cut at {length}");
            assert_eq!(recovery.damaged_lines, 0);
            if length % 37 == 0 {
                // What is appended after the cut must not be glued to a torn line.
                for unit in &fixture.plan.units()[whole..] {
                    journal.append(fixture.stored(unit)).expect("append");
                }
                assert_eq!(fs::read(fixture.path()).expect("read"), bytes);
            }
        }
    }

    #[test]
    fn a_changed_line_is_passed_over() {
        let fixture = Fixture::new();
        let text = fs::read_to_string(fixture.path()).expect("read");
        fs::write(fixture.path(), text.replacen("\"unit\":1", "\"unit\":9", 1)).expect("write");
        let (journal, recovery) = fixture.open();
        assert_eq!((journal.done(), recovery.damaged_lines), (3, 1));
        assert!(journal.entry(1).is_none());
        assert_eq!(recovery.torn_bytes, 0);
    }

    #[test]
    fn garbage_at_the_end_is_cut_off() {
        let fixture = Fixture::new();
        let clean = fs::read(fixture.path()).expect("read");
        for garbage in [
            &b"\0\0\0\0"[..],
            b"{}\n",
            b"\xff\xfe\n\n",
            b"{\"unit\":0}\n{",
        ] {
            let mut bytes = clean.clone();
            bytes.extend_from_slice(garbage);
            fs::write(fixture.path(), &bytes).expect("write");
            let (journal, recovery) = fixture.open();
            assert_eq!(journal.done(), 4);
            assert_eq!(recovery.torn_bytes, garbage.len());
            assert_eq!(fs::read(fixture.path()).expect("read"), clean);
        }
    }

    #[test]
    fn frames_must_be_there_and_be_the_same() {
        let fixture = Fixture::new();
        let digest = fixture.open().0.digest();
        fs::remove_file(fixture.folder.path().join("frames/story-1/2.png")).expect("remove");
        fs::write(fixture.folder.path().join("frames/story-2/1.png"), "cut").expect("write");
        let (journal, recovery) = fixture.open();
        assert_eq!((journal.done(), recovery.lost_units), (2, 2));
        assert_ne!(journal.digest(), digest);
    }

    #[test]
    fn an_entry_that_points_elsewhere_is_not_believed() {
        let fixture = Fixture::new();
        let mut forged = fixture.stored(&fixture.plan.units()[0]);
        forged.frames[0] = FrameEntry::Stored(StoredFrame {
            file: "../../etc/passwd".to_owned(),
            sha256: String::new(),
        });
        fs::write(fixture.path(), checked_line::write(&forged)).expect("write");
        let (journal, recovery) = fixture.open();
        assert_eq!((journal.done(), recovery.damaged_lines), (0, 1));
    }

    #[test]
    fn an_absent_frame_needs_no_file_and_is_part_of_the_digest() {
        let fixture = Fixture::new();
        let digest = fixture.open().0.digest();
        let mut entry = fixture.stored(&fixture.plan.units()[1]);
        let absent = Absence::NotDrawn;
        entry.frames[0] = FrameEntry::Absent { absent };
        fs::remove_file(fixture.folder.path().join("frames/story-1/1.png")).expect("remove");
        let text = checked_line::write(&entry);
        assert!(text.contains("{\"absent\":\"not-drawn\"}"), "{text}");
        let mut whole = fs::read_to_string(fixture.path()).expect("read");
        whole.push_str(&text);
        fs::write(fixture.path(), whole).expect("write");
        let (journal, recovery) = fixture.open();
        assert!(recovery.is_clean() && journal.done() == 4);
        assert_eq!(journal.entry(1), Some(&entry));
        assert_ne!(journal.digest(), digest);
    }

    #[test]
    fn the_digest_ignores_time_and_order() {
        let fixture = Fixture::new();
        let digest = fixture.open().0.digest();
        let mut text = String::new();
        for unit in fixture.plan.units().iter().rev() {
            let mut entry = fixture.stored(unit);
            entry.seconds = 9.0;
            text.push_str(&checked_line::write(&entry));
        }
        fs::write(fixture.path(), text).expect("write");
        assert_eq!(fixture.open().0.digest(), digest);
    }
}
