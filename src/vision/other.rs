//! Pictures that are neither PNG nor JPEG: WebP, BMP, TIFF, PPM and PGM, and the first frame of a GIF.

use super::png::{MAX_BYTES, MAX_SIDE, check_header, to_rgb};
use super::pnm;
use super::{SourceImage, VisionError, decode_image, read_bounded};
use image::{DynamicImage, ImageDecoder, ImageFormat, ImageReader, Limits};
use std::io::Cursor;
use std::path::Path;

/// Formats that are read beside PNG and JPEG.
const OTHERS: [ImageFormat; 5] = [
    ImageFormat::WebP,
    ImageFormat::Bmp,
    ImageFormat::Tiff,
    ImageFormat::Pnm,
    ImageFormat::Gif,
];

/// Reads an image of any format that `metric` takes, whatever its name ends with. Frames of data sets and runs are PNG
/// or JPEG: [`read_image`](super::read_image).
///
/// # Errors
/// As [`read_image`](super::read_image).
pub fn read_any_image(path: &Path) -> Result<SourceImage, VisionError> {
    decode_any_image(&read_bounded(path)?, path)
}

/// Decodes the bytes of an image of any of these formats; `path` only names them in errors.
///
/// # Errors
/// As [`read_any_image`], but for reading.
pub fn decode_any_image(bytes: &[u8], path: &Path) -> Result<SourceImage, VisionError> {
    let format = image::guess_format(bytes).ok();
    match format.filter(|format| OTHERS.contains(format)) {
        Some(format) => decode_other(bytes, format, path),
        None => decode_image(bytes, path),
    }
}

fn decode_other(
    bytes: &[u8],
    format: ImageFormat,
    path: &Path,
) -> Result<SourceImage, VisionError> {
    let failed = |source| VisionError::of_decoder(source, path);
    let level = pnm::largest_level(bytes).filter(|_| format == ImageFormat::Pnm);
    let level = level.filter(|(most, _)| (1..65536).contains(most) && *most != 255);
    let unscaled = level.map(|(most, place)| (most, pnm::unscaled(bytes, most, place)));
    let bytes = unscaled.as_ref().map_or(bytes, |(_, bytes)| bytes);
    let mut limits = Limits::default();
    limits.max_alloc = Some(MAX_BYTES);
    limits.max_image_width = Some(MAX_SIDE);
    limits.max_image_height = Some(MAX_SIDE);
    let mut reader = ImageReader::with_format(Cursor::new(bytes), format);
    reader.limits(limits);
    let decoder = reader.into_decoder().map_err(failed)?;
    let (width, height) = decoder.dimensions();
    check_header(width, height, path)?;
    let image = DynamicImage::from_decoder(decoder).map_err(failed)?;
    if matches!(
        image,
        DynamicImage::ImageRgb32F(_) | DynamicImage::ImageRgba32F(_)
    ) {
        return Err(VisionError::Floats {
            path: path.to_owned(),
        });
    }
    let clipped_grey = matches!(image, DynamicImage::ImageLuma16(_));
    // A WebP file of this kind of chunk was compressed as a JPEG is.
    let lossy = format == ImageFormat::WebP && bytes.windows(4).take(64).any(|it| it == b"VP8 ");
    let image = match unscaled {
        Some((most, _)) => {
            let plain = matches!(bytes.get(1), Some(b'2' | b'3'));
            pnm::to_rgb(image, most, plain).map_err(failed)?
        }
        None => to_rgb(image, clipped_grey),
    };
    Ok(SourceImage {
        image,
        lossy_source: lossy,
        clipped_grey,
        four_channels: false,
        damaged: false,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::record::Hint;
    use serde::Deserialize;

    const FOLDER: &str = "reference-data/golden/images/other";

    #[derive(Deserialize)]
    struct Case {
        file: String,
        size: (u32, u32),
        pixels: String,
        /// Largest difference of a channel from Pillow that is known.
        most: u8,
    }

    #[test]
    fn other_formats_have_the_pixels_of_pillow() {
        let text = std::fs::read_to_string(format!("{FOLDER}/images.json")).unwrap();
        let cases: Vec<Case> = serde_json::from_str(&text).unwrap();
        assert!(cases.len() >= 20);
        let mut wrong = Vec::new();
        for case in cases {
            let found = match read_any_image(&Path::new(FOLDER).join(&case.file)) {
                Ok(found) => found,
                Err(error) => {
                    wrong.push(format!("{}: {error:?}", case.file));
                    continue;
                }
            };
            assert_eq!(found.image.dimensions(), case.size, "{}", case.file);
            let expected = base64::decode(&case.pixels).unwrap();
            let pairs = found.image.as_raw().iter().zip(&expected);
            let most = pairs.map(|(a, b)| a.abs_diff(*b)).max().unwrap_or(0);
            if most != case.most {
                wrong.push(format!(
                    "{}: differs by {most}, not {}",
                    case.file, case.most
                ));
            }
        }
        assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    }

    #[test]
    fn damaged_and_floating_pictures_are_refused() {
        let folder = tempfile::tempdir().unwrap();
        for name in [
            "rgb.bmp",
            "lossless.webp",
            "rgb.ppm",
            "rgb.tif",
            "plain.gif",
        ] {
            let bytes = std::fs::read(Path::new(FOLDER).join(name)).unwrap();
            let path = folder.path().join(name);
            std::fs::write(&path, &bytes[..bytes.len() / 2]).unwrap();
            let error = read_any_image(&path).unwrap_err();
            assert!(error.to_string().contains(name), "{error}");
        }
        // Of another kind is not damaged.
        let unread = VisionError::of_decoder(
            image::ImageError::Unsupported(image::error::ImageFormatHint::Unknown.into()),
            Path::new("x.tif"),
        );
        assert!(unread.hint().unwrap().contains("convert it to PNG"));
        let text = folder.path().join("a.png");
        std::fs::write(&text, "P8 and no picture").unwrap();
        assert!(matches!(
            read_any_image(&text).unwrap_err(),
            VisionError::NotImage { .. }
        ));
    }
}
