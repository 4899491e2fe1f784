//! Clips as pictures: a PNG or JPEG a frame, a column of frames in one PNG, and ARLDM's PNG with red and
//! blue exchanged.
//!
//! The header of a picture is checked before anything of the size that it announces is allocated: see
//! [`crate::vision::decode_image`].

use super::frames::{ClipFrames, Doubts, FramesError};
use crate::vision::{decode_image, read_bounded};
use image::{RgbImage, imageops};
use std::path::{Path, PathBuf};

/// The order of the colours in a file, as a PNG decoder sees it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Channels {
    /// Red, green, blue.
    Rgb,
    /// Blue, green, red: an RGB array that `cv2.imencode` wrote, which takes arrays for BGR.
    Swapped,
}

impl Channels {
    fn restore(self, mut image: RgbImage) -> RgbImage {
        if self == Self::Swapped {
            for pixel in image.pixels_mut() {
                pixel.0.reverse();
            }
        }
        image
    }
}

/// Square frames, one below the other in one picture.
///
/// The published loaders of PororoSV divide the longer side by the shorter and cut out rows. On a wide
/// picture that would cut outside of it, and on a picture that is no multiple it loses rows: both are
/// refused here.
#[derive(Debug)]
pub struct Strip {
    picture: RgbImage,
    doubts: Doubts,
}

impl Strip {
    /// Opens and decodes a PNG or JPEG file.
    ///
    /// # Errors
    /// [`FramesError::Picture`] and [`FramesError::NotStrip`].
    pub fn open(path: &Path, channels: Channels) -> Result<Self, FramesError> {
        Self::decode(&read_bounded(path)?, path, channels)
    }

    /// Decodes the bytes of a PNG or JPEG file; `path` only names them in errors.
    ///
    /// # Errors
    /// As [`Strip::open`].
    pub fn decode(bytes: &[u8], path: &Path, channels: Channels) -> Result<Self, FramesError> {
        let mut doubts = Doubts::default();
        let picture = doubts.see(decode_image(bytes, path)?);
        let (width, height) = picture.dimensions();
        // The decoder gives no picture without pixels, but a division is no place to rely on it.
        if width == 0 || height == 0 || height % width != 0 {
            return Err(FramesError::NotStrip { width, height });
        }
        Ok(Self {
            picture: channels.restore(picture),
            doubts,
        })
    }
}

impl ClipFrames for Strip {
    fn frames(&self) -> usize {
        (self.picture.height() / self.picture.width()) as usize
    }

    fn size(&self) -> (u32, u32) {
        (self.picture.width(), self.picture.width())
    }

    fn doubts(&self) -> Doubts {
        self.doubts
    }

    fn frame(&mut self, index: usize) -> Result<RgbImage, FramesError> {
        let frames = self.frames();
        if index >= frames {
            return Err(FramesError::NoSuchFrame { index, frames });
        }
        let side = self.picture.width();
        let top = index as u32 * side;
        Ok(imageops::crop_imm(&self.picture, 0, top, side, side).to_image())
    }
}

/// One picture that is one frame of any shape, from bytes in memory.
#[derive(Debug)]
pub struct Picture {
    picture: RgbImage,
    doubts: Doubts,
}

impl Picture {
    /// Decodes the bytes of a PNG or JPEG file; `path` only names them in errors.
    ///
    /// # Errors
    /// [`FramesError::Picture`].
    pub fn decode(bytes: &[u8], path: &Path, channels: Channels) -> Result<Self, FramesError> {
        let mut doubts = Doubts::default();
        let picture = doubts.see(decode_image(bytes, path)?);
        Ok(Self {
            picture: channels.restore(picture),
            doubts,
        })
    }
}

impl ClipFrames for Picture {
    fn frames(&self) -> usize {
        1
    }

    fn size(&self) -> (u32, u32) {
        self.picture.dimensions()
    }

    fn doubts(&self) -> Doubts {
        self.doubts
    }

    fn frame(&mut self, index: usize) -> Result<RgbImage, FramesError> {
        if index > 0 {
            return Err(FramesError::NoSuchFrame { index, frames: 1 });
        }
        Ok(self.picture.clone())
    }
}

/// One file per frame, all of the same size. A file is decoded when its frame is asked for; the first one
/// when the clip is opened.
#[derive(Debug)]
pub struct Pictures {
    paths: Vec<PathBuf>,
    size: (u32, u32),
    /// Until it is asked for.
    first: Option<RgbImage>,
    doubts: Doubts,
}

impl Pictures {
    /// Opens the first of `paths`, PNG or JPEG files in the order of the frames.
    ///
    /// # Errors
    /// [`FramesError::NoPicture`] when there is none, [`FramesError::Picture`].
    pub fn open(paths: Vec<PathBuf>) -> Result<Self, FramesError> {
        let path = paths.first().ok_or(FramesError::NoPicture)?;
        let mut doubts = Doubts::default();
        let first = doubts.see(decode_image(&read_bounded(path)?, path)?);
        Ok(Self {
            paths,
            size: first.dimensions(),
            first: Some(first),
            doubts,
        })
    }
}

impl ClipFrames for Pictures {
    fn frames(&self) -> usize {
        self.paths.len()
    }

    fn size(&self) -> (u32, u32) {
        self.size
    }

    fn doubts(&self) -> Doubts {
        self.doubts
    }

    fn frame(&mut self, index: usize) -> Result<RgbImage, FramesError> {
        let Some(path) = self.paths.get(index) else {
            return Err(FramesError::NoSuchFrame {
                index,
                frames: self.paths.len(),
            });
        };
        if let Some(first) = self.first.take_if(|_| index == 0) {
            return Ok(first);
        }
        let found = decode_image(&read_bounded(path)?, path)?;
        // The first file was counted when the clip was opened.
        let picture = if index == 0 {
            found.image
        } else {
            self.doubts.see(found)
        };
        let ((width, height), (first_width, first_height)) = (picture.dimensions(), self.size);
        if (width, height) != (first_width, first_height) {
            return Err(FramesError::SizesDiffer {
                path: path.clone(),
                width,
                height,
                first_width,
                first_height,
            });
        }
        Ok(picture)
    }
}

#[cfg(test)]
mod tests;
