//! Inputs for a graph of which nothing else is known.

use crate::format::Tensor;
use crate::inference::{Element, Port};
use ndarray::{ArrayD, IxDyn};

/// Size of an axis that is open: more than one, so that a graph whose batch was fixed to 1 is found out.
const OPEN: usize = 2;
/// Side of an image whose size is open.
const SIDE: usize = 64;

/// A tensor for an input: values between -1 and 1, token 1, step 1, a mask without padding.
pub(super) fn example(port: &Port) -> Tensor {
    let open = |axis: usize| match port.name.as_str() {
        // Nothing was written before.
        "past_keys" | "past_values" if axis == 3 => 0,
        "image0" | "image1" if axis >= 2 => SIDE,
        _ => OPEN,
    };
    let sides: Vec<usize> = port
        .shape
        .iter()
        .enumerate()
        .map(|(axis, side)| side.unwrap_or_else(|| open(axis)))
        .collect();
    let shape = IxDyn(&sides);
    match port.kind {
        Element::I64 => Tensor::I64(ArrayD::ones(shape)),
        Element::F32 => {
            let mut place = 0_u32;
            Tensor::F32(ArrayD::from_shape_simple_fn(shape, || {
                // A Weyl sequence: even, never repeated in a row, and the same everywhere.
                place = place.wrapping_add(0x9e37_79b9);
                (f64::from(place) / f64::from(u32::MAX) * 2.0 - 1.0) as f32
            }))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn open_axes_get_a_size_that_fits_the_input() {
        let shape = |port: Port| match example(&port) {
            Tensor::F32(array) => array.shape().to_vec(),
            Tensor::I64(array) => array.shape().to_vec(),
        };
        assert_eq!(
            shape(Port::f32("sample", [None, Some(4), Some(8), Some(8)])),
            [2, 4, 8, 8]
        );
        let cache = [Some(3), None, Some(2), None, Some(5)];
        assert_eq!(shape(Port::f32("past_keys", cache)), [3, 2, 2, 0, 5]);
        assert_eq!(
            shape(Port::f32("image0", [None, Some(3), None, None])),
            [2, 3, 64, 64]
        );
        assert_eq!(shape(Port::i64("input_ids", [None, Some(77)])), [2, 77]);
    }

    #[test]
    fn values_are_between_minus_one_and_one_and_differ() {
        let Tensor::F32(array) = example(&Port::f32("x", [Some(50)])) else {
            panic!("floats")
        };
        assert!(array.iter().all(|value| value.abs() <= 1.0));
        let mut values: Vec<f32> = array.into_iter().collect();
        assert!(
            values.iter().any(|value| *value < -0.5) && values.iter().any(|value| *value > 0.5)
        );
        values.sort_by(f32::total_cmp);
        values.dedup();
        assert_eq!(values.len(), 50);
    }
}
