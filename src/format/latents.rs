//! Latents of frames, one NPY array `[channels, height, width]` of `float32` a frame: below a folder, or
//! in an NPZ archive, as `<story>/<frame>.npy`, frames from 1.

use super::FormatError;
use super::fault::{Fault, FileKind};
use super::npy::{Stored, bytes_of};
use crate::record::{FrameIndex, StoryId, hex};
use ndarray::{Array3, ArrayView3};
use sha2::{Digest, Sha256};
use std::fs::{self, File};
use std::io::{BufReader, Read, Write as _};
use std::path::{Path, PathBuf};
use zip::ZipArchive;
use zip::result::ZipError;

/// Largest array of one frame that is believed, in bytes.
const MAX_BYTES: u64 = 1 << 30;
const EXPECTED: FileKind = FileKind {
    expected: "usable as latents",
    hint: "give a folder or an .npz with `<story id>/<frame>.npy` for every frame that is drawn, saved with \
`numpy.save(PATH, numpy.asarray(x, dtype=\"float32\"))`; `storyeval generate ... --save-latents DIR` writes such a folder",
};

/// Turns the id of a story into the name of its folder.
pub type FolderName = fn(&StoryId) -> String;

/// Latents that somebody else made.
#[derive(Debug)]
pub struct LatentFiles {
    path: PathBuf,
    /// `None` where `path` is a folder.
    archive: Option<Box<ZipArchive<BufReader<File>>>>,
    name: FolderName,
}

impl LatentFiles {
    /// Opens a folder or an archive. `name` gives the folder of a story; it has to be one path component.
    ///
    /// # Errors
    /// [`FormatError::Read`]; [`FormatError::Malformed`] for a file that is no archive.
    pub fn open(path: &Path, name: FolderName) -> Result<Self, FormatError> {
        let read = |source| FormatError::Read {
            path: path.to_path_buf(),
            source,
        };
        let archive = if fs::metadata(path).map_err(read)?.is_dir() {
            None
        } else {
            let file = BufReader::new(File::open(path).map_err(read)?);
            let archive = ZipArchive::new(file).map_err(|error| EXPECTED.fault(path, error))?;
            Some(Box::new(archive))
        };
        Ok(Self {
            path: path.to_path_buf(),
            archive,
            name,
        })
    }

    /// The latents of one frame.
    ///
    /// # Errors
    /// [`FormatError::Malformed`] where they are missing, of another shape or type, not finite or cut off;
    /// [`FormatError::Read`].
    pub fn read(
        &mut self,
        story: &StoryId,
        frame: FrameIndex,
        shape: [usize; 3],
    ) -> Result<Array3<f32>, FormatError> {
        let member = format!("{}/{frame}.npy", (self.name)(story));
        let missing = || {
            EXPECTED.malformed(
                &self.path,
                format!("it has no `{member}`, for frame {frame} of story {story}"),
            )
        };
        let path = self.path.join(&member);
        let values = match &mut self.archive {
            None => {
                let file = match File::open(&path) {
                    Ok(file) => file,
                    Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
                        return Err(missing());
                    }
                    Err(source) => return Err(FormatError::Read { path, source }),
                };
                let length = file.metadata().map_or(0, |it| it.len());
                read(&mut BufReader::new(file), length, shape)
            }
            Some(archive) => match archive.by_name(&member) {
                Ok(entry) => {
                    let length = entry.size();
                    // The archive's claim is not believed: a bomb unpacks to more.
                    read(&mut entry.take(length), length, shape)
                }
                Err(ZipError::FileNotFound) => return Err(missing()),
                Err(error) => Err(error.into()),
            },
        };
        values.map_err(|fault| EXPECTED.fault(&path, fault))
    }

    /// SHA-256 of the latents of these frames, in order: the same for a folder and an archive of the same values.
    ///
    /// # Errors
    /// Those of [`LatentFiles::read`], so that what is missing is known before anything is drawn.
    pub fn content_hash<'a>(
        &mut self,
        frames: impl Iterator<Item = (&'a StoryId, FrameIndex)>,
        shape: [usize; 3],
    ) -> Result<String, FormatError> {
        let mut hash = Sha256::new();
        for side in shape {
            hash.update((side as u64).to_le_bytes());
        }
        for (story, frame) in frames {
            hash.update((story.as_str().len() as u64).to_le_bytes());
            hash.update(story.as_str());
            hash.update(frame.0.to_le_bytes());
            for value in self.read(story, frame, shape)? {
                hash.update(value.to_le_bytes());
            }
        }
        Ok(hex(&hash.finalize()))
    }
}

/// A folder that latents are written to.
#[derive(Clone, Debug)]
pub struct LatentFolder {
    path: PathBuf,
    name: FolderName,
}

impl LatentFolder {
    /// Makes the folder where it is not there.
    ///
    /// # Errors
    /// [`FormatError::Write`].
    pub fn create(path: &Path, name: FolderName) -> Result<Self, FormatError> {
        fs::create_dir_all(path).map_err(|source| FormatError::Write {
            path: path.to_path_buf(),
            source,
        })?;
        Ok(Self {
            path: path.to_path_buf(),
            name,
        })
    }

    /// Writes the latents of one frame. The file appears whole or not at all.
    ///
    /// # Errors
    /// [`FormatError::Write`].
    pub fn write(
        &self,
        story: &StoryId,
        frame: FrameIndex,
        latents: &ArrayView3<'_, f32>,
    ) -> Result<(), FormatError> {
        let folder = self.path.join((self.name)(story));
        let path = folder.join(format!("{frame}.npy"));
        let bytes = latents_file(latents);
        let place = || {
            fs::create_dir_all(&folder)?;
            let mut file = tempfile::NamedTempFile::new_in(&folder)?;
            file.write_all(&bytes)?;
            file.persist(&path).map_err(|error| error.error)?;
            Ok(())
        };
        place().map_err(|source| FormatError::Write {
            path: path.clone(),
            source,
        })
    }
}

/// The bytes of the `.npy` file of the latents of one frame.
#[must_use]
pub fn latents_file(latents: &ArrayView3<'_, f32>) -> Vec<u8> {
    let (channels, height, width) = latents.dim();
    let shape = format!("({channels}, {height}, {width})");
    bytes_of(&shape, latents.iter().copied())
}

/// Reads a `float32` array in C order that has exactly `shape`.
fn read(input: &mut impl Read, length: u64, shape: [usize; 3]) -> Result<Array3<f32>, Fault> {
    let found = |found: String| Err(Fault::Malformed(found));
    let stored = Stored::open(input, length, MAX_BYTES)?;
    if stored.shape != shape {
        return found(format!(
            "its shape is {:?} instead of {shape:?}",
            stored.shape
        ));
    }
    if !stored.descr.ends_with("f4") {
        return found(format!("its numbers are `{}`, not float32", stored.descr));
    }
    if stored.fortran {
        return found("it is stored column by column; save a copy in C order".to_owned());
    }
    let values = stored.read_f32(input)?;
    if values.iter().any(|value| !value.is_finite()) {
        return found("it has values that are not finite".to_owned());
    }
    Array3::from_shape_vec(shape, values).map_err(|error| Fault::Malformed(error.to_string()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::record::{FaultKind, Hint};
    use zip::write::SimpleFileOptions;

    const SHAPE: [usize; 3] = [2, 1, 3];

    fn plain(story: &StoryId) -> String {
        story.as_str().to_owned()
    }

    fn latents() -> Array3<f32> {
        Array3::from_shape_fn(SHAPE, |(c, _, x)| c as f32 - 0.5 * x as f32)
    }

    fn folder() -> (tempfile::TempDir, LatentFiles) {
        let folder = tempfile::tempdir().unwrap();
        let written = LatentFolder::create(folder.path(), plain).unwrap();
        let story = StoryId::new("a");
        written
            .write(&story, FrameIndex(1), &latents().view())
            .unwrap();
        let other = latents().mapv(|value| value + 1.0);
        written.write(&story, FrameIndex(2), &other.view()).unwrap();
        let files = LatentFiles::open(folder.path(), plain).unwrap();
        (folder, files)
    }

    fn archive(of: &Path) -> PathBuf {
        let path = of.join("latents.npz");
        let mut archive = zip::ZipWriter::new(File::create(&path).unwrap());
        for frame in [1, 2] {
            let name = format!("a/{frame}.npy");
            archive
                .start_file(&name, SimpleFileOptions::default())
                .unwrap();
            archive
                .write_all(&fs::read(of.join(&name)).unwrap())
                .unwrap();
        }
        archive.finish().unwrap();
        path
    }

    fn frames(story: &StoryId) -> impl Iterator<Item = (&StoryId, FrameIndex)> {
        [1, 2].map(|frame| (story, FrameIndex(frame))).into_iter()
    }

    #[test]
    fn what_is_written_is_read_and_an_archive_is_no_other() {
        let (path, mut files) = folder();
        let story = StoryId::new("a");
        assert_eq!(files.read(&story, FrameIndex(1), SHAPE).unwrap(), latents());
        let hash = files.content_hash(frames(&story), SHAPE).unwrap();
        let mut archive = LatentFiles::open(&archive(path.path()), plain).unwrap();
        assert_eq!(
            archive.read(&story, FrameIndex(1), SHAPE).unwrap(),
            latents()
        );
        assert_eq!(archive.content_hash(frames(&story), SHAPE).unwrap(), hash);
        let one = archive.content_hash(frames(&story).take(1), SHAPE).unwrap();
        assert_ne!(one, hash);
    }

    #[test]
    fn missing_and_other_latents_are_errors_that_name_file_story_and_shape() {
        let (path, mut files) = folder();
        let mut archive = LatentFiles::open(&archive(path.path()), plain).unwrap();
        let story = StoryId::new("a");
        for files in [&mut files, &mut archive] {
            let error = files.read(&story, FrameIndex(3), SHAPE).unwrap_err();
            assert!(error.to_string().contains("a/3.npy"), "{error}");
            assert!(error.to_string().contains("frame 3 of story a"), "{error}");
            assert!(error.hint().unwrap().contains("--save-latents"));
            let error = files.read(&story, FrameIndex(1), [2, 3, 1]).unwrap_err();
            assert!(
                error.to_string().contains("[2, 1, 3] instead of [2, 3, 1]"),
                "{error}"
            );
            assert_eq!(error.fault_kind(), FaultKind::DataVerification);
        }
    }

    #[test]
    fn other_types_cut_files_and_values_that_are_no_numbers_are_refused() {
        let (path, mut files) = folder();
        let file = path.path().join("a/1.npy");
        let whole = fs::read(&file).unwrap();
        let mut refused = |bytes: &[u8], why: &str| {
            fs::write(&file, bytes).unwrap();
            let error = files
                .read(&StoryId::new("a"), FrameIndex(1), SHAPE)
                .unwrap_err();
            assert!(error.to_string().contains(why), "{error}");
        };
        refused(&whole[..whole.len() - 1], "cut off");
        refused(b"text", "NPY magic");
        let doubles = String::from_utf8_lossy(&whole[..80]).contains("<f4");
        assert!(doubles, "the header names its type");
        let at = whole.windows(3).position(|it| it == b"<f4").unwrap();
        let mut other = whole.clone();
        other[at..at + 3].copy_from_slice(b"<i4");
        refused(&other, "not float32");
        let mut infinite = whole.clone();
        let end = infinite.len();
        infinite[end - 4..].copy_from_slice(&f32::NAN.to_le_bytes());
        refused(&infinite, "not finite");
        fs::write(&file, "no archive").unwrap();
        assert!(LatentFiles::open(&file, plain).is_err());
    }
}
