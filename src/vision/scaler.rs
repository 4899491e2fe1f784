//! From grey levels to what a graph gets.

use super::input_scale::{IMAGENET_MEAN, IMAGENET_STD};
use super::{InputScale, ValueScale};

/// What a graph gets for the values 0 to 255 of one channel: steps `(v - less) / by` in f32, each
/// rounded, which is how torchvision's `ToTensor` and `Normalize` and all the references compute it.
pub(super) struct Scaler(Vec<(f32, f32)>);

impl Scaler {
    /// The steps for a channel, as [`super::prepare()`] defines them.
    pub(super) fn new(scale: ValueScale, input: &InputScale, channel: usize) -> Self {
        const UNIT: (f32, f32) = (0.0, 255.0);
        // The same bits as 2 v - 1: halving and doubling are exact.
        const SYMMETRIC: (f32, f32) = (0.5, 0.5);
        const BACK: (f32, f32) = (-1.0, 2.0);
        let mut steps = match scale {
            // The right scale does not go through z and back: torchvision has no such rounding.
            ValueScale::Symmetric if *input == InputScale::Symmetric => vec![UNIT, SYMMETRIC],
            ValueScale::Symmetric | ValueScale::UpperHalf => vec![UNIT],
            ValueScale::Centred128 => vec![(128.0, 128.0)],
            ValueScale::ImagenetStandardised => {
                vec![UNIT, (IMAGENET_MEAN[channel], IMAGENET_STD[channel])]
            }
        };
        if scale != ValueScale::Symmetric && *input != InputScale::Symmetric {
            steps.push(BACK);
        }
        if let InputScale::Standardised { mean, std } = input {
            steps.push((mean[channel], std[channel]));
        }
        Self(steps)
    }

    /// Scales values in place.
    pub(super) fn apply(&self, values: &mut [f32]) {
        for (less, by) in &self.0 {
            for value in &mut *values {
                *value = (*value - less) / by;
            }
        }
    }

    /// The values of all bytes: 256 of them are cheaper than one an image's pixel.
    pub(super) fn table(&self) -> [f32; 256] {
        let mut table = std::array::from_fn(|value| value as f32);
        self.apply(&mut table);
        table
    }
}
