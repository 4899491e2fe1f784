//! A data set that cannot be opened: what kind of finding the error is.

use super::finding::Findings;
use super::kind::Kind;
use crate::dataset::{DatasetError, FramesError, StoryFaultKind};
use crate::record::Hint;
use crate::vision::VisionError;
use std::io::ErrorKind;

/// The finding that an error is.
///
/// # Errors
/// The error itself where it is not about the content of the data set: no folder, no such split.
pub(super) fn refused(error: DatasetError) -> Result<Findings, DatasetError> {
    let kind = match &error {
        DatasetError::MissingFolder { .. }
        | DatasetError::NotPublishedSo { .. }
        | DatasetError::UnknownSplit { .. }
        | DatasetError::NoReleasedProcedure { .. } => return Err(error),
        other => kind(other),
    };
    let example = match &error {
        DatasetError::DuplicateId { id, .. }
        | DatasetError::UnsafeId { id, .. }
        | DatasetError::MalformedId { id, .. } => Some(id.clone()),
        DatasetError::WrongContent { clip, .. } | DatasetError::Json { clip, .. } => clip.clone(),
        DatasetError::OwnStories { faults, .. } => {
            faults.first().map(|fault| format!("line {}", fault.line))
        }
        DatasetError::MissingFiles { files, .. } => files.first().map(|file| file.path.clone()),
        _ => None,
    };
    let hint = error.hint();
    Ok(Findings::only(kind, described(&error), example, hint))
}

/// What kind of finding an error is.
pub(super) fn kind(error: &DatasetError) -> Kind {
    match error {
        DatasetError::MissingFiles { .. } | DatasetError::MissingFolder { .. } => {
            Kind::FilesMissing
        }
        DatasetError::Read { .. } | DatasetError::TooLarge { .. } => Kind::FileUnreadable,
        DatasetError::LinkOutside { .. } => Kind::LinkOutside,
        DatasetError::UnsafeId { .. } => Kind::IdUnsafe,
        DatasetError::MalformedId { .. } => Kind::IdMalformed,
        DatasetError::DuplicateId { .. } => Kind::IdTwice,
        DatasetError::SplitSize { .. } => Kind::CountDiffers,
        DatasetError::ContentHash { .. } => Kind::ContentDiffers,
        DatasetError::MissingAnnotation { .. } => Kind::CaptionMissing,
        DatasetError::MissingFollower { .. } => Kind::FollowerMissing,
        DatasetError::MissingLabels { .. } => Kind::LabelsMissing,
        DatasetError::LabelArity { .. } => Kind::LabelArity,
        DatasetError::UnknownCharacter { .. } => Kind::CharacterUnknown,
        DatasetError::WrongFrameSize { .. } => Kind::FrameSize,
        DatasetError::OwnStories { faults, .. } => match faults.first().map(|fault| fault.kind) {
            Some(StoryFaultKind::IdTwice) => Kind::IdTwice,
            Some(StoryFaultKind::Unsafe) => Kind::IdUnsafe,
            Some(StoryFaultKind::Character) => Kind::CharacterUnknown,
            Some(StoryFaultKind::Background) => Kind::BackgroundUnknown,
            Some(StoryFaultKind::LabelCount) => Kind::LabelArity,
            Some(StoryFaultKind::Labels) => Kind::LabelsMalformed,
            _ => Kind::FileMalformed,
        },
        DatasetError::Frames { source, .. } => frames(source),
        _ => Kind::FileMalformed,
    }
}

/// A clip's frames: absent, of several sizes, or damaged.
fn frames(error: &FramesError) -> Kind {
    match error {
        FramesError::NoPicture => Kind::FramesMissing,
        FramesError::SizesDiffer { .. } => Kind::FrameSize,
        FramesError::Io(error) if error.kind() == ErrorKind::NotFound => Kind::FramesMissing,
        FramesError::Picture(error) => match &**error {
            VisionError::Read { source, .. } if source.kind() == ErrorKind::NotFound => {
                Kind::FramesMissing
            }
            _ => Kind::FramesUndecodable,
        },
        _ => Kind::FramesUndecodable,
    }
}

/// An error with its causes, in one line.
pub(super) fn described(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        let more = error.to_string();
        if !text.contains(&more) {
            text = format!("{text}: {more}");
        }
        cause = error.source();
    }
    text.replace('\n', ";")
}
