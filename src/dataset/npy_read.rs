//! NPY files of text, of whole numbers and of objects: the caches and annotations of PororoSV.

use super::DatasetError;
use super::path::open;
use crate::format::pickle::Pickle;
use crate::format::{NpyContent, Table, decode_npy};
use std::io::BufRead;
use std::path::Path;

/// What every NPY file starts with.
const MAGIC: &[u8] = b"\x93NUMPY";

/// Reads a file of text, whole numbers or objects. A pickle without a header is read too: some of the
/// published `.npy` files are such.
///
/// # Errors
/// [`DatasetError::Npy`], [`DatasetError::Pickle`], [`DatasetError::Read`], [`DatasetError::TooLarge`].
pub fn read_npy(path: &Path) -> Result<NpyContent, DatasetError> {
    let (mut input, length) = open(path)?;
    let start = input.fill_buf().map_err(|source| DatasetError::Read {
        path: path.to_owned(),
        source,
    })?;
    // What starts like neither is more likely a damaged NPY file than a pickle.
    if !start.starts_with(MAGIC) && starts_a_pickle(start) {
        return Pickle::read(input, length as usize)
            .map(|pickle| NpyContent::Objects(pickle.unwrapped()))
            .map_err(|source| DatasetError::Pickle {
                path: path.to_owned(),
                source,
            });
    }
    decode_npy(&mut input, length).map_err(|source| DatasetError::Npy {
        path: path.to_owned(),
        source,
    })
}

/// Reads text: `S` or `U` elements.
///
/// # Errors
/// As [`read_npy`], and for elements of another type.
pub fn read_npy_text(path: &Path) -> Result<Table<String>, DatasetError> {
    match read_npy(path)? {
        NpyContent::Text(table) => Ok(table),
        other => Err(other.unwanted(path, "an array of text")),
    }
}

/// Reads objects, from an NPY file or a bare pickle.
///
/// # Errors
/// As [`read_npy`], and for elements of another type.
pub fn read_npy_objects(path: &Path) -> Result<Pickle, DatasetError> {
    match read_npy(path)? {
        NpyContent::Objects(pickle) => Ok(pickle),
        other => Err(other.unwanted(path, "an array of objects, or a pickle")),
    }
}

impl NpyContent {
    fn unwanted(&self, path: &Path, wanted: &str) -> DatasetError {
        DatasetError::WrongContent {
            path: path.to_owned(),
            clip: None,
            wanted: wanted.to_owned(),
            found: match self {
                Self::Text(_) => "an array of text".to_owned(),
                Self::Integers(_) => "an array of integers".to_owned(),
                Self::Objects(pickle) => format!("a {}", pickle.root().type_name()),
            },
        }
    }
}

/// A pickle of protocol 2 or later names its protocol first; earlier ones start with the instruction for
/// a mark, an empty container or a name.
fn starts_a_pickle(start: &[u8]) -> bool {
    matches!(start.first(), Some(0x80 | b'(' | b'}' | b']' | b'c'))
}

#[cfg(test)]
mod tests;
