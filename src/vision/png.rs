//! PNG in and out. A header is believed only after its size was checked.

use super::VisionError;
use image::codecs::png::{CompressionType, FilterType, PngDecoder, PngEncoder};
use image::{DynamicImage, ExtendedColorType, ImageDecoder, ImageEncoder, Limits, Rgb, RgbImage};
use std::io::Cursor;
use std::path::Path;

/// Longest side of an image that is decoded, in pixels.
pub const MAX_SIDE: u32 = 16_384;
/// Largest decoded image, in bytes.
pub const MAX_BYTES: u64 = 256 * 1024 * 1024;

/// What a PNG file starts with.
pub(super) const SIGNATURE: [u8; 8] = *b"\x89PNG\r\n\x1a\n";

/// Reads a PNG file as 8-bit RGB, as Pillow's `convert("RGB")` does: grey is repeated, alpha is dropped, of
/// 16 bits the upper 8 are kept; but 16-bit grey without alpha is clipped at 255.
///
/// # Errors
/// Unreadable files, files that are no PNG, damaged ones, and headers beyond [`MAX_SIDE`] or
/// [`MAX_BYTES`], which are refused before anything of that size is allocated.
pub fn read_png(path: &Path) -> Result<RgbImage, VisionError> {
    let bytes = std::fs::read(path).map_err(|source| VisionError::Read {
        path: path.to_owned(),
        source,
    })?;
    decode_png(&bytes, path)
}

/// Decodes the bytes of a PNG file; `path` only names them in errors. See [`read_png`].
///
/// # Errors
/// As [`read_png`], but for reading.
pub fn decode_png(bytes: &[u8], path: &Path) -> Result<RgbImage, VisionError> {
    // Signature, chunk length and type, then width and height: 24 bytes in every PNG.
    let (Some(signature), Some(width), Some(height)) =
        (bytes.get(..8), side(bytes, 16), side(bytes, 20))
    else {
        return Err(VisionError::NotPng {
            path: path.to_owned(),
        });
    };
    if signature != SIGNATURE {
        return Err(VisionError::NotPng {
            path: path.to_owned(),
        });
    }
    check_header(width, height, path)?;
    let decode = |source| VisionError::of_decoder(source, path);
    let mut limits = Limits::default();
    limits.max_alloc = Some(MAX_BYTES);
    let decoder = PngDecoder::with_limits(Cursor::new(bytes), limits).map_err(decode)?;
    // 8-bit RGB fits; four channels of 16 bits may not.
    if decoder.total_bytes() > MAX_BYTES {
        return Err(too_large(width, height, path));
    }
    let image = DynamicImage::from_decoder(decoder).map_err(decode)?;
    Ok(to_rgb(image, is_grey_16(bytes)))
}

/// Refuses announced sizes beyond [`MAX_SIDE`] or [`MAX_BYTES`] (as 8-bit RGB).
pub(super) fn check_header(width: u32, height: u32, path: &Path) -> Result<(), VisionError> {
    // Sides are checked first, so that the product fits.
    if width > MAX_SIDE || height > MAX_SIDE || u64::from(width) * u64::from(height) * 3 > MAX_BYTES
    {
        return Err(too_large(width, height, path));
    }
    Ok(())
}

fn too_large(width: u32, height: u32, path: &Path) -> VisionError {
    VisionError::TooLarge {
        path: path.to_owned(),
        width,
        height,
        max_side: MAX_SIDE,
        max_bytes: MAX_BYTES,
    }
}

/// Whether the header of a PNG says 16 bits and grey without alpha: depth and colour type follow the
/// sides. (A transparent grey level is no alpha.)
pub(super) fn is_grey_16(bytes: &[u8]) -> bool {
    bytes.get(24..26) == Some(&[16, 0])
}

/// As Pillow reads 16 bits: mode `I;16` for grey, which `convert("RGB")` clips, and the upper byte of
/// everything else.
pub(super) fn to_rgb(image: DynamicImage, grey_16: bool) -> RgbImage {
    let upper = |value: u16| (value >> 8) as u8;
    match image {
        DynamicImage::ImageLuma16(_) | DynamicImage::ImageLumaA16(_) => {
            let pixels = image.into_luma_alpha16();
            let grey = |value: u16| {
                if grey_16 {
                    value.min(255) as u8
                } else {
                    upper(value)
                }
            };
            RgbImage::from_fn(pixels.width(), pixels.height(), |x, y| {
                Rgb([grey(pixels.get_pixel(x, y)[0]); 3])
            })
        }
        DynamicImage::ImageRgb16(_) | DynamicImage::ImageRgba16(_) => {
            let pixels = image.into_rgb16();
            RgbImage::from_fn(pixels.width(), pixels.height(), |x, y| {
                Rgb(pixels.get_pixel(x, y).0.map(upper))
            })
        }
        other => other.into_rgb8(),
    }
}

/// Encodes an image as PNG. The same pixels give the same bytes.
///
/// # Errors
/// An image without pixels, which PNG cannot express.
pub fn encode_png(image: &RgbImage) -> Result<Vec<u8>, VisionError> {
    let mut bytes = Vec::new();
    // Named settings, so that a new default of the crate does not change what is written.
    PngEncoder::new_with_quality(&mut bytes, CompressionType::Default, FilterType::Adaptive)
        .write_image(
            image.as_raw(),
            image.width(),
            image.height(),
            ExtendedColorType::Rgb8,
        )
        .map_err(|source| VisionError::Encode {
            width: image.width(),
            height: image.height(),
            source,
        })?;
    Ok(bytes)
}

fn side(bytes: &[u8], at: usize) -> Option<u32> {
    let four = bytes.get(at..at + 4)?.try_into().ok()?;
    Some(u32::from_be_bytes(four))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::record::{FaultKind, Hint};

    fn picture() -> RgbImage {
        RgbImage::from_fn(7, 5, |x, y| Rgb([x as u8 * 30, y as u8 * 50, 9]))
    }

    #[test]
    fn what_is_written_is_read_again() {
        let bytes = encode_png(&picture()).unwrap();
        assert_eq!(bytes, encode_png(&picture()).unwrap());
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.png");
        std::fs::write(&path, &bytes).unwrap();
        assert_eq!(read_png(&path).unwrap(), picture());
    }

    #[test]
    fn a_header_that_announces_too_much_is_refused() {
        let mut bytes = encode_png(&picture()).unwrap();
        bytes[16..20].copy_from_slice(&20_000_u32.to_be_bytes());
        let error = decode_png(&bytes, Path::new("big.png")).unwrap_err();
        assert!(matches!(
            error,
            VisionError::TooLarge {
                width: 20_000,
                height: 5,
                ..
            }
        ));
        assert_eq!(error.fault_kind(), FaultKind::DataVerification);
        assert!(error.to_string().contains("big.png"));
    }

    #[test]
    fn sides_within_the_limit_can_still_be_too_many_bytes() {
        // A header of 16384x16384 with a right checksum: 805 MB as RGB.
        let mut bytes = SIGNATURE.to_vec();
        let mut header = b"IHDR".to_vec();
        header.extend(16_384_u32.to_be_bytes());
        header.extend(16_384_u32.to_be_bytes());
        header.extend([8, 2, 0, 0, 0]);
        bytes.extend(13_u32.to_be_bytes());
        bytes.extend(&header);
        bytes.extend(crc(&header).to_be_bytes());
        bytes.extend([0, 0, 0, 0]);
        bytes.extend(b"IDAT");
        bytes.extend(crc(b"IDAT").to_be_bytes());
        let error = decode_png(&bytes, Path::new("wide.png")).unwrap_err();
        assert!(matches!(error, VisionError::TooLarge { .. }), "{error:?}");
    }

    fn crc(bytes: &[u8]) -> u32 {
        !bytes.iter().fold(u32::MAX, |crc, byte| {
            (0..8).fold(crc ^ u32::from(*byte), |crc, _| {
                (crc >> 1) ^ (0xEDB8_8320 & 0_u32.wrapping_sub(crc & 1))
            })
        })
    }

    #[test]
    fn damaged_and_foreign_files_have_their_own_errors() {
        let bytes = encode_png(&picture()).unwrap();
        let cut = decode_png(&bytes[..bytes.len() - 20], Path::new("cut.png")).unwrap_err();
        assert!(matches!(cut, VisionError::Decode { .. }));
        let foreign =
            decode_png(b"GIF89a, and some more bytes here", Path::new("a.gif")).unwrap_err();
        assert!(matches!(foreign, VisionError::NotPng { .. }));
        let missing = read_png(Path::new("no/such.png")).unwrap_err();
        assert!(matches!(missing, VisionError::Read { .. }));
        assert!(encode_png(&RgbImage::new(0, 3)).is_err());
    }
}
