//! A layout: which file a frame of a story has.

use super::arldm::Arldm;
use super::gill::Gill;
use super::manifest::Listing;
use super::stories::Stories;
use super::storydalle::StoryDalle;
use super::storygpt_v::StoryGptV;
use super::vlc::Vlc;
use super::{Folder, ImagesError};
use crate::record::{Story, StoryId};
use std::fmt;
use std::str::FromStr;

/// The layouts by name.
#[derive(
    Clone,
    Copy,
    Debug,
    PartialEq,
    Eq,
    clap::ValueEnum,
    strum::Display,
    strum::IntoStaticStr,
    strum::VariantArray,
)]
#[strum(serialize_all = "kebab-case")]
pub enum LayoutKind {
    /// `<first clip>/<clip>.png`
    StorygptV,
    /// `gen_sample_<item>_<k>.png`, k = 0 for frame 2
    Storydalle,
    /// `img-<item>-<k>.png`, k = 0 for frame 1
    Vlc,
    /// `0000.png`, `0001.png`, ... story after story
    Arldm,
    /// `<story>/<k>.png`, as in the `frames/` of a run, k = 1 for frame 1
    Stories,
    /// `<last clip>.png`, the last frame only
    Gill,
    /// Listed in `manifest.csv` or `manifest.jsonl`
    Manifest,
}

impl LayoutKind {
    /// All of them.
    pub const ALL: &[Self] = <Self as strum::VariantArray>::VARIANTS;

    /// The name on the command line.
    #[must_use]
    pub fn name(self) -> &'static str {
        self.into()
    }

    /// The names of its files, for people.
    #[must_use]
    pub fn pattern(self) -> &'static str {
        match self {
            Self::StorygptV => "<first clip id>/<clip id>.png",
            Self::Storydalle => "gen_sample_<story>_<k>.png, k = 0 for frame 2",
            Self::Vlc => "img-<story>-<k>.png, k = 0 for frame 1",
            Self::Arldm => "0000.png, 0001.png, ... story after story",
            Self::Stories => "<story id>/<k>.png, k = 1 for frame 1",
            Self::Gill => "<id of the story's last clip>.png",
            Self::Manifest => "listed in manifest.csv, manifest.jsonl or manifest.json",
        }
    }

    /// Frames of a story in the program that this layout comes from, when it is fixed there.
    #[must_use]
    pub fn story_length(self) -> Option<usize> {
        match self {
            Self::StorygptV => Some(4),
            Self::Storydalle | Self::Vlc | Self::Arldm | Self::Gill => Some(5),
            Self::Stories | Self::Manifest => None,
        }
    }

    /// What its file names may begin to count from, the program's own way first.
    #[must_use]
    pub fn beginnings(self) -> &'static [Numbers] {
        const fn from(story: usize, frame: usize) -> Numbers {
            Numbers { story, frame }
        }
        const BOTH: &[Numbers] = &[from(0, 0), from(0, 1), from(1, 0), from(1, 1)];
        const LIST: &[Numbers] = &[from(0, 0), from(0, 1)];
        const FRAMES: &[Numbers] = &[from(0, 1), from(0, 0)];
        const NONE: &[Numbers] = &[from(0, 0)];
        match self {
            Self::Vlc | Self::Storydalle => BOTH,
            Self::Arldm => LIST,
            Self::Stories => FRAMES,
            Self::StorygptV | Self::Gill | Self::Manifest => NONE,
        }
    }

    /// Whether its file names have a number of the story beside that of the frame.
    fn numbers_stories(self) -> bool {
        matches!(self, Self::Vlc | Self::Storydalle)
    }

    /// Whether its file names can begin to count from these numbers.
    pub(super) fn takes(self, numbers: Numbers) -> bool {
        match self {
            Self::Vlc | Self::Storydalle => true,
            Self::Arldm | Self::Stories => numbers.story == numbers.frame,
            Self::StorygptV | Self::Gill | Self::Manifest => false,
        }
    }

    /// What the numbers in the names of a folder's files begin at; `None` where the layout has no numbers, or no file
    /// such a name.
    pub(super) fn least(self, folder: &Folder) -> Option<Numbers> {
        let number = |text: &str| text.parse::<u32>().ok().map(|number| number as usize);
        let of = |stem: &str| match self {
            Self::Vlc => stem
                .strip_prefix("img-")?
                .split_once('-')
                .map(|(s, k)| (number(s), number(k))),
            Self::Storydalle => {
                let numbers = stem.strip_prefix("gen_sample_")?.split_once('_');
                numbers.map(|(s, k)| (number(s), number(k)))
            }
            Self::Arldm => Some((number(stem), number(stem))),
            Self::Stories => stem.rsplit_once('/').map(|(_, k)| (number(k), number(k))),
            Self::StorygptV | Self::Gill | Self::Manifest => None,
        };
        let all = folder.files().iter().filter_map(|file| of(file.stem()?));
        let pairs = all.filter_map(|(story, frame)| Some((story?, frame?)));
        pairs
            .reduce(|least, next| (least.0.min(next.0), least.1.min(next.1)))
            .map(|(story, frame)| Numbers { story, frame })
    }

    /// The value of `--numbers-from` for these numbers, where they are not the layout's own.
    #[must_use]
    pub fn option_for(self, numbers: Numbers) -> Option<String> {
        let usual = self.beginnings()[0];
        (numbers != usual).then(|| self.spelled(numbers))
    }

    /// The value of `--numbers-from` for these numbers.
    #[must_use]
    pub fn spelled(self, numbers: Numbers) -> String {
        if self.numbers_stories() {
            numbers.to_string()
        } else {
            numbers.frame.to_string()
        }
    }
}

/// What file names count from: the number of the first story, and of its first drawn frame.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Numbers {
    /// Number of the first story.
    pub story: usize,
    /// Number of the first drawn frame of a story, or of the whole list.
    pub frame: usize,
}

impl fmt::Display for Numbers {
    /// `1`, or `0,1` where the two differ.
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.story == self.frame {
            write!(formatter, "{}", self.frame)
        } else {
            write!(formatter, "{},{}", self.story, self.frame)
        }
    }
}

impl FromStr for Numbers {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let one = |text: &str| {
            let number = text.trim().parse::<u32>();
            let number = number.map_err(|_| "write a number, or two for stories and frames: `0,1`");
            Ok::<usize, Self::Err>(number? as usize)
        };
        let (story, frame) = text.split_once(',').unwrap_or((text, text));
        Ok(Self {
            story: one(story)?,
            frame: one(frame)?,
        })
    }
}

/// A frame of a story, as layouts count it.
#[derive(Clone, Copy, Debug)]
pub struct FramePlace<'a> {
    /// Position of the story in the data set's order, from 0. It does not move with a limit.
    pub story: usize,
    /// The story.
    pub of: &'a Story,
    /// Position of the frame in the story, from 0.
    pub position: usize,
}

impl<'a> FramePlace<'a> {
    /// Every frame of every story, in order.
    pub fn all(stories: &'a [Story]) -> impl Iterator<Item = Self> {
        stories.iter().enumerate().flat_map(|(story, of)| {
            (0..of.frames.len()).map(move |position| Self {
                story,
                of,
                position,
            })
        })
    }

    /// Id of the clip whose caption the frame has.
    #[must_use]
    pub fn clip(&self) -> &'a str {
        self.of.frames[self.position].clip.as_str()
    }

    /// The story's id.
    #[must_use]
    pub fn story_id(&self) -> &'a StoryId {
        &self.of.id
    }
}

/// Where the file of a frame is, below the folder and with `/` on every system.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Place {
    /// A path without its extension, which is png, jpg or jpeg in any case.
    Stem(String),
    /// A path.
    File(String),
    /// The frame should have a file, but the layout's list names none.
    Unlisted,
    /// The layout never has this frame.
    NotDrawn,
}

/// Which file a frame has. Several frames may share one.
pub trait Layout: fmt::Debug {
    /// Its name.
    fn kind(&self) -> LayoutKind;

    /// The place of a frame.
    fn place(&self, frame: &FramePlace<'_>) -> Place;
}

/// Opens a layout with the numbers of the program that it comes from.
///
/// # Errors
/// As [`open_numbered`].
pub fn open_layout(
    kind: LayoutKind,
    folder: &Folder,
    stories: &[Story],
    first_frame: Option<usize>,
) -> Result<Box<dyn Layout>, ImagesError> {
    open_numbered(kind, folder, stories, first_frame, kind.beginnings()[0])
}

/// Opens a layout for `stories`, all of the data set's split.
///
/// `first_frame` counts from 1: frames before it were given to the other program and not drawn by it. Only
/// layouts that number frames without naming them need that option, which are `arldm` and `vlc`.
///
/// # Errors
/// [`ImagesError::FirstFrame`] where a first frame is given and the layout does not take one, or no
/// frame would be left; and what is wrong with a manifest.
pub fn open_numbered(
    kind: LayoutKind,
    folder: &Folder,
    stories: &[Story],
    first_frame: Option<usize>,
    from: Numbers,
) -> Result<Box<dyn Layout>, ImagesError> {
    let shortest = stories.iter().map(|story| story.frames.len()).min();
    let first = first_frame.unwrap_or(1);
    let takes = matches!(kind, LayoutKind::Arldm | LayoutKind::Vlc);
    if first == 0 || shortest.is_some_and(|frames| first > frames) || (first > 1 && !takes) {
        return Err(ImagesError::FirstFrame {
            layout: kind,
            first,
            frames: shortest.unwrap_or(0),
        });
    }
    Ok(match kind {
        LayoutKind::StorygptV => Box::new(StoryGptV),
        LayoutKind::Storydalle => Box::new(StoryDalle { from }),
        LayoutKind::Vlc => Box::new(Vlc {
            skipped: first - 1,
            from,
        }),
        LayoutKind::Arldm => {
            let width = folder.digits(4, |stem| Some(stem));
            Box::new(Arldm::new(stories, first - 1, from.frame, width))
        }
        LayoutKind::Stories => Box::new(Stories::new(folder, from.frame)),
        LayoutKind::Gill => Box::new(Gill),
        LayoutKind::Manifest => Box::new(Listing::read(folder.root(), stories)?),
    })
}
