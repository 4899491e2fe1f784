//! Faults of pixels.

use image::{Rgb, RgbImage};
use rand::Rng;
use rand_distr::{Distribution, StandardNormal};

/// Standard deviations after which the Gaussian is cut off, as SciPy's `gaussian_filter` does.
const TRUNCATE: f64 = 4.0;

/// Gaussian blur with a standard deviation of `sigma` pixels, each channel by itself, rows and then
/// columns in f64, rounded once at the end. Beyond an edge the edge pixel goes on (`mode="nearest"`).
/// A `sigma` that is not positive gives the image back.
///
/// # Panics
/// Never: the pixels of the result are as many as those of the image.
#[must_use]
pub fn blur(image: &RgbImage, sigma: f64) -> RgbImage {
    if sigma.is_nan() || sigma <= 0.0 || image.is_empty() {
        return image.clone();
    }
    let weights = weights(sigma);
    let (width, height) = (image.width() as usize, image.height() as usize);
    let values: Vec<f64> = image.as_raw().iter().copied().map(f64::from).collect();
    let across = convolve(&values, &weights, width, height, |line, place, channel| {
        (line * width + place) * 3 + channel
    });
    let down = convolve(&across, &weights, height, width, |line, place, channel| {
        (place * width + line) * 3 + channel
    });
    let bytes = down.into_iter().map(byte).collect();
    RgbImage::from_raw(image.width(), image.height(), bytes).expect("it has as many values")
}

/// Half of the kernel: the weight at distance 0, 1, ...; the whole kernel sums to 1.
fn weights(sigma: f64) -> Vec<f64> {
    let radius = (TRUNCATE * sigma + 0.5).floor() as usize;
    let raw: Vec<f64> = (0..=radius)
        .map(|distance| libm::exp(-0.5 * (distance as f64 / sigma).powi(2)))
        .collect();
    let sum = 2.0 * raw.iter().sum::<f64>() - raw[0];
    raw.into_iter().map(|weight| weight / sum).collect()
}

/// Convolves `lines` lines of `length` places; `index` says where a value lies.
fn convolve(
    values: &[f64],
    weights: &[f64],
    length: usize,
    lines: usize,
    index: impl Fn(usize, usize, usize) -> usize,
) -> Vec<f64> {
    let mut result = vec![0.0; values.len()];
    for line in 0..lines {
        for place in 0..length {
            for channel in 0..3 {
                let at = |place: usize| values[index(line, place, channel)];
                let mut sum = weights[0] * at(place);
                for (distance, weight) in weights.iter().enumerate().skip(1) {
                    let before = place.saturating_sub(distance);
                    let after = (place + distance).min(length - 1);
                    sum += weight * (at(before) + at(after));
                }
                result[index(line, place, channel)] = sum;
            }
        }
    }
    result
}

/// Adds Gaussian noise with a standard deviation of `sigma` grey levels to each channel of each pixel,
/// rounded and cut to 0..=255. The draws do not depend on `sigma`.
#[must_use]
pub fn noise(image: &RgbImage, sigma: f64, random: &mut impl Rng) -> RgbImage {
    let mut image = image.clone();
    for value in image.iter_mut() {
        let draw: f64 = StandardNormal.sample(random);
        *value = byte(f64::from(*value) + sigma * draw);
    }
    image
}

/// An image of which every channel of every pixel is uniform in 0..=255.
#[must_use]
pub fn uniform(width: u32, height: u32, random: &mut impl Rng) -> RgbImage {
    RgbImage::from_fn(width, height, |_, _| Rgb(random.random()))
}

fn byte(value: f64) -> u8 {
    // The cast saturates.
    (value + 0.5).floor() as u8
}

#[cfg(test)]
#[path = "pixels_tests.rs"]
mod tests;
