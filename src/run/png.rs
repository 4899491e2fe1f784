//! Frames as PNG bytes, the same bytes for the same pixels.

use image::codecs::png::{CompressionType, FilterType, PngEncoder};
use image::{ExtendedColorType, ImageEncoder, ImageFormat, ImageResult, RgbImage};

/// Encodes with fixed settings: frame files are hashed, so nothing may depend on the surroundings.
pub(super) fn encode(image: &RgbImage) -> ImageResult<Vec<u8>> {
    let mut bytes = Vec::new();
    PngEncoder::new_with_quality(&mut bytes, CompressionType::Default, FilterType::Adaptive)
        .write_image(
            image.as_raw(),
            image.width(),
            image.height(),
            ExtendedColorType::Rgb8,
        )?;
    Ok(bytes)
}

/// Decodes a stored frame.
pub(super) fn decode(bytes: &[u8]) -> ImageResult<RgbImage> {
    image::load_from_memory_with_format(bytes, ImageFormat::Png).map(|image| image.to_rgb8())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pixels_survive_and_bytes_repeat() {
        let image = RgbImage::from_fn(7, 5, |x, y| image::Rgb([x as u8 * 30, y as u8 * 50, 9]));
        let bytes = encode(&image).expect("encode");
        assert_eq!(encode(&image).expect("encode"), bytes);
        assert_eq!(decode(&bytes).expect("decode"), image);
        for length in 0..bytes.len() - 12 {
            assert!(decode(&bytes[..length]).is_err(), "cut at {length}");
        }
    }
}
