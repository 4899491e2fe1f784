//! A run as it lies there: read without a lock, and without changing anything.

use super::error::RunError;
use super::journal::{Entry, FrameEntry, Journal, Recovery, digest};
use super::layout::{JOURNAL, PLAN};
use super::manifest::Manifest;
use super::plan::Plan;
use super::scores::find_scores;
use super::stored::Record;
use crate::record::{Absence, FrameIndex, Scores, StoryId};
use serde::Serialize;
use std::collections::BTreeMap;
use std::fmt;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

/// How far a run is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum State {
    /// Nothing is drawn yet.
    Planned,
    /// Some stories are drawn.
    Partial,
    /// All stories are drawn.
    Complete,
    /// And observed.
    Observed,
    /// And scored.
    Scored,
}

impl fmt::Display for State {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Planned => "planned",
            Self::Partial => "partial",
            Self::Complete => "complete",
            Self::Observed => "observed",
            Self::Scored => "scored",
        })
    }
}

/// What a run folder says of itself. A process that works in it may be adding to it.
#[derive(Clone, Debug)]
pub struct RunSummary {
    /// The folder.
    pub root: PathBuf,
    /// Its manifest.
    pub manifest: Manifest,
    /// The whole plan.
    pub plan: Plan,
    /// What is drawn, by unit. Whether the files are still the same is not checked.
    pub entries: BTreeMap<usize, Entry>,
    /// What will be mended when the run goes on.
    pub recovery: Recovery,
    /// Its scores, if there are any.
    pub scores: Option<Scores>,
    observed: bool,
}

impl RunSummary {
    /// Reads the run in `root`.
    ///
    /// # Errors
    /// [`RunError::NoRun`], and what is wrong with manifest, plan, journal, `observed.json` or scores.
    pub fn read(root: &Path) -> Result<Self, RunError> {
        let manifest = Manifest::read(root)?;
        let path = root.join(PLAN);
        let plan = Plan::read(&path)?;
        if plan.hash() != manifest.identity.plan_hash {
            return Err(RunError::Hash {
                path,
                expected: manifest.identity.plan_hash,
                found: plan.hash().to_owned(),
            });
        }
        let (entries, recovery) = Journal::peek(&root.join(JOURNAL), &plan)?;
        let observed = match Record::read(root) {
            Ok(record) => record.journal == digest(&entries),
            Err(RunError::NotObserved { .. }) => false,
            Err(error) => return Err(error),
        };
        Ok(Self {
            scores: find_scores(root)?,
            root: root.to_path_buf(),
            manifest,
            plan,
            entries,
            recovery,
            observed,
        })
    }

    /// How far it is. Observations of other frames than the journal has do not count.
    #[must_use]
    pub fn state(&self) -> State {
        let drawn = self.drawn_stories();
        if drawn < self.planned_stories() {
            return if drawn == 0 {
                State::Planned
            } else {
                State::Partial
            };
        }
        match (self.observed, &self.scores) {
            (false, _) => State::Complete,
            (true, None) => State::Observed,
            (true, Some(_)) => State::Scored,
        }
    }

    /// Stories of this folder's part of the plan.
    #[must_use]
    pub fn planned_stories(&self) -> usize {
        self.plan.summary(self.manifest.identity.partition).stories
    }

    /// Frames of this folder's part of the plan.
    #[must_use]
    pub fn planned_frames(&self) -> usize {
        self.plan.summary(self.manifest.identity.partition).frames
    }

    /// Stories of this folder's part that are drawn.
    #[must_use]
    pub fn drawn_stories(&self) -> usize {
        let part = self.plan.partition(self.manifest.identity.partition);
        part.filter(|unit| self.entries.contains_key(&unit.unit))
            .count()
    }

    /// Frames of drawn stories that have no image, by reason.
    #[must_use]
    pub fn absences(&self) -> BTreeMap<Absence, usize> {
        let mut absences = BTreeMap::new();
        for frame in self.entries.values().flat_map(|entry| &entry.frames) {
            if let FrameEntry::Absent { absent } = frame {
                *absences.entry(*absent).or_insert(0) += 1;
            }
        }
        absences
    }

    /// When a file of the folder was written last; `None` where the file system does not say.
    #[must_use]
    pub fn changed(&self) -> Option<SystemTime> {
        let files = fs::read_dir(&self.root).into_iter().flatten().flatten();
        files
            .filter_map(|file| file.metadata().ok()?.modified().ok())
            .max()
    }
}

/// Why frames of a run have no image, by story and frame.
pub type Absences = BTreeMap<(StoryId, FrameIndex), Absence>;

/// Why frames of the run in `root` have no image, as its journal says.
///
/// # Errors
/// [`RunError::Read`], and what is wrong with the plan.
pub fn absences(root: &Path) -> Result<Absences, RunError> {
    let plan = Plan::read(&root.join(PLAN))?;
    let (entries, _) = Journal::peek(&root.join(JOURNAL), &plan)?;
    let mut absences = Absences::new();
    for entry in entries.into_values() {
        for (at, frame) in (1..).zip(entry.frames) {
            if let FrameEntry::Absent { absent } = frame {
                absences.insert((entry.story.clone(), FrameIndex(at)), absent);
            }
        }
    }
    Ok(absences)
}

/// Bytes of all files in `root` and below it. Links count as links; what cannot be read counts as nothing.
#[must_use]
pub fn folder_bytes(root: &Path) -> u64 {
    let entries = fs::read_dir(root).into_iter().flatten().flatten();
    entries
        .map(|entry| match entry.file_type() {
            Ok(kind) if kind.is_dir() => folder_bytes(&entry.path()),
            _ => entry.metadata().map_or(0, |about| about.len()),
        })
        .sum()
}

#[cfg(test)]
mod tests {
    use super::super::testing;
    use super::*;
    use crate::record::DrawnFrame;
    use crate::run::Store;
    use crate::run::generate::Drawing;
    use crate::run::layout::{OBSERVED, SCORES};
    use image::RgbImage;

    #[test]
    fn a_run_is_seen_as_it_is_while_another_process_works_in_it() {
        let folder = tempfile::tempdir().expect("tempdir");
        let root = folder.path();
        let plan = testing::plan(3, 2);
        let manifest = testing::manifest(&plan);
        let mut store = Store::create_or_resume(root, &manifest, &plan).expect("begin");
        assert_eq!(
            RunSummary::read(root).expect("glance").state(),
            State::Planned
        );
        let images = vec![DrawnFrame::from(RgbImage::new(2, 2)); testing::FRAMES];
        let drawing = Drawing {
            seconds: 0.5,
            batch: None,
        };
        store.put(&plan.units()[1], &images, drawing).expect("put");
        let glance = RunSummary::read(root).expect("glance");
        assert_eq!(glance.state(), State::Partial);
        assert_eq!((glance.drawn_stories(), glance.planned_stories()), (1, 3));
        assert!(folder_bytes(root) > 500 && glance.changed().is_some());
        for unit in [0, 2] {
            store
                .put(&plan.units()[unit], &images, drawing)
                .expect("put");
        }
        assert_eq!(
            RunSummary::read(root).expect("glance").state(),
            State::Complete
        );
        let journal = root.join(JOURNAL);
        let bytes = fs::read(&journal).expect("journal");
        fs::write(&journal, [&bytes[..], b"{\"unit\":"].concat()).expect("torn");
        let torn = RunSummary::read(root).expect("glance");
        assert_eq!(torn.recovery.torn_bytes, 8);
        assert_eq!(fs::read(&journal).expect("journal").len(), bytes.len() + 8);
    }

    #[test]
    fn damage_is_named() {
        let folder = tempfile::tempdir().expect("tempdir");
        let root = folder.path();
        assert!(matches!(
            RunSummary::read(root),
            Err(RunError::NoRun { .. })
        ));
        let plan = testing::plan(3, 2);
        let manifest = testing::manifest(&plan);
        drop(Store::create_or_resume(root, &manifest, &plan).expect("begin"));
        for name in [OBSERVED, SCORES] {
            fs::write(root.join(name), "{").expect("damage");
            assert!(matches!(RunSummary::read(root), Err(RunError::Json { .. })));
            fs::remove_file(root.join(name)).expect("remove");
        }
        let other = testing::plan(4, 2).to_jsonl();
        fs::write(root.join(PLAN), other).expect("damage");
        assert!(matches!(RunSummary::read(root), Err(RunError::Hash { .. })));
    }
}
