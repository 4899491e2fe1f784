//! The pixels of a frame against those of its ground truth: arithmetic, without a network.

use super::registry::Opened;
use super::{Chunk, Evaluator, EvaluatorError, Rows};
use crate::card::{PixelRule, Protocol, SsimVariant};
use crate::metric::{ExtractorName, SquaredError, ssim};
use crate::record::{Column, ColumnKind, Of, Role, SizedColumn};
use crate::vision::{Filter, PassOrder, Resizer, resize_ordered};
use image::RgbImage;
use rayon::prelude::*;
use std::borrow::Cow;

/// Squared differences summed over all values of a frame.
pub(super) const SQUARED_ERROR: Column = number("squared_error");
/// Values of a frame: width times height times 3.
pub(super) const PIXEL_VALUES: Column = number("pixel_values");
/// Structural similarity.
pub(super) const SSIM: Column = number("ssim");

const fn number(name: &'static str) -> Column {
    Column::new(name, ColumnKind::Number, Of::Pair)
}

/// PSNR's sums and SSIM of pairs of images.
#[derive(Clone, Debug)]
pub struct Pixels {
    resize: Option<u32>,
    ssim: SsimVariant,
    order: PassOrder,
    name: ExtractorName,
}

impl Pixels {
    /// Compares as `rule` says, resizing as this version of Pillow does.
    #[must_use]
    pub fn new(rule: &PixelRule, order: PassOrder) -> Self {
        let resizer = Resizer::PillowBicubic.named(order);
        let preprocessing = match rule.resize {
            Some(side) => format!("{resizer}-{side}+squash"),
            None => format!("{resizer}+size-of-reference"),
        };
        Self {
            resize: rule.resize,
            ssim: rule.ssim,
            order,
            name: ExtractorName {
                graph: "pixels".to_owned(),
                hash: "v1".to_owned(),
                preprocessing,
            },
        }
    }

    /// SSIM of a pair of one size, in [-1, 1].
    ///
    /// # Errors
    /// Images that are smaller than the window; `index` is their position.
    pub fn similarity(
        &self,
        index: usize,
        [frame, truth]: [&RgbImage; 2],
    ) -> Result<f64, EvaluatorError> {
        ssim(frame, truth, self.ssim).map_err(|source| EvaluatorError::Ssim { index, source })
    }

    /// A pair brought to one size: that of the rule, otherwise that of the ground truth.
    ///
    /// # Errors
    /// An empty image; `index` is its position.
    pub fn sized<'a>(
        &self,
        index: usize,
        frame: &'a RgbImage,
        truth: &'a RgbImage,
    ) -> Result<[Cow<'a, RgbImage>; 2], EvaluatorError> {
        let (width, height) = match self.resize {
            Some(side) => (side, side),
            None => truth.dimensions(),
        };
        let sized = |image: &'a RgbImage| -> Result<Cow<'a, RgbImage>, EvaluatorError> {
            if image.dimensions() == (width, height) {
                return Ok(Cow::Borrowed(image));
            }
            resize_ordered(image, width, height, Filter::Bicubic, self.order)
                .map(Cow::Owned)
                .map_err(|source| EvaluatorError::Image { index, source })
        };
        Ok([sized(frame)?, sized(truth)?])
    }

    /// How images reach it, as signatures print it.
    #[must_use]
    pub fn preprocessing(&self) -> &str {
        &self.name.preprocessing
    }
}

pub(super) fn open(protocol: &Protocol) -> Opened {
    let pixels = Pixels::new(&protocol.pixels?, protocol.pillow);
    Some(Box::new(pixels))
}

impl Evaluator for Pixels {
    fn role(&self) -> Role {
        Role::PIXELS
    }

    fn name(&self) -> &ExtractorName {
        &self.name
    }

    fn columns(&self) -> Vec<SizedColumn> {
        [SQUARED_ERROR, PIXEL_VALUES, SSIM].map(Into::into).to_vec()
    }

    fn observe(&mut self, chunk: &Chunk<'_>, rows: &mut Rows) -> Result<(), EvaluatorError> {
        let pairs = chunk.frames.par_iter().zip(chunk.truth).enumerate();
        let found = pairs
            .map(|(index, (frame, truth))| {
                let [frame, truth] = self.sized(index, frame, truth)?;
                let pair = [&*frame, &*truth];
                Ok((SquaredError::of(pair), self.similarity(index, pair)?))
            })
            .collect::<Result<Vec<_>, EvaluatorError>>()?;
        rows.write(SQUARED_ERROR, found.iter().map(|(error, _)| error.sum));
        rows.write(PIXEL_VALUES, found.iter().map(|(error, _)| error.values));
        rows.write(SSIM, found.iter().map(|(_, ssim)| *ssim));
        Ok(())
    }
}
