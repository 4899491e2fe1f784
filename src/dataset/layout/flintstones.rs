//! FlintstonesSV as StoryDALL-E, Make-A-Story and ARLDM read it, and with all frames of a clip as
//! VLCStoryGan does.
//!
//! One folder: annotations, split, labels, followers and an NPY file a clip. Stories are windows:
//! a clip of the split and the clips that follow it. Windows overlap, and only the first clip of a
//! story is sure to belong to the split.

use super::clips::{ClipAnnotations, LABELS, SPLITS, catalog};
use super::{Mark, Source, file, named};
use crate::dataset::DatasetError;
use crate::dataset::annotation::annotations;
use crate::dataset::catalog::Catalog;
use crate::dataset::pixels::NpyFolder;

/// The annotations, of this layout and of one that is made of it.
pub(super) const ANNOTATIONS: &str = "flintstones_annotations_v1-0.json";
/// Five frames of each clip.
pub(super) const SAMPLED: &str = "video_frames_sampled";
/// All frames of each clip.
pub(super) const FULL: &str = "video_frames";

/// What the sampled form is known by.
pub(super) const MARKS: &[Mark] = &[
    file(&[ANNOTATIONS]),
    file(&[LABELS]),
    file(SPLITS),
    Mark::Folder(SAMPLED),
];

/// What the full form is known by.
pub(super) const MARKS_FULL: &[Mark] = &[
    file(&[ANNOTATIONS]),
    file(&[LABELS]),
    file(SPLITS),
    Mark::Folder(FULL),
];

/// Reads the metadata; frames lie in the folder `frames`.
pub(super) fn read(source: Source<'_>, frames: &'static str) -> Result<Catalog, DatasetError> {
    let read = || {
        let bytes = source.root.read(ANNOTATIONS)?;
        Ok(ClipAnnotations {
            file: ANNOTATIONS,
            annotations: annotations(&bytes, &named(source.root, ANNOTATIONS))?,
            metadata: vec![ANNOTATIONS.to_owned()],
        })
    };
    catalog(source, read, Box::new(NpyFolder { folder: frames }))
}
