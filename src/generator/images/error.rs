//! Errors of this room.

use super::{Guess, LayoutKind, Mismatch, Numbers};
use crate::record::{FaultKind, Hint};
use crate::vision::VisionError;
use std::fmt;
use std::fmt::Write as _;
use std::io;
use std::path::PathBuf;

/// What is wrong with a line of a list of frames.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ManifestFault {
    /// It is not the JSON or CSV that it should be.
    Syntax(String),
    /// The path is not one below the folder: the path, and why.
    Path(String, &'static str),
    /// The path does not end as that of a PNG or JPEG file.
    Ending(String),
    /// The story is not in the split.
    UnknownStory(String),
    /// The frame is 0 or beyond the story's last.
    UnknownFrame {
        /// What is asked for.
        frame: u32,
        /// Frames of the story.
        frames: usize,
    },
    /// The frame has a path already.
    Repeated {
        /// The line that has it.
        line: usize,
    },
}

impl fmt::Display for ManifestFault {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Syntax(what) => formatter.write_str(what),
            Self::Path(path, why) => {
                write!(
                    formatter,
                    "the path {path:?} is not one below the folder: {why}"
                )
            }
            Self::Ending(path) => write!(formatter, "{path:?} does not end in png, jpg or jpeg"),
            Self::UnknownStory(story) => write!(formatter, "no story of the split is {story:?}"),
            Self::UnknownFrame { frame, frames } => write!(
                formatter,
                "there is no frame {frame}: frames count from 1, and the story has {frames}"
            ),
            Self::Repeated { line } => write!(formatter, "line {line} lists this frame already"),
        }
    }
}

/// What can go wrong with a folder of images.
#[derive(Debug, thiserror::Error)]
pub enum ImagesError {
    /// It is not there or cannot be opened.
    #[error("failed to open the folder of images {}", path.display())]
    NoFolder {
        /// What was asked for.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// It is something else.
    #[error("{} is not a folder", path.display())]
    NotFolder {
        /// What was asked for.
        path: PathBuf,
    },
    /// It holds more files than this program is willing to list.
    #[error("{} holds more than {limit} images", path.display())]
    TooManyFiles {
        /// The folder.
        path: PathBuf,
        /// The limit.
        limit: usize,
    },
    /// The first frame does not fit the layout or the stories.
    #[error("layout {layout} cannot begin at frame {first} of stories of {frames} frames")]
    FirstFrame {
        /// The layout.
        layout: LayoutKind,
        /// What was asked for, from 1.
        first: usize,
        /// Frames of the shortest story.
        frames: usize,
    },
    /// The names of the layout's files have no such numbers.
    #[error("layout {layout} ({}) does not take `--numbers-from {asked}`", layout.pattern())]
    Numbers {
        /// The layout.
        layout: LayoutKind,
        /// What was asked for.
        asked: Numbers,
    },
    /// The layout is a list, and there is none or more than one.
    #[error("{} has to hold one of manifest.csv, manifest.jsonl and manifest.json, and holds {found}", path.display())]
    NoList {
        /// The folder.
        path: PathBuf,
        /// Which there are; `none` where there is none.
        found: String,
    },
    /// No layout has a file for every planned frame, and none was named.
    #[error("no layout fits the {images} images of {} whole{}", path.display(), nearest.as_ref().map_or_else(String::new, |guess| format!("; the nearest: {guess}")))]
    NoLayout {
        /// The folder.
        path: PathBuf,
        /// How many images it holds.
        images: usize,
        /// Images of endings that are not read, in words.
        unread: Option<String>,
        /// The layout that matches most.
        nearest: Option<Box<Guess>>,
    },
    /// Several layouts have a file for every planned frame, and none was named.
    #[error("several layouts fit {}, and they give frames other files: {}", path.display(), names(kinds))]
    SeveralLayouts {
        /// The folder.
        path: PathBuf,
        /// The layouts.
        kinds: Vec<LayoutKind>,
    },
    /// The list cannot be read.
    #[error("failed to read {}", path.display())]
    ReadList {
        /// The list.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// Lines of the list are wrong.
    #[error("{} is wrong in {} {}{}", path.display(), faults.len(),
        if faults.len() == 1 { "place" } else { "places" }, lines(faults))]
    List {
        /// The list.
        path: PathBuf,
        /// Line, from 1, and what is wrong there.
        faults: Vec<(usize, ManifestFault)>,
    },
    /// Files and frames do not fit.
    #[error("{0}")]
    Mismatch(Box<Mismatch>),
    /// A file could not be read again, or is no image any more.
    #[error("failed to read an image")]
    Image(#[from] VisionError),
    /// A file is another one than a moment ago.
    #[error("{} changed while it was imported", path.display())]
    Changed {
        /// The file.
        path: PathBuf,
    },
}

fn counts_from_nought(faults: &[(usize, ManifestFault)]) -> bool {
    let nought =
        |fault: &ManifestFault| matches!(fault, ManifestFault::UnknownFrame { frame: 0, .. });
    faults.iter().any(|(_, fault)| nought(fault))
}

/// What to do with images that are not read.
pub(super) fn unread_hint(unread: &str) -> String {
    format!("{unread}, which are not read here: convert them to PNG under the same names")
}

fn names(kinds: &[LayoutKind]) -> String {
    let names: Vec<&str> = kinds.iter().map(|kind| kind.name()).collect();
    names.join(", ")
}

fn lines(faults: &[(usize, ManifestFault)]) -> String {
    let mut text = String::new();
    for (line, fault) in faults.iter().take(10) {
        // Writing to a string cannot fail.
        let _ = write!(text, "\n  line {line}: {fault}");
    }
    if faults.len() > 10 {
        text.push_str("\n  ...");
    }
    text
}

impl Hint for ImagesError {
    fn fault_kind(&self) -> FaultKind {
        match self {
            Self::NoFolder { .. } | Self::NotFolder { .. } => FaultKind::Setup,
            Self::FirstFrame { .. }
            | Self::Numbers { .. }
            | Self::NoLayout { .. }
            | Self::SeveralLayouts { .. } => FaultKind::Usage,
            Self::TooManyFiles { .. }
            | Self::NoList { .. }
            | Self::ReadList { .. }
            | Self::List { .. }
            | Self::Mismatch(_)
            | Self::Changed { .. } => FaultKind::DataVerification,
            Self::Image(source) => source.fault_kind(),
        }
    }

    fn hint(&self) -> Option<String> {
        Some(match self {
            Self::NoFolder { .. } => "check the path after `--images` and its permissions".to_owned(),
            Self::NotFolder { .. } => {
                "give the folder that holds the images; archives have to be unpacked first".to_owned()
            }
            Self::TooManyFiles { .. } => {
                "give the folder of one model's images, not one above it".to_owned()
            }
            Self::FirstFrame { .. } => "`--first-frame N` is for the layouts arldm and vlc and counts \
                 from 1; leave it out elsewhere"
                .to_owned(),
            Self::NoList { .. } => "put one list into the folder; a line of manifest.jsonl is \
                 {\"story\": \"<story id>\", \"frame\": 1, \"path\": \"some/image.png\"}"
                .to_owned(),
            Self::ReadList { .. } => "check its permissions; it has to be UTF-8".to_owned(),
            Self::Numbers { layout, .. } => match layout.beginnings() {
                [_] => "leave the option out: these names have no number to begin".to_owned(),
                _ => "these names have one number; give one, as `--numbers-from 1`".to_owned(),
            },
            Self::NoLayout { unread: Some(unread), .. } => unread_hint(unread),
            Self::NoLayout { nearest: Some(nearest), .. } if nearest.below.is_none() => format!(
                "if that is right, name it: `{}`; otherwise list the files in a manifest.jsonl, as docs/images.md shows",
                nearest.options()
            ),
            Self::NoLayout { .. } => "say how the files are named with `--layout`, or list them in a manifest.jsonl: \
                 docs/images.md shows both; `--dry-run` says what would match"
                .to_owned(),
            Self::SeveralLayouts { kinds, .. } => format!(
                "say which with `--layout {}`",
                kinds.iter().map(|kind| kind.name()).collect::<Vec<_>>().join("` or `--layout ")
            ),
            Self::List { faults, .. } if counts_from_nought(faults) => {
                "frames count from 1: add 1 to every `frame`, in pandas `table[\"frame\"] += 1`".to_owned()
            }
            Self::List { .. } => "story ids are printed by `storyeval dataset referential --dataset D`; \
                 other story lengths are chosen with `--story-length N`"
                .to_owned(),
            Self::Mismatch(mismatch) => return mismatch.hint(),
            Self::Image(source) => return source.hint(),
            Self::Changed { .. } => {
                "wait until the other program has finished, then repeat the command with a new `--out`"
                    .to_owned()
            }
        })
    }
}
