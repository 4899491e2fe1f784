//! Image files of any supported kind, recognised by their content.

use super::VisionError;
use super::error::known;
use super::jpeg::{self, decode_jpeg};
use super::png::{self, MAX_BYTES, decode_png};
use super::png_end::with_end;
use image::RgbImage;
use std::fs::File;
use std::io::Read;
use std::path::Path;

/// A decoded image file, and what is doubtful about it.
#[expect(
    clippy::struct_excessive_bools,
    reason = "facts about a file, of which any may hold"
)]
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SourceImage {
    /// 8-bit RGB, as Pillow's `convert("RGB")` gives it.
    pub image: RgbImage,
    /// The file is a JPEG: what was compressed away moves every metric.
    pub lossy_source: bool,
    /// The file is a 16-bit grey PNG, of which Pillow's `convert("RGB")` clips every value above 255
    /// to white; so do we.
    pub clipped_grey: bool,
    /// The file is a JPEG of four channels (CMYK or YCCK): what its colours look like depends on a
    /// profile, which Pillow's `convert("RGB")` does not read, nor do we.
    pub four_channels: bool,
    /// The file is a JPEG whose data are damaged, or a PNG that ends behind its pixels without saying so. Pillow opens
    /// them without a word, and so do we.
    pub damaged: bool,
}

/// Reads a PNG or JPEG file, whatever its name ends with.
///
/// # Errors
/// Unreadable files, anything but a regular file, files above [`MAX_BYTES`], foreign formats, damaged
/// files, and headers that announce too much.
pub fn read_image(path: &Path) -> Result<SourceImage, VisionError> {
    decode_image(&read_bounded(path)?, path)
}

/// The bytes of a regular file of at most [`MAX_BYTES`].
///
/// # Errors
/// Unreadable files, anything but a regular file, larger files.
pub fn read_bounded(path: &Path) -> Result<Vec<u8>, VisionError> {
    let failed = |source| VisionError::Read {
        path: path.to_owned(),
        source,
    };
    // Asked before it is opened: opening a pipe waits for its writer.
    let found = std::fs::metadata(path).map_err(failed)?;
    if !found.is_file() {
        return Err(VisionError::NotImage {
            path: path.to_owned(),
            found: if found.is_dir() { "a folder" } else { "" },
        });
    }
    let mut bytes = Vec::new();
    let file = File::open(path).map_err(failed)?;
    // The file may grow while it is read: one byte more than allowed is enough to know.
    file.take(MAX_BYTES + 1)
        .read_to_end(&mut bytes)
        .map_err(failed)?;
    if bytes.len() as u64 > MAX_BYTES {
        return Err(VisionError::FileTooLarge {
            path: path.to_owned(),
            max_bytes: MAX_BYTES,
        });
    }
    Ok(bytes)
}

/// Decodes the bytes of a PNG or JPEG file; `path` only names them in errors. See [`read_image`].
///
/// # Errors
/// As [`read_image`], but for reading.
pub fn decode_image(bytes: &[u8], path: &Path) -> Result<SourceImage, VisionError> {
    if bytes.starts_with(&jpeg::SIGNATURE) {
        let decoded = decode_jpeg(bytes, path)?;
        return Ok(SourceImage {
            image: decoded.image,
            lossy_source: true,
            clipped_grey: false,
            four_channels: decoded.four_channels,
            damaged: decoded.damaged,
        });
    }
    if bytes.starts_with(&png::SIGNATURE) {
        let mended = with_end(bytes);
        return Ok(SourceImage {
            damaged: mended.is_some(),
            image: decode_png(mended.as_deref().unwrap_or(bytes), path)?,
            lossy_source: false,
            clipped_grey: png::is_grey_16(bytes),
            four_channels: false,
        });
    }
    Err(VisionError::NotImage {
        path: path.to_owned(),
        found: known(bytes),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::record::{FaultKind, Hint};
    use serde::Deserialize;
    use sha2::{Digest, Sha256};

    const FOLDER: &str = "reference-data/golden/images";

    #[derive(Deserialize)]
    struct Golden {
        png: Vec<Exact>,
        jpeg: Vec<Lossy>,
    }

    #[derive(Deserialize)]
    struct Exact {
        file: String,
        mode: String,
        sha256: String,
    }

    #[derive(Deserialize)]
    struct Lossy {
        file: String,
        size: (u32, u32),
        pixels: String,
    }

    fn golden() -> Golden {
        let text = std::fs::read_to_string(format!("{FOLDER}/images.json")).unwrap();
        serde_json::from_str(&text).unwrap()
    }

    fn bytes(name: &str) -> Vec<u8> {
        std::fs::read(format!("{FOLDER}/{name}")).unwrap()
    }

    fn error(bytes: &[u8], name: &str) -> VisionError {
        let error = decode_image(bytes, Path::new(name)).unwrap_err();
        assert_eq!(error.fault_kind(), FaultKind::DataVerification);
        assert!(error.to_string().contains(name), "{error}");
        assert!(error.hint().is_some());
        error
    }

    #[test]
    fn every_kind_of_png_becomes_rgb_as_in_pillow() {
        let cases = golden().png;
        assert!(cases.len() >= 20);
        for case in cases {
            let found = read_image(&Path::new(FOLDER).join(&case.file)).unwrap();
            let digest = format!("{:x}", Sha256::digest(found.image.as_raw()));
            assert_eq!(digest[..16], case.sha256, "{} ({})", case.file, case.mode);
            assert!(!found.lossy_source);
            assert_eq!(found.clipped_grey, case.mode == "I;16", "{}", case.file);
        }
    }

    /// The whole set is in `jpeg/tests.rs`.
    #[test]
    fn jpeg_has_the_pixels_of_pillow() {
        for case in golden().jpeg {
            let found = read_image(&Path::new(FOLDER).join(&case.file)).unwrap();
            assert!(found.lossy_source && !found.damaged && !found.four_channels);
            assert_eq!(found.image.dimensions(), case.size);
            let expected = base64::decode(&case.pixels).unwrap();
            assert!(*found.image.as_raw() == expected, "{}", case.file);
        }
    }

    #[test]
    fn the_content_decides_and_not_the_name() {
        let found = decode_image(&bytes("q95-444.jpg"), Path::new("a.png")).unwrap();
        assert!(found.lossy_source);
        assert!(
            !decode_image(&bytes("rgb8.png"), Path::new("a.jpg"))
                .unwrap()
                .lossy_source
        );
        let foreign = error(b"GIF89a, and some more bytes here", "a.png");
        assert!(matches!(foreign, VisionError::NotImage { .. }));
        assert!(matches!(
            error(b"", "empty.jpg"),
            VisionError::NotImage { .. }
        ));
    }

    #[test]
    fn cmyk_is_read_and_told() {
        let found = decode_image(&bytes("cmyk.jpg"), Path::new("cmyk.jpg")).unwrap();
        assert!(found.four_channels && !found.damaged);
    }

    #[test]
    fn truncated_files_are_refused_wherever_they_end() {
        for name in [
            "rgb8.png",
            "q75-420.jpg",
            "q75-420-progressive.jpg",
            "q90-grey.jpg",
        ] {
            let whole = bytes(name);
            // The last chunk and checksums of a PNG and the last marker of a JPEG carry no pixels.
            for cut in (0..whole.len() - 20).step_by(7) {
                let found = decode_image(&whole[..cut], Path::new(name));
                assert!(found.is_err(), "{name} cut to {cut} of {}", whole.len());
            }
        }
    }

    #[test]
    fn announced_sizes_are_checked_first() {
        let mut png = bytes("rgb8.png");
        png[16..24].copy_from_slice(&[0, 1, 0x86, 0xA0, 0, 1, 0x86, 0xA0]);
        let too_large = error(&png, "big.png");
        assert!(matches!(
            too_large,
            VisionError::TooLarge {
                width: 100_000,
                height: 100_000,
                ..
            }
        ));
        // JPEG has 16 bits per side: height and width follow the frame marker, length and depth.
        let mut jpeg = bytes("q75-420.jpg");
        let frame = jpeg.windows(2).position(|w| w == [0xFF, 0xC0]).unwrap();
        jpeg[frame + 5..frame + 9].copy_from_slice(&[0xFF, 0xF0, 0xFF, 0xF0]);
        assert!(matches!(
            error(&jpeg, "big.jpg"),
            VisionError::TooLarge { .. }
        ));
        jpeg[frame + 5..frame + 9].copy_from_slice(&[0, 0, 0, 0]);
        error(&jpeg, "none.jpg");
        png[16..24].fill(0);
        error(&png, "none.png");
    }

    #[test]
    fn only_regular_files_are_read() {
        let folder = tempfile::tempdir().unwrap();
        let error = read_image(folder.path()).unwrap_err();
        assert!(matches!(error, VisionError::NotImage { .. }));
        let error = read_image(&folder.path().join("no.png")).unwrap_err();
        assert!(matches!(error, VisionError::Read { .. }));
    }
}
