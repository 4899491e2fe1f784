//! FlintstonesSV as StoryDALL-E, Make-A-Story and ARLDM read it.
//!
//! One folder: annotations, split, labels, followers and an NPY file a clip. Stories are windows:
//! a clip of the split and the clips that follow it. Windows overlap, and only the first clip of a
//! story is sure to belong to the split.

use super::annotation::{Annotation, annotations};
use super::followers::{cached, computed};
use super::frames::ClipFrames;
use super::ground_truth::ground_truth_index;
use super::hash::hash_what_is_there;
use super::labels::Labels;
use super::locate::missing;
use super::npy::{FrameStack, NpyError, NpyFrames};
use super::path::check_id;
use super::split::Splits;
use super::{Dataset, DatasetError, MissingFile};
use crate::record::{ClipId, Story, StoryFrame, StoryId};
use crate::spec::{DatasetCard, GroundTruthRule};
use image::RgbImage;
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

const ANNOTATIONS: &str = "flintstones_annotations_v1-0.json";
const OTHER_SPLIT_FILE: &str = "split.json";
const LABELS: &str = "labels.pkl";
const BACKGROUND_LABELS: &str = "labels_bg.pkl";
const FRAMES: &str = "video_frames_sampled";

/// What to open.
#[derive(Clone, Debug)]
pub struct OpenOptions {
    /// The card.
    pub card: DatasetCard,
    /// Folder of the data set.
    pub folder: PathBuf,
    /// Split whose clips start stories, for example `test`.
    pub split: String,
    /// Frames in a story, at least 1; the card's unless the user says otherwise.
    pub story_length: usize,
}

impl OpenOptions {
    /// The test split in stories as long as the card says.
    pub fn new(card: DatasetCard, folder: impl Into<PathBuf>) -> Self {
        Self {
            story_length: card.story_length,
            card,
            folder: folder.into(),
            split: "test".to_owned(),
        }
    }
}

/// An opened data set. Annotations and labels are in memory, frames are on disk.
#[derive(Debug)]
pub struct FlintstonesSv {
    card: DatasetCard,
    folder: PathBuf,
    stories: Vec<Story>,
    /// Files of metadata that were read, relative to the folder.
    metadata: Vec<String>,
    /// Clips of each split.
    split_sizes: BTreeMap<String, usize>,
    /// Clips of the split that start no story: too near the end of their episode.
    without_story: usize,
    hash: OnceLock<String>,
}

impl FlintstonesSv {
    /// Opens a data set: reads all metadata, checks that every frame file of every story is there.
    ///
    /// # Errors
    /// [`DatasetError`]; every missing file is named at once.
    pub fn open(options: &OpenOptions) -> Result<Self, DatasetError> {
        let folder = options.folder.as_path();
        let split_file = required_files(options)?;
        let splits = Splits::read(&folder.join(&split_file))?;
        let mut metadata = vec![ANNOTATIONS.to_owned(), split_file, LABELS.to_owned()];

        let count = options.story_length.saturating_sub(1);
        let cache = format!("following_cache{count}.pkl");
        let followers = if count > 0 && folder.join(&cache).is_file() {
            let followers = cached(&folder.join(&cache), count)?;
            metadata.push(cache);
            followers
        } else {
            computed(&splits, count)?
        };

        let list = splits.list(&options.split)?;
        let windows: Vec<(&str, &[String])> = list
            .iter()
            .filter_map(|id| Some((id.as_str(), followers.get(id)?.as_slice())))
            .collect();
        let clips: BTreeSet<&str> = windows
            .iter()
            .flat_map(|(id, next)| std::iter::once(*id).chain(next.iter().map(String::as_str)))
            .collect();

        let path = folder.join(ANNOTATIONS);
        let annotations = annotations(&path)?;
        check_windows(options, &path, list, &windows, &annotations)?;
        let labels = Labels::read(
            &folder.join(LABELS),
            None,
            Some(options.card.characters.len()),
            |id| clips.contains(id),
        )?;
        let backgrounds = if folder.join(BACKGROUND_LABELS).is_file() {
            metadata.push(BACKGROUND_LABELS.to_owned());
            let arity = options.card.background_labels();
            Some(Labels::read(
                &folder.join(BACKGROUND_LABELS),
                Some("label"),
                arity,
                |id| clips.contains(id),
            )?)
        } else {
            None
        };
        check_frame_files(options, &clips)?;

        let frame = |id: &str| -> Result<StoryFrame, DatasetError> {
            let annotation = &annotations[id];
            Ok(StoryFrame {
                clip: ClipId::new(id),
                caption: annotation.caption.clone(),
                characters: annotation.characters.clone(),
                character_labels: labels.require(id)?.to_vec(),
                background_labels: backgrounds
                    .as_ref()
                    .and_then(|labels| labels.get(id))
                    .map(<[bool]>::to_vec),
            })
        };
        let stories = windows
            .iter()
            .map(|(id, next)| {
                let ids = std::iter::once(*id).chain(next.iter().map(String::as_str));
                Ok(Story {
                    id: StoryId::new(*id),
                    frames: ids.map(frame).collect::<Result<_, DatasetError>>()?,
                })
            })
            .collect::<Result<Vec<_>, DatasetError>>()?;
        Ok(Self {
            card: options.card.clone(),
            folder: options.folder.clone(),
            split_sizes: splits.sizes(),
            without_story: list.len() - stories.len(),
            stories,
            metadata,
            hash: OnceLock::new(),
        })
    }

    /// The folder.
    #[must_use]
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// Clips of the split that start no story because too few clips follow them.
    #[must_use]
    pub fn clips_without_story(&self) -> usize {
        self.without_story
    }

    /// Number of clips in each split.
    #[must_use]
    pub fn split_sizes(&self) -> &BTreeMap<String, usize> {
        &self.split_sizes
    }

    /// Compares the data with what the card says about them: clips in each split, then the hash of
    /// the content, for which every file is read.
    ///
    /// # Errors
    /// [`DatasetError::SplitSize`] or [`DatasetError::ContentHash`].
    pub fn verify(&self) -> Result<(), DatasetError> {
        let expected = self.card.expected;
        for (split, wanted) in [
            ("train", expected.train),
            ("val", expected.val),
            ("test", expected.test),
        ] {
            let found = self.split_sizes.get(split).copied().unwrap_or(0);
            if let Some(wanted) = wanted.filter(|wanted| *wanted != found) {
                return Err(DatasetError::SplitSize {
                    folder: self.folder.clone(),
                    split,
                    found,
                    wanted,
                });
            }
        }
        match &self.card.content_sha256 {
            Some(wanted) if !wanted.eq_ignore_ascii_case(self.content_hash()) => {
                Err(DatasetError::ContentHash {
                    folder: self.folder.clone(),
                    found: self.content_hash().to_owned(),
                    wanted: wanted.clone(),
                })
            }
            _ => Ok(()),
        }
    }

    /// Files that stories and ground truth come from, relative to the folder, sorted.
    #[must_use]
    pub fn files(&self) -> Vec<String> {
        let frames: BTreeSet<String> = self
            .stories
            .iter()
            .flat_map(|story| &story.frames)
            .map(|frame| frame_file(frame.clip.as_str()))
            .collect();
        let mut files = self.metadata.clone();
        files.extend(frames);
        files.sort_unstable();
        files
    }

    fn frames_of(&self, clip: &ClipId) -> Result<(PathBuf, NpyFrames), DatasetError> {
        check_id(&self.folder, clip.as_str())?;
        let path = self.folder.join(frame_file(clip.as_str()));
        let npy = NpyFrames::open(&path).map_err(|source| frames_error(clip, &path, source))?;
        let (width, height) = npy.size();
        let size = self.card.image;
        if (width as usize, height as usize) != (size.width, size.height) {
            return Err(DatasetError::WrongFrameSize {
                path,
                found_width: width,
                found_height: height,
                width: size.width,
                height: size.height,
            });
        }
        Ok((path, npy))
    }
}

impl Dataset for FlintstonesSv {
    fn stories(&self) -> &[Story] {
        &self.stories
    }

    fn clip_frames(&self, clip: &ClipId) -> Result<FrameStack, DatasetError> {
        let (path, mut npy) = self.frames_of(clip)?;
        npy.all()
            .map_err(|source| frames_error(clip, &path, source))
    }

    fn ground_truth(&self, clip: &ClipId, rule: GroundTruthRule) -> Result<RgbImage, DatasetError> {
        let (path, mut npy) = self.frames_of(clip)?;
        ground_truth_index(rule, clip, npy.frames())
            .and_then(|index| npy.frame(index))
            .map_err(|source| frames_error(clip, &path, source))
    }

    /// Covers the metadata files that were read and the frames of every clip in a story, so it says
    /// what a run was scored against. Computed when first asked for; a file that has become
    /// unreadable enters as `unreadable`, and reading it is an error of its own.
    fn content_hash(&self) -> &str {
        self.hash
            .get_or_init(|| hash_what_is_there(&self.folder, &self.files()))
    }

    fn card(&self) -> &DatasetCard {
        &self.card
    }
}

fn frame_file(clip: &str) -> String {
    format!("{FRAMES}/{clip}.npy")
}

fn frames_error(clip: &ClipId, path: &Path, source: NpyError) -> DatasetError {
    DatasetError::Frames {
        clip: clip.clone(),
        path: path.to_owned(),
        source,
    }
}

/// Checks the files that no data set can do without, and says which split file is there.
fn required_files(options: &OpenOptions) -> Result<String, DatasetError> {
    let (card, folder) = (&options.card, options.folder.as_path());
    if !folder.is_dir() {
        return Err(DatasetError::MissingFolder {
            dataset: card.id.clone(),
            looked_in: vec![folder.to_owned()],
            files: card.files.iter().map(missing).collect(),
            published_at: card.published_at.clone(),
        });
    }
    let split_file = [card.split_file.as_str(), OTHER_SPLIT_FILE]
        .into_iter()
        .find(|file| folder.join(file).is_file());
    let mut lacking: Vec<&str> = [ANNOTATIONS, LABELS]
        .into_iter()
        .filter(|file| !folder.join(file).is_file())
        .collect();
    if split_file.is_none() {
        lacking.push(&card.split_file);
    }
    if !folder.join(FRAMES).is_dir() {
        lacking.push(FRAMES);
    }
    match split_file {
        Some(file) if lacking.is_empty() => Ok(file.to_owned()),
        _ => Err(missing_files(
            options,
            lacking.iter().map(|path| describe(card, path)).collect(),
        )),
    }
}

/// A missing file in the card's words; the card ends folders in `/`.
fn describe(card: &DatasetCard, path: &str) -> MissingFile {
    card.files
        .iter()
        .find(|file| file.path.trim_end_matches('/') == path)
        .map_or_else(
            || MissingFile {
                path: path.to_owned(),
                meaning: "part of the layout".to_owned(),
                published_at: None,
            },
            missing,
        )
}

fn missing_files(options: &OpenOptions, files: Vec<MissingFile>) -> DatasetError {
    DatasetError::MissingFiles {
        dataset: options.card.id.clone(),
        folder: options.folder.clone(),
        files,
        published_at: options.card.published_at.clone(),
    }
}

/// Every clip of the split and of a story is annotated, and with characters that may occur.
fn check_windows(
    options: &OpenOptions,
    path: &Path,
    list: &[String],
    windows: &[(&str, &[String])],
    annotations: &BTreeMap<String, Annotation>,
) -> Result<(), DatasetError> {
    for id in list {
        let Some(annotation) = annotations.get(id) else {
            return Err(DatasetError::MissingAnnotation {
                clip: ClipId::new(id),
                split: options.split.clone(),
                path: path.to_owned(),
            });
        };
        check_cast(&options.card, path, id, annotation)?;
    }
    for (story, next) in windows {
        for id in *next {
            let Some(annotation) = annotations.get(id) else {
                return Err(DatasetError::MissingFollower {
                    story: StoryId::new(*story),
                    follower: ClipId::new(id),
                    path: path.to_owned(),
                });
            };
            check_cast(&options.card, path, id, annotation)?;
        }
    }
    Ok(())
}

fn check_cast(
    card: &DatasetCard,
    path: &Path,
    id: &str,
    annotation: &Annotation,
) -> Result<(), DatasetError> {
    let stranger = annotation.characters.iter().find(|name| {
        !card
            .characters
            .iter()
            .any(|character| character.name.eq_ignore_ascii_case(name))
    });
    match stranger {
        Some(name) if card.closed_cast => Err(DatasetError::UnknownCharacter {
            path: path.to_owned(),
            clip: ClipId::new(id),
            name: name.clone(),
        }),
        _ => Ok(()),
    }
}

fn check_frame_files(options: &OpenOptions, clips: &BTreeSet<&str>) -> Result<(), DatasetError> {
    let lacking: Vec<MissingFile> = clips
        .iter()
        .map(|clip| frame_file(clip))
        .filter(|file| !options.folder.join(file).is_file())
        .map(|path| MissingFile {
            path,
            meaning: "frames of a clip in a story".to_owned(),
            published_at: None,
        })
        .collect();
    if lacking.is_empty() {
        Ok(())
    } else {
        Err(missing_files(options, lacking))
    }
}

#[cfg(test)]
mod tests;
