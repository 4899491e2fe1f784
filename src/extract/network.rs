//! One network that reads a batch of pixels and gives a row an image.

use super::ExtractError;
use crate::inference::{Bundle, Graph, GraphSignature, Input, Port, Runtime};
use ndarray::{Array2, Array4, Ix2};

/// Reads `[N, 3, h, w]` in `[0, 1]`, gives `[N, width]`. A trait so that the batching can be tested
/// without ONNX Runtime.
pub(super) trait Network {
    /// Name of the graph, for errors.
    fn name(&self) -> &'static str;
    /// Length of a row.
    fn width(&self) -> usize;
    /// One forward pass.
    fn run(&mut self, pixels: &Array4<f32>) -> Result<Array2<f32>, ExtractError>;
}

/// Checks what a network gave for the first `used` images of a batch that starts at image `first`.
pub(super) fn checked(
    network: &mut dyn Network,
    pixels: &Array4<f32>,
    first: usize,
    used: usize,
) -> Result<Array2<f32>, ExtractError> {
    let rows = network.run(pixels)?;
    let graph = network.name();
    let expected = [pixels.shape()[0], network.width()];
    if rows.shape() != expected {
        return Err(ExtractError::Shape {
            graph,
            expected: expected.to_vec(),
            found: rows.shape().to_vec(),
        });
    }
    let broken = |row: usize| rows.row(row).iter().any(|value| !value.is_finite());
    if let Some(row) = (0..used).find(|row| broken(*row)) {
        return Err(ExtractError::NonFinite {
            graph,
            index: first + row,
        });
    }
    Ok(rows)
}

const PIXELS: &str = "pixel_values";

/// A graph of an evaluators bundle.
pub(super) struct GraphNetwork {
    graph: Graph,
    width: usize,
}

impl GraphNetwork {
    /// Loads graph `name` of a bundle and checks that it reads `[N, 3, h, w]` of the bundle's image
    /// size and gives `[N, width]` under the name `output`.
    pub(super) fn open(
        runtime: &Runtime,
        bundle: &Bundle,
        name: &'static str,
        output: &str,
        width: usize,
    ) -> Result<Box<dyn Network>, ExtractError> {
        let size = bundle.manifest().image;
        let pixels = [None, Some(3), Some(size.height), Some(size.width)];
        let signature = GraphSignature {
            name,
            inputs: vec![Port::f32(PIXELS, pixels)],
            outputs: vec![Port::f32(output, [None, Some(width)])],
        };
        let graph = runtime.load(&bundle.graph(name)?, &signature)?;
        Ok(Box::new(Self { graph, width }))
    }
}

impl Network for GraphNetwork {
    fn name(&self) -> &'static str {
        self.graph.name()
    }

    fn width(&self) -> usize {
        self.width
    }

    fn run(&mut self, pixels: &Array4<f32>) -> Result<Array2<f32>, ExtractError> {
        let input = Input::F32(pixels.view().into_dyn());
        let outputs = self.graph.run(&[(PIXELS, input)])?;
        let shape = |found: &[usize]| ExtractError::Shape {
            graph: self.graph.name(),
            expected: vec![pixels.shape()[0], self.width],
            found: found.to_vec(),
        };
        let output = outputs.into_iter().next().ok_or_else(|| shape(&[]))?;
        let found = output.shape().to_vec();
        output
            .into_dimensionality::<Ix2>()
            .map_err(|_| shape(&found))
    }
}
