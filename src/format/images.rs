//! The image files of a folder and those below it, decoded a batch at a time.

use super::FormatError;
use crate::vision::{SourceImage, VisionError, read_any_image};
use rayon::prelude::*;
use std::collections::BTreeSet;
use std::ffi::OsStr;
use std::path::{Path, PathBuf};

/// What the names of images end with that are read: those of pytorch-fid, and two more.
const READ: [&str; 12] = [
    "bmp", "gif", "jfif", "jpg", "jpeg", "pgm", "png", "pnm", "ppm", "tif", "tiff", "webp",
];

/// What the names of images end with that are not read.
const NOT_READ: [&str; 9] = [
    "avif", "exr", "hdr", "heic", "heif", "jp2", "jxl", "psd", "svg",
];

/// The image files of a folder and the folders below, sorted by path.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ImageFiles {
    root: PathBuf,
    paths: Vec<PathBuf>,
    others: usize,
    folders: usize,
}

impl ImageFiles {
    /// Lists the files whose names end as an image's does, in upper case too, also those in folders below (as
    /// clean-fid does), sorted by path: parts are compared one by one, bytewise. Hidden files and folders, and what
    /// macOS adds to archives (`__MACOSX`), are passed over. Links to folders are followed, each folder once.
    ///
    /// # Errors
    /// A folder that cannot be read; one without images; an image of a format that is not read here
    /// (leaving it out would change the score without a sign).
    pub fn list(folder: &Path) -> Result<Self, FormatError> {
        let mut files = Self {
            root: folder.to_owned(),
            paths: Vec::new(),
            others: 0,
            folders: 0,
        };
        let mut folders = vec![folder.to_owned()];
        let mut seen = BTreeSet::new();
        while let Some(folder) = folders.pop() {
            // A link may lead back to a folder above it.
            let place = folder.canonicalize();
            let place = place.map_err(|source| FormatError::Read {
                path: folder.clone(),
                source,
            })?;
            if seen.insert(place) {
                files.add(&folder, &mut folders)?;
            }
        }
        if files.paths.is_empty() {
            let (others, folders) = (files.others, files.folders);
            return Err(FormatError::Malformed {
                path: folder.to_owned(),
                expected: "a folder of images",
                found: format!(
                    "no image file (PNG, JPEG, WebP, BMP, TIFF, PPM, GIF) among {others} others and in {folders} folders below"
                ),
                hint: "give the folder that holds the images, or one above it",
            });
        }
        files.paths.sort();
        Ok(files)
    }

    fn add(&mut self, folder: &Path, folders: &mut Vec<PathBuf>) -> Result<(), FormatError> {
        let failed = |source| FormatError::Read {
            path: folder.to_owned(),
            source,
        };
        for entry in std::fs::read_dir(folder).map_err(failed)? {
            let entry = entry.map_err(failed)?;
            let (path, name) = (entry.path(), entry.file_name());
            if name.as_encoded_bytes().starts_with(b".") || name == "__MACOSX" {
                continue;
            }
            let kind = entry.file_type().map_err(failed)?;
            if kind.is_dir() || kind.is_symlink() && path.is_dir() {
                folders.push(path);
                self.folders += 1;
                continue;
            }
            match extension(&path) {
                Some(ending) if READ.contains(&ending.as_str()) => self.paths.push(path),
                Some(ending) if NOT_READ.contains(&ending.as_str()) => {
                    return Err(FormatError::Malformed {
                        path,
                        expected: "an image that is read here",
                        found: format!("its name ends with .{ending}"),
                        hint: "convert it to PNG, or move it out of the folder",
                    });
                }
                _ => self.others += 1,
            }
        }
        Ok(())
    }

    /// The names of the files below the folder, with `/` between their parts.
    #[must_use]
    pub fn names(&self) -> Vec<String> {
        let name = |path: &PathBuf| {
            let parts = path.strip_prefix(&self.root).unwrap_or(path).iter();
            let parts: Vec<_> = parts.map(OsStr::to_string_lossy).collect();
            parts.join("/")
        };
        self.paths.iter().map(name).collect()
    }

    /// How many files lie in the folder itself; the others lie in folders below.
    #[must_use]
    pub fn own(&self) -> usize {
        let own = |path: &&PathBuf| path.parent() == Some(&*self.root);
        self.paths.iter().filter(own).count()
    }

    /// The files, sorted.
    #[must_use]
    pub fn paths(&self) -> &[PathBuf] {
        &self.paths
    }

    /// Number of images; at least 1.
    #[must_use]
    #[allow(clippy::len_without_is_empty)] // an empty folder is an error
    pub fn len(&self) -> usize {
        self.paths.len()
    }

    /// Number of files that are no images by their names and were left out.
    #[must_use]
    pub fn others(&self) -> usize {
        self.others
    }

    /// Decodes the images in order, `size` (at least 1) at a time on all cores: only these are in memory.
    pub fn batches(
        &self,
        size: usize,
    ) -> impl Iterator<Item = Result<Vec<SourceImage>, VisionError>> + Send {
        self.paths.chunks(size.max(1)).map(|paths| {
            let decoded: Vec<_> = paths.par_iter().map(|path| read_any_image(path)).collect();
            // The first fault in order, not the first in time.
            decoded.into_iter().collect()
        })
    }
}

fn extension(path: &Path) -> Option<String> {
    path.extension()
        .and_then(OsStr::to_str)
        .map(str::to_ascii_lowercase)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::record::Hint;
    use crate::vision::encode_png;
    use image::{Rgb, RgbImage};

    fn png(value: u8) -> Vec<u8> {
        encode_png(&RgbImage::from_pixel(3, 2, Rgb([value; 3]))).unwrap()
    }

    fn folder(files: &[&str]) -> tempfile::TempDir {
        let folder = tempfile::tempdir().unwrap();
        for (value, name) in files.iter().enumerate() {
            let path = folder.path().join(name);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, png(value as u8)).unwrap();
        }
        folder
    }

    #[test]
    fn files_are_sorted_bytewise_and_by_parts() {
        let folder = folder(&[
            "10.png",
            "9.png",
            "a.PNG",
            "B.jpeg",
            "é.png",
            "notes.txt",
            "sub/0.png",
            "sub.png",
            "sub/z/1.JPG",
            "sub-a/2.png",
            "noextension",
            ".hidden.png",
            "._9.png",
            "__MACOSX/9.png",
            ".thumbs/1.png",
        ]);
        let all = [
            "10.png",
            "9.png",
            "B.jpeg",
            "a.PNG",
            "sub/0.png",
            "sub/z/1.JPG",
            "sub-a/2.png",
            "sub.png",
            "é.png",
        ];
        let files = ImageFiles::list(folder.path()).unwrap();
        assert_eq!(files.names(), all);
        assert_eq!((files.len(), files.own(), files.others()), (9, 6, 2));
        let batches: Vec<_> = files.batches(5).map(Result::unwrap).collect();
        assert_eq!(batches.iter().map(Vec::len).collect::<Vec<_>>(), [5, 4]);
        let images: Vec<_> = batches
            .concat()
            .into_iter()
            .map(|image| image.image)
            .collect();
        assert_eq!(images[0].get_pixel(0, 0).0, [0; 3]);
        assert_eq!(images[3].get_pixel(0, 0).0, [2; 3]);
    }

    #[cfg(unix)]
    #[test]
    fn linked_folders_are_read_once_and_circles_end() {
        use std::os::unix::fs::symlink;
        let elsewhere = folder(&["b.png"]);
        let own = folder(&["a.png"]);
        symlink(elsewhere.path(), own.path().join("linked")).unwrap();
        symlink(own.path(), elsewhere.path().join("back")).unwrap();
        let files = ImageFiles::list(own.path()).unwrap();
        assert_eq!(files.names(), ["a.png", "linked/b.png"]);
        symlink("nowhere", own.path().join("broken.png")).unwrap();
        assert_eq!(
            ImageFiles::list(own.path()).unwrap().len(),
            3,
            "reading it is an error, not silence"
        );
    }

    #[test]
    fn empty_folders_and_other_formats_are_refused() {
        let none = ImageFiles::list(folder(&["a.txt"]).path()).unwrap_err();
        assert!(none.to_string().contains("no image file"), "{none}");
        let webp = folder(&["a.png", "b.HEIC"]);
        let other = ImageFiles::list(webp.path()).unwrap_err();
        assert!(other.to_string().contains("b.HEIC"), "{other}");
        assert!(other.hint().unwrap().contains("PNG"));
        let missing = ImageFiles::list(Path::new("no/such/folder")).unwrap_err();
        assert!(matches!(missing, FormatError::Read { .. }));
    }

    #[test]
    fn a_broken_file_is_an_error_of_its_own() {
        let folder = folder(&["a.png", "b.png", "c.png"]);
        std::fs::write(folder.path().join("b.png"), b"").unwrap();
        let files = ImageFiles::list(folder.path()).unwrap();
        let found: Vec<_> = files.batches(1).collect();
        assert!(found[0].is_ok() && found[2].is_ok());
        let error = found[1].as_ref().unwrap_err();
        assert!(error.to_string().contains("b.png"), "{error}");
    }
}
