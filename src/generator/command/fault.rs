//! What goes wrong with a worker.

use super::message::{MAX_LINE, PROTOCOL};
use crate::vision::VisionError;
use std::io;
use std::path::PathBuf;

/// What goes wrong with a worker.
#[derive(Debug, thiserror::Error)]
pub enum WorkerFault {
    /// The program does not start.
    #[error("failed to start {program}")]
    Spawn {
        /// The program.
        program: String,
        /// What the system said.
        source: io::Error,
    },
    /// A variable that the card asks for is not set.
    #[error("the card asks for the environment variable {name}, which is not set")]
    Variable {
        /// Its name.
        name: String,
    },
    /// A reference image of the card cannot be used.
    #[error("failed to read the reference image {}", path.display())]
    Reference {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// A file for the worker, or its log, could not be written.
    #[error("failed to write {}", path.display())]
    Scratch {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// It speaks another version of the protocol.
    #[error(
        "it speaks version {found} of the worker protocol, storyeval speaks version {PROTOCOL}"
    )]
    Protocol {
        /// The version that it said.
        found: String,
    },
    /// It says something of itself that cannot be.
    #[error("it says of itself: {found}; {rule}")]
    Claim {
        /// What it says.
        found: String,
        /// What would be right.
        rule: &'static str,
    },
    /// Another start, or another worker of the same run, says something else of itself.
    #[error("it introduces itself as {found}, but the run was begun by {expected}")]
    Changed {
        /// What the run knows.
        expected: String,
        /// What it says now.
        found: String,
    },
    /// It was not ready in time.
    #[error("it was not ready after {seconds} s")]
    NotReady {
        /// The limit.
        seconds: u64,
    },
    /// It wrote nothing for too long.
    #[error("it wrote nothing for {seconds} s")]
    Silent {
        /// The limit.
        seconds: u64,
    },
    /// It ended, or closed its output.
    #[error("it ended ({status})")]
    Ended {
        /// How, as the system says it.
        status: String,
    },
    /// A line is no message.
    #[error("it wrote a line on stdout that is no message: {line:?} ({why})")]
    Garbage {
        /// The beginning of the line.
        line: String,
        /// What is wrong.
        why: String,
    },
    /// A line has no end.
    #[error("it wrote a line of more than {MAX_LINE} bytes on stdout")]
    LongLine,
    /// A message that does not belong here.
    #[error("it sent a message that does not belong here: {what}")]
    OutOfPlace {
        /// Which, and what was expected.
        what: String,
    },
    /// A frame without an image, or with an image in several ways.
    #[error("frame {index} of story {story} needs exactly one of `path`, `png` and `refused`")]
    NoImage {
        /// The story.
        story: String,
        /// The frame, from 1.
        index: u32,
    },
    /// The bytes of an image are not what they should be.
    #[error("frame {index} of story {story} is not base64")]
    NotBase64 {
        /// The story.
        story: String,
        /// The frame, from 1.
        index: u32,
        /// What is wrong.
        source: base64::DecodeError,
    },
    /// An image cannot be read.
    #[error("frame {index} of story {story} cannot be used")]
    Image {
        /// The story.
        story: String,
        /// The frame, from 1.
        index: u32,
        /// What the image code said; names the file.
        source: Box<VisionError>,
    },
    /// It says that it is done, and is not.
    #[error("it says that it is done, but did not send frame {index} of story {story}")]
    Unfinished {
        /// The story.
        story: String,
        /// The frame, from 1.
        index: u32,
    },
    /// It reports an error.
    #[error("it reports: {message}")]
    Reported {
        /// In its own words.
        message: String,
        /// Whether it thinks that trying again may help.
        retry: bool,
    },
    /// storyeval is being ended.
    #[error("storyeval is being ended")]
    Ending,
}

impl WorkerFault {
    /// Whether trying again cannot help, whatever the story.
    pub(super) fn is_final(&self) -> bool {
        matches!(
            self,
            Self::Spawn { .. }
                | Self::Variable { .. }
                | Self::Reference { .. }
                | Self::Scratch { .. }
                | Self::Protocol { .. }
                | Self::Claim { .. }
                | Self::Changed { .. }
                | Self::Ending
        )
    }

    /// Whether the worker says itself that trying the same again is of no use.
    pub(super) fn is_settled(&self) -> bool {
        matches!(self, Self::Reported { retry: false, .. })
    }

    /// Whether the worker goes on as if nothing had happened.
    pub(super) fn spares_worker(&self) -> bool {
        matches!(self, Self::Reported { .. })
    }
}
