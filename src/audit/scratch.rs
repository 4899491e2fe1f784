//! The folder for run folders that are thrown away, and what killed studies left of theirs.

use crate::run::RunError;
use std::fs::{self, File};
use std::io::{Read, Write};
use std::path::{Path, PathBuf};
use tempfile::TempDir;

/// How the folder's name begins.
const PREFIX: &str = ".audit-";
/// The file that says whose the folder is. A living study holds a lock on it.
const MARK: &str = "storyeval-audit";
/// What that file says.
const WORDS: &[u8] = b"A folder of `storyeval metric audit`, removed when the study ends.\n";
/// The run folder of the condition that is being observed.
const RUN: &str = "run";

/// An empty folder of one study; removed when it is dropped, by the next study when the process was
/// killed before that.
#[derive(Debug)]
pub struct Scratch {
    /// Before the folder, so that nothing in it is open when it is removed.
    _lock: File,
    folder: TempDir,
}

impl Scratch {
    /// Makes a folder in `place`, which is made when it is not there. Leftovers of killed studies in
    /// `place` are removed first.
    ///
    /// # Errors
    /// [`RunError::Output`] and other faults of writing. A leftover that cannot be removed stays, without an error.
    pub fn below(place: &Path) -> Result<Self, RunError> {
        let failed = |source| RunError::write(place, source);
        fs::create_dir_all(place).map_err(failed)?;
        remove_leftovers(place);
        let folder = tempfile::Builder::new()
            .prefix(PREFIX)
            .tempdir_in(place)
            .map_err(failed)?;
        // Locked before it has its name: another study never sees a mark without a holder.
        let unnamed = folder.path().join(".mark");
        let mut lock = File::create_new(&unnamed).map_err(failed)?;
        lock.lock()
            .and_then(|()| lock.write_all(WORDS))
            .and_then(|()| fs::rename(&unnamed, folder.path().join(MARK)))
            .map_err(failed)?;
        Ok(Self {
            _lock: lock,
            folder,
        })
    }

    /// Where a run folder may be made.
    #[must_use]
    pub fn run(&self) -> PathBuf {
        self.folder.path().join(RUN)
    }
}

/// Removes what killed studies left in `place`. Only folders with our name, our mark and no living
/// holder are touched, and of them only the mark and the run folder: anything else in one stays, and
/// so does the folder.
fn remove_leftovers(place: &Path) {
    for entry in fs::read_dir(place).into_iter().flatten().flatten() {
        let named = entry.file_name().to_string_lossy().starts_with(PREFIX);
        // A link is not a folder here.
        if named && entry.file_type().is_ok_and(|kind| kind.is_dir()) {
            // What cannot be removed is no reason not to work.
            let _ = remove_leftover(&entry.path());
        }
    }
}

fn remove_leftover(folder: &Path) -> std::io::Result<()> {
    let mark = folder.join(MARK);
    if !fs::symlink_metadata(&mark)?.is_file() {
        return Ok(());
    }
    let file = File::open(&mark)?;
    if file.try_lock().is_err() {
        return Ok(());
    }
    let mut words = Vec::new();
    (&file)
        .take(WORDS.len() as u64 + 1)
        .read_to_end(&mut words)?;
    if words != WORDS {
        return Ok(());
    }
    match fs::remove_dir_all(folder.join(RUN)) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    fs::remove_file(&mark)?;
    drop(file);
    fs::remove_dir(folder)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(place: &Path) -> Vec<String> {
        let mut names: Vec<String> = fs::read_dir(place)
            .unwrap()
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect();
        names.sort();
        names
    }

    /// A folder as a killed study leaves it.
    fn leftover(place: &Path, name: &str) -> PathBuf {
        let folder = place.join(name);
        fs::create_dir_all(folder.join(RUN).join("frames")).unwrap();
        fs::write(folder.join(RUN).join("frames/1.png"), b"x").unwrap();
        fs::write(folder.join(MARK), WORDS).unwrap();
        folder
    }

    #[test]
    fn what_a_killed_study_left_is_removed_at_the_next_start() {
        let place = tempfile::tempdir().unwrap();
        leftover(place.path(), ".audit-killed");
        let scratch = Scratch::below(place.path()).unwrap();
        fs::create_dir_all(scratch.run()).unwrap();
        assert!(!names(place.path()).contains(&".audit-killed".to_owned()));
        assert_eq!(names(place.path()).len(), 1);
        drop(scratch);
        assert!(names(place.path()).is_empty());
    }

    #[test]
    fn a_living_study_is_left_alone() {
        let place = tempfile::tempdir().unwrap();
        let first = Scratch::below(place.path()).unwrap();
        fs::create_dir_all(first.run()).unwrap();
        let second = Scratch::below(place.path()).unwrap();
        assert_eq!(names(place.path()).len(), 2);
        drop(second);
        assert!(first.run().is_dir());
    }

    #[cfg(unix)]
    #[test]
    fn what_is_not_ours_is_never_removed() {
        let place = tempfile::tempdir().unwrap();
        let at = |name: &str| place.path().join(name);
        // Without a mark, with another one, with a mark that is a link, and a file of that name.
        fs::create_dir_all(at(".audit-mine/run")).unwrap();
        fs::write(leftover(place.path(), ".audit-other").join(MARK), "mine").unwrap();
        let linked = leftover(place.path(), ".audit-linked");
        fs::rename(linked.join(MARK), at("words")).unwrap();
        std::os::unix::fs::symlink(at("words"), linked.join(MARK)).unwrap();
        fs::write(at(".audit-file"), "").unwrap();
        leftover(place.path(), "audit-killed");
        // A link to a leftover that lies elsewhere.
        let elsewhere = tempfile::tempdir().unwrap();
        let far = leftover(elsewhere.path(), ".audit-far");
        std::os::unix::fs::symlink(&far, at(".audit-link")).unwrap();
        // A leftover in which somebody put something keeps that.
        fs::write(leftover(place.path(), ".audit-notes").join("notes"), "").unwrap();
        let before = names(place.path());
        drop(Scratch::below(place.path()).unwrap());
        assert_eq!(names(place.path()), before);
        for kept in [
            at(".audit-mine/run"),
            at(".audit-other/run/frames/1.png"),
            at(".audit-linked/run/frames/1.png"),
            at("audit-killed/run/frames/1.png"),
            far.join("run/frames/1.png"),
            at(".audit-notes/notes"),
        ] {
            assert!(kept.exists(), "{}", kept.display());
        }
    }
}
