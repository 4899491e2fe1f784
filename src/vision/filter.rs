//! Resampling filters and their integer weights, as Pillow defines them for 8-bit images.

use std::f64::consts::PI;
use std::fmt;

/// A resampling filter. When shrinking, all of them are widened (antialiased).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
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

impl fmt::Display for Filter {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Box => "box",
            Self::Bilinear => "bilinear",
            Self::Bicubic => "bicubic",
            Self::Lanczos => "lanczos",
        })
    }
}

impl Filter {
    fn radius(self) -> f64 {
        match self {
            Self::Box => 0.5,
            Self::Bilinear => 1.0,
            Self::Bicubic => 2.0,
            Self::Lanczos => 3.0,
        }
    }

    fn weight(self, x: f64) -> f64 {
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

/// Fractional bits of a weight: 32 less 8 for the pixel and 2 for overshoot.
pub(super) const PRECISION: u32 = 22;

/// The input pixels and integer weights of every output position along one axis.
pub(super) struct Weights {
    /// First input position of each output position.
    starts: Vec<usize>,
    /// Offset of each output position's weights in `values`; one more than positions.
    offsets: Vec<usize>,
    values: Vec<i32>,
}

impl Weights {
    /// Weights from `from` to `to` positions, both at least 1.
    pub(super) fn new(filter: Filter, from: u32, to: u32) -> Self {
        let scale = f64::from(from) / f64::from(to);
        let widening = scale.max(1.0);
        let support = filter.radius() * widening;
        let inverse = 1.0 / widening;
        let mut weights = Self {
            starts: Vec::with_capacity(to as usize),
            offsets: vec![0],
            values: Vec::new(),
        };
        let mut line = Vec::new();
        for position in 0..to {
            let centre = (f64::from(position) + 0.5) * scale;
            // `as` truncates towards zero and saturates, which is the `max(.., 0)` of the definition.
            let low = (centre - support + 0.5) as u32;
            let high = ((centre + support + 0.5) as u32).min(from);
            line.clear();
            line.extend(
                (low..high).map(|x| filter.weight((f64::from(x) - centre + 0.5) * inverse)),
            );
            let total: f64 = line.iter().sum();
            weights.values.extend(line.iter().map(|weight| {
                let share = if total == 0.0 {
                    *weight
                } else {
                    weight / total
                };
                // `as` truncates: together with the half this rounds half away from zero.
                (share * f64::from(1 << PRECISION) + 0.5_f64.copysign(share)) as i32
            }));
            weights.starts.push(low as usize);
            weights.offsets.push(weights.values.len());
        }
        weights
    }

    /// For each output position, the first input position and the weights from there on.
    pub(super) fn iter(&self) -> impl Iterator<Item = (usize, &[i32])> {
        self.starts
            .iter()
            .zip(self.offsets.windows(2))
            .map(|(start, ends)| (*start, &self.values[ends[0]..ends[1]]))
    }
}
