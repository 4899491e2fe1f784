//! PPM and PGM whose largest level is not 255, as Pillow reads them: `round(value / maxval * 255)`, halves to even; grey of
//! more than 8 bits goes to 65535 first and is clipped.

use image::error::{DecodingError, ImageFormatHint};
use image::{DynamicImage, GrayImage, ImageError, ImageFormat, Rgb, RgbImage};
use std::ops::Range;

/// The largest level of a file, and where the header has it. None of bitmaps, and of what is no PPM or PGM.
pub(super) fn largest_level(bytes: &[u8]) -> Option<(u32, Range<usize>)> {
    let [b'P', b'2' | b'3' | b'5' | b'6', rest @ ..] = bytes else {
        return None;
    };
    let mut at = bytes.len() - rest.len();
    let mut place = at..at;
    for _ in 0..3 {
        loop {
            match bytes.get(at)? {
                b'#' => {
                    let mut rest = bytes[at..].iter();
                    at += rest.position(|byte| matches!(byte, b'\n' | b'\r'))?;
                }
                byte if byte.is_ascii_whitespace() => at += 1,
                _ => break,
            }
        }
        let digits = bytes[at..].iter().take_while(|byte| byte.is_ascii_digit());
        place = at..at + digits.count();
        at = place.end;
    }
    let text = std::str::from_utf8(&bytes[place.clone()]).ok()?;
    Some((text.parse().ok()?, place))
}

/// The file with the largest level of its depth, from which a decoder takes the levels as they are.
pub(super) fn unscaled(bytes: &[u8], most: u32, place: Range<usize>) -> Vec<u8> {
    let depth: &[u8] = if most < 256 { b"255" } else { b"65535" };
    [&bytes[..place.start], depth, &bytes[place.end..]].concat()
}

/// Levels of 0 to `most` as 8-bit RGB. `plain` files have their levels as text; in these Pillow refuses larger ones.
///
/// # Errors
/// A level above `most` in a plain file.
pub(super) fn to_rgb(image: DynamicImage, most: u32, plain: bool) -> Result<RgbImage, ImageError> {
    let of = |level: u16, to: f64| (f64::from(level) / f64::from(most) * to).round_ties_even();
    let byte = |level: u16| of(level, 255.0).min(255.0) as u8;
    let too_large = |level: u16| plain && u32::from(level) > most;
    let (largest, rgb) = match image {
        DynamicImage::ImageLuma16(grey) => {
            let clipped = |level: u16| of(level, 65535.0).min(255.0) as u8;
            let (width, height) = grey.dimensions();
            let rgb = RgbImage::from_fn(width, height, |x, y| {
                Rgb([clipped(grey.get_pixel(x, y)[0]); 3])
            });
            (grey.iter().copied().max(), rgb)
        }
        DynamicImage::ImageRgb16(colours) => {
            let (width, height) = colours.dimensions();
            let rgb = RgbImage::from_fn(width, height, |x, y| {
                Rgb(colours.get_pixel(x, y).0.map(byte))
            });
            (colours.iter().copied().max(), rgb)
        }
        DynamicImage::ImageLuma8(grey) => {
            let scaled = grey.iter().map(|level| byte(u16::from(*level))).collect();
            let largest = grey.iter().copied().max().map(u16::from);
            let scaled = GrayImage::from_raw(grey.width(), grey.height(), scaled);
            let scaled = scaled.expect("there are as many levels as before");
            (largest, DynamicImage::ImageLuma8(scaled).into_rgb8())
        }
        other => {
            let mut rgb = other.into_rgb8();
            let largest = rgb.iter().copied().max().map(u16::from);
            for level in rgb.iter_mut() {
                *level = byte(u16::from(*level));
            }
            (largest, rgb)
        }
    };
    match largest.filter(|level| too_large(*level)) {
        None => Ok(rgb),
        Some(level) => Err(ImageError::Decoding(DecodingError::new(
            ImageFormatHint::Exact(ImageFormat::Pnm),
            format!("a level is {level}, the largest should be {most}"),
        ))),
    }
}
