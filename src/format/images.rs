//! The image files of a folder, listed as pytorch-fid lists them and decoded a batch at a time.

use super::FormatError;
use crate::vision::{SourceImage, VisionError, read_image};
use rayon::prelude::*;
use std::ffi::OsStr;
use std::path::{Path, PathBuf};

/// What the names of images end with (`IMAGE_EXTENSIONS` of pytorch-fid).
const EXTENSIONS: [&str; 9] = [
    "bmp", "jpg", "jpeg", "pgm", "png", "ppm", "tif", "tiff", "webp",
];

/// Those of them that are read.
const READ: [&str; 3] = ["jpg", "jpeg", "png"];

/// Whether the folders in a folder are listed too.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Depth {
    /// Only the folder's own files, as pytorch-fid does.
    #[default]
    Flat,
    /// All files below it; links to folders are not followed.
    Recursive,
}

/// The image files of a folder, sorted by path.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ImageFiles {
    paths: Vec<PathBuf>,
    others: usize,
}

impl ImageFiles {
    /// Lists the files whose names end with an extension that pytorch-fid takes for an image's, in upper
    /// case too, sorted by path: the order of pytorch-fid, where a folder's paths are compared part by
    /// part and bytewise.
    ///
    /// # Errors
    /// A folder that cannot be read; one without images; an image of a format that is not read here
    /// (leaving it out would change the score without a sign).
    pub fn list(folder: &Path, depth: Depth) -> Result<Self, FormatError> {
        let mut files = Self {
            paths: Vec::new(),
            others: 0,
        };
        let mut folders = vec![folder.to_owned()];
        while let Some(folder) = folders.pop() {
            files.add(&folder, depth, &mut folders)?;
        }
        if files.paths.is_empty() {
            return Err(FormatError::Malformed {
                path: folder.to_owned(),
                expected: "a folder of images",
                found: format!("no PNG or JPEG file among {} others", files.others),
                hint: "give the folder that holds the images itself, or list the folders in it too",
            });
        }
        files.paths.sort();
        Ok(files)
    }

    fn add(
        &mut self,
        folder: &Path,
        depth: Depth,
        folders: &mut Vec<PathBuf>,
    ) -> Result<(), FormatError> {
        let failed = |source| FormatError::Read {
            path: folder.to_owned(),
            source,
        };
        for entry in std::fs::read_dir(folder).map_err(failed)? {
            let entry = entry.map_err(failed)?;
            let path = entry.path();
            if entry.file_type().map_err(failed)?.is_dir() {
                if depth == Depth::Recursive {
                    folders.push(path);
                }
                continue;
            }
            match extension(&path) {
                Some(ending) if READ.contains(&ending.as_str()) => self.paths.push(path),
                Some(ending) if EXTENSIONS.contains(&ending.as_str()) => {
                    return Err(FormatError::Malformed {
                        path,
                        expected: "a PNG or JPEG file",
                        found: format!("its name ends with .{ending}, which is not read"),
                        hint: "convert it to PNG, or move it out of the folder",
                    });
                }
                _ => self.others += 1,
            }
        }
        Ok(())
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
            let decoded: Vec<_> = paths.par_iter().map(|path| read_image(path)).collect();
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

    fn names(folder: &Path, depth: Depth) -> Vec<String> {
        let files = ImageFiles::list(folder, depth).unwrap();
        let short = |path: &PathBuf| path.strip_prefix(folder).unwrap().display().to_string();
        files.paths().iter().map(short).collect()
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
        ]);
        let flat = ["10.png", "9.png", "B.jpeg", "a.PNG", "sub.png", "é.png"];
        assert_eq!(names(folder.path(), Depth::Flat), flat);
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
        assert_eq!(names(folder.path(), Depth::Recursive), all);
        let files = ImageFiles::list(folder.path(), Depth::Flat).unwrap();
        assert_eq!((files.len(), files.others()), (6, 2));
        let batches: Vec<_> = files.batches(4).map(Result::unwrap).collect();
        assert_eq!(batches.iter().map(Vec::len).collect::<Vec<_>>(), [4, 2]);
        let images: Vec<_> = batches
            .concat()
            .into_iter()
            .map(|image| image.image)
            .collect();
        assert_eq!(images[0].get_pixel(0, 0).0, [0; 3]);
        assert_eq!(images[3].get_pixel(0, 0).0, [2; 3]);
    }

    #[test]
    fn empty_folders_and_other_formats_are_refused() {
        let none = ImageFiles::list(folder(&["a.txt"]).path(), Depth::Flat).unwrap_err();
        assert!(none.to_string().contains("no PNG or JPEG"), "{none}");
        let webp = folder(&["a.png", "b.WebP"]);
        let other = ImageFiles::list(webp.path(), Depth::Flat).unwrap_err();
        assert!(other.to_string().contains("b.WebP"), "{other}");
        assert!(other.hint().unwrap().contains("PNG"));
        let missing = ImageFiles::list(Path::new("no/such/folder"), Depth::Flat).unwrap_err();
        assert!(matches!(missing, FormatError::Read { .. }));
    }

    #[test]
    fn a_broken_file_is_an_error_of_its_own() {
        let folder = folder(&["a.png", "b.png", "c.png"]);
        std::fs::write(folder.path().join("b.png"), b"").unwrap();
        let files = ImageFiles::list(folder.path(), Depth::Flat).unwrap();
        let found: Vec<_> = files.batches(1).collect();
        assert!(found[0].is_ok() && found[2].is_ok());
        let error = found[1].as_ref().unwrap_err();
        assert!(error.to_string().contains("b.png"), "{error}");
    }
}
