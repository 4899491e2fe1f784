//! From a decoded image to what a network reads: a recipe, applied in full.

use super::planes::{FloatResizer, float_window, planes, tensor};
use super::resize::resize_window;
use super::scaler::Scaler;
use super::{Filter, Geometry, InputScale, PassOrder, Recipe, Resizer, VisionError};
use image::RgbImage;
use ndarray::Array3;

/// One image as the network reads it: `[3, height, width]`.
///
/// The recipe's [`ValueScale`](super::ValueScale) says which values `z` replace those where the network expects `[-1, 1]`. A
/// [`InputScale::Symmetric`] graph gets `z`, a [`InputScale::Unit`] graph `(z + 1) / 2`, and a
/// [`InputScale::Standardised`] graph `((z + 1) / 2 - mean) / std`. For [`ValueScale::Symmetric`](super::ValueScale::Symmetric), the
/// right one, these are exactly `v / 255` and `(v / 255 - mean) / std`. So every published quirk is
/// defined for every network. All of it is f32 arithmetic in the order of torchvision's `ToTensor` and
/// `Normalize`.
///
/// Bicubic on floats overshoots and is clipped to `[0, 255]` before it is scaled, as clean-fid does.
///
/// # Errors
/// Sizes without pixels, results beyond [`super::MAX_SIDE`] or [`super::MAX_BYTES`], constants that
/// give infinite pixels.
pub fn prepare(
    image: &RgbImage,
    recipe: &Recipe,
    width: u32,
    height: u32,
    input: &InputScale,
) -> Result<Array3<f32>, VisionError> {
    prepare_ordered(image, recipe, (width, height), input, PassOrder::default())
}

/// As [`prepare`], with the order of the passes of a version of Pillow in every resize that is Pillow's.
/// `size` is width and height.
///
/// # Errors
/// As [`prepare`].
pub fn prepare_ordered(
    image: &RgbImage,
    recipe: &Recipe,
    size: (u32, u32),
    input: &InputScale,
    order: PassOrder,
) -> Result<Array3<f32>, VisionError> {
    let (width, height) = size;
    input.check()?;
    let squashed = match recipe.first {
        Some(side) => {
            let geometry = match recipe.geometry {
                Geometry::CropFirst => Geometry::CenterCrop,
                Geometry::Squash | Geometry::CenterCrop => Geometry::Squash,
            };
            let (x, y) = geometry.axes(image.dimensions(), (side, side))?;
            Some(resize_window(image, x, y, Filter::Bilinear, order))
        }
        None => None,
    };
    let image = squashed.as_ref().unwrap_or(image);
    let (x, y) = recipe.geometry.axes(image.dimensions(), size)?;
    let scaler = |channel| Scaler::new(recipe.scale, input, channel);
    let values = match route(recipe.resizer) {
        Route::Bytes(filter) => {
            let image = resize_window(image, x, y, filter, order);
            let (pixels, _) = image.as_raw().as_chunks::<3>();
            let [red, green, blue] = [0, 1, 2].map(|channel| scaler(channel).table());
            planes(pixels, |[r, g, b]| {
                [
                    red[usize::from(r)],
                    green[usize::from(g)],
                    blue[usize::from(b)],
                ]
            })
        }
        Route::Floats(resizer) => {
            let pixels = float_window(image, x, y, resizer, order);
            let mut values = planes(&pixels.values, |pixel| pixel.map(|v| v.clamp(0.0, 255.0)));
            let plane = pixels.values.len();
            for (channel, plane) in values.chunks_exact_mut(plane).enumerate() {
                scaler(channel).apply(plane);
            }
            values
        }
    };
    Ok(tensor(values, width, height))
}

impl Resizer {
    /// The filter of a resizer whose result is 8-bit pixels again; `None` for those on floats.
    #[must_use]
    pub fn on_bytes(self) -> Option<Filter> {
        match route(self) {
            Route::Bytes(filter) => Some(filter),
            Route::Floats(_) => None,
        }
    }
}

enum Route {
    Bytes(Filter),
    Floats(FloatResizer),
}

fn route(resizer: Resizer) -> Route {
    match resizer {
        Resizer::PillowBilinear => Route::Bytes(Filter::Bilinear),
        Resizer::PillowBicubic => Route::Bytes(Filter::Bicubic),
        Resizer::PillowLanczos => Route::Bytes(Filter::Lanczos),
        Resizer::PillowBox => Route::Bytes(Filter::Box),
        Resizer::PillowF32Bilinear => Route::Floats(FloatResizer::Pillow(Filter::Bilinear)),
        Resizer::PillowF32Bicubic => Route::Floats(FloatResizer::Pillow(Filter::Bicubic)),
        Resizer::TorchBilinear => Route::Floats(FloatResizer::TorchBilinear),
        Resizer::TorchBilinearAntialias => Route::Floats(FloatResizer::TorchBilinearAntialias),
        Resizer::Tf1Bilinear => Route::Floats(FloatResizer::Tf1Bilinear),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::vision::ValueScale;
    use image::Rgb;

    fn recipe(resizer: Resizer, scale: ValueScale) -> Recipe {
        Recipe {
            first: None,
            resizer,
            geometry: Geometry::CenterCrop,
            scale,
        }
    }

    /// Red in the first column, then green, then blue, 4x4.
    fn picture() -> RgbImage {
        RgbImage::from_fn(4, 4, |x, y| {
            Rgb(std::array::from_fn(|channel| {
                if channel as u32 == x {
                    250 - y as u8
                } else {
                    10
                }
            }))
        })
    }

    #[test]
    fn every_scale_is_defined_for_every_input() {
        let constants = InputScale::Standardised {
            mean: [0.5, 0.25, 0.125],
            std: [0.5, 0.25, 2.0],
        };
        let v = 250.0_f32;
        let unit = v / 255.0;
        let cases = [
            (ValueScale::Symmetric, 2.0 * unit - 1.0),
            (ValueScale::Centred128, (v - 128.0) / 128.0),
            (ValueScale::ImagenetStandardised, (unit - 0.485) / 0.229),
            (ValueScale::UpperHalf, unit),
        ];
        for (scale, z) in cases {
            let of = |input| {
                let recipe = recipe(Resizer::PillowBilinear, scale);
                prepare(&picture(), &recipe, 4, 4, &input).unwrap()[[0, 0, 0]]
            };
            assert!((of(InputScale::Symmetric) - z).abs() < 1e-6, "{scale}");
            assert!((of(InputScale::Unit) - f32::midpoint(z, 1.0)).abs() < 1e-6);
            let standardised = (f32::midpoint(z, 1.0) - 0.5) / 0.5;
            assert!((of(constants) - standardised).abs() < 1e-6, "{scale}");
        }
    }

    #[test]
    fn every_resizer_keeps_an_image_that_has_the_size() {
        for &resizer in Resizer::ALL {
            let recipe = recipe(resizer, ValueScale::Symmetric);
            let pixels = prepare(&picture(), &recipe, 4, 4, &InputScale::Unit).unwrap();
            assert_eq!(pixels.shape(), [3, 4, 4]);
            for ((channel, y, x), value) in pixels.indexed_iter() {
                let expected = f32::from(picture().get_pixel(x as u32, y as u32)[channel]) / 255.0;
                assert_eq!(value.to_bits(), expected.to_bits(), "{resizer}");
            }
        }
    }

    #[test]
    fn the_first_size_is_a_squash() {
        let mut recipe = recipe(Resizer::TorchBilinear, ValueScale::Symmetric);
        recipe.first = Some(2);
        let wide = RgbImage::from_fn(40, 10, |x, _| Rgb([if x < 20 { 0 } else { 200 }, 0, 0]));
        let pixels = prepare(&wide, &recipe, 6, 6, &InputScale::Unit).unwrap();
        assert_eq!(pixels.shape(), [3, 6, 6]);
        // The centre crop would have cut the ends; the squash keeps both.
        assert!(pixels[[0, 0, 0]] < 0.15 && pixels[[0, 0, 5]] > 0.6);
    }

    #[test]
    fn the_first_size_is_a_crop_where_the_geometry_says_so() {
        let mut recipe = recipe(Resizer::TorchBilinear, ValueScale::Symmetric);
        (recipe.first, recipe.geometry) = (Some(2), Geometry::CropFirst);
        let wide = RgbImage::from_fn(40, 10, |x, _| {
            Rgb([if (15..25).contains(&x) { 200 } else { 0 }, 0, 0])
        });
        let pixels = prepare(&wide, &recipe, 6, 6, &InputScale::Unit).unwrap();
        assert!(pixels.iter().take(36).all(|value| *value > 0.6));
    }

    #[test]
    fn sizes_and_constants_are_checked() {
        let image = picture();
        let mut recipe = recipe(Resizer::PillowBicubic, ValueScale::Symmetric);
        let at = |recipe: &Recipe, width, height, input| {
            prepare(&image, recipe, width, height, &input).unwrap_err()
        };
        let error = at(&recipe, 0, 4, InputScale::Unit);
        assert!(matches!(error, VisionError::EmptyResize { .. }));
        let error = at(&recipe, 100_000, 100_000, InputScale::Unit);
        assert!(matches!(error, VisionError::ResizeTooLarge { .. }));
        let error = at(&recipe, 16_384, 16_384, InputScale::Unit);
        assert!(matches!(error, VisionError::ResizeTooLarge { .. }));
        let broken = InputScale::Standardised {
            mean: [0.0; 3],
            std: [1.0, 0.0, 1.0],
        };
        let error = at(&recipe, 4, 4, broken);
        assert!(matches!(error, VisionError::Constants { .. }));
        recipe.first = Some(u32::MAX);
        let error = at(&recipe, 4, 4, InputScale::Unit);
        assert!(matches!(error, VisionError::ResizeTooLarge { .. }));
        let empty = prepare(&RgbImage::new(0, 7), &recipe, 4, 4, &InputScale::Unit);
        assert!(matches!(empty, Err(VisionError::EmptyResize { .. })));
    }
}
