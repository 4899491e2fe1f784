//! Image files of other programs: PNG and JPEG, by what they hold and not by their names.

use crate::vision::{MAX_BYTES, MAX_SIDE, VisionError, decode_png};
use image::codecs::jpeg::JpegDecoder;
use image::{DynamicImage, ImageDecoder, Limits, RgbImage};
use std::io::Cursor;
use std::path::Path;

/// What a file holds besides 8-bit RGB pixels.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ImageKind {
    /// A PNG of 8-bit RGB pixels: it can be stored as it is.
    PlainPng,
    /// A PNG whose pixels become 8-bit RGB when it is read.
    Png {
        /// It has transparency, which is dropped.
        alpha: bool,
        /// It has 16 bits a channel, of which the upper 8 are kept.
        deep: bool,
    },
    /// A JPEG: its pixels are not those that were drawn, and decoders differ by a grey level.
    Jpeg,
}

impl ImageKind {
    /// The format: `png` or `jpeg`.
    #[must_use]
    pub fn format(self) -> &'static str {
        match self {
            Self::PlainPng | Self::Png { .. } => "png",
            Self::Jpeg => "jpeg",
        }
    }
}

/// Decodes the bytes of a PNG or JPEG file to 8-bit RGB. Orientation tags are not obeyed, as Pillow's
/// `Image.open` does not obey them either.
///
/// # Errors
/// [`VisionError::NotPng`] for other formats, [`VisionError::Decode`], and
/// [`VisionError::TooLarge`] for headers beyond [`MAX_SIDE`] or [`MAX_BYTES`], which are refused
/// before anything of that size is allocated. `path` only names the file.
pub fn decode_image(bytes: &[u8], path: &Path) -> Result<(RgbImage, ImageKind), VisionError> {
    if bytes.starts_with(b"\xff\xd8\xff") {
        return Ok((jpeg(bytes, path)?, ImageKind::Jpeg));
    }
    let image = decode_png(bytes, path)?;
    Ok((image, png_kind(bytes)))
}

fn jpeg(bytes: &[u8], path: &Path) -> Result<RgbImage, VisionError> {
    let decode = |source| VisionError::Decode {
        path: path.to_owned(),
        source,
    };
    let mut decoder = JpegDecoder::new(Cursor::new(bytes)).map_err(decode)?;
    let (width, height) = decoder.dimensions();
    if width > MAX_SIDE
        || height > MAX_SIDE
        || u64::from(width) * u64::from(height) * 3 > MAX_BYTES
    {
        return Err(VisionError::TooLarge {
            path: path.to_owned(),
            width,
            height,
            max_side: MAX_SIDE,
            max_bytes: MAX_BYTES,
        });
    }
    let mut limits = Limits::default();
    limits.max_alloc = Some(MAX_BYTES);
    decoder.set_limits(limits).map_err(decode)?;
    let image = DynamicImage::from_decoder(decoder).map_err(decode)?;
    Ok(image.into_rgb8())
}

/// The kind of a PNG that was decoded without error, so that its header is whole.
fn png_kind(bytes: &[u8]) -> ImageKind {
    let (depth, colour) = (bytes.get(24).copied(), bytes.get(25).copied());
    let alpha = matches!(colour, Some(4 | 6)) || has_transparency(bytes);
    match (depth, colour) {
        (Some(8), Some(2)) if !alpha => ImageKind::PlainPng,
        _ => ImageKind::Png {
            alpha,
            deep: depth == Some(16),
        },
    }
}

/// Whether a `tRNS` chunk stands before the pixels.
fn has_transparency(bytes: &[u8]) -> bool {
    let mut at = 8;
    while let Some(head) = bytes.get(at..at + 8) {
        match &head[4..] {
            b"tRNS" => return true,
            b"IDAT" => return false,
            _ => {}
        }
        let length = u32::from_be_bytes([head[0], head[1], head[2], head[3]]);
        at = at.saturating_add(length as usize).saturating_add(12);
    }
    false
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::generator::images::testing::png;
    use image::codecs::jpeg::JpegEncoder;
    use image::codecs::png::PngEncoder;
    use image::{ExtendedColorType, ImageEncoder, Rgb};

    fn encoded(pixels: &[u8], colour: ExtendedColorType) -> Vec<u8> {
        let mut bytes = Vec::new();
        PngEncoder::new(&mut bytes)
            .write_image(pixels, 2, 1, colour)
            .unwrap();
        bytes
    }

    fn kind(bytes: &[u8]) -> ImageKind {
        decode_image(bytes, Path::new("a")).unwrap().1
    }

    #[test]
    fn kinds_are_told_apart() {
        assert_eq!(kind(&png(3, 2, 1)), ImageKind::PlainPng);
        let other = |alpha, deep| ImageKind::Png { alpha, deep };
        assert_eq!(kind(&encoded(&[1, 2], ExtendedColorType::L8)), other(false, false));
        assert_eq!(kind(&encoded(&[1; 8], ExtendedColorType::Rgba8)), other(true, false));
        assert_eq!(kind(&encoded(&[1; 12], ExtendedColorType::Rgb16)), other(false, true));
    }

    #[test]
    fn a_jpeg_is_read_whatever_it_is_called() {
        let image = RgbImage::from_pixel(16, 16, Rgb([120, 90, 60]));
        let mut bytes = Vec::new();
        JpegEncoder::new_with_quality(&mut bytes, 95)
            .encode_image(&image)
            .unwrap();
        let (found, kind) = decode_image(&bytes, Path::new("a.png")).unwrap();
        assert_eq!(kind, ImageKind::Jpeg);
        let near = |(a, b): (&u8, &u8)| a.abs_diff(*b) <= 3;
        assert!(found.as_raw().iter().zip(image.as_raw()).all(near));
        for length in [3, 20, bytes.len() / 2] {
            let cut = decode_image(&bytes[..length], Path::new("cut.jpg"));
            assert!(matches!(cut, Err(VisionError::Decode { .. })), "{length}: {cut:?}");
        }
    }

    #[test]
    fn a_jpeg_header_that_announces_too_much_is_refused() {
        let mut bytes = Vec::new();
        JpegEncoder::new(&mut bytes)
            .encode_image(&RgbImage::new(8, 8))
            .unwrap();
        let frame = bytes.windows(2).position(|pair| pair == [0xff, 0xc0]).unwrap();
        bytes[frame + 5..frame + 9].copy_from_slice(&[0xff, 0xff, 0xff, 0xff]);
        let error = decode_image(&bytes, Path::new("a.jpg")).unwrap_err();
        assert!(matches!(error, VisionError::TooLarge { .. }), "{error:?}");
    }

    #[test]
    fn other_formats_are_refused() {
        let error = decode_image(b"GIF89a, and more", Path::new("a.png")).unwrap_err();
        assert!(matches!(error, VisionError::NotPng { .. }));
        assert!(decode_image(b"", Path::new("a.png")).is_err());
    }
}
