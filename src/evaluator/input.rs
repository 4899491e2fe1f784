//! How images reach a network.

use super::EvaluatorError;
use crate::inference::BundleManifest;
use crate::vision::{
    Geometry, InputScale, PassOrder, Recipe, Resizer, ValueScale, View, VisionError,
    prepare_ordered,
};
use image::RgbImage;
use ndarray::{Array4, Axis};
use std::fmt::Write as _;
use std::thread;

/// A network's input size and everything that happens to an image on the way there.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct NetworkInput {
    width: u32,
    height: u32,
    recipe: Recipe,
    input: InputScale,
    order: PassOrder,
}

impl NetworkInput {
    pub(super) fn new(width: u32, height: u32, recipe: Recipe, input: InputScale) -> Self {
        Self {
            width,
            height,
            recipe,
            input,
            order: PassOrder::default(),
        }
    }

    /// Resizes as this version of Pillow does.
    pub(super) fn set_pillow(&mut self, order: PassOrder) {
        self.order = order;
    }

    /// Gives the graph values of this range.
    pub(super) fn set_input_scale(&mut self, scale: InputScale) {
        self.input = scale;
    }

    /// As a protocol's recipe says, at the size and with the values of the bundle's graphs.
    pub(super) fn with_recipe(manifest: &BundleManifest, recipe: &Recipe) -> Self {
        let (width, height) = (manifest.image.width as u32, manifest.image.height as u32);
        Self::new(width, height, *recipe, manifest.input.scale)
    }

    /// As the bundle itself says; bicubic with a centre crop where it says nothing, as CLIP.
    pub(super) fn own(manifest: &BundleManifest) -> Self {
        let input = &manifest.input;
        let recipe = Recipe {
            first: None,
            resizer: input.resizer.unwrap_or(Resizer::PillowBicubic),
            geometry: input.geometry.unwrap_or(Geometry::CenterCrop),
            scale: ValueScale::Symmetric,
        };
        Self::with_recipe(manifest, &recipe)
    }

    /// Width and height of what the network reads.
    pub(super) fn size(&self) -> (u32, u32) {
        (self.width, self.height)
    }

    /// The part of an image of `size` (width, height) that reaches the network.
    ///
    /// # Errors
    /// An image without pixels.
    pub(super) fn view(&self, size: (u32, u32)) -> Result<View, VisionError> {
        // A recipe that squashes first would need another step; bundles' own recipes never do.
        debug_assert!(self.recipe.first.is_none());
        self.recipe.geometry.view(size, (self.width, self.height))
    }

    /// `[rows, 3, h, w]` with at most `rows` images; black (zeros) where there are fewer. `first` is the
    /// number of the first one in the call, for errors.
    ///
    /// Images are prepared on several threads; each one's pixels are the same whatever their number.
    ///
    /// # Errors
    /// [`EvaluatorError::Image`] with the first image that cannot be prepared.
    pub(super) fn batch(
        &self,
        images: &[RgbImage],
        first: usize,
        rows: usize,
    ) -> Result<Array4<f32>, EvaluatorError> {
        let (height, width) = (self.height as usize, self.width as usize);
        let mut batch = Array4::zeros((rows, 3, height, width));
        let threads = thread::available_parallelism().map_or(1, std::num::NonZero::get);
        let share = images.len().div_ceil(threads).max(1);
        let one_share = |number: usize,
                         images: &[RgbImage],
                         mut rows: ndarray::ArrayViewMut4<f32>| {
            for (at, image) in images.iter().enumerate() {
                let fail = |source| EvaluatorError::Image {
                    index: first + number * share + at,
                    source,
                };
                let size = (self.width, self.height);
                let pixels = prepare_ordered(image, &self.recipe, size, &self.input, self.order);
                rows.index_axis_mut(Axis(0), at)
                    .assign(&pixels.map_err(fail)?);
            }
            Ok(())
        };
        if share >= images.len() {
            one_share(0, images, batch.view_mut())?;
            return Ok(batch);
        }
        let outcomes: Vec<Result<(), EvaluatorError>> = thread::scope(|scope| {
            let shares = images
                .chunks(share)
                .zip(batch.axis_chunks_iter_mut(Axis(0), share));
            let running: Vec<_> = shares
                .enumerate()
                .map(|(number, (images, rows))| {
                    scope.spawn(move || one_share(number, images, rows))
                })
                .collect();
            running
                .into_iter()
                .map(|it| {
                    it.join()
                        .unwrap_or_else(|panic| std::panic::resume_unwind(panic))
                })
                .collect()
        });
        outcomes.into_iter().collect::<Result<(), _>>()?;
        Ok(batch)
    }

    /// As signatures and cache keys print it: `pillow-bicubic-224+center-crop`, with what differs from
    /// right values in `[0, 1]` behind it (`+imagenet-standardised`, `>symmetric`, `>clip`).
    pub(super) fn preprocessing(&self) -> String {
        let mut text = String::new();
        let recipe = &self.recipe;
        // Writing to a string cannot fail.
        if let Some(side) = recipe.first {
            if !self.order.is_default() {
                let _ = write!(text, "{}-", Resizer::PillowBilinear.named(self.order));
            }
            let _ = write!(text, "{side}>");
        }
        let _ = write!(text, "{}-{}", recipe.resizer.named(self.order), self.width);
        if self.width != self.height {
            let _ = write!(text, "x{}", self.height);
        }
        let _ = write!(text, "+{}", recipe.geometry);
        if recipe.scale != ValueScale::Symmetric {
            let _ = write!(text, "+{}", recipe.scale);
        }
        match self.input {
            InputScale::Unit => {}
            InputScale::Symmetric => text.push_str(">symmetric"),
            input if input == InputScale::CLIP => text.push_str(">clip"),
            input if input == InputScale::IMAGENET => text.push_str(">imagenet"),
            InputScale::Standardised { mean, std } => {
                let list = |of: [f32; 3]| of.map(|it| it.to_string()).join(",");
                let _ = write!(text, ">({})/({})", list(mean), list(std));
            }
        }
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use image::Rgb;

    fn recipe(geometry: Geometry, scale: ValueScale) -> Recipe {
        Recipe {
            first: None,
            resizer: Resizer::PillowBicubic,
            geometry,
            scale,
        }
    }

    #[test]
    fn preprocessing_is_printed_with_all_that_changes_a_pixel() {
        let clip = InputScale::CLIP;
        let right = recipe(Geometry::CenterCrop, ValueScale::Symmetric);
        let print = |w, h, recipe, input| NetworkInput::new(w, h, recipe, input).preprocessing();
        assert_eq!(
            print(224, 224, right, InputScale::Unit),
            "pillow-bicubic-224+center-crop"
        );
        assert_eq!(
            print(224, 224, right, clip),
            "pillow-bicubic-224+center-crop>clip"
        );
        let odd = Recipe {
            first: Some(64),
            ..recipe(Geometry::Squash, ValueScale::ImagenetStandardised)
        };
        assert_eq!(
            print(8, 6, odd, InputScale::Symmetric),
            "64>pillow-bicubic-8x6+squash+imagenet-standardised>symmetric"
        );
        let own = InputScale::Standardised {
            mean: [0.5; 3],
            std: [0.25; 3],
        };
        assert_eq!(
            print(8, 8, right, own),
            "pillow-bicubic-8+center-crop>(0.5,0.5,0.5)/(0.25,0.25,0.25)"
        );
    }

    #[test]
    fn preprocessing_names_another_pillow_where_pillow_resizes() {
        let print = |first, resizer| {
            let recipe = Recipe {
                first,
                resizer,
                ..recipe(Geometry::Squash, ValueScale::Symmetric)
            };
            let mut eye = NetworkInput::new(8, 8, recipe, InputScale::Unit);
            eye.set_pillow(PassOrder::Pillow13);
            eye.preprocessing()
        };
        assert_eq!(
            print(None, Resizer::PillowBilinear),
            "pillow13-bilinear-8+squash"
        );
        assert_eq!(
            print(None, Resizer::TorchBilinear),
            "torch-bilinear-8+squash"
        );
        assert_eq!(
            print(Some(64), Resizer::TorchBilinear),
            "pillow13-bilinear-64>torch-bilinear-8+squash"
        );
    }

    #[test]
    fn rows_are_in_order_and_filled_up() {
        let eye = NetworkInput::new(
            2,
            2,
            recipe(Geometry::Squash, ValueScale::Symmetric),
            InputScale::Unit,
        );
        let image = |v: u8| RgbImage::from_pixel(3, 3, Rgb([v, v, v]));
        let images: Vec<RgbImage> = (0..7).map(image).collect();
        let batch = eye.batch(&images, 0, 9).unwrap();
        for (row, plane) in batch.outer_iter().enumerate() {
            let value = if row < 7 { row as f32 / 255.0 } else { 0.0 };
            assert!(plane.iter().all(|it| (it - value).abs() < 1e-7), "{row}");
        }
        for broken in 0..7 {
            let mut images = images.clone();
            images[broken] = RgbImage::new(0, 1);
            let error = eye.batch(&images, 100, 9).unwrap_err();
            assert!(
                matches!(error, EvaluatorError::Image { index, .. } if index == 100 + broken),
                "{error}"
            );
        }
    }
}
