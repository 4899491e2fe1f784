//! Errors of this room.

use super::command::WorkerFailure;
use super::{SchedulerError, ServiceFault};
use crate::format::FormatError;
use crate::inference::InferenceError;
use crate::record::{CallerError, ClipId, FaultKind, FrameIndex, Hint, StoryId};
use crate::vision::VisionError;
use std::fmt;
use std::path::PathBuf;

/// Which frame of which stories was being drawn. A batch draws the same frame of several stories.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    /// The stories of the batch, or the one story that is to blame.
    pub stories: Vec<StoryId>,
    /// Position in the story, from 1.
    pub frame: FrameIndex,
}

impl fmt::Display for Place {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "frame {} of ", self.frame)?;
        match self.stories.as_slice() {
            [] => formatter.write_str("no story"),
            [story] => write!(formatter, "story {story}"),
            [first, rest @ ..] => write!(
                formatter,
                "story {first} and {} more of its batch",
                rest.len()
            ),
        }
    }
}

/// What went wrong inside one step of drawing a frame.
#[derive(Debug, thiserror::Error)]
pub enum Fault {
    /// A network did not run.
    #[error("the graph {graph} did not run")]
    Network {
        /// Graph name in the bundle.
        graph: &'static str,
        /// What ONNX Runtime said.
        source: Box<InferenceError>,
    },
    /// The model lacks a graph that is needed to write.
    #[error("the model has no graph {graph}")]
    NoGraph {
        /// Graph name in the bundle.
        graph: &'static str,
    },
    /// A network gave an array of another shape than the bundle promises.
    #[error("the graph {graph} gave the shape {found:?} instead of {expected:?}")]
    Shape {
        /// Graph name in the bundle.
        graph: &'static str,
        /// Shape that follows from the bundle's sizes and the batch.
        expected: Vec<usize>,
        /// Shape that came.
        found: Vec<usize>,
    },
    /// A network gave an array with another number of dimensions.
    #[error("the graph {graph} gave {found} dimensions instead of {expected}")]
    Rank {
        /// Graph name in the bundle.
        graph: &'static str,
        /// Dimensions that its signature has.
        expected: usize,
        /// Dimensions that came.
        found: usize,
    },
    /// A network gave a value that is not a number, or infinite.
    #[error("the graph {graph} gave values that are not finite")]
    NotFinite {
        /// Graph name in the bundle.
        graph: &'static str,
        /// Position in the batch, from 0.
        row: usize,
    },
    /// A caption could not be turned into tokens.
    #[error("failed to split {text:?} into tokens")]
    Tokens {
        /// The text.
        text: String,
        /// What the tokeniser said.
        source: Box<InferenceError>,
    },
    /// Tokens that a language model wrote could not be turned into text.
    #[error("failed to join the tokens that the language model wrote")]
    Words {
        /// What the tokeniser said.
        source: Box<InferenceError>,
    },
    /// Latents could not be read, or written.
    #[error("failed to read or keep its latents")]
    Latents {
        /// Position in the batch, from 0.
        row: usize,
        /// What the file's code said; names the file.
        source: FormatError,
    },
    /// A frame could not be brought to the size that a network takes.
    #[error("failed to prepare the frame for the graph {graph}")]
    Pixels {
        /// Graph name in the bundle.
        graph: &'static str,
        /// What the image code said.
        source: VisionError,
    },
}

/// What can go wrong here.
#[derive(Debug, thiserror::Error)]
pub enum GeneratorError {
    /// The bundle is for something else.
    #[error("the bundle {} is of kind {found}, but {needed} is needed", path.display())]
    WrongKind {
        /// Folder of the bundle.
        path: PathBuf,
        /// Its kind.
        found: &'static str,
        /// The kinds that would do.
        needed: &'static str,
    },
    /// A bundle, a graph or a tokeniser could not be opened, or lacks a section.
    #[error("failed to open the model in {}", path.display())]
    Open {
        /// Folder of the bundle.
        path: PathBuf,
        /// What was wrong.
        source: Box<InferenceError>,
    },
    /// Graphs that make a language model write, but not this one.
    #[error("{} writes for another language model than that of {}", writer.display(), model.display())]
    OtherModel {
        /// Folder of the bundle that writes.
        writer: PathBuf,
        /// Folder of the model's bundle.
        model: PathBuf,
    },
    /// A number in the bundle contradicts another.
    #[error("{key} is {value} in the bundle, but has to be {wanted}")]
    Setting {
        /// Key in `bundle.toml`.
        key: &'static str,
        /// The value that was found.
        value: usize,
        /// The values that are allowed.
        wanted: &'static str,
    },
    /// The bundle's scheduler is not implemented.
    #[error("the bundle's scheduler cannot be used")]
    Scheduler {
        /// Which setting.
        #[from]
        source: SchedulerError,
    },
    /// A character's portrait is not there.
    #[error("the portrait of {character} is missing: {}", path.display())]
    PortraitMissing {
        /// Name in the bundle.
        character: String,
        /// Where it should be.
        path: PathBuf,
    },
    /// A character's portrait could not be read.
    #[error("the portrait of {character} could not be used")]
    Portrait {
        /// Name in the bundle.
        character: String,
        /// What was wrong; names the file.
        source: VisionError,
    },
    /// A story without frames.
    #[error("story {story} has no frame")]
    EmptyStory {
        /// The story.
        story: StoryId,
    },
    /// A prompt does not have one caption per frame.
    #[error("story {story} has {frames} frames, but {captions} captions")]
    CaptionCount {
        /// The story.
        story: StoryId,
        /// Its frames.
        frames: usize,
        /// The captions that came.
        captions: usize,
    },
    /// Every frame of a story is given.
    #[error("every frame of story {story} is given: it has {frames}")]
    NothingToDraw {
        /// The story.
        story: StoryId,
        /// Its frames.
        frames: usize,
    },
    /// A model that was to write the captions of a story cannot.
    #[error("the model cannot write the caption of {place}")]
    CannotWrite {
        /// Which frame.
        place: Place,
    },
    /// A frame could not be drawn.
    #[error("failed to draw {place}")]
    Draw {
        /// Which frame.
        place: Place,
        /// What went wrong.
        source: Box<Fault>,
    },
    /// A service did not give a frame.
    #[error("failed to draw {place}")]
    Service {
        /// Which frame.
        place: Place,
        /// What went wrong.
        source: Box<ServiceFault>,
    },
    /// A frame of the data set could not be read.
    #[error("failed to read the clip {clip} for {place}")]
    Frame {
        /// Which frame it was for.
        place: Place,
        /// The clip.
        clip: ClipId,
        /// What the data set said.
        source: CallerError,
    },
    /// A story was not in the list that frames are shuffled over.
    #[error("story {story} is not among the stories to shuffle")]
    NotPlanned {
        /// The story.
        story: StoryId,
    },
    /// Stories cannot be shuffled without a story getting clips of its own.
    #[error(
        "no other story is left to give story {story} its frames: {stories} stories share too many clips"
    )]
    NoOtherStory {
        /// The story that is left over.
        story: StoryId,
        /// Stories to shuffle.
        stories: usize,
    },
    /// A worker failed.
    #[error(transparent)]
    Worker(Box<WorkerFailure>),
    /// A frame of another size than those before it.
    #[error(
        "model {model} gave {place} with {}x{} pixels, but frames before it with {}x{}",
        found.0, found.1, expected.0, expected.1
    )]
    OtherSize {
        /// Id of the model.
        model: String,
        /// Which frame.
        place: Place,
        /// Width and height of the frames before it.
        expected: (u32, u32),
        /// Its own.
        found: (u32, u32),
    },
    /// The threads of the workers ended before their time.
    #[error("the workers of model {model} are gone")]
    WorkersGone {
        /// Id of the model.
        model: String,
        /// The log of the first.
        log: PathBuf,
    },
}

impl Fault {
    /// The row of the batch that is to blame, where only one is.
    pub(crate) fn row(&self) -> Option<usize> {
        match self {
            Self::NotFinite { row, .. } | Self::Latents { row, .. } => Some(*row),
            _ => None,
        }
    }
}

impl GeneratorError {
    /// Whether drawing a frame ran out of memory, so that fewer stories at once may work.
    #[must_use]
    pub fn is_memory_short(&self) -> bool {
        let Self::Draw { source, .. } = self else {
            return false;
        };
        matches!(&**source, Fault::Network { source, .. } if source.is_memory_short())
    }
}

impl Hint for Fault {
    fn fault_kind(&self) -> FaultKind {
        match self {
            Self::Network { source, .. } | Self::Tokens { source, .. } | Self::Words { source } => {
                source.fault_kind()
            }
            Self::Shape { .. }
            | Self::Rank { .. }
            | Self::NotFinite { .. }
            | Self::NoGraph { .. } => FaultKind::Setup,
            Self::Pixels { source, .. } => source.fault_kind(),
            Self::Latents { source, .. } => source.fault_kind(),
        }
    }

    fn hint(&self) -> Option<String> {
        match self {
            Self::Network { source, .. } | Self::Tokens { source, .. } | Self::Words { source } => {
                source.hint()
            }
            Self::Shape { graph, .. } | Self::Rank { graph, .. } => Some(format!(
                "the sizes in bundle.toml and the file of {graph} do not belong together; export the bundle again"
            )),
            Self::NotFinite { graph, .. } => Some(format!(
                "if the weights of {graph} are half precision, repeat the same command with `--device cpu`"
            )),
            Self::NoGraph { graph } => Some(format!(
                "export the bundle again with {graph} (docs/bundles.md), or name a bundle that has it as `writer` of the model's card"
            )),
            Self::Pixels { source, .. } => source.hint(),
            Self::Latents { source, .. } => source.hint(),
        }
    }
}

impl Hint for GeneratorError {
    fn fault_kind(&self) -> FaultKind {
        match self {
            Self::WrongKind { .. }
            | Self::OtherModel { .. }
            | Self::Setting { .. }
            | Self::Scheduler { .. }
            | Self::PortraitMissing { .. }
            | Self::Portrait { .. } => FaultKind::Setup,
            Self::Open { source, .. } => source.fault_kind(),
            Self::EmptyStory { .. } | Self::OtherSize { .. } => FaultKind::DataVerification,
            Self::NothingToDraw { .. } | Self::CannotWrite { .. } | Self::NoOtherStory { .. } => {
                FaultKind::Usage
            }
            Self::CaptionCount { .. } | Self::NotPlanned { .. } | Self::WorkersGone { .. } => {
                FaultKind::Bug
            }
            Self::Draw { source, .. } => source.fault_kind(),
            Self::Service { source, .. } => source.fault_kind(),
            Self::Frame { source, .. } => source.fault_kind(),
            Self::Worker(failure) => failure.fault_kind(),
        }
    }

    fn hint(&self) -> Option<String> {
        match self {
            Self::WrongKind { .. } => Some("see which models there are with `storyeval ls models`".to_owned()),
            Self::OtherModel { .. } => Some(
                "name the bundle that was made with the model as `writer` of its card: both have the same [llm] and tokeniser".to_owned(),
            ),
            Self::Open { source, .. } => source.hint(),
            Self::Setting { key, .. } => Some(format!("correct {key} in bundle.toml, or export the bundle again")),
            Self::Scheduler { .. } => Some(
                "PLMS is implemented: set kind = \"pndm\", skip_prk_steps = true and timestep_spacing = \"leading\" \
                 under [scheduler] in bundle.toml, and fewer num_inference_steps than num_train_timesteps"
                    .to_owned(),
            ),
            Self::PortraitMissing { path, .. } => Some(format!(
                "put the file back, or correct [portraits.files] in bundle.toml: `ls -l {}`",
                path.display()
            )),
            Self::Portrait { source, .. } => source.hint(),
            Self::EmptyStory { .. } => Some("give `--story-length` at least 1".to_owned()),
            Self::CaptionCount { .. } | Self::NotPlanned { .. } | Self::WorkersGone { .. } => None,
            Self::Worker(failure) => failure.hint(),
            Self::OtherSize { .. } => Some(
                "images of several sizes cannot be compared: let the model draw all at one size".to_owned(),
            ),
            Self::NothingToDraw { .. } => Some(
                "give a larger `--story-length`, or a protocol with a smaller `given`".to_owned(),
            ),
            Self::CannotWrite { .. } => Some(
                "give a model that writes captions (`storyeval ls models`), or a protocol of another task, such as strict-continuation"
                    .to_owned(),
            ),
            Self::Draw { source, .. } => source.hint(),
            Self::Service { source, .. } => source.hint(),
            Self::Frame { source, .. } => source.hint(),
            Self::NoOtherStory { .. } => {
                Some("the `shuffled` model needs more stories: raise `--limit`, or leave it out".to_owned())
            }
        }
    }
}
