//! Resizing of 8-bit pixels that equals Pillow's bit for bit.
//!
//! Pillow resizes 8-bit images in two passes with integer weights, and the image between the passes
//! is 8-bit too.

use super::axis::Axis;
use super::taps::{PRECISION, Taps};
use super::{Filter, VisionError};
use image::RgbImage;

const CHANNELS: usize = 3;

/// Resizes to `width` x `height` pixels as `PIL.Image.resize` does (Pillow 12 and before).
///
/// A pass that changes nothing is skipped, so the same size gives a copy.
///
/// # Errors
/// A size without pixels, before or after.
pub fn resize(
    image: &RgbImage,
    width: u32,
    height: u32,
    filter: Filter,
) -> Result<RgbImage, VisionError> {
    if [image.width(), image.height(), width, height].contains(&0) {
        return Err(VisionError::EmptyResize {
            from_width: image.width(),
            from_height: image.height(),
            to_width: width,
            to_height: height,
        });
    }
    let x = Axis::whole(image.width(), width);
    let y = Axis::whole(image.height(), height);
    Ok(resize_window(image, x, y, filter))
}

/// The wanted part of a resize; the axes' `from` are the image's sides.
pub(super) fn resize_window(image: &RgbImage, x: Axis, y: Axis, filter: Filter) -> RgbImage {
    let columns = Taps::pillow(filter, x).to_fixed();
    let rows = Taps::pillow(filter, y).to_fixed();
    let between = horizontal(image, &columns, x.len);
    vertical(&between, &rows, y.len)
}

fn horizontal(image: &RgbImage, taps: &Taps<i32>, width: u32) -> RgbImage {
    let mut result = RgbImage::new(width, image.height());
    let from_line = image.width() as usize * CHANNELS;
    let to_line = width as usize * CHANNELS;
    for (from, to) in image
        .chunks_exact(from_line)
        .zip(result.chunks_exact_mut(to_line))
    {
        for (pixel, (start, line)) in to.chunks_exact_mut(CHANNELS).zip(taps.iter()) {
            let mut sums = [1_i32 << (PRECISION - 1); CHANNELS];
            let inputs = from[start * CHANNELS..].chunks_exact(CHANNELS);
            for (input, weight) in inputs.zip(line) {
                for (sum, value) in sums.iter_mut().zip(input) {
                    *sum += i32::from(*value) * weight;
                }
            }
            for (value, sum) in pixel.iter_mut().zip(sums) {
                *value = clip(sum);
            }
        }
    }
    result
}

fn vertical(image: &RgbImage, taps: &Taps<i32>, height: u32) -> RgbImage {
    let mut result = RgbImage::new(image.width(), height);
    let line_length = image.width() as usize * CHANNELS;
    let mut sums = vec![0_i32; line_length];
    for (to, (start, line)) in result.chunks_exact_mut(line_length).zip(taps.iter()) {
        sums.fill(1 << (PRECISION - 1));
        // Whole lines at a time: the inner loop then runs over contiguous bytes.
        let inputs = image.as_raw()[start * line_length..].chunks_exact(line_length);
        for (input, weight) in inputs.zip(line) {
            for (sum, value) in sums.iter_mut().zip(input) {
                *sum += i32::from(*value) * weight;
            }
        }
        for (value, sum) in to.iter_mut().zip(&sums) {
            *value = clip(*sum);
        }
    }
    result
}

fn clip(sum: i32) -> u8 {
    (sum >> PRECISION).clamp(0, 255) as u8
}

#[cfg(test)]
mod tests {
    use super::*;
    use sha2::{Digest, Sha256};

    #[derive(serde::Deserialize)]
    struct Golden {
        cases: Vec<Case>,
        hashed: Vec<Hashed>,
    }

    #[derive(serde::Deserialize)]
    struct Case {
        filter: String,
        from: [u32; 2],
        to: [u32; 2],
        input: String,
        output: String,
    }

    #[derive(serde::Deserialize)]
    struct Hashed {
        filter: String,
        from: [u32; 2],
        to: [u32; 2],
        input_sha256: String,
        output_sha256: String,
    }

    fn golden() -> Golden {
        let path = "reference-data/golden/resize/pillow.json";
        serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap()
    }

    fn filter(name: &str) -> Filter {
        [
            Filter::Box,
            Filter::Bilinear,
            Filter::Bicubic,
            Filter::Lanczos,
        ]
        .into_iter()
        .find(|filter| filter.to_string() == name)
        .unwrap()
    }

    fn sha256(bytes: &[u8]) -> String {
        format!("{:x}", Sha256::digest(bytes))
    }

    /// The generator of tools/golden/resize.py.
    fn noise(width: u32, height: u32) -> RgbImage {
        let mut state = 12_345_u32;
        RgbImage::from_fn(width, height, |_, _| {
            image::Rgb(std::array::from_fn(|_| {
                state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                (state >> 24) as u8
            }))
        })
    }

    #[test]
    fn small_images_equal_pillow() {
        let golden = golden();
        assert!(golden.cases.len() >= 20);
        for case in golden.cases {
            let input = RgbImage::from_raw(
                case.from[0],
                case.from[1],
                base64::decode(&case.input).unwrap(),
            )
            .unwrap();
            let output = resize(&input, case.to[0], case.to[1], filter(&case.filter)).unwrap();
            assert_eq!(
                output.as_raw(),
                &base64::decode(&case.output).unwrap(),
                "{} {:?} -> {:?}",
                case.filter,
                case.from,
                case.to
            );
        }
    }

    #[test]
    fn noise_of_usual_sizes_equals_pillow() {
        for case in golden().hashed {
            let input = noise(case.from[0], case.from[1]);
            assert_eq!(sha256(input.as_raw()), case.input_sha256);
            let output = resize(&input, case.to[0], case.to[1], filter(&case.filter)).unwrap();
            assert_eq!(
                sha256(output.as_raw()),
                case.output_sha256,
                "{} {:?} -> {:?}",
                case.filter,
                case.from,
                case.to
            );
        }
    }

    #[test]
    fn a_size_without_pixels_is_refused() {
        let error = resize(&RgbImage::new(4, 4), 0, 4, Filter::Box).unwrap_err();
        assert!(matches!(
            error,
            VisionError::EmptyResize { to_width: 0, .. }
        ));
    }
}
