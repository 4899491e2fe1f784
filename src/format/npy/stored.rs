//! An array in a stream: its header, believed as far as the length of the stream allows.

use super::element::Element;
use super::header::NpyHeader;
use crate::format::fault::Fault;
use std::io::Read;

/// An array whose header was read and whose numbers come next in the stream.
#[derive(Debug)]
pub(in crate::format) struct Stored {
    /// Sides of the array; none for a scalar.
    pub(in crate::format) shape: Vec<usize>,
    /// Whether it is stored column by column.
    pub(in crate::format) fortran: bool,
    /// numpy's code of the type of its numbers, for example `<f4`.
    pub(in crate::format) descr: String,
    /// The same, read.
    pub(in crate::format) element: Element,
    /// How many numbers there are.
    count: usize,
}

impl Stored {
    /// Reads the header of an array in a stream of at most `length` bytes. An array of more than `most` bytes is
    /// refused, and one that claims more than the stream has: no memory is taken for either.
    pub(in crate::format) fn open(
        input: &mut impl Read,
        length: u64,
        most: u64,
    ) -> Result<Self, Fault> {
        let header = NpyHeader::read(input)?;
        let element = Element::parse(&header.descr).map_err(Fault::Malformed)?;
        // A side of zero would let the others be anything.
        let cells = header
            .shape
            .iter()
            .try_fold(1_u64, |cells, side| cells.checked_mul((*side).max(1)));
        let bytes = cells
            .and_then(|cells| cells.checked_mul(element.size() as u64))
            .filter(|bytes| *bytes <= most)
            .ok_or_else(|| {
                let shape = &header.shape;
                Fault::Malformed(format!("its shape is {shape:?}, more than {most} bytes"))
            })?;
        let bytes = if header.shape.contains(&0) { 0 } else { bytes };
        let wanted = header.data_at.saturating_add(bytes);
        if wanted > length {
            return Err(Fault::Malformed(format!(
                "it is cut off: {length} bytes of {wanted}"
            )));
        }
        Ok(Self {
            shape: header.shape.iter().map(|side| *side as usize).collect(),
            fortran: header.fortran,
            descr: header.descr,
            element,
            count: bytes as usize / element.size(),
        })
    }

    /// The numbers of a type that single precision holds, in the order of the file.
    pub(in crate::format) fn read_f32(self, input: &mut impl Read) -> Result<Vec<f32>, Fault> {
        Ok(self.element.read_f32(input, self.count)?)
    }

    /// The numbers of any type, in the order of the file.
    pub(in crate::format) fn read_f64(self, input: &mut impl Read) -> Result<Vec<f64>, Fault> {
        Ok(self.element.read_f64(input, self.count)?)
    }
}
