//! Where each character is on a frame.

use super::EvaluatorError;
use super::component::largest_component;
use super::input::NetworkInput;
use super::network::{MaskNetwork, PixelNet};
use super::pixel_box::PixelBox;
use super::{kind, labels, signatures};
use crate::inference::{Bundle, BundleKind, Runtime};
use crate::vision::PassOrder;
use image::RgbImage;

/// A network that gives one map of cells per character.
pub struct Locator {
    net: PixelNet,
    /// Columns and rows of a map.
    grid: (usize, usize),
    characters: Vec<String>,
    /// A cell belongs to a character where its logit is above this.
    logit: f64,
}

impl Locator {
    /// Loads the graph `locator` of a locator bundle: `pixel_values` to `masks`, logits
    /// `[N, characters, rows, columns]`. Images reach it as the bundle says.
    ///
    /// # Errors
    /// A bundle of another kind, a graph that does not load, has other ports, or leaves the size of its
    /// maps open.
    pub fn open(runtime: &Runtime, bundle: &Bundle) -> Result<Self, EvaluatorError> {
        kind::check(bundle, BundleKind::Locator)?;
        let manifest = bundle.manifest();
        let model = manifest.locator()?;
        let network = MaskNetwork::open(
            runtime,
            bundle,
            &signatures::maps(
                manifest,
                signatures::LOCATOR,
                signatures::MASKS,
                model.characters.len(),
            ),
        )?;
        Ok(Self {
            grid: network.grid(),
            net: PixelNet::new(runtime.device(), NetworkInput::own(manifest), network),
            characters: model.characters.clone(),
            logit: libm::log(model.threshold / (1.0 - model.threshold)),
        })
    }

    /// Resizes as this version of Pillow does, where Pillow resizes; 12 unless said.
    #[must_use]
    pub fn with_pillow(mut self, order: PassOrder) -> Self {
        self.net.eye.set_pillow(order);
        self
    }

    /// What the boxes are of, in their order.
    #[must_use]
    pub fn characters(&self) -> &[String] {
        &self.characters
    }

    /// Checks that the characters are those of the data set, in the same order.
    ///
    /// # Errors
    /// [`EvaluatorError::Labels`] with the first position that differs.
    pub fn check_characters(&self, expected: &[String]) -> Result<(), EvaluatorError> {
        labels::same("character", &self.characters, expected)
    }

    /// A list an image, in label order: the box around the largest connected part of a character's
    /// cells above the threshold, in pixels of the image, or `None` where no cell is.
    ///
    /// # Errors
    /// An empty image, a failing network, values that are not finite.
    pub fn boxes(
        &mut self,
        images: &[RgbImage],
    ) -> Result<Vec<Vec<Option<PixelBox>>>, EvaluatorError> {
        let rows = self.net.rows(images)?.swap_remove(0);
        let (columns, lines) = self.grid;
        let mut all = Vec::with_capacity(images.len());
        for (index, (image, row)) in images.iter().zip(rows).enumerate() {
            let size = image.dimensions();
            let view = self.net.eye.view(size);
            let view = view.map_err(|source| EvaluatorError::Image { index, source })?;
            let of_map = |map: &[f32]| {
                let mask: Vec<bool> = map.iter().map(|it| f64::from(*it) > self.logit).collect();
                let cells = largest_component(&mask, columns)?;
                PixelBox::of_cells(cells, self.grid, view, size)
            };
            all.push(row.chunks_exact(columns * lines).map(of_map).collect());
        }
        Ok(all)
    }

    /// How images reach the network, as signatures and cache keys print it.
    #[must_use]
    pub fn preprocessing(&self) -> String {
        self.net.eye.preprocessing()
    }
}

#[cfg(test)]
mod tests {
    use super::super::network::tests::net;
    use super::*;
    use image::Rgb;

    /// Two characters on a grid of 2 x 2; a map has the mean of red in its first cell, and so on.
    fn locator(scale: f32) -> Locator {
        Locator {
            net: net(signatures::LOCATOR, &[8], scale),
            grid: (2, 2),
            characters: vec!["otto".to_owned(), "mira".to_owned()],
            logit: 0.5,
        }
    }

    #[test]
    fn maps_become_boxes_in_label_order() {
        let red = RgbImage::from_pixel(8, 6, Rgb([255, 0, 0]));
        let boxes = locator(1.0).boxes(&[red, RgbImage::new(3, 3)]).unwrap();
        // Cells: red green blue red / green blue red green.
        let place =
            |it: &Option<PixelBox>| it.map(|it| [it.left(), it.top(), it.width(), it.height()]);
        assert_eq!(place(&boxes[0][0]), Some([0, 0, 4, 3]));
        assert_eq!(place(&boxes[0][1]), Some([0, 3, 4, 3]));
        assert_eq!(boxes[1], [None, None]);
        assert_eq!(locator(1.0).preprocessing(), "pillow-bilinear-4+squash");
    }

    #[test]
    fn broken_maps_and_other_characters_are_refused() {
        let error = locator(f32::NAN).boxes(&[RgbImage::new(2, 2)]).unwrap_err();
        assert!(matches!(
            error,
            EvaluatorError::NonFinite {
                graph: "locator",
                ..
            }
        ));
        let error = locator(1.0).boxes(&[RgbImage::new(0, 2)]).unwrap_err();
        assert!(matches!(error, EvaluatorError::Image { index: 0, .. }));
        let other = ["mira".to_owned(), "otto".to_owned()];
        let error = locator(1.0).check_characters(&other).unwrap_err();
        assert!(matches!(error, EvaluatorError::Labels { position: 0, .. }));
    }
}
