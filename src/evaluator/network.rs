//! One network that reads a batch of pixels and gives one row per image.

use super::EvaluatorError;
use super::input::NetworkInput;
use super::passes;
use super::signatures::PIXELS;
use crate::inference::{Bundle, Device, Graph, GraphSignature, Input, Port, Runtime};
use image::RgbImage;
use ndarray::{Array2, ArrayView4, Ix2, s};

/// Images that are prepared together, and most that go through a network in one pass (`passes.rs`). A
/// shorter last pass is filled up with black images, so that every pass has the same shape and a frame's numbers do
/// not depend on how many came with it. Calls with a multiple of it waste nothing.
pub const BATCH: usize = 32;

/// Reads `[N, 3, h, w]`, gives a `[N, width]` an output. A trait so that the batching can be tested
/// without ONNX Runtime.
pub(super) trait Network {
    /// Name of the graph, for errors.
    fn name(&self) -> &'static str;
    /// Lengths of a row, one an output.
    fn widths(&self) -> &[usize];
    /// One forward pass.
    fn run(&mut self, pixels: ArrayView4<'_, f32>) -> Result<Vec<Array2<f32>>, EvaluatorError>;
}

/// A network and how images reach it.
pub(super) struct PixelNet {
    pub(super) eye: NetworkInput,
    pub(super) network: Box<dyn Network>,
    /// Images of one forward pass.
    pass: usize,
}

impl PixelNet {
    pub(super) fn new(device: Device, eye: NetworkInput, network: impl Network + 'static) -> Self {
        Self {
            pass: passes::of_images(device, BATCH, eye.size()),
            eye,
            network: Box::new(network),
        }
    }

    /// Rows of all images in order, one list an output.
    ///
    /// # Errors
    /// An image that cannot be prepared, a failing network, outputs of a wrong shape or not finite.
    pub(super) fn rows(
        &mut self,
        images: &[RgbImage],
    ) -> Result<Vec<Vec<Vec<f32>>>, EvaluatorError> {
        let mut all = vec![Vec::with_capacity(images.len()); self.network.widths().len()];
        for (number, chunk) in images.chunks(BATCH).enumerate() {
            let first = number * BATCH;
            let filled = chunk.len().next_multiple_of(self.pass);
            let pixels = self.eye.batch(chunk, first, filled)?;
            for start in (0..filled).step_by(self.pass) {
                let pass = pixels.slice(s![start..start + self.pass, .., .., ..]);
                let outputs = self.network.run(pass)?;
                let used = self.pass.min(chunk.len() - start);
                let name = self.network.name();
                let widths = self.network.widths().to_vec();
                for ((rows, width), all) in outputs.iter().zip(widths).zip(&mut all) {
                    check(name, rows, [self.pass, width], first + start, used)?;
                    all.extend((0..used).map(|row| rows.row(row).to_vec()));
                }
            }
        }
        Ok(all)
    }

    /// Length of a row of the first output.
    pub(super) fn width(&self) -> usize {
        self.network.widths()[0]
    }
}

/// Checks the shape of an output, and that the rows of the first `used` images, the first of which
/// is image `first` of the call, are finite.
pub(super) fn check(
    graph: &'static str,
    rows: &Array2<f32>,
    expected: [usize; 2],
    first: usize,
    used: usize,
) -> Result<(), EvaluatorError> {
    if rows.shape() != expected {
        return Err(EvaluatorError::Shape {
            graph,
            expected: expected.to_vec(),
            found: rows.shape().to_vec(),
        });
    }
    let broken = |row: &usize| rows.row(*row).iter().any(|value| !value.is_finite());
    match (0..used).find(broken) {
        None => Ok(()),
        Some(row) => Err(EvaluatorError::NonFinite {
            graph,
            index: first + row,
        }),
    }
}

/// A graph of a bundle.
pub(super) struct GraphNetwork {
    graph: Graph,
    widths: Vec<usize>,
}

impl GraphNetwork {
    /// Loads a graph of a bundle. `signature` is one of [`rows`](super::signatures::rows).
    pub(super) fn open(
        runtime: &Runtime,
        bundle: &Bundle,
        signature: &GraphSignature,
    ) -> Result<Self, EvaluatorError> {
        let widths = signature.outputs.iter().filter_map(|port| port.shape[1]);
        Ok(Self {
            graph: runtime.load(&bundle.graph(signature.name)?, signature)?,
            widths: widths.collect(),
        })
    }

    /// Takes one more output where the graph has it. Its width has to be fixed in the file.
    ///
    /// # Errors
    /// An output of that name with another element type or rank, or of open width.
    pub(super) fn also(&mut self, output: &str) -> Result<bool, EvaluatorError> {
        let Some(shape) = self.graph.want(&Port::f32(output, [None, None]))? else {
            return Ok(false);
        };
        let Some(width) = shape[1] else {
            return Err(EvaluatorError::OpenWidth {
                graph: self.graph.name(),
                output: output.to_owned(),
            });
        };
        self.widths.push(width);
        Ok(true)
    }
}

impl Network for GraphNetwork {
    fn name(&self) -> &'static str {
        self.graph.name()
    }

    fn widths(&self) -> &[usize] {
        &self.widths
    }

    fn run(&mut self, pixels: ArrayView4<'_, f32>) -> Result<Vec<Array2<f32>>, EvaluatorError> {
        let outputs = self.graph.run(&[(PIXELS, Input::F32(pixels.into_dyn()))])?;
        let rows = outputs.into_iter().zip(&self.widths);
        rows.map(|(output, width)| {
            let found = output.shape().to_vec();
            output
                .into_dimensionality::<Ix2>()
                .map_err(|_| EvaluatorError::Shape {
                    graph: self.graph.name(),
                    expected: vec![pixels.shape()[0], *width],
                    found,
                })
        })
        .collect()
    }
}

/// A graph of a bundle that gives maps, `[N, maps, rows, columns]`; an image's maps are one row.
pub(super) struct MaskNetwork {
    graph: Graph,
    /// Maps, rows, columns.
    shape: [usize; 3],
    width: usize,
}

impl MaskNetwork {
    /// Loads a graph of a bundle and checks that its maps are of a fixed size. `signature` is one of
    /// [`maps`](super::signatures::maps).
    pub(super) fn open(
        runtime: &Runtime,
        bundle: &Bundle,
        signature: &GraphSignature,
    ) -> Result<Self, EvaluatorError> {
        let graph = runtime.load(&bundle.graph(signature.name)?, signature)?;
        let output = signature.outputs[0].name.as_str();
        let Some(&[_, Some(maps), Some(rows @ 1..), Some(columns @ 1..)]) =
            graph.output_shape(output)
        else {
            return Err(EvaluatorError::OpenWidth {
                graph: signature.name,
                output: output.to_owned(),
            });
        };
        Ok(Self {
            graph,
            shape: [maps, rows, columns],
            width: maps.saturating_mul(rows).saturating_mul(columns),
        })
    }

    /// Columns and rows of a map.
    pub(super) fn grid(&self) -> (usize, usize) {
        (self.shape[2], self.shape[1])
    }
}

impl Network for MaskNetwork {
    fn name(&self) -> &'static str {
        self.graph.name()
    }

    fn widths(&self) -> &[usize] {
        std::slice::from_ref(&self.width)
    }

    fn run(&mut self, pixels: ArrayView4<'_, f32>) -> Result<Vec<Array2<f32>>, EvaluatorError> {
        let outputs = self.graph.run(&[(PIXELS, Input::F32(pixels.into_dyn()))])?;
        let images = pixels.shape()[0];
        let rows = outputs.into_iter().map(|output| {
            let found = output.shape().to_vec();
            let [maps, rows, columns] = self.shape;
            output
                .into_shape_with_order((images, self.width))
                .map_err(|_| EvaluatorError::Shape {
                    graph: self.graph.name(),
                    expected: vec![images, maps, rows, columns],
                    found,
                })
        });
        rows.collect()
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use crate::vision::{Geometry, InputScale, Recipe, Resizer, ValueScale};
    use image::Rgb;
    use ndarray::Axis;

    /// Gives the mean of each plane, repeated to its width and multiplied.
    pub(crate) struct Mean {
        pub(crate) name: &'static str,
        pub(crate) widths: Vec<usize>,
        pub(crate) scale: f32,
    }

    impl Network for Mean {
        fn name(&self) -> &'static str {
            self.name
        }

        fn widths(&self) -> &[usize] {
            &self.widths
        }

        fn run(&mut self, pixels: ArrayView4<'_, f32>) -> Result<Vec<Array2<f32>>, EvaluatorError> {
            let count = pixels.shape()[0];
            assert_eq!(pixels.shape(), [count, 3, 4, 4]);
            assert!(count == BATCH || count == 2, "{count}");
            let mean = |(row, column): (usize, usize)| {
                let plane = pixels.index_axis(Axis(0), row);
                plane.index_axis(Axis(0), column % 3).mean().unwrap() * self.scale
            };
            let widths = self.widths.iter();
            Ok(widths
                .map(|width| Array2::from_shape_fn((count, *width), mean))
                .collect())
        }
    }

    pub(crate) fn net(name: &'static str, widths: &[usize], scale: f32) -> PixelNet {
        let recipe = Recipe {
            first: None,
            resizer: Resizer::PillowBilinear,
            geometry: Geometry::Squash,
            scale: ValueScale::Symmetric,
        };
        PixelNet::new(
            Device::Cpu,
            NetworkInput::new(4, 4, recipe, InputScale::Unit),
            Mean {
                name,
                widths: widths.to_vec(),
                scale,
            },
        )
    }

    pub(crate) fn images(count: usize) -> Vec<RgbImage> {
        (0..count)
            .map(|i| RgbImage::from_pixel(8, 6, Rgb([i as u8, 255, 0])))
            .collect()
    }

    #[test]
    fn every_image_gets_its_own_row_across_batches() {
        let mut net = net("features", &[5, 2], 1.0);
        let images = images(BATCH + 5);
        let rows = net.rows(&images).unwrap();
        assert_eq!(
            (rows.len(), rows[0].len(), rows[1].len()),
            (2, BATCH + 5, BATCH + 5)
        );
        for i in 0..images.len() {
            let alone = net.rows(&images[i..=i]).unwrap();
            assert_eq!((&rows[0][i], &rows[1][i]), (&alone[0][0], &alone[1][0]));
            assert!((rows[0][i][0] - i as f32 / 255.0).abs() < 1e-6);
            assert_eq!((rows[0][i].len(), rows[1][i].len()), (5, 2));
        }
        assert_eq!(net.rows(&[]).unwrap(), [Vec::<Vec<f32>>::new(), Vec::new()]);
    }

    #[test]
    fn broken_outputs_name_graph_and_image() {
        let mut network = net("features", &[2], f32::NAN);
        let error = network.rows(&images(2)).unwrap_err();
        let (graph, index) = ("features", 0);
        assert!(
            matches!(error, EvaluatorError::NonFinite { graph: g, index: i } if (g, i) == (graph, index))
        );
        // Means above 0.1 overflow: the first image that is bright enough is named, in the second batch too.
        let mut bright = images(BATCH + 3);
        let mut network = net("features", &[1], f32::MAX);
        bright[BATCH + 1] = RgbImage::from_pixel(8, 6, Rgb([255, 0, 0]));
        network.rows(&bright).unwrap();
        network.network = Box::new(Mean {
            name: "features",
            widths: vec![1],
            scale: f32::INFINITY,
        });
        let error = network.rows(&bright[1..]).unwrap_err();
        assert!(matches!(error, EvaluatorError::NonFinite { index: 0, .. }));
        let mut images = images(3);
        images[2] = RgbImage::new(0, 0);
        let error = net("features", &[1], 1.0).rows(&images).unwrap_err();
        assert!(matches!(error, EvaluatorError::Image { index: 2, .. }));
    }

    #[test]
    fn passes_of_another_size_give_the_same_rows() {
        let (mut whole, mut pairs) = (net("features", &[5, 2], 1.0), net("features", &[5, 2], 1.0));
        assert_eq!(whole.pass, BATCH);
        pairs.pass = 2;
        for count in [1, 2, BATCH, BATCH + 3] {
            let images = images(count);
            assert_eq!(whole.rows(&images).unwrap(), pairs.rows(&images).unwrap());
        }
        let mut broken = net("features", &[1], f32::NAN);
        broken.pass = 2;
        let error = broken.rows(&images(5)).unwrap_err();
        assert!(matches!(error, EvaluatorError::NonFinite { index: 0, .. }));
    }

    #[test]
    fn other_shapes_are_refused() {
        let rows = Array2::zeros((2, 3));
        assert!(check("g", &rows, [2, 3], 0, 2).is_ok());
        assert!(matches!(
            check("g", &rows, [2, 4], 0, 2),
            Err(EvaluatorError::Shape { graph: "g", .. })
        ));
    }
}
