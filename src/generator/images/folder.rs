//! What lies in a folder of images. The folder is another program's, or another person's: links,
//! devices, odd names and damaged places are seen and reported, never followed or opened.

use super::ImagesError;
use std::collections::BTreeSet;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

/// Most files that are listed.
pub const MAX_FILES: usize = 2_000_000;
/// Deepest folder that is listed; the layouts need one level.
const MAX_DEPTH: usize = 16;
/// Endings of images, in lower case. Those after the first three are not read.
const IMAGES: [&str; 11] = [
    "png", "jpg", "jpeg", "webp", "bmp", "gif", "tif", "tiff", "ppm", "pgm", "avif",
];
const READ: usize = 3;

/// A file whose name ends as that of an image.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FoundFile {
    /// Path below the folder, with `/` on every system. Bytes that are not UTF-8 are replaced, and then
    /// it matches nothing.
    pub relative: String,
    /// Length of the path without the dot and the ending.
    stem: usize,
    /// Whether a file of this ending is read.
    readable: bool,
    /// Why it cannot be used, if that is known without opening it.
    pub fault: Option<&'static str>,
}

impl FoundFile {
    /// The path without its ending, where layouts may look for it.
    #[must_use]
    pub fn stem(&self) -> Option<&str> {
        self.readable.then(|| &self.relative[..self.stem])
    }
}

/// A listed folder.
#[derive(Clone, Debug)]
pub struct Folder {
    root: PathBuf,
    /// Images, in the order of their paths.
    files: Vec<FoundFile>,
    /// Files of other kinds, and hidden ones.
    others: usize,
    /// Folders that could not be listed, are links or lie too deep, with the reason.
    closed: Vec<(String, String)>,
}

impl Folder {
    /// Lists `root` and the folders below it. `root` may be a link; links to folders below it are not
    /// followed, so that none can lead out or around in a circle.
    ///
    /// # Errors
    /// [`ImagesError::NoFolder`], [`ImagesError::NotFolder`] and [`ImagesError::TooManyFiles`].
    pub fn list(root: &Path) -> Result<Self, ImagesError> {
        let missing = |source| ImagesError::NoFolder {
            path: root.to_owned(),
            source,
        };
        let whole = fs::canonicalize(root).map_err(missing)?;
        if !whole.is_dir() {
            return Err(ImagesError::NotFolder {
                path: root.to_owned(),
            });
        }
        let mut folder = Self {
            root: whole.clone(),
            files: Vec::new(),
            others: 0,
            closed: Vec::new(),
        };
        let entries = fs::read_dir(&whole).map_err(missing)?;
        let mut open = Vec::new();
        folder.add(root, "", entries, &mut open)?;
        while let Some((relative, path)) = open.pop() {
            let depth = relative.matches('/').count();
            if depth >= MAX_DEPTH {
                folder.close(&relative, "it lies too deep");
                continue;
            }
            match fs::read_dir(&path) {
                Ok(entries) => folder.add(root, &relative, entries, &mut open)?,
                Err(error) => folder.close(&relative, &error.to_string()),
            }
        }
        folder.files.sort_by(|a, b| a.relative.cmp(&b.relative));
        folder.closed.sort();
        Ok(folder)
    }

    fn close(&mut self, relative: &str, why: &str) {
        self.closed
            .push((relative.trim_end_matches('/').to_owned(), why.to_owned()));
    }

    fn add(
        &mut self,
        root: &Path,
        prefix: &str,
        entries: fs::ReadDir,
        open: &mut Vec<(String, PathBuf)>,
    ) -> Result<(), ImagesError> {
        for entry in entries {
            let entry = match entry {
                Ok(entry) => entry,
                Err(error) => {
                    self.close(prefix, &error.to_string());
                    break;
                }
            };
            let name = entry.file_name();
            let text = name.to_string_lossy();
            // What begins with a dot is a file manager's, above all macOS's `._0001.png`.
            if text.starts_with('.') {
                self.others += 1;
                continue;
            }
            let relative = format!("{prefix}{text}");
            let kind = entry.file_type();
            if kind.as_ref().is_ok_and(fs::FileType::is_dir) {
                open.push((format!("{relative}/"), entry.path()));
                continue;
            }
            let ending = text.rsplit_once('.').map_or("", |(_, ending)| ending);
            let known = IMAGES
                .iter()
                .position(|image| ending.eq_ignore_ascii_case(image));
            let Some(known) = known else {
                if kind.is_ok_and(|kind| kind.is_symlink()) && entry.path().is_dir() {
                    self.close(&relative, "it is a link to a folder");
                } else {
                    self.others += 1;
                }
                continue;
            };
            let fault = match kind {
                _ if name.to_str().is_none() => Some("its name is not UTF-8"),
                Ok(kind) if kind.is_symlink() => self.link_fault(&entry.path()),
                Ok(kind) if !kind.is_file() => Some("it is not a regular file"),
                Ok(_) => None,
                Err(_) => Some("it cannot be examined"),
            };
            self.files.push(FoundFile {
                stem: relative.len() - ending.len() - 1,
                relative,
                readable: known < READ && name.to_str().is_some(),
                fault,
            });
            if self.files.len() > MAX_FILES {
                return Err(ImagesError::TooManyFiles {
                    path: root.to_owned(),
                    limit: MAX_FILES,
                });
            }
        }
        Ok(())
    }

    /// Why a link cannot be used: it must end at a regular file below the folder.
    fn link_fault(&self, link: &Path) -> Option<&'static str> {
        match fs::canonicalize(link) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                Some("it is a link to nothing")
            }
            Err(_) => Some("it is a link that cannot be followed"),
            Ok(target) if !target.starts_with(&self.root) => {
                Some("it is a link that leads out of the folder")
            }
            Ok(target) if !target.is_file() => Some("it is a link to something that is no file"),
            Ok(_) => None,
        }
    }

    /// The folder, without links.
    #[must_use]
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// The images, in the order of their paths.
    #[must_use]
    pub fn files(&self) -> &[FoundFile] {
        &self.files
    }

    /// Number of files that are not images, and of hidden ones. Layouts ignore them.
    #[must_use]
    pub fn others(&self) -> usize {
        self.others
    }

    /// Images of endings that are not read, in words; `None` where there are none.
    #[must_use]
    pub fn unread(&self) -> Option<String> {
        let unread = self.files.iter().filter(|file| !file.readable);
        let endings = unread.filter_map(|file| file.relative.get(file.stem + 1..));
        let endings: Vec<String> = endings.map(str::to_lowercase).collect();
        let kinds: BTreeSet<&String> = endings.iter().collect();
        let kinds: Vec<String> = kinds
            .into_iter()
            .map(|ending| format!(".{ending}"))
            .collect();
        match endings.len() {
            0 => None,
            1 => Some(format!("1 image is a {} file", kinds[0])),
            count => Some(format!("{count} images are {} files", kinds.join(" and "))),
        }
    }

    /// Folders that were not listed: path and reason.
    #[must_use]
    pub fn closed(&self) -> &[(String, String)] {
        &self.closed
    }

    /// The name of the folder that every image is in, if there is one.
    #[must_use]
    pub fn only_child(&self) -> Option<String> {
        let first = |file: &FoundFile| {
            file.relative
                .split_once('/')
                .map(|(first, _)| first.to_owned())
        };
        let name = first(self.files.first()?)?;
        let all = self
            .files
            .iter()
            .all(|file| first(file).as_ref() == Some(&name));
        all.then_some(name)
    }

    /// The images below the folder `name`, as if it had been listed itself.
    #[must_use]
    pub fn below(&self, name: &str) -> Self {
        let prefix = format!("{name}/");
        let files = self.files.iter().filter_map(|file| {
            let relative = file.relative.strip_prefix(&prefix)?.to_owned();
            Some(FoundFile {
                stem: file.stem.saturating_sub(prefix.len()),
                relative,
                ..file.clone()
            })
        });
        Self {
            root: self.root.join(name),
            files: files.collect(),
            others: 0,
            closed: Vec::new(),
        }
    }

    /// The fewest digits of the names that are numbers; `usual` where none is. `part` cuts the name out of a path
    /// without its ending.
    pub(super) fn digits(&self, usual: usize, part: impl Fn(&str) -> Option<&str>) -> usize {
        let numbers = self.files.iter().filter_map(|file| part(file.stem()?));
        numbers
            .filter(|name| !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_digit()))
            .map(str::len)
            .min()
            .unwrap_or(usual)
    }

    /// The place of a listed file on the disk.
    #[must_use]
    pub fn path(&self, file: &FoundFile) -> PathBuf {
        self.root.join(&file.relative)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::generator::images::testing::put;
    use crate::record::{FaultKind, Hint};

    fn names(folder: &Folder) -> Vec<&str> {
        folder
            .files
            .iter()
            .map(|file| file.relative.as_str())
            .collect()
    }

    #[test]
    fn images_are_listed_in_order_and_the_rest_is_counted() {
        let root = tempfile::tempdir().unwrap();
        for file in [
            "b/2.png", "b/1.JPEG", "a.Png", "note.txt", "._a.png", "c.webp", "png",
        ] {
            put(root.path(), file, b"");
        }
        let folder = Folder::list(root.path()).unwrap();
        assert_eq!(names(&folder), ["a.Png", "b/1.JPEG", "b/2.png", "c.webp"]);
        assert_eq!(folder.others(), 3);
        let stems: Vec<_> = folder.files().iter().map(FoundFile::stem).collect();
        assert_eq!(stems, [Some("a"), Some("b/1"), Some("b/2"), None]);
    }

    #[test]
    fn no_folder_a_file_and_an_empty_folder() {
        let root = tempfile::tempdir().unwrap();
        let none = Folder::list(&root.path().join("none")).unwrap_err();
        assert!(matches!(none, ImagesError::NoFolder { .. }));
        assert_eq!(none.fault_kind(), FaultKind::Setup);
        put(root.path(), "file", b"");
        let file = Folder::list(&root.path().join("file")).unwrap_err();
        assert!(matches!(file, ImagesError::NotFolder { .. }));
        fs::remove_file(root.path().join("file")).unwrap();
        assert!(Folder::list(root.path()).unwrap().files().is_empty());
    }

    #[cfg(unix)]
    #[test]
    fn links_lead_neither_out_nor_around() {
        use std::os::unix::fs::symlink;
        let outer = tempfile::tempdir().unwrap();
        put(outer.path(), "secret.png", b"x");
        let root = outer.path().join("images");
        put(&root, "real.png", b"x");
        symlink("real.png", root.join("inside.png")).unwrap();
        symlink("../secret.png", root.join("outside.png")).unwrap();
        symlink("loop.png", root.join("loop.png")).unwrap();
        symlink("absent", root.join("dangling.png")).unwrap();
        symlink(".", root.join("circle")).unwrap();
        symlink("..", root.join("up.png")).unwrap();
        let folder = Folder::list(&root).unwrap();
        let faults: Vec<_> = folder
            .files()
            .iter()
            .map(|file| (file.relative.as_str(), file.fault))
            .collect();
        assert_eq!(
            faults,
            [
                ("dangling.png", Some("it is a link to nothing")),
                ("inside.png", None),
                ("loop.png", Some("it is a link that cannot be followed")),
                (
                    "outside.png",
                    Some("it is a link that leads out of the folder")
                ),
                ("real.png", None),
                ("up.png", Some("it is a link that leads out of the folder")),
            ]
        );
        assert_eq!(folder.closed().len(), 1);
        // The folder itself may be reached through a link.
        symlink(&root, outer.path().join("alias")).unwrap();
        assert_eq!(
            Folder::list(&outer.path().join("alias"))
                .unwrap()
                .files()
                .len(),
            6
        );
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn odd_names_are_listed_and_match_nothing() {
        use std::ffi::OsStr;
        use std::os::unix::ffi::OsStrExt;
        let root = tempfile::tempdir().unwrap();
        put(root.path(), "new\nline.png", b"");
        fs::write(root.path().join(OsStr::from_bytes(b"caf\xe9.png")), b"").unwrap();
        let folder = Folder::list(root.path()).unwrap();
        assert_eq!(folder.files().len(), 2);
        let stems: Vec<_> = folder.files().iter().map(FoundFile::stem).collect();
        assert_eq!(stems, [None, Some("new\nline")]);
    }
}
