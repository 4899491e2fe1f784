use super::*;
use rand::SeedableRng;
use rand_chacha::ChaCha12Rng;

fn pattern() -> RgbImage {
    RgbImage::from_fn(7, 5, |x, y| {
        Rgb([
            (x * 37 + y * 11) as u8,
            if (x + y) % 2 == 0 { 255 } else { 0 },
            if (x, y) == (3, 2) { 255 } else { 0 },
        ])
    })
}

#[test]
fn blur_is_that_of_scipy() {
    // scipy.ndimage.gaussian_filter(channel.astype(float), 1.0, mode="nearest", truncate=4.0), row 2,
    // rounded half up.
    let blurred = blur(&pattern(), 1.0);
    let row = |channel: usize| -> Vec<u8> {
        (0..7).map(|x| blurred.get_pixel(x, 2).0[channel]).collect()
    };
    assert_eq!(row(0), [35, 61, 96, 133, 169, 200, 220]);
    assert_eq!(row(1), [130, 128, 128, 127, 128, 128, 130]);
    assert_eq!(row(2), [0, 5, 25, 41, 25, 5, 0]);
}

#[test]
fn blur_leaves_even_areas_and_sizes_alone() {
    let even = RgbImage::from_pixel(3, 9, Rgb([7, 128, 255]));
    for sigma in [0.3, 2.0, 40.0] {
        assert_eq!(blur(&even, sigma), even);
    }
    for sigma in [0.0, -1.0, f64::NAN] {
        assert_eq!(blur(&pattern(), sigma), pattern());
    }
    assert_eq!(blur(&RgbImage::new(0, 0), 1.0), RgbImage::new(0, 0));
}

#[test]
fn noise_has_the_amplitude_that_was_asked_for() {
    let grey = RgbImage::from_pixel(128, 128, Rgb([128; 3]));
    let draw = |sigma, seed| noise(&grey, sigma, &mut ChaCha12Rng::seed_from_u64(seed));
    assert_eq!(draw(0.0, 1), grey);
    assert_eq!(draw(10.0, 1), draw(10.0, 1));
    assert_ne!(draw(10.0, 1), draw(10.0, 2));
    for sigma in [5.0, 20.0] {
        let values: Vec<f64> = draw(sigma, 1)
            .iter()
            .map(|v| f64::from(*v) - 128.0)
            .collect();
        let n = values.len() as f64;
        let mean = values.iter().sum::<f64>() / n;
        let deviation = (values.iter().map(|v| (v - mean).powi(2)).sum::<f64>() / n).sqrt();
        assert!(
            mean.abs() < 0.3 && (deviation / sigma - 1.0).abs() < 0.02,
            "{mean} {deviation}"
        );
    }
}

#[test]
fn noise_is_cut_off_at_black_and_white() {
    let ends = RgbImage::from_pixel(8, 8, Rgb([0, 255, 128]));
    let drawn = noise(&ends, 1e6, &mut ChaCha12Rng::seed_from_u64(3));
    assert!(drawn.iter().all(|value| [0, 255].contains(value)));
}
