//! JPEG in. Decoders differ by a few grey levels: see the test for how far this one is from
//! libjpeg-turbo, which Pillow uses.

use super::VisionError;
use super::png::check_header;
use image::RgbImage;
use std::path::Path;
use zune_jpeg::JpegDecoder;
use zune_jpeg::errors::DecodeErrors;
use zune_jpeg::zune_core::bytestream::ZCursor;
use zune_jpeg::zune_core::colorspace::ColorSpace;
use zune_jpeg::zune_core::options::DecoderOptions;

/// What a JPEG file starts with.
pub(super) const SIGNATURE: [u8; 3] = [0xFF, 0xD8, 0xFF];

/// Decodes the bytes of a JPEG file as 8-bit RGB, grey repeated; `path` only names them in errors.
///
/// # Errors
/// Damaged and truncated files, four channels (CMYK: what they look like is up to a colour profile),
/// and headers beyond [`super::MAX_SIDE`] or [`super::MAX_BYTES`], which are refused before anything
/// of that size is allocated.
pub(super) fn decode_jpeg(bytes: &[u8], path: &Path) -> Result<RgbImage, VisionError> {
    let damaged = |source: DecodeErrors| VisionError::DecodeJpeg {
        path: path.to_owned(),
        message: source.to_string(),
    };
    if !is_complete(bytes) {
        return Err(VisionError::DecodeJpeg {
            path: path.to_owned(),
            message: "it ends before its end-of-image marker".to_owned(),
        });
    }
    // Not strict would fill the rest of a truncated image with grey. The decoder's own size limits
    // are above ours, so that the message is ours.
    let options = DecoderOptions::default()
        .set_strict_mode(true)
        .set_max_width(usize::from(u16::MAX))
        .set_max_height(usize::from(u16::MAX));
    let mut decoder = JpegDecoder::new_with_options(ZCursor::new(bytes), options);
    decoder.decode_headers().map_err(damaged)?;
    let (Some((width, height)), Some(colours)) = (decoder.dimensions(), decoder.input_colorspace())
    else {
        return Err(damaged(DecodeErrors::FormatStatic("no header")));
    };
    let (width, height) = (width as u32, height as u32);
    check_header(width, height, path)?;
    let out = match colours {
        ColorSpace::CMYK | ColorSpace::YCCK => {
            return Err(VisionError::FourChannels {
                path: path.to_owned(),
            });
        }
        ColorSpace::Luma => ColorSpace::Luma,
        _ => ColorSpace::RGB,
    };
    decoder.set_options(options.jpeg_set_out_colorspace(out));
    let mut pixels = decoder.decode().map_err(damaged)?;
    if out == ColorSpace::Luma {
        pixels = pixels.into_iter().flat_map(|value| [value; 3]).collect();
    }
    RgbImage::from_raw(width, height, pixels)
        .ok_or_else(|| damaged(DecodeErrors::FormatStatic("fewer pixels than announced")))
}

/// Whether an end-of-image marker follows the start of the last scan. The decoder does not mind when
/// the last few blocks are missing; neither marker can occur in a scan's data.
fn is_complete(bytes: &[u8]) -> bool {
    let last = |marker: [u8; 2]| bytes.windows(2).rposition(|pair| pair == marker);
    last([0xFF, 0xDA]) < last([0xFF, 0xD9])
}
