//! Run folders below a folder.

use super::error::RunError;
use super::layout::{JOURNAL, MANIFEST, OBSERVATIONS, PLAN, SCORES};
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

/// How far below the given folder is looked.
pub const DEEPEST: usize = 8;
/// Most folders that are looked into.
pub const MOST_FOLDERS: usize = 100_000;

/// What was found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Found {
    /// Folders that hold a run or the remains of one, in the order of their paths.
    pub runs: Vec<PathBuf>,
    /// Folders that were not looked into, and why.
    pub passed_over: Vec<(PathBuf, String)>,
}

/// Every run in `root` and below it. What a run holds is not searched for other runs, and links are not
/// followed, so that the search stays below `root` and ends.
///
/// # Errors
/// [`RunError::NoFolder`], [`RunError::NotFolder`] or [`RunError::Read`] when `root` itself cannot be listed.
pub fn find_runs(root: &Path) -> Result<Found, RunError> {
    let mut found = Found::default();
    // The folder that the user named may be a link; what lies in it may not.
    let path = root.to_path_buf();
    match fs::read_dir(root) {
        Ok(_) => {}
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            return Err(RunError::NoFolder { path });
        }
        Err(error) if error.kind() == io::ErrorKind::NotADirectory => {
            return Err(RunError::NotFolder { path });
        }
        Err(error) => return Err(RunError::read(root, error)),
    }
    let mut waiting = vec![(root.to_path_buf(), 0)];
    let mut seen = 0;
    while let Some((folder, depth)) = waiting.pop() {
        seen += 1;
        if seen > MOST_FOLDERS {
            let why = format!("more than {MOST_FOLDERS} folders");
            found.passed_over.push((folder, why));
            break;
        }
        if is_run(&folder) {
            found.runs.push(folder);
            continue;
        }
        match folders(&folder) {
            Ok(below) if depth < DEEPEST => {
                waiting.extend(below.into_iter().map(|path| (path, depth + 1)));
            }
            Ok(below) if below.is_empty() => {}
            Ok(_) => {
                let why = format!("more than {DEEPEST} folders deep");
                found.passed_over.push((folder, why));
            }
            Err(error) => found.passed_over.push((folder, error.to_string())),
        }
    }
    found.runs.sort();
    found.passed_over.sort();
    Ok(found)
}

/// A folder with a file that only runs have, whole or not.
fn is_run(folder: &Path) -> bool {
    let own = [MANIFEST, PLAN, JOURNAL, OBSERVATIONS, SCORES];
    own.iter().any(|name| folder.join(name).is_file())
}

fn folders(folder: &Path) -> io::Result<Vec<PathBuf>> {
    let mut below = Vec::new();
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        // The type of the entry, not of what a link points to.
        if entry.file_type()?.is_dir() {
            below.push(entry.path());
        }
    }
    Ok(below)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn runs_are_found_at_any_depth_and_not_inside_runs() {
        let folder = tempfile::tempdir().expect("tempdir");
        let root = folder.path();
        for (run, file) in [
            ("b", MANIFEST),
            ("b/frames/c", MANIFEST),
            ("a/x/seed-0", MANIFEST),
            ("a/torn", JOURNAL),
        ] {
            fs::create_dir_all(root.join(run)).expect("folder");
            fs::write(root.join(run).join(file), "").expect("file");
        }
        fs::create_dir_all(root.join("empty")).expect("folder");
        let found = find_runs(root).expect("found");
        let expected = ["a/torn", "a/x/seed-0", "b"].map(|run| root.join(run));
        assert_eq!(found.runs, expected);
        assert!(found.passed_over.is_empty());
        assert_eq!(
            find_runs(&root.join("b")).expect("run").runs,
            [root.join("b")]
        );
        assert!(matches!(
            find_runs(&root.join("nowhere")),
            Err(RunError::NoFolder { .. })
        ));
    }

    #[test]
    fn what_lies_too_deep_is_said() {
        let folder = tempfile::tempdir().expect("tempdir");
        let deep = folder.path().join("d/".repeat(DEEPEST + 2));
        fs::create_dir_all(&deep).expect("folder");
        let found = find_runs(folder.path()).expect("found");
        assert_eq!((found.runs.len(), found.passed_over.len()), (0, 1));
    }

    #[test]
    #[cfg(unix)]
    fn links_are_not_followed() {
        let folder = tempfile::tempdir().expect("tempdir");
        let other = tempfile::tempdir().expect("tempdir");
        fs::write(other.path().join(MANIFEST), "").expect("file");
        std::os::unix::fs::symlink(other.path(), folder.path().join("out")).expect("link");
        std::os::unix::fs::symlink(folder.path(), folder.path().join("loop")).expect("link");
        assert_eq!(find_runs(folder.path()).expect("found"), Found::default());
        let named = find_runs(&folder.path().join("out")).expect("found");
        assert_eq!(named.runs.len(), 1);
    }
}
