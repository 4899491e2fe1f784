//! Arrays of single precision whose shape is known beforehand, of any number of sides.

use super::element::Element;
use super::{Fault, NpyHeader};
use crate::exchange::HeaderFault;
use std::io::Read;

/// Reads a `float32` array in C order that has exactly `shape`, in row-major order. `length` is the number of
/// bytes that `input` claims to have; no more memory is taken than the shape needs.
pub(in crate::exchange) fn read_tensor(
    input: &mut impl Read,
    length: u64,
    shape: &[usize],
) -> Result<Vec<f32>, Fault> {
    let header = NpyHeader::read(input).map_err(|fault| match fault {
        HeaderFault::Io(error) => Fault::Io(error),
        other => Fault::Malformed(other.to_string()),
    })?;
    let found = |found: String| Err(Fault::Malformed(found));
    let element = Element::parse(&header.descr).map_err(Fault::Malformed)?;
    if !header.descr.ends_with("f4") {
        return found(format!("its numbers are `{}`, not float32", header.descr));
    }
    if header
        .shape
        .iter()
        .map(|side| *side as usize)
        .ne(shape.iter().copied())
    {
        return found(format!(
            "its shape is {:?} instead of {shape:?}",
            header.shape
        ));
    }
    if header.fortran {
        return found("it is stored in Fortran order".to_owned());
    }
    let count: usize = shape.iter().product();
    if header.data_at.saturating_add(count as u64 * 4) > length {
        return found(format!("it is cut off after {length} bytes"));
    }
    let values = element
        .read_f32(input, count)
        .map_err(|error| match error.kind() {
            std::io::ErrorKind::UnexpectedEof => Fault::Malformed("it is cut off".to_owned()),
            _ => Fault::Io(error),
        })?;
    if values.iter().any(|value| !value.is_finite()) {
        return found("it has values that are not finite".to_owned());
    }
    Ok(values)
}
