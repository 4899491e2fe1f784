//! Single characters, cut out of frames and seen by CLIP.

use super::panel::Panel;
use crate::Error;
use crate::extract::{Clip, Locator};
use crate::spec::CropRule;
use image::RgbImage;

/// A locator that finds characters and a CLIP that looks at what is cut out.
pub(super) struct Cutter<'a> {
    locator: &'a mut Locator,
    clip: &'a mut Clip,
    rule: CropRule,
}

impl<'a> Cutter<'a> {
    /// `None` where the panel lacks one of the two.
    pub(super) fn of(panel: &'a mut Panel, rule: CropRule) -> Option<Self> {
        let (locator, clip) = (panel.locator.as_mut()?, panel.clip.as_mut()?);
        Some(Self {
            locator,
            clip,
            rule,
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
    ) -> Result<Vec<Vec<f32>>, Error> {
        let (dim, characters) = (self.clip.dim(), self.locator.characters().len());
        let mut rows = vec![vec![f32::NAN; characters * dim]; images.len()];
        let (mut places, mut crops) = (Vec::new(), Vec::new());
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
