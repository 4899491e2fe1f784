//! Opening a data set in whatever layout it lies there.

use super::cast::FoundNames;
use super::catalog::{Catalog, Entry, ShotIndex};
use super::frames::{ClipFrames, Doubts, FrameStack};
use super::ground_truth::ground_truth_index;
use super::hash::hash_what_is_there;
use super::layout::{self, Source, published_at};
use super::locate::missing;
use super::pixels::{check_size, frames_error};
use super::root::{Links, Root};
use super::whole::unreadable;
use super::windows::{Stories, stories};
use super::{Dataset, DatasetError, MissingFile};
use crate::card::{DatasetCard, GroundTruthRule, Layout, LayoutCard, WindowRule};
use crate::record::{ClipId, Story};
use image::RgbImage;
use rayon::prelude::*;
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, OnceLock, PoisonError};

/// What to open.
#[derive(Clone, Debug)]
pub struct OpenOptions {
    /// The card.
    pub card: DatasetCard,
    /// Folder of the data set.
    pub folder: PathBuf,
    /// Its layout; `None` finds it out.
    pub layout: Option<Layout>,
    /// Split whose clips start stories, for example `test`; [`ALL_SPLITS`] for all of them.
    pub split: String,
    /// Frames in a story, at least 1. `None` takes listed stories as they are, and where stories are cut
    /// from clips as many as the card says.
    pub story_length: Option<usize>,
    /// How clips in sequence become stories.
    pub windows: WindowRule,
    /// Where symbolic links may lead.
    pub links: Links,
}

impl OpenOptions {
    /// The card's split in stories as long as the card says.
    pub fn new(card: DatasetCard, folder: impl Into<PathBuf>) -> Self {
        Self {
            story_length: None,
            split: card.split.clone(),
            card,
            folder: folder.into(),
            layout: None,
            windows: WindowRule::default(),
            links: Links::default(),
        }
    }
}

/// An opened data set. Captions and labels are in memory, frames are on disk.
#[derive(Debug)]
pub struct OpenDataset {
    card: DatasetCard,
    layout: LayoutCard,
    pub(crate) root: Root,
    pub(crate) catalog: Catalog,
    split: String,
    stories: Vec<Story>,
    /// Shots of the stories.
    shots: Vec<ShotIndex>,
    hash: OnceLock<String>,
    /// Clips whose files are doubtful, of those that were read so far: four channels, damaged.
    doubtful: Mutex<[BTreeSet<ClipId>; 2]>,
}

/// A data set whose metadata were read, and of which no story was cut yet.
#[derive(Debug)]
pub(crate) struct Metadata {
    /// The card, with the names that the stories have where it has none.
    pub(crate) card: DatasetCard,
    /// The folder.
    pub(crate) root: Root,
    /// The layout that was found.
    pub(crate) layout: LayoutCard,
    /// What the metadata say.
    pub(crate) catalog: Catalog,
}

/// Opens a data set: finds its layout, reads all metadata, checks that every file with frames of a
/// story is there.
///
/// # Errors
/// [`DatasetError`]; every missing file is named at once.
pub fn open(options: &OpenOptions) -> Result<OpenDataset, DatasetError> {
    opened(options, read_metadata(options)?)
}

/// Finds the layout of a data set and reads its metadata.
///
/// # Errors
/// As [`open`], but for the defects of single clips and for frames.
pub(crate) fn read_metadata(options: &OpenOptions) -> Result<Metadata, DatasetError> {
    let (card, folder) = (&options.card, options.folder.as_path());
    if !folder.exists() {
        let likely = card.candidates().into_iter().next();
        let files = likely.map(|layout| layout.files.iter().map(missing).collect());
        return Err(DatasetError::MissingFolder {
            dataset: card.id.clone(),
            looked_in: vec![folder.to_owned()],
            files: files.unwrap_or_default(),
            published_at: card.published_at.clone(),
        });
    }
    let root = Root::new(folder, options.links);
    let layout = layout::detect(card, options.layout, &root)?;
    let source = Source {
        card,
        layout: &layout,
        root: &root,
        split: &options.split,
        story_length: options.story_length.unwrap_or(card.story_length),
    };
    let catalog = layout::read(source)?;
    let mut card = card.clone();
    catalog.found.complete(&mut card);
    Ok(Metadata {
        card,
        root,
        layout,
        catalog,
    })
}

/// Cuts the stories of a data set whose metadata were read with the same options.
///
/// # Errors
/// As [`open`].
pub(crate) fn opened(
    options: &OpenOptions,
    metadata: Metadata,
) -> Result<OpenDataset, DatasetError> {
    let Metadata {
        card,
        root,
        layout,
        catalog,
    } = metadata;
    let length = length(&catalog, &card, options.story_length);
    let Stories {
        made: stories,
        shots,
    } = if options.split == ALL_SPLITS && !catalog.splits.contains_key(ALL_SPLITS) {
        of_all_splits(&catalog, length, options.windows)?
    } else {
        stories(&catalog, &options.split, length, options.windows)?
    };
    let opened = OpenDataset {
        card,
        layout,
        root,
        catalog,
        split: options.split.clone(),
        stories,
        shots,
        hash: OnceLock::new(),
        doubtful: Mutex::default(),
    };
    opened.check_frame_files()?;
    Ok(opened)
}

/// The name of all splits together.
pub const ALL_SPLITS: &str = "all";

/// Stories of every split, one split after the other.
fn of_all_splits(
    catalog: &Catalog,
    length: Option<usize>,
    windows: WindowRule,
) -> Result<Stories, DatasetError> {
    let mut all = Stories {
        made: Vec::new(),
        shots: Vec::new(),
    };
    for split in catalog.splits.keys() {
        let own = stories(catalog, split, length, windows)?;
        all.made.extend(own.made);
        all.shots.extend(own.shots);
    }
    all.shots.sort_unstable();
    all.shots.dedup();
    Ok(all)
}

/// The length that stories are cut to, if they are.
pub(crate) fn length(catalog: &Catalog, card: &DatasetCard, asked: Option<usize>) -> Option<usize> {
    match catalog.entry {
        Entry::Clips => Some(asked.unwrap_or(card.story_length)),
        Entry::Stories => asked,
    }
}

/// What each split is said to hold.
pub(crate) fn sizes_on_card(
    card: &DatasetCard,
    layout: &LayoutCard,
) -> [(&'static str, Option<usize>); 3] {
    let expected = layout.expected.unwrap_or(card.expected);
    [
        ("train", expected.train),
        ("val", expected.val),
        ("test", expected.test),
    ]
}

impl OpenDataset {
    /// The folder.
    #[must_use]
    pub fn folder(&self) -> &Path {
        self.root.folder()
    }

    /// The layout that was found.
    #[must_use]
    pub fn layout(&self) -> &LayoutCard {
        &self.layout
    }

    /// Names of the splits.
    pub fn splits(&self) -> impl Iterator<Item = &str> {
        self.catalog.splits.keys().map(String::as_str)
    }

    /// The stories of any split, cut as `windows` says. Their frames are not looked for.
    ///
    /// # Errors
    /// A split that is not there, and defects of its clips.
    pub fn stories_of(
        &self,
        split: &str,
        story_length: Option<usize>,
        windows: WindowRule,
    ) -> Result<Vec<Story>, DatasetError> {
        let length = length(&self.catalog, &self.card, story_length);
        Ok(stories(&self.catalog, split, length, windows)?.made)
    }

    /// Compares the data with what the card says about them: the size of each split, then the hash
    /// of the content, for which every file is read. No picture is decoded; `storyeval dataset verify` does that.
    ///
    /// # Errors
    /// [`DatasetError::SplitSize`] or [`DatasetError::ContentHash`].
    pub fn check_card(&self) -> Result<(), DatasetError> {
        if let Some(error) = self.wrong_sizes().into_iter().next() {
            return Err(error);
        }
        match &self.card.content_sha256 {
            Some(wanted) if !wanted.eq_ignore_ascii_case(self.content_hash()) => {
                Err(DatasetError::ContentHash {
                    folder: self.folder().to_owned(),
                    found: self.content_hash().to_owned(),
                    wanted: wanted.clone(),
                })
            }
            _ => Ok(()),
        }
    }

    /// What a reader noticed about the opened split that a user should know, a sentence each.
    pub fn remarks(&self) -> impl Iterator<Item = &str> {
        let remarks = self.catalog.remarks.iter();
        remarks
            .filter(|remark| self.split == remark.split || self.split == ALL_SPLITS)
            .map(|remark| remark.text.as_str())
    }

    /// Cast and places that were taken from the stories, as no card names any.
    #[must_use]
    pub fn found_names(&self) -> &FoundNames {
        &self.catalog.found
    }

    /// Splits that hold more or less than the card says.
    pub(crate) fn wrong_sizes(&self) -> Vec<DatasetError> {
        let wanted = sizes_on_card(&self.card, &self.layout);
        let wrong = wanted.into_iter().filter_map(|(split, wanted)| {
            let list = self.catalog.splits.get(split);
            let found = list.map_or(0, |list| list.entries);
            let wanted = wanted.filter(|wanted| *wanted != found)?;
            Some(DatasetError::SplitSize {
                folder: self.folder().to_owned(),
                split,
                found,
                wanted,
                what: self.catalog.entry.plural(),
            })
        });
        wrong.collect()
    }

    /// Files that stories and ground truth come from, relative to the folder, sorted.
    #[must_use]
    pub fn files(&self) -> Vec<String> {
        let mut files = self.catalog.metadata.clone();
        files.extend(self.frame_files());
        files.sort_unstable();
        files.dedup();
        files
    }

    /// The files with frames of the stories' clips, some of them perhaps several times.
    fn frame_files(&self) -> impl Iterator<Item = String> {
        self.shots.iter().flat_map(|shot| {
            let clip = &self.catalog.shots[*shot as usize].clip;
            self.catalog.pixels.files(clip)
        })
    }

    fn check_frame_files(&self) -> Result<(), DatasetError> {
        let files: Vec<String> = self.frame_files().collect();
        let mut lacking: Vec<String> = files
            .into_par_iter()
            .filter(|file| !self.root.has_file(file))
            .collect();
        lacking.sort_unstable();
        lacking.dedup();
        let lacking: Vec<MissingFile> = lacking
            .into_iter()
            .map(|path| MissingFile {
                path,
                meaning: "frames of a clip in a story".to_owned(),
                published_at: None,
            })
            .collect();
        if lacking.is_empty() {
            return Ok(());
        }
        Err(DatasetError::MissingFiles {
            dataset: self.card.id.clone(),
            folder: self.folder().to_owned(),
            layout: Some(self.layout.layout),
            others: Box::default(),
            files: lacking,
            published_at: published_at(&self.card, &self.layout),
        })
    }

    /// Checks the picture files of stories. What can be seen without decoding every one is found here, all of it at
    /// once and not one file per attempt.
    ///
    /// # Errors
    /// [`DatasetError::UnreadableFrames`] with every file.
    pub fn check_pictures(&self, stories: &[Story]) -> Result<(), DatasetError> {
        let clips: BTreeSet<&ClipId> = stories
            .iter()
            .flat_map(|story| &story.frames)
            .map(|frame| &frame.clip)
            .collect();
        let files: BTreeSet<String> = clips
            .into_iter()
            .flat_map(|clip| self.catalog.pixels.files(clip))
            .collect();
        let files = unreadable(&self.root, files.into_iter().collect());
        if files.is_empty() {
            return Ok(());
        }
        Err(DatasetError::UnreadableFrames {
            dataset: self.card.id.clone(),
            folder: self.folder().to_owned(),
            files,
        })
    }

    fn doubt(&self, clip: &ClipId, frames: &dyn ClipFrames) {
        let doubts = frames.doubts();
        if doubts == Doubts::default() {
            return;
        }
        let mut doubtful = self.doubtful.lock().unwrap_or_else(PoisonError::into_inner);
        for (clips, found) in doubtful
            .iter_mut()
            .zip([doubts.four_channels, doubts.damaged])
        {
            if found > 0 {
                clips.insert(clip.clone());
            }
        }
    }

    pub(crate) fn frames_of(
        &self,
        clip: &ClipId,
    ) -> Result<(PathBuf, Box<dyn ClipFrames>), DatasetError> {
        let frames = self.catalog.pixels.open(&self.root, clip)?;
        let file = self.catalog.pixels.files(clip).into_iter().next();
        let path = self.folder().join(file.unwrap_or_default());
        check_size(&*frames, self.layout.image, &path)?;
        Ok((path, frames))
    }
}

impl Dataset for OpenDataset {
    fn stories(&self) -> &[Story] {
        &self.stories
    }

    fn clip_frames(&self, clip: &ClipId) -> Result<FrameStack, DatasetError> {
        let (path, mut frames) = self.frames_of(clip)?;
        let all = frames
            .all()
            .map_err(|source| frames_error(clip, &path, source));
        self.doubt(clip, &*frames);
        all
    }

    fn ground_truth(&self, clip: &ClipId, rule: GroundTruthRule) -> Result<RgbImage, DatasetError> {
        let (path, mut frames) = self.frames_of(clip)?;
        let frame = ground_truth_index(rule, clip, frames.frames())
            .and_then(|index| frames.frame(index))
            .map_err(|source| frames_error(clip, &path, source));
        self.doubt(clip, &*frames);
        frame
    }

    /// Covers the metadata files that were read and the frames of every clip in a story, so it says
    /// what a run was scored against. Computed when first asked for; a file that has become
    /// unreadable enters as `unreadable`, and reading it is an error of its own.
    fn content_hash(&self) -> &str {
        self.hash
            .get_or_init(|| hash_what_is_there(self.folder(), &self.files()))
    }

    fn card(&self) -> &DatasetCard {
        &self.card
    }

    fn doubts(&self) -> Vec<String> {
        let doubtful = self.doubtful.lock().unwrap_or_else(PoisonError::into_inner);
        let defects = [
            "have CMYK or YCCK JPEG files, converted to RGB as Pillow does it, without a profile",
            "have damaged files (data of a JPEG, the end of a PNG), decoded as far as Pillow decodes them",
        ];
        let clips = doubtful.iter().zip(defects);
        clips
            .filter_map(|(clips, defect)| {
                let first = clips.first()?;
                let count = clips.len();
                Some(format!(
                    "{count} clips of the data set {defect}, first {first}"
                ))
            })
            .collect()
    }
}

#[cfg(test)]
#[path = "open_tests.rs"]
mod tests;
