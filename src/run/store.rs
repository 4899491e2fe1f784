//! The run folder.

use super::difference::{Difference, plans};
use super::drawn::nothing_drawn;
use super::durable::{create_folder, remove_if_there, sync_folder, write_durably};
use super::error::RunError;
use super::journal::{FrameEntry, Journal, Recovery};
use super::layout::{IMPORT, JOURNAL, LOCK, MANIFEST, PLAN, WORKERS, frame_file};
use super::manifest::Manifest;
use super::partition::Partition;
use super::plan::{Plan, Unit};
use crate::record::{Absence, FrameIndex};
use crate::record::{FileLock, try_lock};
use crate::vision::decode_png;
use image::RgbImage;
use std::fs::{self, File, OpenOptions};
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// A run folder that this process has for itself.
///
/// The lock is given back when the store is dropped or the process ends, however it ends.
#[derive(Debug)]
pub struct Store {
    pub(super) root: PathBuf,
    manifest: Manifest,
    plan: Arc<Plan>,
    pub(super) journal: Journal,
    recovery: Recovery,
    resumed: bool,
    /// What the folder held otherwise before, where nothing was drawn yet.
    renewed: Option<String>,
    lock: Option<File>,
}

impl Store {
    /// Begins the run in `root`, or goes on with it when the folder holds the same run.
    ///
    /// The folder is created with its parents. It may be new, empty, or hold a run with the identity of
    /// `manifest`; what `manifest` says about the program and device is then added to its sessions. A folder in which
    /// nothing was drawn yet, and that differs in its data alone, begins anew: [`Store::renewed`].
    ///
    /// # Errors
    /// [`RunError::DifferentRun`] with everything that differs, [`RunError::Occupied`] when other files
    /// are there, [`RunError::Locked`], and [`RunError::Output`] and other faults of writing.
    pub fn create_or_resume(
        root: &Path,
        manifest: &Manifest,
        plan: &Plan,
    ) -> Result<Self, RunError> {
        check_hash(&root.join(PLAN), &manifest.identity.plan_hash, plan)?;
        create_folder(root)?;
        // Before the lock is made, which would litter a folder that is not ours.
        refuse_strangers(root)?;
        let lock = lock(root)?;
        match Manifest::find(root)? {
            Some(found) => Self::resume(root, lock, found, (manifest, plan)),
            None => Self::begin(root, lock, manifest, plan),
        }
    }

    /// Opens the run in `root` as it is, for a stage alone.
    ///
    /// # Errors
    /// [`RunError::NoRun`], [`RunError::Locked`], and errors of reading manifest, plan and journal.
    pub fn open(root: &Path) -> Result<Self, RunError> {
        let manifest = Manifest::read(root)?;
        let lock = lock(root)?;
        let plan = read_plan(root, &manifest)?;
        Self::with(root, lock, manifest, plan, true)
    }

    fn begin(
        root: &Path,
        lock: Option<File>,
        manifest: &Manifest,
        plan: &Plan,
    ) -> Result<Self, RunError> {
        // The manifest comes last: a folder without one has not begun.
        write_durably(&root.join(PLAN), plan.to_jsonl().as_bytes())?;
        write_durably(&root.join(MANIFEST), &manifest.to_bytes())?;
        Self::with(root, lock, manifest.clone(), plan.clone(), false)
    }

    fn resume(
        root: &Path,
        lock: Option<File>,
        mut found: Manifest,
        (asked, plan): (&Manifest, &Plan),
    ) -> Result<Self, RunError> {
        let mut differences = found.identity.differences(&asked.identity);
        for difference in &mut differences {
            if difference.field == "plan_hash"
                && let Ok(there) = Plan::read(&root.join(PLAN))
            {
                difference.words = Some(plans(&there, plan));
            }
        }
        let of_data = differences.iter().all(Difference::is_of_data);
        // A kill between plan and manifest leaves two that do not fit, and no difference.
        let torn = || differences.is_empty() && read_plan(root, &found).is_err();
        if of_data && nothing_drawn(root) && (!differences.is_empty() || torn()) {
            let words: Vec<String> = differences.iter().map(ToString::to_string).collect();
            remove_if_there(&root.join(IMPORT))?;
            let mut store = Self::begin(root, lock, asked, plan)?;
            store.renewed = Some(words.join("; "));
            return Ok(store);
        }
        if !differences.is_empty() {
            return Err(RunError::DifferentRun {
                path: root.to_path_buf(),
                differences,
                command: found.command(),
            });
        }
        let plan = read_plan(root, &found)?;
        if found.adopt_sessions(asked) {
            write_durably(&root.join(MANIFEST), &found.to_bytes())?;
        }
        Self::with(root, lock, found, plan, true)
    }

    fn with(
        root: &Path,
        lock: Option<File>,
        manifest: Manifest,
        plan: Plan,
        resumed: bool,
    ) -> Result<Self, RunError> {
        let path = root.join(JOURNAL);
        let (journal, recovery) = Journal::open(&path, &plan, root)?;
        sync_folder(&path).map_err(|error| RunError::write(&path, error))?;
        Ok(Self {
            root: root.to_path_buf(),
            manifest,
            plan: Arc::new(plan),
            journal,
            recovery,
            resumed,
            lock,
            renewed: None,
        })
    }

    /// Whether other processes are kept out; not where the file system has no locks.
    #[must_use]
    pub fn is_locked(&self) -> bool {
        self.lock.is_some()
    }

    /// The folder.
    #[must_use]
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// The folder's own name, by which tables call the run.
    #[must_use]
    pub fn name(&self) -> String {
        let name = self.root.file_name().unwrap_or(self.root.as_os_str());
        name.to_string_lossy().into_owned()
    }

    /// Whether the folder held this run before.
    #[must_use]
    pub fn resumed(&self) -> bool {
        self.resumed
    }

    /// What the folder's plan differed in before it was made anew, as nothing had been drawn; `None` where it was not.
    #[must_use]
    pub fn renewed(&self) -> Option<&str> {
        self.renewed.as_deref()
    }

    /// The manifest on the disk.
    #[must_use]
    pub fn manifest(&self) -> &Manifest {
        &self.manifest
    }

    /// The whole plan.
    #[must_use]
    pub fn plan(&self) -> &Plan {
        &self.plan
    }

    pub(super) fn shared_plan(&self) -> Arc<Plan> {
        Arc::clone(&self.plan)
    }

    /// The part of the plan that this folder is for.
    #[must_use]
    pub fn partition(&self) -> Partition {
        self.manifest.identity.partition
    }

    /// The journal.
    #[must_use]
    pub fn journal(&self) -> &Journal {
        &self.journal
    }

    /// What had to be mended when the folder was opened.
    #[must_use]
    pub fn recovery(&self) -> Recovery {
        self.recovery
    }

    /// The units of this folder's part, in plan order.
    pub fn units(&self) -> impl Iterator<Item = &Unit> {
        self.plan.partition(self.partition())
    }

    /// Whether a unit is done.
    #[must_use]
    pub fn is_done(&self, unit: &Unit) -> bool {
        self.journal.entry(unit.unit).is_some()
    }

    /// Frames of this folder's part.
    #[must_use]
    pub fn planned_frames(&self) -> usize {
        self.units().map(|unit| unit.clips.len()).sum()
    }

    /// Frames of its units that are done, absent ones included.
    #[must_use]
    pub fn done_frames(&self) -> usize {
        let done = self.units().filter(|unit| self.is_done(unit));
        done.map(|unit| unit.clips.len()).sum()
    }

    /// Fails unless every unit of this folder's part is done.
    ///
    /// # Errors
    /// [`RunError::Outstanding`] with both counts.
    pub fn require_complete(&self) -> Result<(), RunError> {
        let planned = self.units().count();
        let done = self.units().filter(|unit| self.is_done(unit)).count();
        if done < planned {
            return Err(RunError::Outstanding {
                path: self.root.clone(),
                done,
                planned,
            });
        }
        Ok(())
    }

    /// Reads a frame back from the folder.
    ///
    /// # Errors
    /// [`RunError::Read`] and [`RunError::Frame`].
    pub fn frame(&self, unit: &Unit, frame: FrameIndex) -> Result<RgbImage, RunError> {
        let path = self.root.join(frame_file(&unit.story, frame));
        let bytes = fs::read(&path).map_err(|error| RunError::read(&path, error))?;
        decode_png(&bytes, &path).map_err(|source| RunError::Frame {
            path,
            story: unit.story.clone(),
            frame,
            source: Box::new(source),
        })
    }

    /// Why a frame of a unit that is done has no image; `None` when it has one.
    #[must_use]
    pub fn absence(&self, unit: &Unit, frame: FrameIndex) -> Option<Absence> {
        let position = (frame.0 as usize).checked_sub(1)?;
        match self.journal.entry(unit.unit)?.frames.get(position)? {
            FrameEntry::Stored(_) => None,
            FrameEntry::Absent { absent } => Some(*absent),
        }
    }

    /// Reads a frame back from the folder; `None` where the run knows that there is none.
    ///
    /// # Errors
    /// As [`Store::frame`].
    pub fn frame_if_any(
        &self,
        unit: &Unit,
        frame: FrameIndex,
    ) -> Result<Option<RgbImage>, RunError> {
        match self.absence(unit, frame) {
            Some(_) => Ok(None),
            None => self.frame(unit, frame).map(Some),
        }
    }

    /// Writes a file of the folder, for example `scores.json`, whole or not at all. Returns its path.
    ///
    /// # Errors
    /// [`RunError::Output`] and other faults of writing.
    pub fn write(&self, name: &str, bytes: &[u8]) -> Result<PathBuf, RunError> {
        let path = self.root.join(name);
        write_durably(&path, bytes)?;
        Ok(path)
    }
}

fn check_hash(path: &Path, expected: &str, plan: &Plan) -> Result<(), RunError> {
    if plan.hash() == expected {
        return Ok(());
    }
    Err(RunError::Hash {
        path: path.to_path_buf(),
        expected: expected.to_owned(),
        found: plan.hash().to_owned(),
    })
}

fn read_plan(root: &Path, manifest: &Manifest) -> Result<Plan, RunError> {
    let path = root.join(PLAN);
    let plan = Plan::read(&path)?;
    check_hash(&path, &manifest.identity.plan_hash, &plan)?;
    Ok(plan)
}

/// Refuses a folder without a manifest that holds anything but the beginnings of a run.
fn refuse_strangers(root: &Path) -> Result<(), RunError> {
    if root.join(MANIFEST).exists() {
        return Ok(());
    }
    // A worker that does not start leaves its log before the run begins.
    let own = [
        LOCK,
        PLAN,
        WORKERS,
        ".plan.jsonl.part",
        ".manifest.json.part",
    ];
    for item in fs::read_dir(root).map_err(|error| RunError::read(root, error))? {
        let name = item
            .map_err(|error| RunError::read(root, error))?
            .file_name();
        if !own.iter().any(|own| name == *own) {
            return Err(RunError::Occupied {
                path: root.to_path_buf(),
            });
        }
    }
    Ok(())
}

fn lock(root: &Path) -> Result<Option<File>, RunError> {
    let path = root.join(LOCK);
    let file = OpenOptions::new()
        .create(true)
        .append(true)
        .open(&path)
        .map_err(|error| RunError::write(&path, error))?;
    match try_lock(&file).map_err(|error| RunError::write(&path, error))? {
        FileLock::Held => Ok(Some(file)),
        FileLock::Unsupported => Ok(None),
        FileLock::Taken => Err(RunError::Locked {
            path: root.to_path_buf(),
        }),
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing;
    use super::*;
    use crate::record::{DrawnFrame, Hint};
    use crate::run::fault;
    use crate::run::generate::Drawing;

    fn begin(root: &Path, plan: &Plan) -> Result<Store, RunError> {
        Store::create_or_resume(root, &testing::manifest(plan), plan)
    }

    #[test]
    fn a_run_begins_and_is_found_again() {
        let folder = tempfile::tempdir().expect("tempdir");
        let root = folder.path().join("runs").join("a");
        let plan = testing::plan(3, 2);
        let store = begin(&root, &plan).expect("begin");
        assert!(!store.resumed());
        assert_eq!(store.name(), "a");
        drop(store);
        let store = begin(&root, &plan).expect("resume");
        assert!(store.resumed() && store.recovery().is_clean());
        drop(store);
        let store = Store::open(&root).expect("open");
        assert_eq!(store.plan(), &plan);
        assert!(matches!(
            store.require_complete(),
            Err(RunError::Outstanding {
                done: 0,
                planned: 3,
                ..
            })
        ));
    }

    #[test]
    fn another_run_is_refused_with_everything_that_differs() {
        let folder = tempfile::tempdir().expect("tempdir");
        let plan = testing::plan(3, 2);
        let mut store = begin(folder.path(), &plan).expect("begin");
        draw_first(&mut store);
        drop(store);
        let error = begin(folder.path(), &testing::plan(4, 2)).expect_err("refused");
        let RunError::DifferentRun { differences, .. } = &error else {
            panic!("{error:?}");
        };
        let fields: Vec<_> = differences.iter().map(|row| row.field).collect();
        assert_eq!(fields, ["stories", "plan_hash"]);
        assert!(error.to_string().contains(
            "stories: the folder has 3, asked for 4 (`--limit`); 1 story is new (first: story-3)"
        ));
        assert!(error.hint().expect("hint").contains("--out"));
        assert_eq!(error.fault_kind(), crate::FaultKind::Incomparable);
    }

    fn draw_first(store: &mut Store) {
        let unit = store.plan().units()[0].clone();
        let images: Vec<_> = unit
            .frames()
            .map(|_| DrawnFrame::from(RgbImage::new(2, 2)))
            .collect();
        let drawing = Drawing {
            seconds: 0.0,
            batch: None,
        };
        store.put(&unit, &images, drawing).expect("put");
    }

    #[test]
    fn changed_data_begin_anew_where_nothing_was_drawn() {
        let folder = tempfile::tempdir().expect("tempdir");
        drop(begin(folder.path(), &testing::plan(3, 2)).expect("begin"));
        let plan = testing::plan(4, 2);
        let store = begin(folder.path(), &plan).expect("anew");
        assert!(store.renewed().expect("said").contains("1 story is new"));
        assert_eq!(store.plan(), &plan);
        drop(store);
        let again = begin(folder.path(), &plan).expect("resume");
        assert_eq!((again.renewed(), again.resumed()), (None, true));
        drop(again);
        // A kill between plan and manifest.
        fs::write(folder.path().join(PLAN), testing::plan(3, 2).to_jsonl()).expect("write");
        assert_eq!(begin(folder.path(), &plan).expect("mended").plan(), &plan);
        // Another seed is another run, even so.
        let mut other = testing::manifest(&plan);
        other.identity.seed = crate::record::Seed(9);
        let error = Store::create_or_resume(folder.path(), &other, &plan).expect_err("seed");
        assert!(error.to_string().contains("(`--seed`)"), "{error}");
        assert!(error.hint().expect("hint").contains("goes on with it"));
    }

    #[test]
    fn another_program_is_noted_once() {
        let folder = tempfile::tempdir().expect("tempdir");
        let plan = testing::plan(3, 2);
        drop(begin(folder.path(), &plan).expect("begin"));
        let mut manifest = testing::manifest(&plan);
        manifest.sessions[0].version = "9.9.9".to_owned();
        for _ in 0..2 {
            let store = Store::create_or_resume(folder.path(), &manifest, &plan).expect("resume");
            assert_eq!(store.manifest().sessions.len(), 2);
        }
    }

    #[test]
    fn two_processes_do_not_share_a_folder() {
        let folder = tempfile::tempdir().expect("tempdir");
        let plan = testing::plan(3, 2);
        let store = begin(folder.path(), &plan).expect("begin");
        assert!(matches!(
            begin(folder.path(), &plan),
            Err(RunError::Locked { .. })
        ));
        assert!(matches!(
            Store::open(folder.path()),
            Err(RunError::Locked { .. })
        ));
        drop(store);
        begin(folder.path(), &plan).expect("free again");
    }

    #[test]
    fn a_folder_with_other_things_is_left_alone() {
        let folder = tempfile::tempdir().expect("tempdir");
        fs::write(folder.path().join("thesis.tex"), "x").expect("write");
        let error = begin(folder.path(), &testing::plan(3, 2)).expect_err("occupied");
        assert!(matches!(error, RunError::Occupied { .. }), "{error:?}");
        assert_eq!(fs::read_dir(folder.path()).expect("list").count(), 1);
    }

    #[test]
    fn a_kill_while_the_folder_is_made_is_no_harm() {
        let plan = testing::plan(3, 2);
        for points in 1..=6 {
            let folder = tempfile::tempdir().expect("tempdir");
            fault::arm(points);
            let result = begin(folder.path(), &plan);
            assert!(fault::disarm());
            assert!(result.is_err(), "killed after {points}");
            let store = begin(folder.path(), &plan).expect("again");
            assert_eq!(store.plan(), &plan);
        }
    }

    #[test]
    fn a_changed_plan_is_noticed() {
        let folder = tempfile::tempdir().expect("tempdir");
        let plan = testing::plan(3, 2);
        drop(begin(folder.path(), &plan).expect("begin"));
        fs::write(folder.path().join(PLAN), testing::plan(2, 2).to_jsonl()).expect("write");
        let error = Store::open(folder.path()).expect_err("changed");
        assert!(matches!(error, RunError::Hash { .. }), "{error:?}");
        assert_eq!(error.fault_kind(), crate::FaultKind::DataVerification);
    }

    #[test]
    fn a_path_through_a_file_is_a_fault_of_the_request() {
        let folder = tempfile::tempdir().expect("tempdir");
        let file = folder.path().join("file");
        fs::write(&file, "x").expect("write");
        let error = begin(&file.join("run"), &testing::plan(3, 2)).expect_err("not a folder");
        assert_eq!(error.fault_kind(), crate::FaultKind::Usage);
        assert!(error.to_string().contains("file"), "{error}");
    }
}
