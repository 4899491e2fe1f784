//! One network that reads a batch of pixels and gives a row an image.

use super::ExtractError;
use ndarray::{Array2, Array4};

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
