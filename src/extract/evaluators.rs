//! The evaluator networks of a data set: what is on a frame, and its features.

use super::ExtractError;
use super::labels;
use super::network::{GraphNetwork, Network, checked};
use crate::inference::{Bundle, BundleKind, Runtime};
use crate::vision::{Filter, resize, to_chw};
use image::RgbImage;
use ndarray::{Array4, Axis};

/// Images of one forward pass. A shorter last batch is filled up with black images, so that every
/// pass has the same shape and a frame's numbers do not depend on how many came with it. Calls with a
/// multiple of it waste nothing.
pub const BATCH: usize = 32;

/// What the evaluators saw on one frame.
#[derive(Clone, Debug, PartialEq)]
pub struct Glance {
    /// Sigmoid outputs of the character classifier in label order, in `[0, 1]`.
    pub characters: Vec<f32>,
    /// Sigmoid outputs of the background classifier in label order, in `[0, 1]`.
    pub backgrounds: Vec<f32>,
    /// Pooled features.
    pub features: Vec<f32>,
}

/// The three networks of an evaluators bundle.
pub struct Evaluators {
    characters: Box<dyn Network>,
    backgrounds: Box<dyn Network>,
    features: Box<dyn Network>,
    /// Width and height that the networks read, in pixels.
    size: (u32, u32),
    /// How images are brought to that size.
    filter: Filter,
    character_labels: Vec<String>,
    background_labels: Vec<String>,
}

impl Evaluators {
    /// Loads the graphs `char_classifier`, `bg_classifier` and `features` of a bundle, and checks their
    /// shapes against its `[image]`, `[labels]` and `[features]`.
    ///
    /// # Errors
    /// A bundle of another kind, or without a section or graph; a graph that does not load or has
    /// other ports.
    pub fn open(runtime: &Runtime, bundle: &Bundle, filter: Filter) -> Result<Self, ExtractError> {
        let manifest = bundle.manifest();
        if manifest.kind != BundleKind::Evaluators {
            return Err(ExtractError::NotEvaluators {
                bundle: bundle.dir().to_owned(),
                id: manifest.id.clone(),
            });
        }
        let labels = manifest.labels()?;
        let (characters, backgrounds) = (&labels.characters, &labels.backgrounds);
        let open = |name, output, width| GraphNetwork::open(runtime, bundle, name, output, width);
        Ok(Self {
            characters: open("char_classifier", "logits", characters.len())?,
            backgrounds: open("bg_classifier", "logits", backgrounds.len())?,
            features: open("features", "features", manifest.features()?.dim)?,
            size: (manifest.image.width as u32, manifest.image.height as u32),
            filter,
            character_labels: characters.clone(),
            background_labels: backgrounds.clone(),
        })
    }

    /// Length of a feature vector.
    #[must_use]
    pub fn feature_dim(&self) -> usize {
        self.features.width()
    }

    /// How images reach the networks, as signatures say it: `pillow-bilinear-64`, or
    /// `pillow-bilinear-128x64` when they are not square.
    #[must_use]
    pub fn resize_rule(&self) -> String {
        match self.size {
            (width, height) if width == height => format!("pillow-{}-{width}", self.filter),
            (width, height) => format!("pillow-{}-{width}x{height}", self.filter),
        }
    }

    /// Checks that the classifiers' labels are those of the data set, in the same order: otherwise
    /// every score would be a wrong number without a sign of it.
    ///
    /// # Errors
    /// [`ExtractError::Labels`] with the first position that differs.
    pub fn check_labels(
        &self,
        characters: &[String],
        backgrounds: &[String],
    ) -> Result<(), ExtractError> {
        labels::same("character", &self.character_labels, characters)?;
        labels::same("background", &self.background_labels, backgrounds)
    }

    /// Looks at images of any size: one [`Glance`] an image, in order.
    ///
    /// Images are resized to the bundle's size as Pillow does with the filter and scaled to `[0, 1]`. The
    /// sigmoid is taken in f64.
    ///
    /// # Errors
    /// An empty image, a failing network, outputs of a wrong shape or that are not finite.
    pub fn look(&mut self, images: &[RgbImage]) -> Result<Vec<Glance>, ExtractError> {
        let mut glances = Vec::with_capacity(images.len());
        for (number, chunk) in images.chunks(BATCH).enumerate() {
            let first = number * BATCH;
            let pixels = self.prepare(chunk, first)?;
            let used = chunk.len();
            let characters = checked(&mut *self.characters, &pixels, first, used)?;
            let backgrounds = checked(&mut *self.backgrounds, &pixels, first, used)?;
            let features = checked(&mut *self.features, &pixels, first, used)?;
            glances.extend((0..used).map(|row| Glance {
                characters: characters.row(row).iter().map(|v| sigmoid(*v)).collect(),
                backgrounds: backgrounds.row(row).iter().map(|v| sigmoid(*v)).collect(),
                features: features.row(row).to_vec(),
            }));
        }
        Ok(glances)
    }

    fn prepare(&self, chunk: &[RgbImage], first: usize) -> Result<Array4<f32>, ExtractError> {
        let (width, height) = self.size;
        let fail = |at: usize| {
            move |source| ExtractError::Image {
                index: first + at,
                source,
            }
        };
        let mut batch = Array4::zeros((BATCH, 3, height as usize, width as usize));
        for (at, image) in chunk.iter().enumerate() {
            let image = resize(image, width, height, self.filter).map_err(fail(at))?;
            let tensor = to_chw(&[image]).map_err(fail(at))?;
            batch
                .index_axis_mut(Axis(0), at)
                .assign(&tensor.index_axis(Axis(0), 0));
        }
        Ok(batch)
    }
}

/// `1 / (1 + exp(-x))`, in f64 so that the last bit of the f32 does not depend on the vector width.
fn sigmoid(logit: f32) -> f32 {
    (1.0 / (1.0 + libm::exp(-f64::from(logit)))) as f32
}

#[cfg(test)]
mod tests {
    use super::*;
    use image::Rgb;
    use ndarray::Array2;

    /// Gives the mean of each plane, repeated to its width.
    struct Mean {
        name: &'static str,
        width: usize,
        scale: f32,
    }

    impl Network for Mean {
        fn name(&self) -> &'static str {
            self.name
        }

        fn width(&self) -> usize {
            self.width
        }

        fn run(&mut self, pixels: &Array4<f32>) -> Result<Array2<f32>, ExtractError> {
            assert_eq!(pixels.shape(), [BATCH, 3, 4, 4]);
            Ok(Array2::from_shape_fn(
                (BATCH, self.width),
                |(row, column)| {
                    let plane = pixels.index_axis(Axis(0), row);
                    plane.index_axis(Axis(0), column % 3).mean().unwrap() * self.scale
                },
            ))
        }
    }

    fn evaluators(scale: f32) -> Evaluators {
        let network = |name, width, scale| Box::new(Mean { name, width, scale });
        Evaluators {
            characters: network("char_classifier", 3, 1.0),
            backgrounds: network("bg_classifier", 2, -1.0),
            features: network("features", 5, scale),
            size: (4, 4),
            filter: Filter::Bilinear,
            character_labels: vec!["a".to_owned(); 3],
            background_labels: vec!["b".to_owned(); 2],
        }
    }

    fn images(count: usize) -> Vec<RgbImage> {
        (0..count)
            .map(|i| RgbImage::from_pixel(8, 6, Rgb([i as u8, 255, 0])))
            .collect()
    }

    #[test]
    fn every_image_gets_its_own_row_across_batches() {
        let mut evaluators = evaluators(1.0);
        let images = images(BATCH + 5);
        let glances = evaluators.look(&images).unwrap();
        assert_eq!(glances.len(), BATCH + 5);
        for (i, glance) in glances.iter().enumerate() {
            assert_eq!(
                glance,
                &evaluators.look(&images[i..=i]).unwrap()[0],
                "image {i}"
            );
            assert!((glance.features[0] - i as f32 / 255.0).abs() < 1e-6);
            assert_eq!(glance.features.len(), evaluators.feature_dim());
            assert!((glance.characters[1] - 0.731_058_6).abs() < 1e-6);
            assert!((glance.backgrounds[1] - 0.268_941_43).abs() < 1e-6);
            assert!((glance.characters[2] - 0.5).abs() < f32::EPSILON);
        }
        assert_eq!(evaluators.resize_rule(), "pillow-bilinear-4");
        assert!(evaluators.look(&[]).unwrap().is_empty());
    }

    #[test]
    fn broken_outputs_name_graph_and_image() {
        let error = evaluators(f32::NAN).look(&images(2)).unwrap_err();
        assert!(matches!(
            error,
            ExtractError::NonFinite {
                graph: "features",
                index: 0
            }
        ));
        let mut images = images(3);
        images[2] = RgbImage::new(0, 0);
        let error = evaluators(1.0).look(&images).unwrap_err();
        assert!(matches!(error, ExtractError::Image { index: 2, .. }));
    }

    #[test]
    fn labels_are_compared_in_order() {
        let evaluators = evaluators(1.0);
        let (a, b) = (vec!["a".to_owned(); 3], vec!["b".to_owned(); 2]);
        assert!(evaluators.check_labels(&a, &b).is_ok());
        assert!(matches!(
            evaluators.check_labels(&a, &a).unwrap_err(),
            ExtractError::Labels {
                kind: "background",
                position: 0,
                ..
            }
        ));
    }
}
