//! Runs of one model under several seeds: `GROUP/<model>/seed-<k>/`.

use super::error::RunError;
use super::layout::MANIFEST;
use std::fs;
use std::path::{Path, PathBuf};

/// What the folder of a seed begins with.
const SEED: &str = "seed-";

/// The runs of a folder: itself when it holds one, otherwise its `seed-<k>` folders in the order
/// of their seeds.
///
/// # Errors
/// [`RunError::NoRun`] when there are neither, [`RunError::Read`].
pub fn runs_in(folder: &Path) -> Result<Vec<PathBuf>, RunError> {
    if folder.join(MANIFEST).is_file() {
        return Ok(vec![folder.to_path_buf()]);
    }
    let no_run = || RunError::NoRun {
        path: folder.to_path_buf(),
    };
    if !folder.is_dir() {
        return Err(no_run());
    }
    let read = |error| RunError::read(folder, error);
    let mut runs: Vec<(u64, PathBuf)> = Vec::new();
    for entry in fs::read_dir(folder).map_err(read)? {
        let path = entry.map_err(read)?.path();
        let name = path.file_name().and_then(|name| name.to_str());
        let seed = name.and_then(|name| name.strip_prefix(SEED)?.parse().ok());
        if let Some(seed) = seed.filter(|_| path.join(MANIFEST).is_file()) {
            runs.push((seed, path));
        }
    }
    if runs.is_empty() {
        return Err(no_run());
    }
    runs.sort();
    Ok(runs.into_iter().map(|(_, path)| path).collect())
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
        assert!(runs_in(&root.join("nothing")).is_err());
    }
}
