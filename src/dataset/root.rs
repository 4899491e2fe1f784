//! The folder of a data set, and the only way from names in its files to paths on disk.

use super::DatasetError;
use super::path::{check_id, read};
use crate::format::pickle::Pickle;
use std::collections::HashSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::{OnceLock, PoisonError, RwLock};

/// Where symbolic links inside a data set may lead.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Links {
    /// To places inside the data set's folder. The folder itself may be a link.
    #[default]
    Inside,
    /// Anywhere, for users who know their data.
    Anywhere,
}

/// The folder that a data set is read from.
#[derive(Debug)]
pub(crate) struct Root {
    folder: PathBuf,
    /// The file that the user named, where the data set is one.
    only: Option<String>,
    links: Links,
    real: OnceLock<Option<PathBuf>>,
    /// Folders below that lie inside, whatever links lead to them.
    inside: RwLock<HashSet<String>>,
}

impl Root {
    /// `path` is the folder of a data set, or the file that it is.
    pub(crate) fn new(path: &Path, links: Links) -> Self {
        let only = path.file_name().filter(|_| path.is_file());
        let only = only.map(|name| name.to_string_lossy().into_owned());
        let folder = match (&only, path.parent()) {
            (Some(_), Some(parent)) if parent.as_os_str().is_empty() => Path::new("."),
            (Some(_), Some(parent)) => parent,
            _ => path,
        };
        Self {
            folder: folder.to_owned(),
            only,
            links,
            real: OnceLock::new(),
            inside: RwLock::default(),
        }
    }

    /// The folder as the user named it.
    pub(crate) fn folder(&self) -> &Path {
        &self.folder
    }

    /// The path of `relative`, whose parts are separated by `/`, for reading.
    ///
    /// # Errors
    /// [`DatasetError::UnsafeId`] for a part that is not a plain file name, and
    /// [`DatasetError::LinkOutside`] when a symbolic link leads out of the folder.
    pub(crate) fn file(&self, relative: &str) -> Result<PathBuf, DatasetError> {
        for part in relative.split('/') {
            check_id(&self.folder, part)?;
        }
        let path = self.folder.join(relative);
        if self.links == Links::Anywhere {
            return Ok(path);
        }
        // The folder of a file is followed once; then only the file itself can be a link.
        let parent = relative.rsplit_once('/').map_or("", |(parent, _)| parent);
        let inside = || self.inside.read().unwrap_or_else(PoisonError::into_inner);
        if inside().contains(parent)
            && fs::symlink_metadata(&path).is_ok_and(|about| !about.is_symlink())
        {
            return Ok(path);
        }
        let real = self
            .real
            .get_or_init(|| fs::canonicalize(&self.folder).ok())
            .as_ref();
        // What does not exist is an error of whoever reads it.
        if let (Some(real), Ok(target)) = (real, fs::canonicalize(&path))
            && !target.starts_with(real)
        {
            return Err(DatasetError::LinkOutside { path, target });
        }
        if let (Some(real), Ok(target)) = (real, fs::canonicalize(self.folder.join(parent)))
            && target.starts_with(real)
        {
            let mut inside = self.inside.write().unwrap_or_else(PoisonError::into_inner);
            inside.insert(parent.to_owned());
        }
        Ok(path)
    }

    /// Whether there is such a file.
    pub(crate) fn has_file(&self, relative: &str) -> bool {
        self.only.as_ref().is_none_or(|only| only == relative)
            && self.folder.join(relative).is_file()
    }

    /// Whether there is such a folder.
    pub(crate) fn has_folder(&self, relative: &str) -> bool {
        self.folder.join(relative).is_dir()
    }

    /// Names of the files in the folder with one of the endings, sorted. Of a data set that is one file,
    /// that one.
    pub(crate) fn with_endings(&self, endings: &[&str]) -> Vec<String> {
        let fits = |name: &str| {
            let ending = name.rsplit_once('.').map(|(_, ending)| ending);
            ending.is_some_and(|ending| endings.contains(&ending))
        };
        if let Some(only) = &self.only {
            return Some(only.clone())
                .filter(|name| fits(name))
                .into_iter()
                .collect();
        }
        let entries = fs::read_dir(&self.folder).into_iter().flatten().flatten();
        let mut names: Vec<String> = entries
            .filter_map(|entry| entry.file_name().into_string().ok())
            .filter(|name| fits(name) && self.has_file(name))
            .collect();
        names.sort_unstable();
        names
    }

    /// Reads a metadata file.
    pub(crate) fn read(&self, relative: &str) -> Result<Vec<u8>, DatasetError> {
        read(&self.file(relative)?)
    }

    /// Reads and decodes a pickle.
    pub(crate) fn pickle(&self, relative: &str) -> Result<Pickle, DatasetError> {
        let path = self.file(relative)?;
        super::path::read_pickle(&path)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[cfg(unix)]
    #[test]
    fn links_may_stay_inside_and_not_lead_out() {
        use std::os::unix::fs::symlink;
        let outside = tempfile::tempdir().unwrap();
        let inside = tempfile::tempdir().unwrap();
        fs::write(outside.path().join("secret"), "x").unwrap();
        fs::write(inside.path().join("own"), "y").unwrap();
        symlink(outside.path().join("secret"), inside.path().join("bad")).unwrap();
        symlink(outside.path(), inside.path().join("folder")).unwrap();
        symlink(inside.path().join("own"), inside.path().join("good")).unwrap();
        let root = Root::new(inside.path(), Links::Inside);
        assert_eq!(root.read("good").unwrap(), b"y");
        for name in ["bad", "folder/secret"] {
            assert!(matches!(
                root.read(name),
                Err(DatasetError::LinkOutside { .. })
            ));
        }
        // Once a folder is known to lie inside, its links are still seen.
        root.read("own").unwrap();
        assert!(matches!(
            root.read("bad"),
            Err(DatasetError::LinkOutside { .. })
        ));
        let trusted = Root::new(inside.path(), Links::Anywhere);
        assert_eq!(trusted.read("bad").unwrap(), b"x");
        // The data set's own folder may be a link.
        let linked = outside.path().join("linked");
        symlink(inside.path(), &linked).unwrap();
        Root::new(&linked, Links::Inside).read("own").unwrap();
    }

    #[test]
    fn no_name_leads_out() {
        let root = Root::new(Path::new("data"), Links::Anywhere);
        for name in [
            "../x",
            "a/../../x",
            "/etc/passwd",
            "a//b",
            "",
            "a/./b",
            "a/",
        ] {
            assert!(
                matches!(root.file(name), Err(DatasetError::UnsafeId { .. })),
                "{name}"
            );
        }
        assert_eq!(
            root.file("a/b.png").unwrap(),
            Path::new("data").join("a/b.png")
        );
    }
}
