//! Frames of a clip in numpy's NPY format: `uint8`, C order, `[N, H, W, 3]`.
//!
//! The format is the one of numpy's "NEP 1": a magic string, a version, the length of a header, the
//! header (a Python dict literal), the data. One frame can be read without the others.

use image::RgbImage;
use std::fs::File;
use std::io::{Read, Seek, SeekFrom};
use std::path::Path;

/// Longest header that is read. Real ones have 118 bytes.
const MAX_HEADER: usize = 1 << 16;
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
        let mut start = [0; 12];
        let have = read_up_to(&mut file, &mut start)?;
        if have < 6 || &start[..6] != b"\x93NUMPY" {
            return Err(NpyError::NotNpy);
        }
        let cut = |wanted| NpyError::Truncated { wanted, found };
        if have < 12 {
            return Err(cut(12));
        }
        let (header_at, header_len) = match (start[6], start[7]) {
            (1, 0) => (
                10_u64,
                usize::from(u16::from_le_bytes([start[8], start[9]])),
            ),
            (2 | 3, 0) => (
                12,
                u32::from_le_bytes([start[8], start[9], start[10], start[11]]) as usize,
            ),
            (major, minor) => return Err(NpyError::UnknownVersion { major, minor }),
        };
        if header_len > MAX_HEADER {
            return Err(NpyError::BadHeader {
                header: format!("{header_len} bytes long"),
            });
        }
        let data_at = header_at + header_len as u64;
        if found < data_at {
            return Err(cut(data_at));
        }
        let mut header = vec![0; header_len];
        file.seek(SeekFrom::Start(header_at))?;
        file.read_exact(&mut header)?;
        let header = Header::parse(&header)?;
        let (frames, height, width) = header.frames()?;
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

fn read_up_to(file: &mut File, buffer: &mut [u8]) -> Result<usize, std::io::Error> {
    let mut have = 0;
    while have < buffer.len() {
        match file.read(&mut buffer[have..])? {
            0 => break,
            count => have += count,
        }
    }
    Ok(have)
}

/// The three entries of the header.
struct Header {
    descr: String,
    fortran: bool,
    shape: Vec<u64>,
}

impl Header {
    /// Reads `{'descr': '|u1', 'fortran_order': False, 'shape': (5, 128, 128, 3), }`.
    fn parse(bytes: &[u8]) -> Result<Self, NpyError> {
        let text = String::from_utf8_lossy(bytes);
        Self::read(&text).ok_or_else(|| NpyError::BadHeader {
            header: text.trim().chars().take(100).collect(),
        })
    }

    fn read(text: &str) -> Option<Self> {
        let mut rest = text.trim().strip_prefix('{')?.strip_suffix('}')?.trim();
        let (mut descr, mut fortran, mut shape) = (None, None, None);
        while !rest.is_empty() {
            let (key, after) = quoted(rest)?;
            rest = after.trim_start().strip_prefix(':')?.trim_start();
            match key {
                "descr" => {
                    let (value, after) = quoted(rest)?;
                    descr = Some(value.to_owned());
                    rest = after;
                }
                "fortran_order" => {
                    let (value, after) = ["True", "False"]
                        .iter()
                        .find_map(|word| rest.strip_prefix(word).map(|after| (*word, after)))?;
                    fortran = Some(value == "True");
                    rest = after;
                }
                "shape" => {
                    let (inside, after) = rest.strip_prefix('(')?.split_once(')')?;
                    let inside = inside.trim().trim_end_matches(',');
                    // A side with a sign or a letter is not a count.
                    shape = Some(
                        inside
                            .split(',')
                            .map(str::trim)
                            .filter(|_| !inside.is_empty())
                            .map(|side| side.trim_end_matches('L').parse().ok())
                            .collect::<Option<Vec<u64>>>()?,
                    );
                    rest = after;
                }
                _ => return None,
            }
            rest = rest.trim_start();
            rest = match rest.strip_prefix(',') {
                Some(after) => after.trim_start(),
                None if rest.is_empty() => rest,
                None => return None,
            };
        }
        Some(Self {
            descr: descr?,
            fortran: fortran?,
            shape: shape?,
        })
    }

    /// Frames, height, width, or why they cannot be had.
    fn frames(self) -> Result<(usize, u32, u32), NpyError> {
        if !matches!(self.descr.as_str(), "|u1" | "u1" | "<u1" | ">u1" | "=u1") {
            return Err(NpyError::WrongType { descr: self.descr });
        }
        let bytes = self
            .shape
            .iter()
            .try_fold(1_u64, |product, side| product.checked_mul(*side));
        match (self.shape.as_slice(), bytes) {
            (&[frames, height, width, 3], Some(1..=MAX_BYTES)) if self.fortran => {
                let _ = (frames, height, width);
                Err(NpyError::FortranOrder)
            }
            (&[frames, height, width, 3], Some(1..=MAX_BYTES)) => {
                Ok((frames as usize, height as u32, width as u32))
            }
            _ => Err(NpyError::WrongShape { shape: self.shape }),
        }
    }
}

fn quoted(text: &str) -> Option<(&str, &str)> {
    let quote = text.chars().next().filter(|c| matches!(c, '\'' | '"'))?;
    text[1..].split_once(quote)
}

#[cfg(test)]
mod tests;
