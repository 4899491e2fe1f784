//! ARLDM's HDF5 file: one group per split, `image0` to `image4` and the text of each story.
//!
//! The file names neither clips nor labels: a story is called after its group and place. Pictures were
//! written by `cv2.imencode` from RGB arrays, so that a PNG reader sees red and blue exchanged. For
//! FlintstonesSV and PororoSV a picture is a column of the clip's frames; VIST has one photo.

use super::listed::Parts;
use super::vist::plain_shot;
use super::{Source, named};
use crate::card::CaptionSource;
use crate::dataset::catalog::{Catalog, Remark};
use crate::dataset::frames::ClipFrames;
use crate::dataset::picture::{Channels, Picture, Strip};
use crate::dataset::pixels::{Pixels, frames_error};
use crate::dataset::root::Root;
use crate::dataset::{DatasetError, FramesError};
use crate::format::StoryFile;
use crate::record::{ClipId, StoryId};
use std::fmt;

/// Endings by which the file is known.
pub(super) const ENDINGS: [&str; 2] = ["h5", "hdf5"];

/// FlintstonesSV and PororoSV.
const TEXT: &str = "text";
/// VIST.
const STORIES: &str = "sis";
const DESCRIPTIONS: &str = "dii";

/// The file of a folder: the one there is, or of several the one that is called after the data set.
pub(super) fn find(source: Source<'_>) -> Option<String> {
    let names = source.root.with_endings(&ENDINGS);
    let own = names.iter().find(|name| {
        name.rsplit_once('.')
            .is_some_and(|(stem, _)| stem == source.card.id)
    });
    match names.as_slice() {
        [only] => Some(only.clone()),
        _ => own.cloned(),
    }
}

/// Reads the text of all stories.
pub(super) fn read(source: Source<'_>) -> Result<Catalog, DatasetError> {
    let Some(name) = find(source) else {
        return Err(DatasetError::SeveralFiles {
            folder: source.root.folder().to_owned(),
            files: source.root.with_endings(&ENDINGS),
            wanted: format!("{}.h5", source.card.id),
        });
    };
    let path = source.root.file(&name)?;
    let failed = |fault| DatasetError::StoryFile {
        path: path.clone(),
        source: fault,
    };
    let file = StoryFile::open(&path).map_err(failed)?;
    let groups: Vec<String> = file.groups().map(str::to_owned).collect();
    let mut parts = Parts::default();
    let mut remarks = Vec::new();
    let mut columns = false;
    for group in &groups {
        let texts = file.texts(group).map_err(failed)?;
        columns = texts.contains(&TEXT);
        let wanted = match (columns, source.layout.captions) {
            (true, _) => TEXT,
            (false, CaptionSource::Stories) => STORIES,
            (false, CaptionSource::Descriptions) => DESCRIPTIONS,
        };
        let images = file.images(group).map_err(failed)?;
        let count = file.len(group).map_err(failed)?;
        let mut odd = Vec::new();
        for index in 0..count {
            let text = file.text(group, wanted, index).map_err(failed)?;
            let captions: Vec<&str> = text.split('|').collect();
            let id = format!("{group}-{index}");
            if captions.len() != images {
                odd.push(id);
                continue;
            }
            let shots = captions.iter().enumerate().map(|(k, caption)| {
                plain_shot(ClipId::new(format!("{id}-{k}")), (*caption).to_owned())
            });
            parts.push(StoryId::new(id.as_str()), group, shots);
        }
        // A group without a single whole story is a split all the same.
        parts.splits.entry(group.clone()).or_default();
        remarks.extend(remark(group, count, images, &odd));
    }
    let pixels = Box::new(Pictures {
        name: name.clone(),
        columns,
        file,
    });
    Ok(parts.catalog(
        vec![name.clone()],
        named(source.root, &name),
        remarks,
        pixels,
    ))
}

/// Captions are joined by `|`, so a caption that holds one, or a description that was left out because
/// it occurs twice, makes them as many as there are not images.
fn remark(split: &str, count: u64, images: usize, odd: &[String]) -> Option<Remark> {
    const SHOWN: usize = 3;
    if odd.is_empty() {
        return None;
    }
    let shown: Vec<&str> = odd.iter().take(SHOWN).map(String::as_str).collect();
    Some(Remark {
        split: split.to_owned(),
        text: format!(
            "{} of {count} stories of split `{split}` have another number of captions than of images ({images}) and are left out: {}{}",
            odd.len(),
            shown.join(", "),
            if odd.len() > SHOWN { ", ..." } else { "" }
        ),
        unreadable: Vec::new(),
    })
}

/// The pictures in the file.
struct Pictures {
    name: String,
    columns: bool,
    file: StoryFile,
}

impl fmt::Debug for Pictures {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("Pictures")
            .field("name", &self.name)
            .field("columns", &self.columns)
            .finish_non_exhaustive()
    }
}

impl Pixels for Pictures {
    fn files(&self, _clip: &ClipId) -> Vec<String> {
        vec![self.name.clone()]
    }

    fn open(&self, root: &Root, clip: &ClipId) -> Result<Box<dyn ClipFrames>, DatasetError> {
        let path = root.file(&self.name)?;
        let failed = |fault: FramesError| frames_error(clip, &path, fault);
        // `<group>-<story>-<frame>`; a group may hold dashes.
        let mut fields = clip.as_str().rsplitn(3, '-');
        let (Some(frame), Some(index), Some(group)) = (
            fields.next().and_then(|field| field.parse().ok()),
            fields.next().and_then(|field| field.parse().ok()),
            fields.next(),
        ) else {
            return Err(failed(FramesError::NoPicture));
        };
        let bytes = self.file.image(group, frame, index);
        let bytes = bytes.map_err(|fault| failed(fault.into()))?;
        Ok(if self.columns {
            Box::new(Strip::decode(&bytes, &path, Channels::Swapped).map_err(failed)?)
        } else {
            Box::new(Picture::decode(&bytes, &path, Channels::Swapped).map_err(failed)?)
        })
    }
}
