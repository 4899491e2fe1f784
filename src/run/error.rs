//! Errors of this room.

use super::difference::Difference;
use super::import::FrameChange;
use crate::record::{FaultKind, FrameIndex, Hint, StoryId};
use crate::vision::VisionError;
use parquet::errors::ParquetError;
use std::fmt;
use std::io;
use std::path::{Path, PathBuf};

/// What is wrong with a feature file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FeatureFault {
    /// The file does not begin as a NumPy array file does.
    Magic,
    /// The header is not that of a C-ordered little-endian float32 matrix.
    Header,
    /// The file has another length than its header says.
    Length,
}

impl fmt::Display for FeatureFault {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Magic => "it is not a NumPy array file",
            Self::Header => "it is not a C-ordered little-endian float32 matrix",
            Self::Length => "its length is not what its header says",
        })
    }
}

/// What can go wrong with a plan or a run folder.
#[derive(Debug, thiserror::Error)]
pub enum RunError {
    /// Something under the run folder could not be written.
    #[error("failed to write {}", path.display())]
    Output {
        /// What was being written.
        path: PathBuf,
        /// Why it failed.
        source: io::Error,
    },
    /// The place for the run folder does not let this user write.
    #[error("no permission to write {}", path.display())]
    ReadOnly {
        /// What was being written.
        path: PathBuf,
        /// Why it failed.
        source: io::Error,
    },
    /// The disk, or the user's share of it, is full.
    #[error("no space left to write {}", path.display())]
    DiskFull {
        /// What was being written.
        path: PathBuf,
        /// Why it failed.
        source: io::Error,
    },
    /// Another process works in the folder.
    #[error("another storyeval process works in {}", path.display())]
    Locked {
        /// The run folder.
        path: PathBuf,
    },
    /// The folder holds other things, and would be littered.
    #[error("{} is not a run folder: it is not empty and has no manifest.json", path.display())]
    Occupied {
        /// The folder.
        path: PathBuf,
    },
    /// There is no run where one was expected.
    #[error("there is no run in {}", path.display())]
    NoRun {
        /// The folder.
        path: PathBuf,
    },
    /// A part of a run was named instead of the run.
    #[error("{} is not a run, but lies in one", path.display())]
    InRun {
        /// What was named.
        path: PathBuf,
        /// The folder of the run.
        run: PathBuf,
    },
    /// A file was named where a folder is wanted.
    #[error("{} is a file, not a folder", path.display())]
    NotFolder {
        /// The file.
        path: PathBuf,
    },
    /// The folder in which a file is to be written does not exist.
    #[error("failed to write {}: there is no folder {}", path.display(), parent(path))]
    NoParent {
        /// The file.
        path: PathBuf,
    },
    /// A file of a run is not what this program wrote.
    #[error("{} is damaged: {what}", path.display())]
    Damaged {
        /// The file.
        path: PathBuf,
        /// How.
        what: String,
    },
    /// A folder that was named does not exist.
    #[error("there is no folder {}", path.display())]
    NoFolder {
        /// The folder.
        path: PathBuf,
    },
    /// One run is wanted, and a folder of several is named.
    #[error("{} is not a run, but holds {}", path.display(), listed(runs))]
    SeveralRuns {
        /// The folder.
        path: PathBuf,
        /// The runs in it.
        runs: Vec<PathBuf>,
    },
    /// A run has no scores yet.
    #[error("there are no scores in {}", path.display())]
    NoScores {
        /// The folder.
        path: PathBuf,
    },
    /// The cards of a run have another form.
    #[error("the run in {} was made by another version of storyeval ({source})", path.display())]
    Cards {
        /// The run folder.
        path: PathBuf,
        /// What the reader says.
        source: serde_json::Error,
    },
    /// The folder holds another run.
    #[error("{} holds another run ({})", path.display(), join(differences))]
    DifferentRun {
        /// The run folder.
        path: PathBuf,
        /// Everything that differs.
        differences: Vec<Difference>,
        /// The command that the folder was last worked on with.
        command: String,
    },
    /// The folder holds an import of other images.
    #[error(
        "{} holds an import of other images; frames that differ: {}{}",
        path.display(), changes.len(), list(changes)
    )]
    ImagesChanged {
        /// The run folder.
        path: PathBuf,
        /// Every frame that differs, in plan order.
        changes: Vec<FrameChange>,
    },
    /// A file of the run folder could not be read.
    #[error("failed to read {}", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// Why it failed.
        source: io::Error,
    },
    /// A file of the run folder is not the JSON it should be.
    #[error("cannot understand {} line {line}", path.display())]
    Json {
        /// The file.
        path: PathBuf,
        /// Line, from 1.
        line: usize,
        /// What the parser says.
        source: serde_json::Error,
    },
    /// A file was written by another version of the format.
    #[error("{} has format {found}, this program reads {supported}", path.display())]
    Format {
        /// The file.
        path: PathBuf,
        /// Version in the file.
        found: u32,
        /// Version of this program.
        supported: u32,
    },
    /// Observations were written by another version of the format.
    #[error("{} has format {found}, this program reads {supported}", path.display())]
    ObservationsFormat {
        /// The file.
        path: PathBuf,
        /// Version in the file.
        found: u32,
        /// Version of this program.
        supported: u32,
    },
    /// A file was changed after it was written.
    #[error("{} has hash {found}, but {expected} is recorded", path.display())]
    Hash {
        /// The file.
        path: PathBuf,
        /// Recorded SHA-256.
        expected: String,
        /// SHA-256 found.
        found: String,
    },
    /// A stored frame could not be decoded.
    #[error("failed to decode frame {frame} of story {story} in {}", path.display())]
    Frame {
        /// The PNG.
        path: PathBuf,
        /// The story.
        story: StoryId,
        /// The frame.
        frame: FrameIndex,
        /// What the decoder says.
        source: Box<VisionError>,
    },
    /// A generated frame could not be encoded.
    #[error("failed to encode frame {frame} of story {story}")]
    Encode {
        /// The story.
        story: StoryId,
        /// The frame.
        frame: FrameIndex,
        /// What the encoder says.
        source: Box<VisionError>,
    },
    /// The observations could not be read.
    #[error("failed to read observations from {}", path.display())]
    Observations {
        /// The Parquet file.
        path: PathBuf,
        /// What the Parquet library says.
        source: ParquetError,
    },
    /// The observations have other columns or lengths than this program writes.
    #[error("column {column} of {} is not as storyeval writes it", path.display())]
    Column {
        /// The Parquet file.
        path: PathBuf,
        /// The column.
        column: &'static str,
    },
    /// A feature file is broken.
    #[error("cannot use features {}: {fault}", path.display())]
    Features {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        fault: FeatureFault,
    },
    /// A feature name would leave its folder.
    #[error("{name:?} cannot name a feature file")]
    FeatureName {
        /// The name.
        name: String,
    },
    /// A partition was not written as `hash:K/N`.
    #[error("{text:?} is not a partition")]
    PartitionSyntax {
        /// What was given.
        text: String,
    },
    /// The selection holds no story.
    #[error("the selection holds no story")]
    EmptyPlan,
    /// A story is twice in the plan.
    #[error("story {story} is selected twice")]
    RepeatedStory {
        /// The story.
        story: StoryId,
    },
    /// A story's captions and frames are not paired.
    #[error("story {story} has {frames} frames but {captions} captions")]
    CaptionCount {
        /// The story.
        story: StoryId,
        /// Frames of the story.
        frames: usize,
        /// Captions given for it.
        captions: usize,
    },
    /// The generator gave another number of stories than it was asked for.
    #[error("the generator drew {found} stories of the {expected} of batch {batch}")]
    StoryCount {
        /// The batch.
        batch: usize,
        /// Stories asked for.
        expected: usize,
        /// Stories given.
        found: usize,
    },
    /// The generator gave another number of frames than a story has.
    #[error("the generator drew {found} frames of the {expected} of story {story}")]
    FrameCount {
        /// The story.
        story: StoryId,
        /// Frames asked for.
        expected: usize,
        /// Frames given.
        found: usize,
    },
    /// What the evaluators gave does not belong to the frames they were shown.
    #[error("the evaluators gave no matching row for frame {frame} of story {story}")]
    Row {
        /// The story.
        story: StoryId,
        /// The frame.
        frame: FrameIndex,
    },
    /// The frames were not looked at yet.
    #[error("the frames in {} were not observed yet", path.display())]
    NotObserved {
        /// The run folder.
        path: PathBuf,
    },
    /// What was seen is not what is there now.
    #[error("{} is not as it was written: the disk failed, a program was stopped, or somebody changed it", path.display())]
    Changed {
        /// The file.
        path: PathBuf,
        /// The folder of the observations.
        folder: PathBuf,
    },
    /// Looking would lose what was seen.
    #[error("the frames in {} were seen by more networks ({networks}); what those saw would be lost", path.display())]
    FewerNetworks {
        /// The folder of the observations.
        path: PathBuf,
        /// The networks, separated by commas.
        networks: String,
    },
    /// Units of the plan are not generated yet.
    #[error("{done} of {planned} stories are generated in {}", path.display())]
    Outstanding {
        /// The run folder.
        path: PathBuf,
        /// Units done.
        done: usize,
        /// Units planned in this partition.
        planned: usize,
    },
}

/// The first ten changes, a line each.
fn list(changes: &[FrameChange]) -> String {
    let mut text = String::new();
    for change in changes.iter().take(10) {
        text.push_str("\n  ");
        text.push_str(&change.to_string());
    }
    if changes.len() > 10 {
        text.push_str("\n  ...");
    }
    text
}

fn join(differences: &[Difference]) -> String {
    let parts: Vec<String> = differences.iter().map(ToString::to_string).collect();
    parts.join("; ")
}

impl RunError {
    /// A failure to write `path`, as the variant that its cause calls for.
    #[must_use]
    pub fn write(path: &Path, source: io::Error) -> Self {
        let path = path.to_path_buf();
        match source.kind() {
            io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => {
                Self::DiskFull { path, source }
            }
            io::ErrorKind::PermissionDenied | io::ErrorKind::ReadOnlyFilesystem => {
                Self::ReadOnly { path, source }
            }
            io::ErrorKind::NotFound if !Path::new(&parent(&path)).exists() => {
                Self::NoParent { path }
            }
            _ => Self::Output { path, source },
        }
    }

    /// A failure to read `path`.
    #[must_use]
    pub fn read(path: &Path, source: io::Error) -> Self {
        Self::Read {
            path: path.to_path_buf(),
            source,
        }
    }
}

impl Hint for RunError {
    fn fault_kind(&self) -> FaultKind {
        match self {
            Self::Output { .. }
            | Self::NoParent { .. }
            | Self::ReadOnly { .. }
            | Self::DiskFull { .. }
            | Self::Locked { .. }
            | Self::Occupied { .. } => FaultKind::Output,
            Self::DifferentRun { .. } | Self::ImagesChanged { .. } | Self::FewerNetworks { .. } => {
                FaultKind::Incomparable
            }
            Self::Read { .. }
            | Self::Json { .. }
            | Self::Format { .. }
            | Self::ObservationsFormat { .. }
            | Self::Cards { .. }
            | Self::Hash { .. }
            | Self::Damaged { .. }
            | Self::Frame { .. }
            | Self::Observations { .. }
            | Self::Column { .. }
            | Self::Features { .. }
            | Self::Changed { .. }
            | Self::CaptionCount { .. }
            | Self::RepeatedStory { .. } => FaultKind::DataVerification,
            Self::PartitionSyntax { .. }
            | Self::NoRun { .. }
            | Self::InRun { .. }
            | Self::NotFolder { .. }
            | Self::NoFolder { .. }
            | Self::SeveralRuns { .. } => FaultKind::Usage,
            Self::EmptyPlan => FaultKind::NothingSelected,
            Self::Outstanding { .. } | Self::NotObserved { .. } | Self::NoScores { .. } => {
                FaultKind::Partial
            }
            // A closure that breaks its contract is our own mistake, not the user's.
            Self::Encode { .. }
            | Self::FeatureName { .. }
            | Self::StoryCount { .. }
            | Self::FrameCount { .. }
            | Self::Row { .. } => FaultKind::Bug,
        }
    }

    fn hint(&self) -> Option<String> {
        Some(match self {
            Self::Output { path, .. } => {
                format!("look at the folder with `ls -ld {}`, or choose another with `--out DIR`", parent(path))
            }
            Self::ReadOnly { path, .. } => format!(
                "choose a folder you may write with `--out DIR`, or `chmod u+w {}`",
                parent(path)
            ),
            Self::DiskFull { path, .. } => format!(
                "make room (`df -h {}`) and run the same command again, it goes on where it stopped; or use `--out DIR` on another disk",
                parent(path)
            ),
            Self::Locked { .. } => {
                "wait for the other process, or choose another folder with `--out DIR`".to_owned()
            }
            Self::Occupied { .. } => "choose a new folder with `--out runs/NAME`".to_owned(),
            Self::NoRun { .. } => "start one in a new folder: `storyeval run --dataset minisv --model storygpt-v-mini --out runs/NAME`; pictures of another program are scored with `storyeval score --images DIR --dataset D`".to_owned(),
            Self::InRun { run, .. } => format!("name the run: {}", run.display()),
            Self::NotFolder { .. } => "name a folder, for a new run `--out runs/NAME`".to_owned(),
            Self::NoParent { path } => format!("make it: `mkdir -p {}`", parent(path)),
            Self::NoFolder { .. } => "list the runs below a folder with `storyeval ls runs DIR`".to_owned(),
            Self::SeveralRuns { runs, .. } => {
                format!("name one of them: {}", runs.first()?.display())
            }
            Self::NoScores { path } if !path.join(super::layout::OBSERVED).is_file() => {
                "finish it: the command that began it (`storyeval run ..`) goes on where it stopped".to_owned()
            }
            Self::NoScores { path } => {
                format!("compute them with `storyeval score {}`", path.display())
            }
            Self::Cards { .. } => "run it again into a new folder".to_owned(),
            Self::DifferentRun { path, differences, command } => {
                let goes_on = if differences.iter().any(|row| row.field == "dataset_hash") {
                    "with the data as they were, the command that began it goes on".to_owned()
                } else {
                    format!("`{command}` goes on with it")
                };
                format!("{goes_on}; or keep both: choose another folder with `--out {}-2`", path.display())
            }
            Self::ImagesChanged { path, .. } => format!(
                "keep both: choose another folder with `--out {}-2`",
                path.display()
            ),
            Self::Frame { .. } | Self::Observations { .. } | Self::Column { .. } | Self::Features { .. } => {
                "run the same `storyeval run` command again: it makes anew what cannot be trusted".to_owned()
            }
            Self::Read { path, .. } => format!("look at it with `ls -l {}`", path.display()),
            Self::Hash { path, .. } if path.ends_with(super::layout::SCORES) => {
                format!("write the scores again: `storyeval score {}`", parent(path))
            }
            Self::Json { path, .. } | Self::Hash { path, .. } | Self::Damaged { path, .. } => format!(
                "the run was changed from outside; move it away with `mv {0} {0}.damaged` and start anew",
                parent(path)
            ),
            Self::Format { .. } => {
                "use the version of storyeval that wrote the run, or start anew with `--out runs/NAME`".to_owned()
            }
            Self::EmptyPlan => "raise `--limit`, or look with `storyeval run ... --dry-run`".to_owned(),
            Self::RepeatedStory { .. } | Self::CaptionCount { .. } => {
                "the split lists a story twice; see its ids with `storyeval dataset referential --dataset ...`".to_owned()
            }
            Self::ObservationsFormat { path, .. } => format!(
                "observe the frames again with this version: `storyeval observe {}`",
                parent(path)
            ),
            Self::Changed { folder, .. } => {
                format!("look at the frames again: `storyeval observe {}`", folder.display())
            }
            Self::FewerNetworks { path, .. } => format!(
                "leave them out of `--skip`, choose another folder with `--out DIR`, or give up what they saw with `rm {}`",
                path.join(super::layout::OBSERVED).display()
            ),
            Self::NotObserved { path } => format!("look at them first: `storyeval observe {}`", path.display()),
            Self::Outstanding { .. } => {
                "run the same `storyeval run` command again, it goes on where it stopped".to_owned()
            }
            Self::Encode { .. }
            | Self::FeatureName { .. }
            | Self::StoryCount { .. }
            | Self::FrameCount { .. }
            | Self::PartitionSyntax { .. }
            | Self::Row { .. } => return None,
        })
    }
}

/// The folder of `path`, for commands in hints.
fn parent(path: &Path) -> String {
    match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder.display().to_string(),
        _ => ".".to_owned(),
    }
}

/// The first few paths of a list.
fn listed(paths: &[PathBuf]) -> String {
    const SHOWN: usize = 8;
    let mut text: Vec<String> = paths
        .iter()
        .take(SHOWN)
        .map(|path| path.display().to_string())
        .collect();
    if paths.len() > SHOWN {
        text.push(format!("{} more", paths.len() - SHOWN));
    }
    text.join(", ")
}

#[cfg(test)]
mod tests;
