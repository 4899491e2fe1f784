//! Peak signal-to-noise ratio in decibels of 8-bit images: `10 log10(255² / mse)`.

use image::RgbImage;

/// Squared error summed over all values of two images of one size, and how many values there are.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct SquaredError {
    /// Sum of squared differences, of values from 0 to 255; whole numbers, so that no order shows.
    pub sum: f64,
    /// Values: width times height times 3 channels.
    pub values: f64,
}

impl SquaredError {
    /// Of two images; `None` where their sizes differ.
    #[must_use]
    pub fn between(first: &RgbImage, second: &RgbImage) -> Option<Self> {
        let pairs = first.as_raw().iter().zip(second.as_raw());
        (first.dimensions() == second.dimensions()).then(|| Self {
            sum: pairs.map(|(a, b)| f64::from(a.abs_diff(*b)).powi(2)).sum(),
            values: first.as_raw().len() as f64,
        })
    }

    /// Of two images that were brought to one size; nothing where they were not.
    #[must_use]
    pub fn of([first, second]: [&RgbImage; 2]) -> Self {
        Self::between(first, second).unwrap_or_default()
    }

    /// Adds `times` times the error of other images.
    pub fn add_times(&mut self, other: &Self, times: f64) {
        self.sum += times * other.sum;
        self.values += times * other.values;
    }

    /// The ratio in decibels, at least 0; infinite for equal images, `None` without values.
    ///
    /// Of one image it is scikit-image's `peak_signal_noise_ratio(data_range=255)`, of errors summed over images
    /// torchmetrics' `PeakSignalNoiseRatio(data_range=255)`.
    #[must_use]
    pub fn psnr(&self) -> Option<f64> {
        (self.values > 0.0).then(|| 10.0 * (255.0 * 255.0 * self.values / self.sum).log10())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::metric::ssim::tests::golden;

    #[test]
    fn equals_scikit_image_and_torchmetrics() {
        let golden = golden();
        let mut all = SquaredError::default();
        for case in &golden.cases {
            let error = SquaredError::between(&case.images()[0], &case.images()[1]).unwrap();
            let found = error.psnr().unwrap();
            assert!((found - case.psnr).abs() < 1e-12, "{} {found}", case.name);
            all.add_times(&error, 1.0);
        }
        // torchmetrics takes the logarithm in single precision.
        assert!((all.psnr().unwrap() - golden.torchmetrics_psnr_of_all).abs() < 1e-5);
    }

    #[test]
    fn equal_images_have_no_end_and_other_sizes_no_ratio() {
        let image = RgbImage::new(3, 2);
        let error = SquaredError::between(&image, &image).unwrap();
        assert_eq!(error.psnr(), Some(f64::INFINITY));
        assert_eq!(SquaredError::between(&image, &RgbImage::new(2, 3)), None);
        assert_eq!(SquaredError::default().psnr(), None);
    }
}
