//! JPEG in: the pixels of Pillow, bit for bit.
//!
//! Pillow's wheels decode with libjpeg-turbo; this is mozjpeg, its fork, built from source without
//! assembly. Both compute the same integers, but where a block overshoots black or white by hundreds of
//! grey levels, which only damaged files do: there the assembly clips and C wraps around. What Pillow
//! opens is opened, and what it refuses because the file ends too early is refused.

mod colour;
mod library;
mod outline;
#[cfg(test)]
mod tests;

use self::colour::from_inverted_cmyk;
use self::library::{Pixels, decode};
use self::outline::Outline;
use super::VisionError;
use image::RgbImage;
use std::path::Path;

/// What a JPEG file starts with.
pub(super) const SIGNATURE: [u8; 3] = [0xFF, 0xD8, 0xFF];

/// A decoded JPEG file, and what is doubtful about it.
#[derive(Debug)]
pub(super) struct Decoded {
    /// 8-bit RGB, as Pillow's `convert("RGB")` gives it.
    pub(super) image: RgbImage,
    /// The file has four channels, CMYK or YCCK.
    pub(super) four_channels: bool,
    /// The data of the picture is damaged; the decoder went on, as it does in Pillow.
    pub(super) damaged: bool,
}

/// Decodes the bytes of a JPEG file as 8-bit RGB; `path` only names them in errors.
///
/// # Errors
/// Files that end before their picture does, files that libjpeg cannot decode, kinds of JPEG that are
/// not read (lossless, 12 bits, two channels), more scans than a picture needs, and headers beyond
/// [`super::MAX_SIDE`] or [`super::MAX_BYTES`], which are refused before anything of that size is
/// allocated.
pub(super) fn decode_jpeg(bytes: &[u8], path: &Path) -> Result<Decoded, VisionError> {
    let fail = |message: String| VisionError::DecodeJpeg {
        path: path.to_owned(),
        message,
    };
    let outline = Outline::of(bytes);
    outline.check(path)?;
    let Pixels {
        width,
        height,
        channels,
        mut values,
        warnings,
    } = decode(bytes).map_err(fail)?;
    if channels == 4 {
        values = from_inverted_cmyk(&values);
    }
    let image = RgbImage::from_raw(width, height, values)
        .ok_or_else(|| fail("fewer pixels than announced".to_owned()))?;
    Ok(Decoded {
        image,
        four_channels: channels == 4,
        damaged: warnings > 0,
    })
}
