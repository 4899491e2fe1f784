//! What the metadata of a data set say, before stories are made of it.
//!
//! Every layout's reader gives a [`Catalog`]; from there on the layouts are all alike. A *shot* is one
//! place in a sequence: a clip with its caption. A clip may have several shots, as a photo of VIST
//! that is in several stories does, each with its own caption.

use super::DatasetError;
use super::cast::FoundNames;
use super::own::{StoryFault, StoryFaultKind};
use super::pixels::Pixels;
use crate::card::DatasetCard;
use crate::record::{ClipId, StoryFrame, StoryId, did_you_mean};
use std::collections::{BTreeMap, HashMap};
use std::path::PathBuf;

/// Position of a shot in [`Catalog::shots`].
pub(crate) type ShotIndex = u32;

/// A clip in its place.
#[derive(Debug)]
pub(crate) struct Shot {
    /// The clip.
    pub(crate) clip: ClipId,
    /// Its metadata. A defect is an error only for those who need the shot.
    pub(crate) frame: Result<StoryFrame, Box<Defective>>,
}

/// The shots of a data set, each made once.
#[derive(Default)]
pub(crate) struct Shots {
    pub(crate) made: Vec<Shot>,
    by_id: HashMap<String, ShotIndex>,
}

impl Shots {
    /// The shot of a clip; `frame` says what it shows.
    pub(crate) fn of(
        &mut self,
        id: &str,
        frame: impl FnOnce(&ClipId) -> Result<StoryFrame, Box<Defective>>,
    ) -> ShotIndex {
        if let Some(known) = self.by_id.get(id) {
            return *known;
        }
        let index = self.made.len() as ShotIndex;
        let clip = ClipId::new(id);
        self.made.push(Shot {
            frame: frame(&clip),
            clip,
        });
        self.by_id.insert(id.to_owned(), index);
        index
    }
}

/// Why a clip has no metadata.
#[derive(Clone, Debug)]
pub(crate) enum Defect {
    /// It has no caption.
    NoAnnotation,
    /// It has no labels.
    NoLabels,
    /// Its label vector has another length than the card says.
    LabelArity {
        /// Length of the vector.
        found: usize,
        /// Length on the card.
        wanted: usize,
    },
    /// Its entry is something else.
    WrongContent {
        /// What there should be.
        wanted: &'static str,
        /// What there is.
        found: String,
    },
    /// A character that may not occur.
    UnknownCharacter {
        /// The name.
        name: String,
    },
    /// A place that has no label.
    UnknownBackground {
        /// The name.
        name: String,
    },
    /// Any of these, in a line that a user wrote.
    InLine(StoryFault),
}

impl Defect {
    /// The same in a line of `stories.jsonl`.
    pub(crate) fn in_line(self, line: usize, card: &DatasetCard) -> Self {
        let (kind, what) = match self {
            Self::UnknownCharacter { name } => {
                let cast = card.characters.iter();
                let known = cast.flat_map(|one| std::iter::once(&one.name).chain(&one.aliases));
                let near = did_you_mean(&name, known.map(String::as_str));
                let what = format!(
                    "`characters` has {name:?}, which is not in the closed cast of the card{near}"
                );
                (StoryFaultKind::Character, what)
            }
            Self::UnknownBackground { name } => {
                let known = card.backgrounds.iter().map(String::as_str);
                let near = did_you_mean(&name, known);
                let what = format!(
                    "`background` is {name:?}, which is not one of the card's backgrounds{near}"
                );
                (StoryFaultKind::Background, what)
            }
            Self::LabelArity { found, wanted: 0 } => (
                StoryFaultKind::LabelCount,
                format!("there are {found} labels of 0 and 1, and no card says what each means"),
            ),
            Self::LabelArity { found, wanted } => (
                StoryFaultKind::LabelCount,
                format!("there are {found} labels of 0 and 1, but the card has {wanted}"),
            ),
            Self::WrongContent { wanted, found } => (
                StoryFaultKind::Labels,
                format!("there is {found}, but it has to be {wanted}"),
            ),
            other => return other,
        };
        Self::InLine(StoryFault { line, kind, what })
    }
}

/// A defect and the file that has it.
#[derive(Clone, Debug)]
pub(crate) struct Defective {
    /// What is wrong.
    pub(crate) defect: Defect,
    /// The file.
    pub(crate) path: PathBuf,
}

impl Defective {
    /// As an error of whoever needs the clip.
    fn error(&self, clip: &ClipId, needed_by: NeededBy<'_>) -> DatasetError {
        let (path, clip) = (self.path.clone(), clip.clone());
        match (&self.defect, needed_by) {
            (Defect::NoAnnotation, NeededBy::Split(split)) => DatasetError::MissingAnnotation {
                clip,
                split: split.to_owned(),
                path,
            },
            (Defect::NoAnnotation, NeededBy::Story(story)) => DatasetError::MissingFollower {
                story: story.clone(),
                follower: clip,
                path,
            },
            (Defect::NoLabels, _) => DatasetError::MissingLabels { clip, path },
            (Defect::LabelArity { found, wanted }, _) => DatasetError::LabelArity {
                path,
                clip,
                found: *found,
                wanted: *wanted,
            },
            (Defect::WrongContent { wanted, found }, _) => DatasetError::WrongContent {
                path,
                clip: Some(clip.to_string()),
                wanted: (*wanted).to_owned(),
                found: found.clone(),
            },
            (Defect::UnknownBackground { name }, _) => DatasetError::WrongContent {
                path,
                clip: Some(clip.to_string()),
                wanted: "one of the backgrounds of the card".to_owned(),
                found: format!("the background `{name}`"),
            },
            (Defect::InLine(fault), _) => DatasetError::OwnStories {
                path,
                faults: vec![fault.clone()],
            },
            (Defect::UnknownCharacter { name }, _) => DatasetError::UnknownCharacter {
                path,
                clip,
                name: name.clone(),
            },
        }
    }
}

/// Shots in the order in which they were filmed or listed.
#[derive(Debug, Default)]
pub(crate) struct Episode {
    /// The story's id, in layouts that list stories.
    pub(crate) story: Option<StoryId>,
    /// The shots.
    pub(crate) shots: Vec<ShotIndex>,
}

/// One split.
#[derive(Debug, Default)]
pub(crate) struct SplitList {
    /// Its shots, in the order of the file. Each may start a story.
    pub(crate) shots: Vec<ShotIndex>,
    /// What the file lists: clips, or stories.
    pub(crate) entries: usize,
}

/// Stories of one length that the data set's publishers fixed.
#[derive(Debug)]
pub(crate) struct Fixed {
    /// Frames a story.
    pub(crate) length: usize,
    /// By first shot: the shots that follow it.
    pub(crate) followers: BTreeMap<ShotIndex, Vec<ShotIndex>>,
}

/// A data set without its pixels.
#[derive(Debug)]
pub(crate) struct Catalog {
    /// Files that were read, relative to the folder.
    pub(crate) metadata: Vec<String>,
    /// All shots.
    pub(crate) shots: Vec<Shot>,
    /// The sequences. A shot is in at most one.
    pub(crate) episodes: Vec<Episode>,
    /// The splits by name.
    pub(crate) splits: BTreeMap<String, SplitList>,
    /// What a split's entries are.
    pub(crate) entry: Entry,
    /// File that holds the splits.
    pub(crate) split_path: PathBuf,
    /// Fixed stories, by their length.
    pub(crate) fixed: Vec<Fixed>,
    /// Names that were taken from the stories, where no card has any.
    pub(crate) found: FoundNames,
    /// What a user should know about how the files were read.
    pub(crate) remarks: Vec<Remark>,
    /// Where the pixels are.
    pub(crate) pixels: Box<dyn Pixels>,
}

/// Something that a reader noticed.
#[derive(Clone, Debug)]
pub(crate) struct Remark {
    /// The split that it is about.
    pub(crate) split: String,
    /// A sentence.
    pub(crate) text: String,
    /// Picture files that cannot be read, where it is about such.
    pub(crate) unreadable: Vec<String>,
}

/// What a split lists.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Entry {
    /// Clips, from which stories are cut.
    Clips,
    /// Stories.
    Stories,
}

impl Entry {
    /// The word for several of them.
    pub(crate) fn plural(self) -> &'static str {
        match self {
            Self::Clips => "clips",
            Self::Stories => "stories",
        }
    }
}

impl Catalog {
    /// One split.
    ///
    /// # Errors
    /// [`DatasetError::UnknownSplit`].
    pub(crate) fn split(&self, name: &str) -> Result<&SplitList, DatasetError> {
        self.splits
            .get(name)
            .ok_or_else(|| DatasetError::UnknownSplit {
                path: self.split_path.clone(),
                split: name.to_owned(),
                known: self.splits.keys().cloned().collect(),
            })
    }

    /// The metadata of a shot, as a clip of the split or as a later frame of a story.
    ///
    /// # Errors
    /// The shot's defect.
    pub(crate) fn frame(
        &self,
        shot: ShotIndex,
        needed_by: NeededBy<'_>,
    ) -> Result<&StoryFrame, DatasetError> {
        let shot = &self.shots[shot as usize];
        shot.frame
            .as_ref()
            .map_err(|defective| defective.error(&shot.clip, needed_by))
    }
}

/// Who asks for a shot.
#[derive(Clone, Copy, Debug)]
pub(crate) enum NeededBy<'a> {
    /// A split lists it.
    Split(&'a str),
    /// A story goes on with it.
    Story(&'a StoryId),
}
