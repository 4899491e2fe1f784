//! Errors of this room.

use super::{LayoutKind, Mismatch};
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
    /// The path is empty, absolute or holds `..`.
    Path(String),
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
            Self::Path(path) => write!(
                formatter,
                "the path {path:?} is not one below the folder: it may not be empty, absolute or hold `..`"
            ),
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
    /// The layout is a list, and there is none or more than one.
    #[error("{} holds {found} of manifest.csv and manifest.jsonl", path.display())]
    NoList {
        /// The folder.
        path: PathBuf,
        /// How many: `neither` or `both`.
        found: &'static str,
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
            Self::FirstFrame { .. } => FaultKind::Usage,
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
