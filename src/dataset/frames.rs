//! The frames of a clip, whatever file they are in.

use crate::format::{HeaderFault, StoryFileError};
use crate::vision::{SourceImage, VisionError};
use image::RgbImage;
use std::path::{Path, PathBuf};

/// Frames of one clip that are read one by one.
pub trait ClipFrames {
    /// Number of frames, at least 1.
    fn frames(&self) -> usize;

    /// Width and height of each frame in pixels.
    fn size(&self) -> (u32, u32);

    /// The frame with `index`, from 0, 8-bit RGB. No other need be decoded.
    ///
    /// # Errors
    /// [`FramesError::NoSuchFrame`], or why the file can no longer be read.
    fn frame(&mut self, index: usize) -> Result<RgbImage, FramesError>;

    /// What is doubtful about the files that were decoded so far.
    fn doubts(&self) -> Doubts {
        Doubts::default()
    }

    /// All frames, first to last.
    ///
    /// # Errors
    /// As [`ClipFrames::frame`].
    fn all(&mut self) -> Result<FrameStack, FramesError> {
        (0..self.frames()).map(|index| self.frame(index)).collect()
    }
}

/// What is doubtful about files whose pixels are used all the same.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Doubts {
    /// JPEG files of four channels (CMYK or YCCK).
    pub four_channels: usize,
    /// JPEG files with damaged data, PNG files without their end.
    pub damaged: usize,
}

impl Doubts {
    /// Takes a file into account and gives its pixels.
    pub(super) fn see(&mut self, source: SourceImage) -> RgbImage {
        self.four_channels += usize::from(source.four_channels);
        self.damaged += usize::from(source.damaged);
        source.image
    }
}

impl FramesError {
    /// What to do about a file that is whole, but in another form; `None` for damage.
    pub(super) fn way_out(&self, path: &Path) -> Option<String> {
        let file = path.display();
        let array = |change: &str| {
            format!(
                "save the array again: `numpy.save(\"{file}\", {change})`, where `x = numpy.load(\"{file}\")`"
            )
        };
        match self {
            Self::Picture(_) => {
                let mut head = [0; 16];
                let mut file = std::fs::File::open(path).ok()?;
                let read = std::io::Read::read(&mut file, &mut head).ok()?;
                let format = image::guess_format(&head[..read]).ok()?;
                let here = [image::ImageFormat::Png, image::ImageFormat::Jpeg];
                let name = format.extensions_str().first()?.to_uppercase();
                (!here.contains(&format)).then(|| {
                    format!(
                        "{} is a whole {name} file: convert it to PNG or JPEG",
                        path.display()
                    )
                })
            }
            Self::WrongType { descr } if descr.contains('f') => Some(array(
                "(x * (255 if x.max() <= 1 else 1)).round().clip(0, 255).astype(\"uint8\")",
            )),
            Self::WrongType { .. } => Some(array("x.astype(\"uint8\")")),
            Self::FortranOrder => Some(array("numpy.ascontiguousarray(x)")),
            Self::WrongShape { shape } => match shape[..] {
                [_, 3, _, _] => Some(array("x.transpose(0, 2, 3, 1)")),
                [_, _, 3] => Some(array("x[None]")),
                _ => Some(format!(
                    "a clip has to be an array of frames, height, width and 3 colours; {file} has another shape"
                )),
            },
            Self::Header(_) if begins(path, b"PK") => Some(format!(
                "{file} is an archive of NumPy (.npz): save one of its arrays with numpy.save"
            )),
            _ => None,
        }
    }
}

/// Whether a file begins with these bytes.
fn begins(path: &Path, with: &[u8]) -> bool {
    let mut head = vec![0; with.len()];
    let read = std::fs::File::open(path)
        .and_then(|mut file| std::io::Read::read_exact(&mut file, &mut head));
    read.is_ok() && head == with
}

/// Why a clip's frames cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum FramesError {
    /// The file cannot be opened or read.
    #[error("failed to read it")]
    Io(#[from] std::io::Error),
    /// The header of the NPY file is damaged, or there is none.
    #[error(transparent)]
    Header(#[from] HeaderFault),
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
    /// The file ends before its data do.
    #[error("it is cut off: {found} bytes of {wanted}")]
    Truncated {
        /// Bytes that header and shape announce.
        wanted: u64,
        /// Bytes there are.
        found: u64,
    },
    /// A picture cannot be read or decoded.
    #[error(transparent)]
    Picture(Box<VisionError>),
    /// A picture is no column of square frames.
    #[error(
        "its picture is {width} x {height} pixels, not a column of square frames: the height must be a multiple of the width"
    )]
    NotStrip {
        /// Width of the picture.
        width: u32,
        /// Height of the picture.
        height: u32,
    },
    /// The pictures of a clip differ in size.
    #[error(
        "its picture {} is {width} x {height} pixels, the first is {first_width} x {first_height}",
        path.display()
    )]
    SizesDiffer {
        /// The picture.
        path: PathBuf,
        /// Its width.
        width: u32,
        /// Its height.
        height: u32,
        /// Width of the first picture.
        first_width: u32,
        /// Height of the first picture.
        first_height: u32,
    },
    /// The clip names no picture.
    #[error("it has no picture")]
    NoPicture,
    /// The HDF5 file that the clip is in cannot be read.
    #[error(transparent)]
    StoryFile(Box<StoryFileError>),
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

impl FromIterator<RgbImage> for FrameStack {
    fn from_iter<I: IntoIterator<Item = RgbImage>>(frames: I) -> Self {
        Self {
            frames: frames.into_iter().collect(),
        }
    }
}

impl From<VisionError> for FramesError {
    fn from(source: VisionError) -> Self {
        Self::Picture(Box::new(source))
    }
}

impl From<StoryFileError> for FramesError {
    fn from(source: StoryFileError) -> Self {
        Self::StoryFile(Box::new(source))
    }
}
