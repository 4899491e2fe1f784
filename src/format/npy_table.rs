//! NPY arrays of text, of whole numbers and of objects.

use super::pickle::{Dtype, Pickle, PickleError, elements, fortran_place};
use crate::format::{HeaderFault, NpyHeader};
use std::io::BufRead;

/// Cells that are believed. The published caches have 60,000.
const MAX_CELLS: usize = 1 << 22;

/// Why an NPY file of text, numbers or objects cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum NpyTableError {
    /// The header is damaged, or there is none.
    #[error(transparent)]
    Header(#[from] HeaderFault),
    /// The file cannot be read.
    #[error("failed to read it")]
    Io(#[from] std::io::Error),
    /// Elements are of another kind.
    #[error("its elements are `{descr}`, not {wanted}")]
    WrongType {
        /// numpy's type code.
        descr: String,
        /// What there should be.
        wanted: &'static str,
    },
    /// The shape is not one of a scalar, vector or matrix, or has more cells than any file here.
    #[error("its shape is {shape:?}, not a vector or matrix of at most {MAX_CELLS} cells")]
    WrongShape {
        /// The shape in the header.
        shape: Vec<u64>,
    },
    /// The file ends before its data do.
    #[error("it is cut off: {found} bytes of {wanted}")]
    Truncated {
        /// Bytes that header and shape announce.
        wanted: u64,
        /// Bytes there are.
        found: u64,
    },
    /// A cell is no text, or a number beyond 64 bits with sign.
    #[error("cell {cell} is not {wanted}")]
    BadCell {
        /// Its place in C order, from 0.
        cell: usize,
        /// What there should be.
        wanted: &'static str,
    },
    /// The objects are not plain data, or damaged.
    #[error("its objects were refused: {0}")]
    Objects(#[from] PickleError),
}

/// The cells of a vector or matrix, row by row. A vector is a table of one column, a scalar one cell.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Table<T> {
    columns: usize,
    cells: Vec<T>,
}

impl<T> Table<T> {
    /// Number of rows.
    #[must_use]
    pub fn len(&self) -> usize {
        self.cells.len() / self.columns.max(1)
    }

    /// Whether there is no row.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.cells.is_empty()
    }

    /// Cells of each row.
    #[must_use]
    pub fn columns(&self) -> usize {
        self.columns
    }

    /// The row with `index`, from 0.
    #[must_use]
    pub fn row(&self, index: usize) -> Option<&[T]> {
        let start = index.checked_mul(self.columns)?;
        self.cells.get(start..start.checked_add(self.columns)?)
    }

    /// The rows, first to last.
    #[must_use]
    pub fn rows(&self) -> impl ExactSizeIterator<Item = &[T]> {
        self.cells.chunks_exact(self.columns.max(1))
    }
}

/// What an NPY file holds.
#[derive(Debug)]
pub enum NpyContent {
    /// Byte strings or unicode strings, without filling.
    Text(Table<String>),
    /// Integers of any width, or truth values.
    Integers(Table<i64>),
    /// Objects; of an array without axes, the one that it holds.
    Objects(Pickle),
}

/// Decodes an NPY file of `length` bytes. Nothing is allocated for a size that the file does not have.
///
/// # Errors
/// [`NpyTableError`].
pub fn decode_npy(input: &mut impl BufRead, length: u64) -> Result<NpyContent, NpyTableError> {
    let header = NpyHeader::read(input)?;
    let wrong_type = || NpyTableError::WrongType {
        descr: header.descr.clone(),
        wanted: "text, integers or objects",
    };
    let dtype = Dtype::parse(&header.descr).ok_or_else(wrong_type)?;
    let left = length.saturating_sub(header.data_at);
    if dtype.object() {
        // The pickle is an array and has its own shape.
        return Ok(NpyContent::Objects(
            Pickle::read(input, left as usize)?.unwrapped(),
        ));
    }
    if !dtype.textual() && !dtype.integral() {
        return Err(wrong_type());
    }
    let (shape, cells) = sides(&header, dtype.size())?;
    let wanted = header.data_at + (cells * dtype.size()) as u64;
    let truncated = || NpyTableError::Truncated {
        wanted,
        found: length,
    };
    if wanted > length {
        return Err(truncated());
    }
    let mut data = vec![0; cells * dtype.size()];
    input
        .read_exact(&mut data)
        .map_err(|error| match error.kind() {
            std::io::ErrorKind::UnexpectedEof => truncated(),
            _ => NpyTableError::Io(error),
        })?;
    let element = |cell: usize| {
        let place = if header.fortran {
            fortran_place(&shape, cell)
        } else {
            cell
        };
        &data[place * dtype.size()..(place + 1) * dtype.size()]
    };
    let columns = *shape.get(1).unwrap_or(&1);
    if dtype.integral() {
        let read = |cell| {
            dtype.integer(element(cell)).ok_or(NpyTableError::BadCell {
                cell,
                wanted: "a number below 2^63",
            })
        };
        let cells = (0..cells).map(read).collect::<Result<_, _>>()?;
        return Ok(NpyContent::Integers(Table { columns, cells }));
    }
    let read = |cell| {
        dtype.string(element(cell)).ok_or(NpyTableError::BadCell {
            cell,
            wanted: "text",
        })
    };
    let cells = (0..cells).map(read).collect::<Result<_, _>>()?;
    Ok(NpyContent::Text(Table { columns, cells }))
}

/// The shape, and the number of cells that it makes.
fn sides(header: &NpyHeader, size: usize) -> Result<(Vec<usize>, usize), NpyTableError> {
    let wrong = || NpyTableError::WrongShape {
        shape: header.shape.clone(),
    };
    let shape: Vec<usize> = header
        .shape
        .iter()
        .map(|side| usize::try_from(*side).ok())
        .collect::<Option<_>>()
        .filter(|shape: &Vec<usize>| shape.len() <= 2)
        .ok_or_else(wrong)?;
    let cells = elements(&shape)
        .filter(|cells| *cells <= MAX_CELLS && cells.checked_mul(size).is_some())
        .ok_or_else(wrong)?;
    Ok((shape, cells))
}

#[cfg(test)]
mod tests;
