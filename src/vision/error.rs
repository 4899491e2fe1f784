//! Errors of this room.

use crate::record::{FaultKind, Hint};
use std::path::{Path, PathBuf};

/// What can go wrong with pixels.
#[derive(Debug, thiserror::Error)]
pub enum VisionError {
    /// The file could not be opened or read.
    #[error("failed to read the image {}", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// The file does not start as a PNG does.
    #[error("{} is not a PNG file", path.display())]
    NotPng {
        /// The file.
        path: PathBuf,
    },
    /// The file is neither PNG nor JPEG, by its content.
    #[error("{} is neither a PNG nor a JPEG file{}", path.display(), of(found))]
    NotImage {
        /// The file.
        path: PathBuf,
        /// What it is, where that is known.
        found: &'static str,
    },
    /// The pixels are floating-point numbers.
    #[error("{} holds floating-point pixels, whose range nothing says", path.display())]
    Floats {
        /// The file.
        path: PathBuf,
    },
    /// The file has more bytes than this program is willing to read.
    #[error("{} has more than {max_bytes} bytes", path.display())]
    FileTooLarge {
        /// The file.
        path: PathBuf,
        /// Longest file that is read, in bytes.
        max_bytes: u64,
    },
    /// The file is a JPEG, but a damaged one.
    #[error("failed to decode the image {}: {message}", path.display())]
    DecodeJpeg {
        /// The file.
        path: PathBuf,
        /// What the decoder said.
        message: String,
    },
    /// The header announces more pixels than this program is willing to hold.
    #[error(
        "{} announces {width}x{height} pixels, more than {max_side} a side or {max_bytes} bytes in all",
        path.display()
    )]
    TooLarge {
        /// The file.
        path: PathBuf,
        /// Announced width in pixels.
        width: u32,
        /// Announced height in pixels.
        height: u32,
        /// Longest side that is accepted, in pixels.
        max_side: u32,
        /// Largest decoded image that is accepted, in bytes.
        max_bytes: u64,
    },
    /// The file is a PNG, but a damaged one.
    #[error("failed to decode the image {}", path.display())]
    Decode {
        /// The file.
        path: PathBuf,
        /// What the decoder said.
        source: image::ImageError,
    },
    /// The file is of a kind of a format that is not read here.
    #[error("{} is of a kind that is not read here: {message}", path.display())]
    Unsupported {
        /// The file.
        path: PathBuf,
        /// What the decoder said.
        message: String,
    },
    /// An image could not be encoded.
    #[error("failed to encode an image of {width}x{height} pixels as PNG")]
    Encode {
        /// Width in pixels.
        width: u32,
        /// Height in pixels.
        height: u32,
        /// What the encoder said.
        source: image::ImageError,
    },
    /// A resize from or to nothing.
    #[error("failed to resize {from_width}x{from_height} pixels to {to_width}x{to_height}")]
    EmptyResize {
        /// Width in pixels before.
        from_width: u32,
        /// Height in pixels before.
        from_height: u32,
        /// Width in pixels asked for.
        to_width: u32,
        /// Height in pixels asked for.
        to_height: u32,
    },
    /// A resize to more pixels than this program is willing to hold.
    #[error(
        "failed to resize to {width}x{height} pixels: more than {max_side} a side or {max_bytes} bytes in all"
    )]
    ResizeTooLarge {
        /// Width in pixels asked for.
        width: u32,
        /// Height in pixels asked for.
        height: u32,
        /// Longest side that is accepted, in pixels.
        max_side: u32,
        /// Largest image that is accepted, in bytes.
        max_bytes: u64,
    },
    /// Constants of a normalisation that give infinite pixels, or none.
    #[error("pixels cannot be normalised with mean {mean:?} and std {std:?}")]
    Constants {
        /// Means of red, green and blue.
        mean: [f32; 3],
        /// Deviations of red, green and blue.
        std: [f32; 3],
    },
    /// Images of one batch have different sizes.
    #[error(
        "image {index} of the batch has {width}x{height} pixels, the first has {first_width}x{first_height}"
    )]
    SizesDiffer {
        /// Position in the batch, from 0.
        index: usize,
        /// Its width in pixels.
        width: u32,
        /// Its height in pixels.
        height: u32,
        /// Width of the first image in pixels.
        first_width: u32,
        /// Height of the first image in pixels.
        first_height: u32,
    },
}

fn of(found: &str) -> String {
    if found.is_empty() {
        return String::new();
    }
    format!(": it is {found}")
}

/// What a file is that people have under the name of an image; nothing where that is not known.
pub(super) fn known(bytes: &[u8]) -> &'static str {
    let start = bytes.get(..256).unwrap_or(bytes).trim_ascii_start();
    let start = start.to_ascii_lowercase();
    let is = |mark: &[u8]| start.starts_with(mark);
    match () {
        () if bytes.is_empty() => "empty",
        () if bytes.iter().take(256).all(|byte| *byte == 0) => "filled with zeros",
        () if is(b"version https://git-lfs") => "a pointer of Git LFS",
        () if is(b"<!doctype html") || is(b"<html") || is(b"<head") => "a web page",
        () if is(b"<?xml") || is(b"<svg") => "an XML text (SVG is such)",
        () if is(&[0x1f, 0x8b]) => "packed with gzip",
        () if is(b"pk\x03\x04") => "an archive (zip)",
        () if is(b"%pdf") => "a PDF file",
        () => "",
    }
}

impl VisionError {
    /// What a decoder said of a file: that it is damaged, or of a kind that it does not read.
    pub(super) fn of_decoder(source: image::ImageError, path: &Path) -> Self {
        let path = path.to_owned();
        match source {
            image::ImageError::Unsupported(reason) => Self::Unsupported {
                path,
                message: reason.to_string(),
            },
            source => Self::Decode { path, source },
        }
    }
}

impl Hint for VisionError {
    fn fault_kind(&self) -> FaultKind {
        match self {
            Self::Read { .. }
            | Self::NotPng { .. }
            | Self::NotImage { .. }
            | Self::Floats { .. }
            | Self::FileTooLarge { .. }
            | Self::TooLarge { .. }
            | Self::DecodeJpeg { .. }
            | Self::Unsupported { .. }
            | Self::Decode { .. } => FaultKind::DataVerification,
            Self::ResizeTooLarge { .. } | Self::Constants { .. } => FaultKind::Setup,
            Self::Encode { .. } | Self::EmptyResize { .. } | Self::SizesDiffer { .. } => {
                FaultKind::Bug
            }
        }
    }

    fn hint(&self) -> Option<String> {
        match self {
            Self::Read { path, .. } => Some(format!(
                "check that it is there and readable: `ls -l {}`",
                path.display()
            )),
            Self::NotImage { found, .. } if found.contains("Git LFS") => {
                Some("fetch the files with `git lfs pull`".to_owned())
            }
            Self::NotImage { found, path } if !found.is_empty() => Some(format!(
                "copy it again, or make it again: {}",
                path.display()
            )),
            Self::NotPng { path } | Self::NotImage { path, .. } => Some(format!(
                "see what it is with `file {}`, and convert it to PNG",
                path.display()
            )),
            Self::Floats { .. } => Some("save them as 8-bit PNG files".to_owned()),
            Self::FileTooLarge { path, .. } => Some(format!(
                "an image of that many bytes is not meant: see `file {}`",
                path.display()
            )),
            Self::TooLarge {
                path,
                max_side,
                max_bytes,
                ..
            } => Some(format!(
                "if the size is meant, shrink it first, to at most {max_side} pixels per side and {} megabytes decoded: {}",
                max_bytes / 1_000_000,
                path.display()
            )),
            Self::Decode { path, .. } | Self::DecodeJpeg { path, .. } => Some(format!(
                "the file is damaged or cut off: copy it again, or make it again; `file {}` shows what it says of itself",
                path.display()
            )),
            Self::Unsupported { path, .. } => Some(format!(
                "the file may be whole; convert it to PNG: `python -c \"from PIL import Image; Image.open('{}').convert('RGB').save('OUT.png')\"`",
                path.display()
            )),
            Self::ResizeTooLarge { .. } => Some(
                "check the sizes of the bundle's `[image]` and of the protocol's recipe".to_owned(),
            ),
            Self::Constants { .. } => Some(
                "means must be finite and deviations positive: see `[input]` of the bundle"
                    .to_owned(),
            ),
            Self::Encode { .. } | Self::EmptyResize { .. } | Self::SizesDiffer { .. } => None,
        }
    }
}
