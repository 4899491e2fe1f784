//! What a data set may lack that the layout which it is to be in needs.

use super::draft::DraftError;
use crate::card::Layout;
use crate::dataset::DatasetError;
use crate::format::StoryFileError;
use crate::record::{ClipId, FaultKind, FrameIndex, Hint, StoryId};
use crate::vision::VisionError;
use std::path::PathBuf;

/// Why a data set cannot be converted.
#[derive(Debug, thiserror::Error)]
pub enum ConvertError {
    /// The data set that is converted could not be read.
    #[error(transparent)]
    Source(Box<DatasetError>),
    /// The folder cannot be written.
    #[error(transparent)]
    Draft(#[from] DraftError),
    /// The HDF5 file cannot be written.
    #[error("{}: {source}", path.display())]
    StoryFile {
        /// The file.
        path: PathBuf,
        /// Why.
        source: StoryFileError,
    },
    /// A frame cannot be written as PNG.
    #[error("failed to write a frame of clip `{clip}` as PNG")]
    Encode {
        /// The clip.
        clip: ClipId,
        /// Why.
        source: VisionError,
    },
    /// The card cannot be written.
    #[error("failed to write the card of `{dataset}`")]
    Card {
        /// Id of the data set.
        dataset: String,
        /// Why.
        source: toml::ser::Error,
    },
    /// A clip without labels, in a layout that has a label file.
    #[error("clip `{clip}` has no character labels, and the layout {to} cannot do without")]
    NoLabels {
        /// The clip.
        clip: ClipId,
        /// The layout.
        to: Layout,
    },
    /// Labels without names, in a layout that names characters.
    #[error(
        "clip `{clip}` has {labels} character labels, and the card of `{dataset}` names no characters"
    )]
    NoCast {
        /// Id of the data set.
        dataset: String,
        /// The clip.
        clip: ClipId,
        /// Length of its label vector.
        labels: usize,
    },
    /// A clip's id cannot be one of the layout.
    #[error("clip `{clip}` cannot be named so in the layout {to}, whose ids are {wanted}")]
    Name {
        /// The clip.
        clip: ClipId,
        /// The layout.
        to: Layout,
        /// What ids of the layout are.
        wanted: &'static str,
    },
    /// A clip has several captions or labels, as a photo of VIST has, in a layout that keeps one.
    #[error(
        "clip `{clip}` has another caption or other labels in story `{story}` than elsewhere; the layout {to} keeps one of each"
    )]
    SeveralTexts {
        /// The clip.
        clip: ClipId,
        /// The story.
        story: StoryId,
        /// The layout.
        to: Layout,
    },
    /// What follows a clip would be another one than in the data set.
    #[error("after clip `{clip}` comes {found}, but in the layout {to} {would} would follow")]
    Sequence {
        /// The clip.
        clip: ClipId,
        /// The layout.
        to: Layout,
        /// What follows it in the data set.
        found: String,
        /// What would follow it.
        would: String,
    },
    /// Stories put a clip beside different clips, in a layout that cuts stories from one sequence.
    #[error(
        "clip `{clip}` is beside other clips in one story than in another; the layout {to} cuts stories from one sequence"
    )]
    ManyOrders {
        /// The clip.
        clip: ClipId,
        /// The layout.
        to: Layout,
    },
    /// A clip starts stories of two splits.
    #[error(
        "clip `{clip}` starts a story of split `{first}` and one of split `{second}`; in the layout {to} a clip is in one split"
    )]
    TwoSplits {
        /// The clip.
        clip: ClipId,
        /// The layout.
        to: Layout,
        /// One split.
        first: String,
        /// Another one.
        second: String,
    },
    /// A split that the layout does not have.
    #[error("the layout {to} has the splits train, val and test, and no `{split}`")]
    Split {
        /// The layout.
        to: Layout,
        /// The split.
        split: String,
    },
    /// Two stories of one name.
    #[error("two stories are called `{story}`; in the layout {to} names are unique")]
    TwoStories {
        /// The layout.
        to: Layout,
        /// The name.
        story: StoryId,
    },
    /// Frames that are not square, in a layout that stacks frames.
    #[error(
        "clip `{clip}` has frames of {width} x {height} pixels; the layout {to} stacks frames, which must be square"
    )]
    NotSquare {
        /// The layout.
        to: Layout,
        /// The clip.
        clip: ClipId,
        /// Width of a frame.
        width: u32,
        /// Height of a frame.
        height: u32,
    },
    /// Frames of different sizes, in a layout whose readers take all for equal.
    #[error(
        "clip `{clip}` has frames of {width} x {height} pixels, others have {others}; in the layout {to} all are of one size"
    )]
    SizesDiffer {
        /// The layout.
        to: Layout,
        /// The clip.
        clip: ClipId,
        /// Width of a frame.
        width: u32,
        /// Height of a frame.
        height: u32,
        /// Size of the clips before, `w x h`.
        others: String,
    },
    /// A caption with a character that the layout puts between captions, or ends them with.
    #[error(
        "the caption of story `{story}`, frame {frame} holds {mark:?}, which ends a caption in the layout {to}"
    )]
    Caption {
        /// The layout.
        to: Layout,
        /// The story.
        story: StoryId,
        /// The frame.
        frame: FrameIndex,
        /// The character.
        mark: char,
    },
    /// Stories of different lengths, in a layout that has one.
    #[error(
        "story `{story}` has {found} frames, others have {wanted}; in the layout {to} all stories are of one length"
    )]
    Length {
        /// The layout.
        to: Layout,
        /// The story.
        story: StoryId,
        /// Its frames.
        found: usize,
        /// Frames of the stories before.
        wanted: usize,
    },
    /// A length of stories that the layout has no cache for.
    #[error("the layout {to} has no stories of {length} frames; its caches begin at 4")]
    TooShort {
        /// The layout.
        to: Layout,
        /// The length.
        length: usize,
    },
    /// No story is long enough.
    #[error("{} has no story of {}", splits.join(", "), length.map_or_else(|| "any length".to_owned(), |length| format!("{length} frames")))]
    NoStory {
        /// The splits that were asked for.
        splits: Vec<String>,
        /// Frames a story.
        length: Option<usize>,
    },
}

impl From<DatasetError> for ConvertError {
    fn from(error: DatasetError) -> Self {
        Self::Source(Box::new(error))
    }
}

impl Hint for ConvertError {
    fn fault_kind(&self) -> FaultKind {
        match self {
            Self::Source(error) => error.fault_kind(),
            Self::Draft(error) => error.fault_kind(),
            Self::StoryFile { .. } | Self::Encode { .. } | Self::Card { .. } => FaultKind::Output,
            Self::NoStory { .. } => FaultKind::NothingSelected,
            // The data are as they should be; they cannot be what the user asks for.
            _ => FaultKind::Usage,
        }
    }

    fn hint(&self) -> Option<String> {
        const FOLDER: &str = "`--to folder` keeps everything";
        Some(match self {
            Self::Source(error) => return error.hint(),
            Self::Draft(error) => return error.hint(),
            Self::StoryFile { .. } | Self::Encode { .. } => {
                "check free space and permissions, or choose another `--out`".to_owned()
            }
            Self::Card { .. } => {
                "give a card of your own: `--dataset my-card.toml` (docs/datasets.md)".to_owned()
            }
            Self::NoLabels { .. } => format!(
                "layouts without labels are vist and arldm-h5; {FOLDER} and needs no labels"
            ),
            Self::NoCast { .. } => {
                "name them in label order as `characters` on a card of your own, and give it: `--dataset my-card.toml` (docs/datasets.md)".to_owned()
            }
            Self::Name { .. } => format!(
                "{FOLDER}, whatever clips are called; or rename them in the source"
            ),
            Self::SeveralTexts { .. } | Self::ManyOrders { .. } | Self::TwoSplits { .. } => {
                format!("{FOLDER}; or convert one split: `--split test`")
            }
            Self::Sequence { .. } => format!(
                "{FOLDER}; a folder that lists every window in the order of the clips can be taken back into sequences"
            ),
            Self::Split { split, .. } => format!(
                "convert another split (`--split test`), or `--to folder`, which may have a split `{split}`"
            ),
            Self::TwoStories { .. } => "convert one split: `--split test`".to_owned(),
            Self::NotSquare { .. } | Self::SizesDiffer { .. } => {
                format!("{FOLDER} and may have frames of any size")
            }
            Self::Caption { .. } => format!("change the caption in the source, or {FOLDER}"),
            Self::Length { wanted, .. } => {
                format!("cut all to one length: `--story-length {wanted}`; or {FOLDER}")
            }
            Self::TooShort { .. } => {
                "use `--story-length 4`: shorter stories can be cut from longer ones".to_owned()
            }
            Self::NoStory { .. } => {
                "choose another length with `--story-length N`, or another `--split`".to_owned()
            }
        })
    }
}
