//! Single characters, cut out of frames and seen by CLIP.

use super::EvaluateError;
use super::panel::Panel;
use crate::card::CropRule;
use crate::extract::{Clip, ExtractError, Locator};
use crate::vision::{Filter, PassOrder, resize_ordered, short_side_size};
use image::RgbImage;

/// A locator that finds characters and a CLIP that looks at what is cut out.
pub(super) struct Cutter<'a> {
    locator: &'a mut Locator,
    clip: &'a mut Clip,
    rule: CropRule,
    order: PassOrder,
}

impl<'a> Cutter<'a> {
    /// `None` where the panel lacks one of the two.
    pub(super) fn of(panel: &'a mut Panel, rule: CropRule) -> Option<Self> {
        let order = panel.pillow;
        let (locator, clip) = (panel.locator.as_mut()?, panel.clip.as_mut()?);
        Some(Self {
            locator,
            clip,
            rule,
            order,
        })
    }

    /// A row an image: an embedding a character, in label order, one behind the other. It is NaN where
    /// the character has no label on the frame, or was not found, or its box is too small.
    ///
    /// Characters without a label are not embedded: a network that sees someone who is not there would
    /// only add noise to what is compared, and `char_acc` counts those.
    ///
    /// # Errors
    /// An image without pixels, a failing network, values that are not finite.
    pub(super) fn embeddings(
        &mut self,
        images: &[RgbImage],
        labels: &[&[bool]],
    ) -> Result<Vec<Vec<f32>>, EvaluateError> {
        let (dim, characters) = (self.clip.dim(), self.locator.characters().len());
        let mut rows = vec![vec![f32::NAN; characters * dim]; images.len()];
        let (mut places, mut crops) = (Vec::new(), Vec::new());
        let images = &at_one_size(images, self.rule, self.order)?;
        let found = self.locator.boxes(images)?;
        for (at, ((image, labels), boxes)) in images.iter().zip(labels).zip(found).enumerate() {
            for (character, found) in boxes.into_iter().enumerate() {
                let labelled = labels.get(character) == Some(&true);
                let large = |side: u32| side >= self.rule.min_side;
                let crop = found
                    .filter(|it| labelled && large(it.width()) && large(it.height()))
                    .and_then(|it| it.grown(self.rule.margin).cut(image));
                if let Some(crop) = crop {
                    places.push((at, character));
                    crops.push(crop);
                }
            }
        }
        for ((at, character), seen) in places.into_iter().zip(self.clip.images(&crops)?) {
            rows[at][character * dim..][..dim].copy_from_slice(&seen);
        }
        Ok(rows)
    }
}

/// Every image with the short side that the rule wants.
///
/// A crop of a small image has fewer pixels of the character than one of a large image, and CLIP sees
/// that: without this the same picture at two sizes is unlike itself.
pub(super) fn at_one_size(
    images: &[RgbImage],
    rule: CropRule,
    order: PassOrder,
) -> Result<Vec<RgbImage>, EvaluateError> {
    // Cards with another resizer are refused when they are read.
    let filter = rule.resizer.on_bytes().unwrap_or(Filter::Bicubic);
    let resized = images.iter().enumerate().map(|(index, image)| {
        let (width, height) = short_side_size(image.dimensions(), rule.size);
        resize_ordered(image, width, height, filter, order)
            .map_err(|source| ExtractError::Image { index, source }.into())
    });
    resized.collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use image::Rgb;

    fn rule() -> CropRule {
        toml::from_str("size = 16\nmin_side = 2\nmargin = 0.0").unwrap()
    }

    #[test]
    fn sizes_and_shapes_meet_at_the_short_side() {
        let sizes = [(16, 16), (32, 32), (8, 8), (40, 20), (20, 40)];
        let images = sizes.map(|(width, height)| RgbImage::new(width, height));
        let found = at_one_size(&images, rule(), PassOrder::default()).unwrap();
        let found: Vec<(u32, u32)> = found.iter().map(RgbImage::dimensions).collect();
        assert_eq!(found, [(16, 16), (16, 16), (16, 16), (32, 16), (16, 32)]);
    }

    #[test]
    fn a_frame_of_the_right_size_is_left_as_it_is() {
        let image = RgbImage::from_fn(16, 16, |x, y| Rgb([x as u8 * 9, y as u8 * 13, 7]));
        let found =
            at_one_size(std::slice::from_ref(&image), rule(), PassOrder::default()).unwrap();
        assert_eq!(found, [image]);
    }

    #[test]
    fn an_image_without_pixels_is_named() {
        let images = [RgbImage::new(4, 4), RgbImage::new(0, 4)];
        let error = at_one_size(&images, rule(), PassOrder::default()).unwrap_err();
        assert!(error.to_string().contains("image 1"), "{error}");
    }
}
