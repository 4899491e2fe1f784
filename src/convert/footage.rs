//! The frames of clips on their way: opened, looked over, read one by one, forgotten.

use super::error::ConvertError;
use crate::card::{GroundTruthRule, Layout};
use crate::dataset::pixels::frames_error;
use crate::dataset::{ClipFrames, FramesError, OpenDataset, ground_truth_index};
use crate::record::ClipId;
use crate::vision::encode_png;
use image::{GenericImage, RgbImage};
use std::path::PathBuf;

/// Bytes of one clip that are held at once; the reader of NPY files believes no more either.
const MAX_BYTES: u64 = 1 << 28;

/// What a layout asks of frames.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Sizes {
    /// Nothing.
    Any,
    /// All clips have frames of one size.
    Same,
    /// They are square, too.
    Square,
}

/// What a layout asks of frames.
fn sizes(to: Layout) -> Sizes {
    match to {
        Layout::Flintstones | Layout::FlintstonesFull | Layout::StorygptV => Sizes::Same,
        Layout::Pororo | Layout::ArldmH5 => Sizes::Square,
        Layout::Vist | Layout::Mugen | Layout::Folder => Sizes::Any,
    }
}

/// Opens clips, counts them, and remembers what their frames have in common.
pub(super) struct Footage<'a> {
    source: &'a OpenDataset,
    to: Layout,
    progress: &'a (dyn Fn(usize, usize) + Sync),
    done: usize,
    total: usize,
    size: Common<(u32, u32)>,
    frames: Common<usize>,
}

/// A value that all clips have, if they do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Common<T> {
    /// No clip was seen.
    Unknown,
    /// All have it.
    All(T),
    /// They differ.
    Differ,
}

impl<T: Copy + PartialEq> Common<T> {
    fn see(&mut self, value: T) {
        *self = match *self {
            Self::Unknown => Self::All(value),
            Self::All(known) if known == value => Self::All(known),
            _ => Self::Differ,
        };
    }

    /// What all have.
    pub(super) fn all(self) -> Option<T> {
        match self {
            Self::All(value) => Some(value),
            _ => None,
        }
    }
}

impl<'a> Footage<'a> {
    pub(super) fn new(
        source: &'a OpenDataset,
        to: Layout,
        progress: &'a (dyn Fn(usize, usize) + Sync),
    ) -> Self {
        Self {
            source,
            to,
            progress,
            done: 0,
            total: 0,
            size: Common::Unknown,
            frames: Common::Unknown,
        }
    }

    /// Says how many clips will be opened.
    pub(super) fn expect(&mut self, clips: usize) {
        self.total = clips;
    }

    /// Width and height of the frames of all clips.
    pub(super) fn size(&self) -> Common<(u32, u32)> {
        self.size
    }

    /// Frames of each clip, as they are in the source.
    pub(super) fn frames(&self) -> Common<usize> {
        self.frames
    }

    /// Opens a clip.
    pub(super) fn open(&mut self, clip: &ClipId) -> Result<Reel, ConvertError> {
        let (path, frames) = self.source.frames_of(clip)?;
        let (width, height) = frames.size();
        let rule = sizes(self.to);
        if rule == Sizes::Square && width != height {
            return Err(ConvertError::NotSquare {
                to: self.to,
                clip: clip.clone(),
                width,
                height,
            });
        }
        if let (Sizes::Same | Sizes::Square, Some(others)) = (rule, self.size.all())
            && others != (width, height)
        {
            return Err(ConvertError::SizesDiffer {
                to: self.to,
                clip: clip.clone(),
                width,
                height,
                others: format!("{} x {}", others.0, others.1),
            });
        }
        self.size.see((width, height));
        self.frames.see(frames.frames());
        self.done += 1;
        (self.progress)(self.done, self.total);
        Ok(Reel {
            clip: clip.clone(),
            path,
            frames,
        })
    }
}

/// An open clip.
pub(super) struct Reel {
    clip: ClipId,
    path: PathBuf,
    frames: Box<dyn ClipFrames>,
}

impl Reel {
    pub(super) fn len(&self) -> usize {
        self.frames.frames()
    }

    /// Frames, height and width, when they are no more than a reader believes of one clip.
    pub(super) fn shape(&self) -> Result<[usize; 3], ConvertError> {
        let ((width, height), frames) = (self.frames.size(), self.len());
        let sides = [frames as u64, u64::from(height), u64::from(width), 3];
        let bytes = sides
            .iter()
            .try_fold(1_u64, |all, side| all.checked_mul(*side));
        if bytes.is_none_or(|bytes| bytes > MAX_BYTES) {
            return Err(self.failed(FramesError::WrongShape {
                shape: sides.to_vec(),
            }));
        }
        Ok([frames, height as usize, width as usize])
    }

    /// One frame, from 0.
    pub(super) fn frame(&mut self, index: usize) -> Result<RgbImage, ConvertError> {
        let frame = self.frames.frame(index);
        frame.map_err(|source| self.failed(source))
    }

    /// One frame as PNG.
    pub(super) fn png(&mut self, index: usize) -> Result<Vec<u8>, ConvertError> {
        let frame = self.frame(index)?;
        self.encode(&frame)
    }

    /// The frame that represents a clip in layouts that keep one, as PNG: that of
    /// [`GroundTruthRule::Middle`].
    pub(super) fn middle_png(&mut self) -> Result<Vec<u8>, ConvertError> {
        let index = ground_truth_index(GroundTruthRule::Middle, &self.clip, self.len());
        let index = index.map_err(|source| self.failed(source))?;
        self.png(index)
    }

    /// All frames, one below the other, as PNG; with `swapped` red and blue change places, as
    /// `cv2.imencode` does to RGB arrays.
    pub(super) fn column_png(&mut self, swapped: bool) -> Result<Vec<u8>, ConvertError> {
        let [count, height, width] = self.shape()?;
        let mut column = RgbImage::new(width as u32, (height * count) as u32);
        for index in 0..count {
            let frame = self.frame(index)?;
            column
                .copy_from(&frame, 0, (height * index) as u32)
                .map_err(|_| {
                    self.failed(FramesError::NoSuchFrame {
                        index,
                        frames: count,
                    })
                })?;
        }
        if swapped {
            for pixel in column.pixels_mut() {
                pixel.0.reverse();
            }
        }
        self.encode(&column)
    }

    fn encode(&self, image: &RgbImage) -> Result<Vec<u8>, ConvertError> {
        encode_png(image).map_err(|source| ConvertError::Encode {
            clip: self.clip.clone(),
            source,
        })
    }

    fn failed(&self, source: FramesError) -> ConvertError {
        frames_error(&self.clip, &self.path, source).into()
    }
}
