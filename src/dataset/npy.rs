//! Frames of a clip in numpy's NPY format: `uint8`, C order, `[N, H, W, 3]`.
//!
//! The header is read by [`crate::exchange`]. One frame can be read without the others.

use crate::exchange::{HeaderFault, NpyHeader};
use image::RgbImage;
use std::fs::File;
use std::io::{Read, Seek, SeekFrom};
use std::path::Path;

/// Largest array that is believed: 5 frames of 4096 x 4096 fit.
const MAX_BYTES: u64 = 1 << 28;

/// Why a clip's frames cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum NpyError {
    /// The file cannot be opened or read.
    #[error("it cannot be read")]
    Io(#[from] std::io::Error),
    /// The file does not start as an NPY file does.
    #[error("it does not start with the NPY magic string")]
    NotNpy,
    /// A version of the format that does not exist.
    #[error("it claims NPY version {major}.{minor}; 1.0, 2.0 and 3.0 are known")]
    UnknownVersion {
        /// Major version.
        major: u8,
        /// Minor version.
        minor: u8,
    },
    /// The header is not the dict literal that numpy writes.
    #[error("its header is malformed: {header}")]
    BadHeader {
        /// The header, shortened.
        header: String,
    },
    /// Elements are not unsigned bytes.
    #[error("its elements are `{descr}`, not unsigned bytes (`|u1`)")]
    WrongType {
        /// numpy's type code.
        descr: String,
    },
    /// The array is stored column by column.
    #[error("it is stored in Fortran order; save it with `numpy.ascontiguousarray`")]
    FortranOrder,
    /// The shape is not frames x height x width x 3, or a side is zero or absurd.
    #[error("its shape is {shape:?}, not [frames, height, width, 3]")]
    WrongShape {
        /// The shape in the header.
        shape: Vec<u64>,
    },
    /// The file ends before its header or data do.
    #[error("it is cut off: {found} bytes of {wanted}")]
    Truncated {
        /// Bytes that header and shape announce.
        wanted: u64,
        /// Bytes there are.
        found: u64,
    },
    /// There is no frame with this index.
    #[error("it has {frames} frames, none with index {index}")]
    NoSuchFrame {
        /// The index, from 0.
        index: usize,
        /// Number of frames.
        frames: usize,
    },
}

/// All frames of a clip.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FrameStack {
    frames: Vec<RgbImage>,
}

impl FrameStack {
    /// Frames, first to last.
    pub(super) fn new(frames: Vec<RgbImage>) -> Self {
        Self { frames }
    }

    /// Number of frames.
    #[must_use]
    pub fn len(&self) -> usize {
        self.frames.len()
    }

    /// Whether there is no frame. Files without frames are refused, so `false` in practice.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.frames.is_empty()
    }

    /// The frames, first to last.
    #[must_use]
    pub fn frames(&self) -> &[RgbImage] {
        &self.frames
    }
}

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
        let cut = |wanted| NpyError::Truncated { wanted, found };
        let header = NpyHeader::read(&mut file).map_err(|fault| match fault {
            HeaderFault::Io(error) => NpyError::Io(error),
            HeaderFault::NotNpy => NpyError::NotNpy,
            HeaderFault::UnknownVersion { major, minor } => {
                NpyError::UnknownVersion { major, minor }
            }
            HeaderFault::Malformed { header } => NpyError::BadHeader { header },
            HeaderFault::CutOff { wanted } => cut(wanted),
        })?;
        let data_at = header.data_at;
        let (frames, height, width) = sides(header)?;
        let wanted = data_at + frames as u64 * u64::from(height) * u64::from(width) * 3;
        if found < wanted {
            return Err(cut(wanted));
        }
        Ok(Self {
            file,
            data_at,
            frames,
            height,
            width,
        })
    }

    /// Number of frames, at least 1.
    #[must_use]
    pub fn frames(&self) -> usize {
        self.frames
    }

    /// Width and height in pixels.
    #[must_use]
    pub fn size(&self) -> (u32, u32) {
        (self.width, self.height)
    }

    /// Reads the frame with `index`, from 0, and no other.
    ///
    /// # Errors
    /// [`NpyError::NoSuchFrame`], or [`NpyError::Io`] when the file changed after it was opened.
    pub fn frame(&mut self, index: usize) -> Result<RgbImage, NpyError> {
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

    /// Reads all frames.
    ///
    /// # Errors
    /// [`NpyError::Io`] when the file changed after it was opened.
    pub fn all(&mut self) -> Result<FrameStack, NpyError> {
        let frames = (0..self.frames)
            .map(|index| self.frame(index))
            .collect::<Result<_, _>>()?;
        Ok(FrameStack { frames })
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
