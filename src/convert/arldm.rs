//! ARLDM's HDF5 file: one group per split, one picture per frame with red and blue exchanged, and captions joined
//! by `|`.

use super::error::ConvertError;
use super::{Job, Written, name};
use crate::format::{StoryFileError, StoryFileWriter};
use crate::record::{ClipId, FrameIndex, Story};
use std::collections::{BTreeMap, HashMap};

/// The separator of captions.
const BAR: char = '|';

/// Writes the stories of all splits, with all frames of their clips, one below the other.
pub(super) fn write(job: &mut Job<'_>) -> Result<Written, ConvertError> {
    let stories = job.stories()?;
    let lengths = stories.iter().flat_map(|(_, stories)| stories);
    let length = lengths.clone().next().map_or(0, |story| story.frames.len());
    for story in lengths {
        check(job, story, length)?;
    }
    let file = format!("{}.h5", name::plain(&job.card().id));
    let path = job.draft.place(&file);
    let failed = |source: StoryFileError| ConvertError::StoryFile {
        path: path.clone(),
        source,
    };
    let mut out = StoryFileWriter::create(&job.draft.folder().join(&file), length, &["text"])
        .map_err(failed)?;
    job.footage.expect(rounds(&stories));
    let mut splits = BTreeMap::new();
    for (split, stories) in &stories {
        out.group(split).map_err(failed)?;
        // Windows overlap: what the story before showed need not be encoded again.
        let mut known: HashMap<&ClipId, Vec<u8>> = HashMap::new();
        for story in stories {
            let mut pictures = HashMap::new();
            for frame in &story.frames {
                let bytes = match known.remove(&frame.clip) {
                    Some(bytes) => bytes,
                    None if pictures.contains_key(&frame.clip) => continue,
                    None => job.footage.open(&frame.clip)?.column_png(true)?,
                };
                pictures.insert(&frame.clip, bytes);
            }
            let images: Vec<&[u8]> = story
                .frames
                .iter()
                .filter_map(|frame| pictures.get(&frame.clip).map(Vec::as_slice))
                .collect();
            let captions: Vec<&str> = story.frames.iter().map(|frame| &*frame.caption).collect();
            out.story(&images, &[captions.join("|")]).map_err(failed)?;
            known = pictures;
        }
        splits.insert(split.clone(), stories.len());
    }
    out.finish().map_err(failed)?;
    Ok(Written {
        splits,
        length: Some(length),
        renamed: true,
    })
}

/// Pictures that will be encoded.
fn rounds(stories: &[(String, Vec<Story>)]) -> usize {
    let mut count = 0;
    for (_, stories) in stories {
        let mut before: Vec<&ClipId> = Vec::new();
        for story in stories {
            let mut own: Vec<&ClipId> = story.frames.iter().map(|frame| &frame.clip).collect();
            own.sort_unstable();
            own.dedup();
            count += own.iter().filter(|clip| !before.contains(clip)).count();
            before = own;
        }
    }
    count
}

/// A story that the file can hold.
fn check(job: &Job<'_>, story: &Story, length: usize) -> Result<(), ConvertError> {
    if story.frames.len() != length {
        return Err(ConvertError::Length {
            to: job.to,
            story: story.id.clone(),
            found: story.frames.len(),
            wanted: length,
        });
    }
    for (frame, place) in story.frames.iter().zip(1..) {
        if let Some(mark) = frame.caption.chars().find(|c| [BAR, '\0'].contains(c)) {
            return Err(ConvertError::Caption {
                to: job.to,
                story: story.id.clone(),
                frame: FrameIndex(place),
                mark,
            });
        }
    }
    Ok(())
}
