//! Frames of a clip in numpy's NPY format: `uint8`, C order, `[N, H, W, 3]`.
//!
//! The header is read by [`crate::format`]. One frame can be read without the others.

use super::frames::ClipFrames;
// The names that loaders know them by.
use super::frames::FramesError as NpyError;
use crate::format::NpyHeader;
use image::RgbImage;
use std::fs::File;
use std::io::{Read, Seek, SeekFrom};
use std::path::Path;

/// Largest array that is believed: 5 frames of 4096 x 4096 fit.
const MAX_BYTES: u64 = 1 << 28;

/// An open NPY file with a checked header.
#[derive(Debug)]
pub struct NpyFrames {
    file: File,
    data_at: u64,
    frames: usize,
    height: u32,
    width: u32,
}

impl NpyFrames {
    /// Opens a file and checks its header, shape and length. Bytes after the data are ignored, as
    /// numpy does.
    ///
    /// # Errors
    /// [`NpyError`], every variant but `NoSuchFrame`.
    pub fn open(path: &Path) -> Result<Self, NpyError> {
        let mut file = File::open(path)?;
        let found = file.metadata()?.len();
        let header = NpyHeader::read(&mut file)?;
        let data_at = header.data_at;
        let (frames, height, width) = sides(header)?;
        let wanted = data_at + frames as u64 * u64::from(height) * u64::from(width) * 3;
        if found < wanted {
            return Err(NpyError::Truncated { wanted, found });
        }
        Ok(Self {
            file,
            data_at,
            frames,
            height,
            width,
        })
    }
}

impl ClipFrames for NpyFrames {
    fn frames(&self) -> usize {
        self.frames
    }

    fn size(&self) -> (u32, u32) {
        (self.width, self.height)
    }

    fn frame(&mut self, index: usize) -> Result<RgbImage, NpyError> {
        if index >= self.frames {
            return Err(NpyError::NoSuchFrame {
                index,
                frames: self.frames,
            });
        }
        let bytes = self.height as usize * self.width as usize * 3;
        let mut image = RgbImage::new(self.width, self.height);
        self.file
            .seek(SeekFrom::Start(self.data_at + index as u64 * bytes as u64))?;
        self.file.read_exact(&mut image)?;
        Ok(image)
    }
}

/// Frames, height, width, or why they cannot be had.
fn sides(header: NpyHeader) -> Result<(usize, u32, u32), NpyError> {
    if !matches!(header.descr.as_str(), "|u1" | "u1" | "<u1" | ">u1" | "=u1") {
        return Err(NpyError::WrongType {
            descr: header.descr,
        });
    }
    let bytes = header
        .shape
        .iter()
        .try_fold(1_u64, |product, side| product.checked_mul(*side));
    match (header.shape.as_slice(), bytes) {
        (&[_, _, _, 3], Some(1..=MAX_BYTES)) if header.fortran => Err(NpyError::FortranOrder),
        (&[frames, height, width, 3], Some(1..=MAX_BYTES)) => {
            Ok((frames as usize, height as u32, width as u32))
        }
        _ => Err(NpyError::WrongShape {
            shape: header.shape,
        }),
    }
}

#[cfg(test)]
mod tests;
