//! Errors of this room.

use super::frames::FramesError;
use super::own::{StoryFault, list_faults, list_unreadable, own_hint};
use crate::card::Layout;
use crate::format::pickle::PickleError;
use crate::format::{NpyTableError, StoryFileError};
use crate::record::{ClipId, FaultKind, FrameIndex, Hint, StoryId, TextVariant};
use std::fmt::Write;
use std::path::{Path, PathBuf};

/// A file that should be there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MissingFile {
    /// Path below the data set's folder.
    pub path: String,
    /// What it holds.
    pub meaning: String,
    /// Where it is published, when that is not where the rest is.
    pub published_at: Option<String>,
}

/// What can go wrong with a data set.
#[derive(Debug, thiserror::Error)]
pub enum DatasetError {
    /// The data set is in none of the places where it is looked for.
    #[error(
        "data set `{dataset}` was not found{}\nit needs:{}\npublished at: {published_at}",
        list_places(looked_in),
        list_files(files)
    )]
    MissingFolder {
        /// Id of the data set.
        dataset: String,
        /// Folders that were tried, in order.
        looked_in: Vec<PathBuf>,
        /// Every file the data set needs.
        files: Vec<MissingFile>,
        /// Where the authors publish it.
        published_at: String,
    },
    /// The data set is packed.
    #[error("{} is an archive, not a data set", path.display())]
    Archive {
        /// The file.
        path: PathBuf,
    },
    /// The folder is there, some of its files are not.
    #[error("data set `{dataset}` in {}{} lacks:{}{}\npublished at: {published_at}", folder.display(), in_layout(*layout), list_files(files), other_layouts(others))]
    MissingFiles {
        /// Id of the data set.
        dataset: String,
        /// The folder.
        folder: PathBuf,
        /// The layout that was found, or of which most is there.
        layout: Option<Layout>,
        /// Layouts that the folder is not in either.
        others: Box<[Layout]>,
        /// Every missing file.
        files: Vec<MissingFile>,
        /// Where the authors publish it.
        published_at: String,
    },
    /// The data set's card has no such layout.
    #[error(
        "the card of `{dataset}` has no layout {layout}; it has {}",
        names(known)
    )]
    NotPublishedSo {
        /// Id of the data set.
        dataset: String,
        /// What was asked for.
        layout: Layout,
        /// What there is.
        known: Vec<Layout>,
    },
    /// Several files could be the data set.
    #[error("{} holds {}, and none is called {wanted}", folder.display(), files.join(", "))]
    SeveralFiles {
        /// The folder.
        folder: PathBuf,
        /// The files.
        files: Vec<String>,
        /// The name that would decide.
        wanted: String,
    },
    /// A symbolic link leads out of the data set's folder.
    #[error("{} leads out of the data set, to {}", path.display(), target.display())]
    LinkOutside {
        /// The path below the data set's folder.
        path: PathBuf,
        /// Where it leads.
        target: PathBuf,
    },
    /// A file could not be read.
    #[error("failed to read {}", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// A file is larger than any of its kind.
    #[error("{} has {found} bytes; more than {limit} are not read", path.display())]
    TooLarge {
        /// The file.
        path: PathBuf,
        /// Its length.
        found: u64,
        /// The limit.
        limit: u64,
    },
    /// A JSON file is malformed.
    #[error("{}:{line}:{column}: {}{}", path.display(), what, in_clip(clip.as_deref()))]
    Json {
        /// The file.
        path: PathBuf,
        /// Line, from 1; 0 when only the entry is known.
        line: usize,
        /// Column, from 1.
        column: usize,
        /// What is wrong.
        what: String,
        /// The clip whose entry is malformed, when its id could be read.
        clip: Option<String>,
        /// The JSON reader's own error.
        source: serde_json::Error,
    },
    /// Lines of a `stories.jsonl`, which its user wrote, are wrong.
    #[error("{}{}", path.display(), list_faults(faults))]
    OwnStories {
        /// The file.
        path: PathBuf,
        /// What is wrong, by line.
        faults: Vec<StoryFault>,
    },
    /// A pickle is not plain data, or damaged.
    #[error("{} was refused: {source}", path.display())]
    Pickle {
        /// The file.
        path: PathBuf,
        /// Why.
        source: PickleError,
    },
    /// An NPY file of text, numbers or objects is damaged or of another kind.
    #[error("{} was refused: {source}", path.display())]
    Npy {
        /// The file.
        path: PathBuf,
        /// Why.
        source: NpyTableError,
    },
    /// An HDF5 file is damaged or not one of ARLDM's.
    #[error("{}: {source}", path.display())]
    StoryFile {
        /// The file.
        path: PathBuf,
        /// Why.
        source: StoryFileError,
    },
    /// A pickle holds plain data, but not what this file should hold.
    #[error("{}: {}is {found}, not {wanted}", path.display(), of_clip(clip.as_deref()))]
    WrongContent {
        /// The file.
        path: PathBuf,
        /// The clip whose entry is wrong; `None` for the file as a whole.
        clip: Option<String>,
        /// What there should be.
        wanted: String,
        /// What there is.
        found: String,
    },
    /// A clip's frames are damaged.
    #[error("frames of clip `{clip}` in {}: {source}", path.display())]
    Frames {
        /// The clip.
        clip: ClipId,
        /// The file.
        path: PathBuf,
        /// Why.
        source: FramesError,
    },
    /// Files of stories that are no pictures.
    #[error("{} files of data set `{dataset}` in {} cannot be read as pictures:{}", files.len(), folder.display(), list_unreadable(files))]
    UnreadableFrames {
        /// Id of the data set.
        dataset: String,
        /// The folder.
        folder: PathBuf,
        /// Every file, and why.
        files: Vec<(String, String)>,
    },
    /// Frames have another size than the card says.
    #[error("{} holds frames of {found_width} x {found_height} pixels, the card says {width} x {height}", path.display())]
    WrongFrameSize {
        /// The file.
        path: PathBuf,
        /// Width on disk.
        found_width: u32,
        /// Height on disk.
        found_height: u32,
        /// Width on the card.
        width: usize,
        /// Height on the card.
        height: usize,
    },
    /// An id that could name a file outside the data set's folder.
    #[error("{} holds the id {id:?}, which is not a plain file name", path.display())]
    UnsafeId {
        /// The file that holds the id.
        path: PathBuf,
        /// The id.
        id: String,
    },
    /// An id without the season and episode that followers are computed from.
    #[error("{} holds the id `{id}`, which is not s_<season>_e_<episode>_...", path.display())]
    MalformedId {
        /// The file that holds the id.
        path: PathBuf,
        /// The id.
        id: String,
    },
    /// An id occurs twice where it must be unique.
    #[error("{} lists the id `{id}` twice", path.display())]
    DuplicateId {
        /// The file.
        path: PathBuf,
        /// The id.
        id: String,
    },
    /// The split file has no list of this name.
    #[error("{}", no_split(path, split, known))]
    UnknownSplit {
        /// The file.
        path: PathBuf,
        /// What was asked for.
        split: String,
        /// What there is.
        known: Vec<String>,
    },
    /// A clip of the split has no annotation.
    #[error("clip `{clip}` of split `{split}` has no entry in {}", path.display())]
    MissingAnnotation {
        /// The clip.
        clip: ClipId,
        /// The split.
        split: String,
        /// The annotation file.
        path: PathBuf,
    },
    /// A clip that follows another in a story has no annotation.
    #[error("story `{story}` goes on with clip `{follower}`, which has no entry in {}", path.display())]
    MissingFollower {
        /// The story.
        story: StoryId,
        /// The clip that is not there.
        follower: ClipId,
        /// The annotation file.
        path: PathBuf,
    },
    /// A clip has no labels.
    #[error("clip `{clip}` has no entry in {}", path.display())]
    MissingLabels {
        /// The clip.
        clip: ClipId,
        /// The label file.
        path: PathBuf,
    },
    /// A label vector has another length than the card says.
    #[error("{}: clip `{clip}` has {found} labels, the card says {wanted}", path.display())]
    LabelArity {
        /// The label file.
        path: PathBuf,
        /// The clip.
        clip: ClipId,
        /// Length of the vector.
        found: usize,
        /// Length on the card.
        wanted: usize,
    },
    /// A character outside the closed cast of the card.
    #[error("{}: clip `{clip}` has a character `{name}`, which is not on the card", path.display())]
    UnknownCharacter {
        /// The annotation file.
        path: PathBuf,
        /// The clip.
        clip: ClipId,
        /// The name.
        name: String,
    },
    /// A split has more or fewer clips than the card says.
    #[error("split `{split}` in {} has {found} {what}, the card says {wanted}", folder.display())]
    SplitSize {
        /// The data set's folder.
        folder: PathBuf,
        /// The split.
        split: &'static str,
        /// Entries there are.
        found: usize,
        /// Entries on the card.
        wanted: usize,
        /// What entries are: `clips` or `stories`.
        what: &'static str,
    },
    /// The content is not the one the card describes.
    #[error("the content of {} has the hash {found}, the card says {wanted}", folder.display())]
    ContentHash {
        /// The data set's folder.
        folder: PathBuf,
        /// Hash of what is there.
        found: String,
        /// Hash on the card.
        wanted: String,
    },
    /// `dataset verify` found something that has to be mended.
    #[error(
        "data set `{dataset}` in {} failed verification: {errors} kinds of error{}",
        folder.display(),
        and_warnings(*warnings)
    )]
    Unsound {
        /// Id of the data set.
        dataset: String,
        /// Its folder.
        folder: PathBuf,
        /// Findings that are errors.
        errors: usize,
        /// Findings that are warnings, where they count.
        warnings: usize,
    },
    /// The released code ends with an exception on this story.
    #[error(
        "on story `{story}`, frame {frame}, the code that defines `{variant}` text stops with {exception}"
    )]
    ReleasedCodeCrashes {
        /// The story.
        story: StoryId,
        /// The frame, from 1.
        frame: FrameIndex,
        /// The variant.
        variant: TextVariant,
        /// Python's exception and its cause.
        exception: &'static str,
    },
    /// No released code makes text of this variant from this data set.
    #[error("no released code makes `{variant}` text of data set `{dataset}`")]
    NoReleasedProcedure {
        /// Id of the data set.
        dataset: String,
        /// The variant.
        variant: TextVariant,
    },
    /// The released code ends with an exception on some stories of a split.
    #[error(
        "{stories} of {of} stories have no `{variant}` text: the code that defines it crashes on them"
    )]
    StoriesWithoutText {
        /// The variant.
        variant: TextVariant,
        /// Stories without text.
        stories: usize,
        /// Stories there are.
        of: usize,
    },
}

fn list_places(places: &[PathBuf]) -> String {
    let mut text = String::from("; looked in:");
    for place in places {
        // Writing to a String cannot fail.
        let _ = write!(text, "\n  {}", place.display());
    }
    text
}

fn list_files(files: &[MissingFile]) -> String {
    /// A data set without any of its thousands of clips need not fill the terminal.
    const SHOWN: usize = 25;
    let mut text = String::new();
    for file in files.iter().take(SHOWN) {
        let _ = write!(text, "\n  {}  {}", file.path, file.meaning);
        if let Some(place) = &file.published_at {
            let _ = write!(text, " [{place}]");
        }
    }
    if files.len() > SHOWN {
        let _ = write!(text, "\n  and {} more", files.len() - SHOWN);
    }
    text
}

/// The folder below one that has files which are missing there: archives often hold a folder of their own.
fn folder_with(folder: &Path, files: &[MissingFile]) -> Option<PathBuf> {
    let first = files.first()?;
    let below = std::fs::read_dir(folder).ok()?.flatten();
    let mut below: Vec<PathBuf> = below.map(|entry| entry.path()).collect();
    below.sort();
    below
        .into_iter()
        .find(|inner| inner.join(&first.path).exists())
}

fn names(layouts: &[Layout]) -> String {
    let names: Vec<&str> = layouts.iter().map(|layout| layout.name()).collect();
    names.join(", ")
}

fn in_layout(layout: Option<Layout>) -> String {
    layout.map_or_else(String::new, |layout| format!(", read as layout {layout},"))
}

fn other_layouts(layouts: &[Layout]) -> String {
    if layouts.is_empty() {
        return String::new();
    }
    format!("\nit is not in the layouts {} either", names(layouts))
}

fn no_split(path: &Path, split: &str, known: &[String]) -> String {
    let path = path.display();
    if known.is_empty() {
        return format!("{path} holds no story");
    }
    format!("{path} has no split `{split}`; it has {}", known.join(", "))
}

fn in_clip(clip: Option<&str>) -> String {
    clip.map_or_else(String::new, |clip| {
        format!(" in the entry of clip `{clip}`")
    })
}

fn of_clip(clip: Option<&str>) -> String {
    clip.map_or_else(
        || "it ".to_owned(),
        |clip| format!("the entry of clip `{clip}` "),
    )
}

fn and_warnings(count: usize) -> String {
    match count {
        0 => String::new(),
        count => format!(" and {count} of warning"),
    }
}

/// A run that needs no data of the user's.
const MINI: &str = "storyeval run --dataset minisv --model storygpt-v-mini";

impl Hint for DatasetError {
    fn fault_kind(&self) -> FaultKind {
        match self {
            Self::MissingFolder { .. } | Self::MissingFiles { .. } | Self::Read { .. } => {
                FaultKind::Setup
            }
            Self::UnknownSplit { known, .. } if known.is_empty() => FaultKind::DataVerification,
            Self::UnknownSplit { .. }
            | Self::Archive { .. }
            | Self::NotPublishedSo { .. }
            | Self::NoReleasedProcedure { .. } => FaultKind::Usage,
            _ => FaultKind::DataVerification,
        }
    }

    fn hint(&self) -> Option<String> {
        Some(match self {
            Self::MissingFolder { dataset, .. } => format!(
                "put the files there or give their folder with `--data DIR`; `{dataset}` is not needed for a first try: `{MINI}`"
            ),
            Self::Archive { path } => format!(
                "unpack it, and give the folder: `--data {}`",
                path.with_extension("").display()
            ),
            Self::MissingFiles { folder, files, .. } if let Some(inner) = folder_with(folder, files) => {
                format!("{0} holds them: `--data {0}`", inner.display())
            }
            Self::MissingFiles { folder, .. } => {
                format!("complete {}; or try without it: `{MINI}`", folder.display())
            }
            Self::NotPublishedSo { known, .. } => format!(
                "leave `--layout` out, or use `--layout {}`",
                known.first().map_or("folder", |layout| layout.name())
            ),
            Self::SeveralFiles { folder, files, .. } => format!(
                "name the file: `--data {}`",
                folder
                    .join(files.first().map_or("data.h5", String::as_str))
                    .display()
            ),
            Self::LinkOutside { path, .. } => format!(
                "inspect it with `ls -l {}`; if you trust this data set, set STORYEVAL_FOLLOW_LINKS=1",
                path.display()
            ),
            Self::Read { path, .. } | Self::TooLarge { path, .. } => {
                format!("check it with `ls -l {}`", path.display())
            }
            Self::UnknownSplit { path, known, .. } if known.is_empty() => format!(
                "put stories into it: `storyeval dataset new DIR` writes a sample; `ls -l {}` shows its length",
                path.display()
            ),
            Self::UnknownSplit { known, .. } => {
                let split = known.first().map_or("test", String::as_str);
                format!("use `--split {split}`")
            }
            Self::Pickle { path, .. } => format!(
                "nothing was executed; look inside with `python3 -m pickletools {}`",
                path.display()
            ),
            Self::Npy { path, .. } => format!(
                "nothing was executed; see what it is with `python3 -c 'import numpy,sys; print(numpy.load(sys.argv[1], mmap_mode=\"r\").dtype)' {}`",
                path.display()
            ),
            Self::StoryFile { path, .. } => format!(
                "see what is in it with `h5ls -r {}`, or `python3 -m pip install h5py`",
                path.display()
            ),
            Self::UnreadableFrames { dataset, folder, .. } => format!(
                "put whole pictures in their place, or take their stories out; `storyeval dataset verify --dataset {0} --data {1} --format json` lists them all",
                if folder.join("stories.jsonl").is_file() { folder.display().to_string() } else { dataset.clone() },
                folder.display()
            ),
            Self::Frames { path, source, .. } if let Some(way) = source.way_out(path) => way,
            Self::Frames { path, .. } | Self::WrongFrameSize { path, .. } => format!(
                "put a whole file in its place (`ls -l {}` shows its length); `storyeval dataset verify` lists every file like it",
                path.display()
            ),
            Self::Unsound { .. } => {
                "each finding above says what to do; the same command with `--format json` has ids".to_owned()
            }
            Self::ReleasedCodeCrashes { .. } => {
                "use `--protocol strict`, whose text is defined for every story".to_owned()
            }
            Self::NoReleasedProcedure { dataset, .. } => format!(
                "use a protocol whose text is `algorithm1` or `original`, for example `--protocol strict`; see `storyeval dataset referential --dataset {dataset} --variant algorithm1`. For a data set of your own in the way of FlintstonesSV or PororoSV, set `text_procedure` on its card"
            ),
            Self::StoriesWithoutText { .. } => {
                "`--variant algorithm1` is defined for every story; lines with \"error\" say where the code stops".to_owned()
            }
            Self::MissingFollower { path, .. } => format!(
                "the followers' cache and {} are not of the same release; move following_cache*.pkl away to compute followers from the split",
                path.display()
            ),
            Self::SplitSize { folder, .. } | Self::ContentHash { folder, .. } => format!(
                "fetch or draw the data again into {}, or correct the card",
                folder.display()
            ),
            Self::OwnStories { path, faults } => {
                own_hint(path, faults.first().map(|fault| fault.kind))
            }
            Self::Json { path, .. }
            | Self::WrongContent { path, .. }
            | Self::UnsafeId { path, .. }
            | Self::MalformedId { path, .. }
            | Self::DuplicateId { path, .. }
            | Self::MissingAnnotation { path, .. }
            | Self::MissingLabels { path, .. }
            | Self::LabelArity { path, .. }
            | Self::UnknownCharacter { path, .. } => format!(
                "the files are not of the same release or damaged: fetch {} again, or try `{MINI}`",
                path.display()
            ),
        })
    }
}
