//! Data sets from one layout to another, one file per layout that is written.
//!
//! The layouts of FlintstonesSV, StoryGPT-V and PororoSV hold clips in sequence, from which stories of any
//! length are cut; the others list stories. Frames are read and written clip by clip. The folder appears
//! whole or not at all, and has a card beside the data with which it can be used at once. What a layout
//! cannot express is an error before anything is there, or is said in [`Converted::lost`].

mod arldm;
mod card;
mod clips;
mod draft;
mod error;
mod flintstones;
mod folder;
mod footage;
mod listed;
mod losses;
mod mugen;
mod name;
mod pororo;
mod published;
mod storygpt_v;
mod tables;
mod vist;

pub use draft::DraftError;
pub use error::ConvertError;

pub(crate) use draft::Draft;

use crate::card::{Layout, WindowRule};
use crate::dataset::{ALL_SPLITS, Dataset, OpenDataset};
use crate::record::Story;
use footage::Footage;
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

/// Frames of a story of VIST.
const VIST_STORY: usize = 5;

/// What to write.
#[derive(Clone, Copy, Debug)]
pub struct ConvertOptions<'a> {
    /// The layout.
    pub to: Layout,
    /// The new folder.
    pub out: &'a Path,
    /// The split, or [`ALL_SPLITS`].
    pub split: &'a str,
    /// Frames a story, where stories are listed; [`story_length`] has the default.
    pub story_length: Option<usize>,
    /// Which clips stories are made of, where stories are listed.
    pub windows: WindowRule,
    /// The most stories of a split, where stories are listed.
    pub first: Option<usize>,
}

/// A data set in its new layout.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Converted {
    /// Where it is.
    pub dir: PathBuf,
    /// Entries of each split: clips, or stories in a layout that lists stories. In the layout of PororoSV
    /// they are the clips that start a story.
    pub splits: BTreeMap<String, usize>,
    /// What the data set has and the layout does not keep, a sentence each.
    pub lost: Vec<String>,
}

/// Frames a story in `to`, when the user asked for `asked`: VIST and ARLDM's file hold stories of five.
#[must_use]
pub fn story_length(to: Layout, asked: Option<usize>) -> Option<usize> {
    match to {
        Layout::Vist | Layout::ArldmH5 => Some(asked.unwrap_or(VIST_STORY)),
        _ => asked,
    }
}

/// Writes `source` in another layout. `progress` hears how many clips are written, of how many.
///
/// # Errors
/// [`ConvertError`] when the layout cannot express the data or cannot be written; the errors of reading
/// `source`.
pub fn convert(
    source: &OpenDataset,
    options: &ConvertOptions<'_>,
    progress: &(dyn Fn(usize, usize) + Sync),
) -> Result<Converted, ConvertError> {
    let draft = Draft::begin(options.out)?;
    let mut job = Job {
        source,
        to: options.to,
        splits: splits(source, options.split)?,
        length: story_length(options.to, options.story_length),
        windows: options.windows,
        first: options.first,
        draft: &draft,
        footage: Footage::new(source, options.to, progress),
    };
    let written = match options.to {
        Layout::Flintstones => flintstones::write(&mut job, flintstones::SAMPLED),
        Layout::FlintstonesFull => flintstones::write(&mut job, flintstones::FULL),
        Layout::StorygptV => storygpt_v::write(&mut job),
        Layout::Pororo => pororo::write(&mut job),
        Layout::Vist => vist::write(&mut job),
        Layout::ArldmH5 => arldm::write(&mut job),
        Layout::Mugen => mugen::write(&mut job),
        Layout::Folder => folder::write(&mut job),
    }?;
    card::write(&job, &written)?;
    let lost = losses::of(&job, &written);
    draft.finish()?;
    Ok(Converted {
        dir: options.out.to_owned(),
        splits: written.splits,
        lost,
    })
}

/// The splits that are meant, those of papers first.
fn splits(source: &OpenDataset, split: &str) -> Result<Vec<String>, ConvertError> {
    let known = &source.catalog.splits;
    if split == ALL_SPLITS && !known.contains_key(ALL_SPLITS) {
        let ordered = clips::in_order(known).into_iter();
        return Ok(ordered.map(|(name, _)| name.clone()).collect());
    }
    source.catalog.split(split)?;
    Ok(vec![split.to_owned()])
}

/// A conversion that is going on.
struct Job<'a> {
    source: &'a OpenDataset,
    to: Layout,
    /// Splits that are converted.
    splits: Vec<String>,
    /// Frames a story, where stories are listed.
    length: Option<usize>,
    windows: WindowRule,
    first: Option<usize>,
    draft: &'a Draft,
    footage: Footage<'a>,
}

/// What a layout's writer reports of its work.
#[derive(Debug, Default)]
struct Written {
    /// Entries of each split.
    splits: BTreeMap<String, usize>,
    /// Frames a story, where the layout has one length.
    length: Option<usize>,
    /// Whether clips have other names than in the source.
    renamed: bool,
}

impl Job<'_> {
    /// The stories of each split that is converted; the layout lists them.
    fn stories(&self) -> Result<Vec<(String, Vec<Story>)>, ConvertError> {
        let mut all = Vec::new();
        for split in &self.splits {
            let mut stories = self.source.stories_of(split, self.length, self.windows)?;
            stories.truncate(self.first.unwrap_or(usize::MAX));
            all.push((split.clone(), stories));
        }
        if all.iter().all(|(_, stories)| stories.is_empty()) {
            return Err(self.no_story());
        }
        Ok(all)
    }

    fn no_story(&self) -> ConvertError {
        ConvertError::NoStory {
            splits: self.splits.clone(),
            length: self.length,
        }
    }

    /// Refuses splits that a layout has no place for.
    fn only_published_splits<'s>(
        &self,
        mut splits: impl Iterator<Item = &'s str>,
    ) -> Result<(), ConvertError> {
        match splits.find(|split| !["train", "val", "test"].contains(split)) {
            None => Ok(()),
            Some(split) => Err(ConvertError::Split {
                to: self.to,
                split: split.to_owned(),
            }),
        }
    }

    /// Writes a file.
    fn put(&self, name: &str, bytes: &[u8]) -> Result<(), ConvertError> {
        Ok(self.draft.put(name, bytes)?)
    }

    fn card(&self) -> &crate::card::DatasetCard {
        self.source.card()
    }
}

/// The clips of stories, each once.
fn clips_of<'s>(stories: impl IntoIterator<Item = &'s Story>) -> BTreeSet<&'s str> {
    let frames = stories.into_iter().flat_map(|story| &story.frames);
    frames.map(|frame| frame.clip.as_str()).collect()
}

#[cfg(test)]
mod tests;
