//! Pickles of dicts of NumPy's arrays, as programs on JAX write them. Their arrays are part of the pickle and are held in memory.

use super::stored::{Number, Place, StoredTensor, strides};
use super::{Tensors, tree};
use crate::format::fault::Fault;
use crate::format::pickle::{Pickle, Ref};
use std::fs::File;
use std::io::BufReader;
use std::sync::Arc;

/// Most bytes of such a file, which is read whole.
const MOST: u64 = 2 << 30;

pub(super) fn pickled(file: &mut BufReader<File>, length: u64) -> Result<Tensors, Fault> {
    if length > MOST {
        return Err(Fault::Malformed(format!(
            "it is a pickle of {length} bytes; such files are read whole, up to {MOST}"
        )));
    }
    let pickle = Pickle::read_torch(file, length as usize)
        .map_err(|error| Fault::Malformed(error.to_string()))?;
    tree::leaves(pickle.root(), &mut |value: Ref<'_>| {
        let Some(array) = value.array() else {
            return Ok(None);
        };
        let number = array.float_bytes.and_then(Number::float);
        let number = number.unwrap_or(Number::Whole(array.element as u8));
        let shape = array.shape.to_vec();
        let steps = strides(&shape, array.fortran);
        let place = (
            Place::Memory(Arc::clone(array.data)),
            array.data.len() as u64,
        );
        let mut made = StoredTensor::new(number, shape, steps, 0, place)?;
        made.big_endian = array.big_endian;
        Ok(Some(made))
    })
}
