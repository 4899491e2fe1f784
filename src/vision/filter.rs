//! Resampling filters, as Pillow defines them.

use std::f64::consts::PI;

/// A resampling filter. When shrinking, all of them are widened (antialiased).
#[derive(Clone, Copy, Debug, PartialEq, Eq, strum::Display)]
#[strum(serialize_all = "kebab-case")]
pub enum Filter {
    /// Mean of the covered pixels.
    Box,
    /// Triangle of radius 1.
    Bilinear,
    /// Catmull-Rom: a = -0.5, radius 2. (OpenCV and torch without antialias use a = -0.75.)
    Bicubic,
    /// Windowed sinc of radius 3.
    Lanczos,
}

impl Filter {
    /// Distance from the centre at which the filter ends, in input pixels when enlarging.
    pub(super) fn radius(self) -> f64 {
        match self {
            Self::Box => 0.5,
            Self::Bilinear => 1.0,
            Self::Bicubic => 2.0,
            Self::Lanczos => 3.0,
        }
    }

    /// Height of the filter at distance `x` from its centre.
    pub(super) fn weight(self, x: f64) -> f64 {
        const A: f64 = -0.5;
        let distance = x.abs();
        match self {
            // Half-open, so that a pixel on the border belongs to one side only.
            Self::Box => f64::from(u8::from(x > -0.5 && x <= 0.5)),
            Self::Bilinear => (1.0 - distance).max(0.0),
            Self::Bicubic if distance < 1.0 => {
                ((A + 2.0) * distance - (A + 3.0)) * distance * distance + 1.0
            }
            Self::Bicubic if distance < 2.0 => {
                (((distance - 5.0) * distance + 8.0) * distance - 4.0) * A
            }
            Self::Lanczos if (-3.0..3.0).contains(&x) => sinc(x) * sinc(x / 3.0),
            Self::Bicubic | Self::Lanczos => 0.0,
        }
    }
}

/// `libm` and not the platform's sine: the same weights on every machine.
fn sinc(x: f64) -> f64 {
    if x == 0.0 {
        1.0
    } else {
        libm::sin(x * PI) / (x * PI)
    }
}
