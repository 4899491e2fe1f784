//! Where a layout keeps the frames of its clips.

use super::DatasetError;
use super::frames::{ClipFrames, FramesError};
use super::npy::NpyFrames;
use super::picture::{Channels, Pictures, Strip};
use super::root::Root;
use crate::card::ImageSize;
use crate::record::ClipId;
use std::collections::HashMap;
use std::fmt;
use std::path::Path;

/// Where a layout keeps its pixels.
pub(crate) trait Pixels: fmt::Debug + Send + Sync {
    /// The files with a clip's frames, relative to the data set's folder. Several clips may share one.
    fn files(&self, clip: &ClipId) -> Vec<String>;

    /// Opens a clip.
    fn open(&self, root: &Root, clip: &ClipId) -> Result<Box<dyn ClipFrames>, DatasetError>;
}

/// An NPY file a clip: `<folder>/<clip>.npy`.
#[derive(Debug)]
pub(crate) struct NpyFolder {
    pub(crate) folder: &'static str,
}

impl Pixels for NpyFolder {
    fn files(&self, clip: &ClipId) -> Vec<String> {
        vec![format!("{}/{clip}.npy", self.folder)]
    }

    fn open(&self, root: &Root, clip: &ClipId) -> Result<Box<dyn ClipFrames>, DatasetError> {
        let path = root.file(&format!("{}/{clip}.npy", self.folder))?;
        let frames = NpyFrames::open(&path);
        boxed(clip, &path, frames)
    }
}

/// A tall picture a clip: `<clip>.png`, frames one below the other.
#[derive(Debug)]
pub(crate) struct StripFiles;

impl Pixels for StripFiles {
    fn files(&self, clip: &ClipId) -> Vec<String> {
        vec![format!("{clip}.png")]
    }

    fn open(&self, root: &Root, clip: &ClipId) -> Result<Box<dyn ClipFrames>, DatasetError> {
        let path = root.file(&format!("{clip}.png"))?;
        let strip = Strip::open(&path, Channels::Rgb);
        boxed(clip, &path, strip)
    }
}

/// Picture files that a metadata file names, one file per frame.
#[derive(Debug)]
pub(crate) struct NamedFiles {
    /// By clip: its files, first frame first.
    pub(crate) files: HashMap<ClipId, Vec<String>>,
}

impl Pixels for NamedFiles {
    fn files(&self, clip: &ClipId) -> Vec<String> {
        self.files.get(clip).cloned().unwrap_or_default()
    }

    fn open(&self, root: &Root, clip: &ClipId) -> Result<Box<dyn ClipFrames>, DatasetError> {
        let files = self.files(clip);
        let paths = files
            .iter()
            .map(|file| root.file(file))
            .collect::<Result<Vec<_>, _>>()?;
        let path = paths.first().cloned().unwrap_or_default();
        boxed(clip, &path, Pictures::open(paths))
    }
}

fn boxed<F: ClipFrames + 'static>(
    clip: &ClipId,
    path: &Path,
    frames: Result<F, FramesError>,
) -> Result<Box<dyn ClipFrames>, DatasetError> {
    match frames {
        Ok(frames) => Ok(Box::new(frames)),
        Err(source) => Err(frames_error(clip, path, source)),
    }
}

/// A clip's frames are damaged.
pub(crate) fn frames_error(clip: &ClipId, path: &Path, source: FramesError) -> DatasetError {
    DatasetError::Frames {
        clip: clip.clone(),
        path: path.to_owned(),
        source,
    }
}

/// Frames are as large as the card says, where it says something.
pub(crate) fn check_size(
    frames: &dyn ClipFrames,
    size: Option<ImageSize>,
    path: &Path,
) -> Result<(), DatasetError> {
    let (found_width, found_height) = frames.size();
    match size {
        Some(ImageSize { width, height })
            if (found_width as usize, found_height as usize) != (width, height) =>
        {
            Err(DatasetError::WrongFrameSize {
                path: path.to_owned(),
                found_width,
                found_height,
                width,
                height,
            })
        }
        _ => Ok(()),
    }
}
