//! Structural similarity (Wang et al. 2004) of 8-bit images, as two libraries define it.
//!
//! All variants average the index over pixels and then over the three channels, with K1 = 0.01, K2 = 0.03 and a
//! range of 255. They differ in the window, in the divisor of the variances, and at the edges.

use crate::card::SsimVariant;
use image::RgbImage;

/// Standard deviation of the Gaussian window.
const SIGMA: f64 = 1.5;
/// Its radius: 3.5 standard deviations.
const GAUSSIAN_RADIUS: usize = 5;
/// Radius of the uniform window of 7.
const UNIFORM_RADIUS: usize = 3;
/// (K1 L)² and (K2 L)².
const C1: f64 = (0.01 * 255.0) * (0.01 * 255.0);
const C2: f64 = (0.03 * 255.0) * (0.03 * 255.0);

/// Why two images have no structural similarity.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SsimUnscored {
    /// The images differ in size.
    #[error("the images have {first:?} and {second:?} pixels")]
    Sizes {
        /// Width and height.
        first: (u32, u32),
        /// Of the other.
        second: (u32, u32),
    },
    /// A side is shorter than the window allows.
    #[error("{width}x{height} pixels are too few: the window needs {least} on each side")]
    TooSmall {
        /// Width.
        width: u32,
        /// Height.
        height: u32,
        /// The shortest side that has a value.
        least: usize,
    },
}

/// The mean index of two images, in [-1, 1]; 1 for equal images.
///
/// # Errors
/// Images of different sizes, or smaller than the window.
pub fn ssim(
    first: &RgbImage,
    second: &RgbImage,
    variant: SsimVariant,
) -> Result<f64, SsimUnscored> {
    let (width, height) = first.dimensions();
    if first.dimensions() != second.dimensions() {
        return Err(SsimUnscored::Sizes {
            first: first.dimensions(),
            second: second.dimensions(),
        });
    }
    let window = Window::new(variant);
    let least = if window.reflects {
        window.radius() + 1
    } else {
        window.weights.len()
    };
    if (width.min(height) as usize) < least {
        return Err(SsimUnscored::TooSmall {
            width,
            height,
            least,
        });
    }
    let channels = [0, 1, 2].map(|channel| {
        let plane = |image: &RgbImage| Plane {
            values: image
                .pixels()
                .map(|pixel| f64::from(pixel.0[channel]))
                .collect(),
            width: width as usize,
        };
        window.mean_index(&plane(first), &plane(second))
    });
    Ok(channels.iter().sum::<f64>() / 3.0)
}

/// One channel, row by row.
struct Plane {
    values: Vec<f64>,
    width: usize,
}

impl Plane {
    fn times(&self, other: &Self) -> Self {
        let pairs = self.values.iter().zip(&other.values);
        Self {
            values: pairs.map(|(a, b)| a * b).collect(),
            width: self.width,
        }
    }

    /// Columns become rows.
    fn transposed(&self) -> Self {
        let height = self.values.len() / self.width;
        let column = |x| (0..height).map(move |y| self.values[y * self.width + x]);
        Self {
            values: (0..self.width).flat_map(column).collect(),
            width: height,
        }
    }
}

/// A separable window.
struct Window {
    /// Of one axis; they sum to 1.
    weights: Vec<f64>,
    /// What variances are multiplied with: n / (n - 1) where they are of a sample.
    correction: f64,
    /// Whether the image is continued by its mirror image, so that every pixel has a window; otherwise only
    /// pixels count whose window lies inside.
    reflects: bool,
}

impl Window {
    fn new(variant: SsimVariant) -> Self {
        let uniform = 2 * UNIFORM_RADIUS + 1;
        match variant {
            SsimVariant::ScikitImage => Self {
                weights: vec![1.0 / uniform as f64; uniform],
                correction: (uniform * uniform) as f64 / (uniform * uniform - 1) as f64,
                reflects: false,
            },
            SsimVariant::ScikitImageGaussian | SsimVariant::Torchmetrics => {
                let offsets =
                    (0..=2 * GAUSSIAN_RADIUS).map(|at| at as f64 - GAUSSIAN_RADIUS as f64);
                let heights: Vec<f64> = offsets
                    .map(|d| (-0.5 * (d / SIGMA).powi(2)).exp())
                    .collect();
                let sum: f64 = heights.iter().sum();
                Self {
                    weights: heights.into_iter().map(|height| height / sum).collect(),
                    correction: 1.0,
                    reflects: variant == SsimVariant::Torchmetrics,
                }
            }
        }
    }

    fn radius(&self) -> usize {
        self.weights.len() / 2
    }

    fn mean_index(&self, x: &Plane, y: &Plane) -> f64 {
        let [mx, my] = [x, y].map(|plane| self.filtered(plane).values);
        let [xx, yy, xy] = [x.times(x), y.times(y), x.times(y)].map(|it| self.filtered(&it).values);
        let index = |at: usize| {
            let (mx, my) = (mx[at], my[at]);
            let variance = |square: f64, mean: f64| {
                let variance = self.correction * (square - mean * mean);
                // torchmetrics cuts what rounding leaves below 0; scikit-image does not.
                if self.reflects {
                    variance.max(0.0)
                } else {
                    variance
                }
            };
            let (vx, vy) = (variance(xx[at], mx), variance(yy[at], my));
            let covariance = self.correction * (xy[at] - mx * my);
            (2.0 * mx * my + C1) * (2.0 * covariance + C2)
                / ((mx * mx + my * my + C1) * (vx + vy + C2))
        };
        (0..mx.len()).map(index).sum::<f64>() / mx.len() as f64
    }

    /// Weighted means around every pixel that has a window.
    fn filtered(&self, plane: &Plane) -> Plane {
        self.along_rows(&self.along_rows(plane).transposed())
            .transposed()
    }

    fn along_rows(&self, plane: &Plane) -> Plane {
        let radius = if self.reflects { self.radius() } else { 0 };
        let mut values = Vec::with_capacity(plane.values.len());
        let mut padded: Vec<f64> = Vec::with_capacity(plane.width + 2 * radius);
        for row in plane.values.chunks_exact(plane.width) {
            padded.clear();
            padded.extend(row[1..=radius].iter().rev());
            padded.extend(row);
            padded.extend(row[row.len() - 1 - radius..row.len() - 1].iter().rev());
            let means = padded.windows(self.weights.len()).map(|window| {
                let pairs = window.iter().zip(&self.weights);
                pairs.map(|(value, weight)| value * weight).sum::<f64>()
            });
            values.extend(means);
        }
        Plane {
            values,
            width: plane.width + 2 * radius + 1 - self.weights.len(),
        }
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use strum::VariantArray;

    #[derive(serde::Deserialize)]
    pub(in crate::metric) struct Golden {
        pub(in crate::metric) torchmetrics_psnr_of_all: f64,
        pub(in crate::metric) cases: Vec<Case>,
    }

    #[derive(serde::Deserialize)]
    pub(in crate::metric) struct Case {
        pub(in crate::metric) name: String,
        size: [u32; 2],
        first: Vec<u8>,
        second: Vec<u8>,
        pub(in crate::metric) psnr: f64,
        ssim: f64,
        ssim_gaussian: f64,
        torchmetrics_ssim: f64,
        torchmetrics_ssim_float32: f64,
    }

    impl Case {
        pub(in crate::metric) fn images(&self) -> [RgbImage; 2] {
            [&self.first, &self.second].map(|pixels| {
                RgbImage::from_raw(self.size[0], self.size[1], pixels.clone()).unwrap()
            })
        }
    }

    pub(in crate::metric) fn golden() -> Golden {
        let path = "reference-data/golden/metrics/pixel_similarity.json";
        serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap()
    }

    #[test]
    fn equals_scikit_image_and_torchmetrics() {
        for case in golden().cases {
            let [first, second] = case.images();
            for (variant, expected, tolerance) in [
                (SsimVariant::ScikitImage, case.ssim, 1e-12),
                (SsimVariant::ScikitImageGaussian, case.ssim_gaussian, 1e-12),
                (SsimVariant::Torchmetrics, case.torchmetrics_ssim, 1e-9),
                (
                    SsimVariant::Torchmetrics,
                    case.torchmetrics_ssim_float32,
                    1e-3,
                ),
            ] {
                let found = ssim(&first, &second, variant).unwrap();
                let off = (found - expected).abs();
                assert!(
                    off < tolerance,
                    "{} {variant} {found} {expected}",
                    case.name
                );
            }
        }
    }

    #[test]
    fn equal_images_have_1_and_small_ones_none() {
        let image = |side| RgbImage::from_fn(side, side, |x, y| image::Rgb([x as u8, y as u8, 9]));
        for variant in SsimVariant::VARIANTS.iter().copied() {
            assert!((ssim(&image(16), &image(16), variant).unwrap() - 1.0).abs() < 1e-12);
            assert!(matches!(
                ssim(&image(5), &image(5), variant),
                Err(SsimUnscored::TooSmall { .. })
            ));
            assert!(matches!(
                ssim(&image(16), &image(17), variant),
                Err(SsimUnscored::Sizes { .. })
            ));
        }
        // The mirror image of 6 pixels is just enough for a window of 11.
        assert!(ssim(&image(6), &image(6), SsimVariant::Torchmetrics).is_ok());
    }
}
