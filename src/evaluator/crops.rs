//! Single characters, cut out of frames and embedded by CLIP.

use super::contract::values;
use super::registry::{Opened, Opening, SharedClip, named};
use super::{Chunk, Evaluator, EvaluatorError, Locator, Rows, TruthColumn, signatures};
use crate::card::CropRule;
use crate::inference::Bundle;
use crate::metric::ExtractorName;
use crate::record::{Column, ColumnKind, Of, Role, SizedColumn, Value};
use crate::vision::{Filter, PassOrder, resize_ordered, short_side_size};
use image::RgbImage;

/// CLIP embeddings of single characters, cut out of the generated frame.
pub(super) const GENERATED: Column =
    Column::new("crops_generated", ColumnKind::Feature, Of::Generated);
/// And out of the ground-truth frame, by the same rule and the same locator.
pub(super) const GROUND_TRUTH: Column =
    Column::new("crops_ground_truth", ColumnKind::Feature, Of::GroundTruth);

/// The locator as an evaluator: it finds characters, and CLIP embeds what is cut out. Without CLIP there is
/// nothing to write.
struct CropEvaluator {
    locator: Locator,
    clip: Option<SharedClip>,
    rule: CropRule,
    order: PassOrder,
    name: ExtractorName,
}

pub(super) fn open(opening: &mut Opening<'_>, bundle: &Bundle) -> Result<Opened, EvaluatorError> {
    let Some(rule) = opening.protocol.crops else {
        return Ok(None);
    };
    let order = opening.protocol.pillow;
    let locator = Locator::open(opening.runtime, bundle)?.with_pillow(order);
    locator.check_characters(&opening.characters())?;
    Ok(Some(Box::new(CropEvaluator {
        name: named(signatures::LOCATOR, bundle, locator.preprocessing()),
        locator,
        clip: opening.clip.clone(),
        rule,
        order,
    })))
}

impl CropEvaluator {
    /// A row per frame: an embedding per character, in label order, one behind the other. It is NaN where
    /// the character has no label on the frame, or was not found, or its box is too small.
    ///
    /// Characters without a label are not embedded: a network that sees someone who is not there would
    /// only add noise to what is compared, and `char_acc` counts those.
    fn embeddings(&mut self, chunk: &Chunk<'_>) -> Result<Vec<Vec<f32>>, EvaluatorError> {
        let Some(clip) = &self.clip else {
            return Ok(Vec::new());
        };
        let mut clip = clip.network.borrow_mut();
        let (dim, characters) = (clip.dim(), self.locator.characters().len());
        let mut rows = vec![vec![f32::NAN; characters * dim]; chunk.frames.len()];
        let (mut places, mut crops) = (Vec::new(), Vec::new());
        let images = &at_one_size(chunk.frames, self.rule, self.order)?;
        let found = self.locator.boxes(images)?;
        for (at, ((image, row), boxes)) in images.iter().zip(chunk.rows).zip(found).enumerate() {
            for (character, found) in boxes.into_iter().enumerate() {
                let labelled = row.character_labels.get(character) == Some(&true);
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
        for ((at, character), seen) in places.into_iter().zip(clip.images(&crops)?) {
            rows[at][character * dim..][..dim].copy_from_slice(&seen);
        }
        Ok(rows)
    }
}

impl Evaluator for CropEvaluator {
    fn role(&self) -> Role {
        Role::LOCATOR
    }

    fn name(&self) -> &ExtractorName {
        &self.name
    }

    fn columns(&self) -> Vec<SizedColumn> {
        let Some(clip) = &self.clip else {
            return Vec::new();
        };
        let width = self.locator.characters().len() * clip.network.borrow().dim();
        vec![GENERATED.sized(width), GROUND_TRUTH.sized(width)]
    }

    fn observe(&mut self, chunk: &Chunk<'_>, rows: &mut Rows) -> Result<(), EvaluatorError> {
        if self.clip.is_some() {
            rows.write(GENERATED, self.embeddings(chunk)?);
        }
        Ok(())
    }

    fn truth(&self) -> Option<TruthColumn> {
        let clip = &self.clip.as_ref()?.name;
        let both = |locator: &str, clip: &str| format!("{locator}+{clip}");
        Some(TruthColumn {
            column: GROUND_TRUTH,
            what: format!("crops {}", self.rule.named(self.order)),
            bundle: both(&self.name.hash, &clip.hash),
            pixels: both(&self.name.preprocessing, &clip.preprocessing),
        })
    }

    fn observe_truth(&mut self, chunk: &Chunk<'_>) -> Result<Vec<Value>, EvaluatorError> {
        Ok(values(self.embeddings(chunk)?))
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
) -> Result<Vec<RgbImage>, EvaluatorError> {
    // Cards with another resizer are refused when they are read.
    let filter = rule.resizer.on_bytes().unwrap_or(Filter::Bicubic);
    let resized = images.iter().enumerate().map(|(index, image)| {
        let (width, height) = short_side_size(image.dimensions(), rule.size);
        resize_ordered(image, width, height, filter, order)
            .map_err(|source| EvaluatorError::Image { index, source })
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
