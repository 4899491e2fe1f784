//! LPIPS: how different two images look.

use super::EvaluatorError;
use super::input::NetworkInput;
use super::registry::{Opened, Opening, named};
use super::signatures::{FIRST_IMAGE as FIRST, SECOND_IMAGE as SECOND};
use super::{Chunk, Evaluator, Rows, kind, signatures};
use crate::inference::{Bundle, BundleKind, Graph, Input, Runtime};
use crate::metric::ExtractorName;
use crate::record::{Column, ColumnKind, Of, Role, SizedColumn};
use crate::vision::{Geometry, InputScale, PassOrder, Recipe, Resizer, ValueScale};
use image::RgbImage;
use ndarray::{Array4, ArrayD};
use std::borrow::Borrow;

const GRAPH: &str = signatures::LPIPS;
/// A perceptual distance, trunk and linear layers in one graph.
pub struct Lpips {
    graph: Graph,
    /// The size that the graph wants, where it is not free.
    size: Option<(u32, u32)>,
    resizer: Resizer,
    order: PassOrder,
    network: String,
}

impl Lpips {
    /// Loads the graph `lpips` of an LPIPS bundle: `image0` and `image1`, `[N, 3, H, W]` in `[-1, 1]`
    /// (`v / 127.5 - 1`), to `distance`, `[N]`.
    ///
    /// # Errors
    /// A bundle of another kind, a graph that does not load or has other ports.
    pub fn open(runtime: &Runtime, bundle: &Bundle) -> Result<Self, EvaluatorError> {
        kind::check(bundle, BundleKind::Lpips)?;
        let manifest = bundle.manifest();
        let model = manifest.lpips()?;
        let graph = runtime.load(&bundle.graph(GRAPH)?, &signatures::lpips())?;
        let sides = graph.input_shape(FIRST).map(|shape| (shape[3], shape[2]));
        let size = match sides {
            Some((Some(width), Some(height))) => Some((width as u32, height as u32)),
            _ => None,
        };
        Ok(Self {
            graph,
            size,
            resizer: Resizer::PillowBilinear,
            order: PassOrder::default(),
            network: format!("{}-v{}", model.network, model.version),
        })
    }

    /// Resizes with another resizer, where it has to; GILL's script does with
    /// [`Resizer::TorchBilinearAntialias`].
    #[must_use]
    pub fn with_resizer(mut self, resizer: Resizer) -> Self {
        self.resizer = resizer;
        self
    }

    /// Resizes as this version of Pillow does, where Pillow resizes; 12 unless said.
    #[must_use]
    pub fn with_pillow(mut self, order: PassOrder) -> Self {
        self.order = order;
        self
    }

    /// Distances of pairs of images, at least 0, in order.
    ///
    /// Both images of a pair are squashed (Pillow bilinear, unless
    /// [`with_resizer`](Self::with_resizer) says otherwise) to a square of `resize` pixels where that is
    /// given, else to the graph's own size where it has one; else an image of another size is brought
    /// to that of the second one.
    ///
    /// # Errors
    /// Lists of different lengths, an empty image, a failing network, distances that are not finite.
    pub fn distances(
        &mut self,
        first: &[RgbImage],
        second: &[impl Borrow<RgbImage>],
        resize: Option<u32>,
    ) -> Result<Vec<f32>, EvaluatorError> {
        if first.len() != second.len() {
            return Err(EvaluatorError::Pairs {
                first: first.len(),
                second: second.len(),
            });
        }
        let pairs = first.iter().zip(second).enumerate();
        pairs
            .map(|(index, (first, second))| self.distance(index, first, second.borrow(), resize))
            .collect()
    }

    /// Distance of the pair of this number. A pass is one pair: of several, ONNX Runtime gives other last bits by how
    /// many there are and by which of them a pair is, and padding would cost as much as pairs.
    fn distance(
        &mut self,
        index: usize,
        first: &RgbImage,
        second: &RgbImage,
        resize: Option<u32>,
    ) -> Result<f32, EvaluatorError> {
        let eye = self.eye(self.target(second, resize));
        let pixels = |image| eye.batch(std::slice::from_ref(image), index, 1);
        let (first, second) = rayon::join(|| pixels(first), || pixels(second));
        let distance = self.run(&[first?, second?])?;
        if distance.is_finite() {
            Ok(distance)
        } else {
            Err(EvaluatorError::NonFinite {
                graph: GRAPH,
                index,
            })
        }
    }

    fn target(&self, second: &RgbImage, resize: Option<u32>) -> (u32, u32) {
        match (resize, self.size) {
            (Some(side), _) => (side, side),
            (None, Some(size)) => size,
            (None, None) => second.dimensions(),
        }
    }

    /// Brings images to a size, with values in `[-1, 1]`.
    fn eye(&self, (width, height): (u32, u32)) -> NetworkInput {
        let recipe = Recipe {
            first: None,
            resizer: self.resizer,
            geometry: Geometry::Squash,
            scale: ValueScale::Symmetric,
        };
        let mut eye = NetworkInput::new(width, height, recipe, InputScale::Symmetric);
        eye.set_pillow(self.order);
        eye
    }

    fn run(&mut self, [first, second]: &[Array4<f32>; 2]) -> Result<f32, EvaluatorError> {
        let outputs = self.graph.run(&[
            (FIRST, Input::F32(first.view().into_dyn())),
            (SECOND, Input::F32(second.view().into_dyn())),
        ])?;
        let distances: Option<&ArrayD<f32>> = outputs.first();
        match distances.map(|found| (found.shape(), found.first())) {
            Some(([1], Some(distance))) => Ok(*distance),
            other => Err(EvaluatorError::Shape {
                graph: GRAPH,
                expected: vec![1],
                found: other.map(|(shape, _)| shape.to_vec()).unwrap_or_default(),
            }),
        }
    }

    /// How images reach it when [`distances`](Self::distances) is given this `resize`, as signatures and
    /// cache keys print it: `pillow-bilinear-256+squash`, or the trunk and where its size comes from.
    #[must_use]
    pub fn preprocessing(&self, resize: Option<u32>) -> String {
        let resizer = self.resizer.named(self.order);
        match (resize, self.size) {
            (Some(side), _) => format!("{resizer}-{side}+squash"),
            (None, Some((width, height))) => {
                format!("{}+{resizer}-{width}x{height}+squash", self.network)
            }
            (None, None) if self.order.is_default() => {
                format!("{}+size-of-reference", self.network)
            }
            (None, None) => format!("{}+{resizer}+size-of-reference", self.network),
        }
    }
}

/// LPIPS between generated and ground-truth frame, at least 0.
pub(super) const DISTANCE: Column = Column::new("lpips", ColumnKind::Number, Of::Pair);

/// LPIPS as an evaluator.
struct LpipsEvaluator {
    network: Lpips,
    resize: Option<u32>,
    name: ExtractorName,
}

pub(super) fn open(opening: &mut Opening<'_>, bundle: &Bundle) -> Result<Opened, EvaluatorError> {
    let Some(rule) = opening.protocol.lpips else {
        return Ok(None);
    };
    let network = Lpips::open(opening.runtime, bundle)?
        .with_resizer(rule.resizer)
        .with_pillow(opening.protocol.pillow);
    Ok(Some(Box::new(LpipsEvaluator {
        name: named(GRAPH, bundle, network.preprocessing(rule.resize)),
        network,
        resize: rule.resize,
    })))
}

impl Evaluator for LpipsEvaluator {
    fn role(&self) -> Role {
        Role::LPIPS
    }

    fn name(&self) -> &ExtractorName {
        &self.name
    }

    fn columns(&self) -> Vec<SizedColumn> {
        vec![DISTANCE.into()]
    }

    fn observe(&mut self, chunk: &Chunk<'_>, rows: &mut Rows) -> Result<(), EvaluatorError> {
        let distances = self
            .network
            .distances(chunk.frames, chunk.truth, self.resize)?;
        rows.write(DISTANCE, distances.into_iter().map(f64::from));
        Ok(())
    }
}

#[cfg(test)]
#[path = "lpips_tests.rs"]
mod tests;
