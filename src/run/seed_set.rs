//! Runs of one model under several seeds: `GROUP/<model>/seed-<k>/`.

use super::error::RunError;
use super::layout::{MANIFEST, PLAN, SCORES};
use std::fs;
use std::path::{Path, PathBuf};

/// What the folder of a seed begins with.
const SEED: &str = "seed-";

/// The runs of a folder: itself when it holds one, otherwise its `seed-<k>` folders in the order
/// of their seeds.
///
/// # Errors
/// [`RunError::NoFolder`], [`RunError::SeveralRuns`] or [`RunError::NoRun`] when there are neither,
/// [`RunError::Read`].
pub fn runs_in(folder: &Path) -> Result<Vec<PathBuf>, RunError> {
    match own_runs(folder)? {
        runs if runs.is_empty() => Err(no_run(folder)),
        runs => Ok(runs),
    }
}

/// What a folder means where several runs are welcome: itself where it is a run or holds the seeds of one model,
/// otherwise the folders below it that are, by name: the folder of a run of several models.
///
/// # Errors
/// [`RunError::NoFolder`], [`RunError::NoRun`], [`RunError::Read`].
pub fn members(folder: &Path) -> Result<Vec<PathBuf>, RunError> {
    if folder.join(SCORES).is_file() || !own_runs(folder)?.is_empty() {
        return Ok(vec![folder.to_path_buf()]);
    }
    match below(folder)? {
        runs if runs.is_empty() => Err(no_run(folder)),
        runs => Ok(runs),
    }
}

/// Why a folder is not a run: it does not exist, holds several, or has nothing of the kind.
pub(super) fn no_run(folder: &Path) -> RunError {
    let path = folder.to_path_buf();
    if !folder.exists() {
        return RunError::NoFolder { path };
    }
    match below(folder) {
        Ok(runs) if !runs.is_empty() => return RunError::SeveralRuns { path, runs },
        _ => {}
    }
    match run_above(folder) {
        Some(run) => RunError::InRun { path, run },
        None => RunError::NoRun { path },
    }
}

/// The run that a file or folder lies in: the deepest is `frames/<story>/<k>.png`.
fn run_above(inside: &Path) -> Option<PathBuf> {
    let is_run = |folder: &&Path| {
        [MANIFEST, PLAN]
            .iter()
            .all(|file| folder.join(file).is_file())
    };
    let run = inside.ancestors().skip(1).take(3).find(is_run)?;
    let here = run.as_os_str().is_empty();
    Some(if here {
        PathBuf::from(".")
    } else {
        run.to_path_buf()
    })
}

/// The folder itself, or the seeds in it.
fn own_runs(folder: &Path) -> Result<Vec<PathBuf>, RunError> {
    if folder.join(MANIFEST).is_file() {
        return Ok(vec![folder.to_path_buf()]);
    }
    let mut runs: Vec<(u64, PathBuf)> = Vec::new();
    for path in folders(folder)? {
        let name = path.file_name().and_then(|name| name.to_str());
        let seed = name.and_then(|name| name.strip_prefix(SEED)?.parse().ok());
        if let Some(seed) = seed.filter(|_| path.join(MANIFEST).is_file()) {
            runs.push((seed, path));
        }
    }
    runs.sort();
    Ok(runs.into_iter().map(|(_, path)| path).collect())
}

/// Folders below one that are runs or hold the seeds of a model, by name.
fn below(folder: &Path) -> Result<Vec<PathBuf>, RunError> {
    let mut found = Vec::new();
    for path in folders(folder)? {
        if own_runs(&path).is_ok_and(|runs| !runs.is_empty()) {
            found.push(path);
        }
    }
    found.sort();
    Ok(found)
}

fn folders(folder: &Path) -> Result<Vec<PathBuf>, RunError> {
    if !folder.is_dir() {
        return Ok(Vec::new());
    }
    let read = |error| RunError::read(folder, error);
    let paths = fs::read_dir(folder)
        .map_err(read)?
        .map(|entry| entry.map(|entry| entry.path()));
    let paths: Vec<PathBuf> = paths.collect::<Result<_, _>>().map_err(read)?;
    Ok(paths.into_iter().filter(|path| path.is_dir()).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_is_a_run_or_its_seeds_in_their_order() {
        let folder = tempfile::tempdir().expect("tempdir");
        let root = folder.path();
        assert!(matches!(runs_in(root), Err(RunError::NoRun { .. })));
        for name in ["seed-10", "seed-2", "seed-x", "other"] {
            fs::create_dir(root.join(name)).expect("create");
            fs::write(root.join(name).join(MANIFEST), "{}").expect("write");
        }
        fs::create_dir(root.join("seed-3")).expect("a seed that has not begun");
        let expected = ["seed-2", "seed-10"].map(|name| root.join(name));
        assert_eq!(runs_in(root).expect("seeds"), expected);
        let one = root.join("seed-2");
        assert_eq!(runs_in(&one).expect("a run"), [one]);
        let absent = root.join("nothing");
        assert!(matches!(runs_in(&absent), Err(RunError::NoFolder { path }) if path == absent));
        assert_eq!(members(root).expect("seeds"), [root]);
    }

    #[test]
    fn a_folder_of_models_has_their_runs() {
        let folder = tempfile::tempdir().expect("tempdir");
        let root = folder.path();
        for name in ["b", "a/seed-0", "c"] {
            fs::create_dir_all(root.join(name)).expect("create");
        }
        for name in ["b", "a/seed-0"] {
            fs::write(root.join(name).join(MANIFEST), "{}").expect("write");
        }
        let expected = ["a", "b"].map(|name| root.join(name));
        assert_eq!(members(root).expect("models"), expected);
        let error = runs_in(root).expect_err("several");
        assert!(matches!(error, RunError::SeveralRuns { runs, .. } if runs == expected));
        let empty = root.join("c");
        assert!(matches!(members(&empty), Err(RunError::NoRun { path }) if path == empty));
    }
}
