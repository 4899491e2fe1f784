//! Stub until the branch of the vision room is merged: pixels as a network reads them.

use super::{Geometry, Recipe, Resizer, ValueScale, VisionError, resize};
use crate::vision::Filter;
use image::{RgbImage, imageops};
use ndarray::Array3;
use serde::{Deserialize, Serialize};

/// Which values a graph's pixels have; a property of the network, read from `bundle.toml`.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum InputScale {
    /// `[0, 1]`.
    Unit,
    /// `[-1, 1]`.
    Symmetric,
    /// `(x - mean) / std` of `[0, 1]`.
    #[serde(untagged)]
    Standardised {
        /// A mean a channel.
        mean: [f32; 3],
        /// A standard deviation a channel.
        std: [f32; 3],
    },
}

/// One image as the network reads it: `[3, height, width]`.
///
/// # Errors
/// An image or a size without pixels.
pub fn prepare(
    image: &RgbImage,
    recipe: &Recipe,
    width: u32,
    height: u32,
    input: &InputScale,
) -> Result<Array3<f32>, VisionError> {
    let mut image = image.clone();
    if let Some(side) = recipe.first {
        image = resize(&image, side, side, Filter::Bilinear)?;
    }
    let filter = match recipe.resizer {
        Resizer::PillowBicubic => Filter::Bicubic,
        Resizer::PillowLanczos => Filter::Lanczos,
        _ => Filter::Bilinear,
    };
    let image = match recipe.geometry {
        Geometry::Squash => resize(&image, width, height, filter)?,
        Geometry::CenterCrop => {
            let (w, h) = image.dimensions();
            let (short, long) = (w.min(h), w.max(h));
            let other = (u64::from(width) * u64::from(long) / u64::from(short.max(1))) as u32;
            let (w, h) = if w <= h {
                (width, other)
            } else {
                (other, height)
            };
            let image = resize(&image, w, h, filter)?;
            imageops::crop_imm(&image, (w - width) / 2, (h - height) / 2, width, height).to_image()
        }
    };
    let (mean, std) = ([0.485, 0.456, 0.406], [0.229, 0.224, 0.225]);
    Ok(Array3::from_shape_fn(
        (3, height as usize, width as usize),
        |(c, y, x)| {
            let v = f64::from(image.get_pixel(x as u32, y as u32).0[c]);
            let z = match recipe.scale {
                ValueScale::Symmetric => 2.0 * v / 255.0 - 1.0,
                ValueScale::Centred128 => (v - 128.0) / 128.0,
                ValueScale::ImagenetStandardised => (v / 255.0 - mean[c]) / std[c],
                ValueScale::UpperHalf => v / 255.0,
            };
            let unit = f64::midpoint(z, 1.0);
            (match input {
                InputScale::Unit => unit,
                InputScale::Symmetric => z,
                InputScale::Standardised { mean, std } => {
                    (unit - f64::from(mean[c])) / f64::from(std[c])
                }
            }) as f32
        },
    ))
}
