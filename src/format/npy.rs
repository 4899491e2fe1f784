//! Numbers in numpy's NPY format: vectors and matrices of any numeric type, read; floats, written.
//!
//! Files with `dtype=object` hold pickles and are refused: nothing of another program is executed.

mod element;
mod header;
mod stored;

pub use header::{HeaderFault, NpyHeader};
pub(super) use stored::Stored;

use super::FormatError;
use super::fault::{Fault, FileKind};
use ndarray::{Array2, ShapeBuilder};
use std::fs::File;
use std::io::{BufRead, BufReader, Read};
use std::path::Path;
use zip::ZipArchive;

/// Largest array that is believed, in bytes as stored: 100,000 vectors of 2,048 doubles fit.
const MAX_BYTES: u64 = 1 << 31;
const EXPECTED: FileKind = FileKind {
    expected: "a NumPy file (.npy) with a vector or matrix of numbers",
    hint: "save the array with `numpy.save(PATH, numpy.asarray(x, dtype=\"float32\"))`",
};
const OBJECTS: FileKind = FileKind {
    hint: "of a dict of arrays, such as {'mu': .., 'sigma': ..}, write an archive: `numpy.savez(\"OUT.npz\", \
**numpy.load(FILE, allow_pickle=True).item())`; of a list of arrays, `numpy.save(\"OUT.npy\", \
numpy.stack(numpy.load(FILE, allow_pickle=True)).astype(\"float32\"))`",
    ..EXPECTED
};
const SIDES: FileKind = FileKind {
    hint: "save a row per image: of features `numpy.save(\"OUT.npy\", x.reshape(len(x), -1))`, of feature maps \
`x.mean((2, 3))`; images belong in a folder of PNG files",
    ..EXPECTED
};
const TENSOR: FileKind = FileKind {
    hint: "save the tensor with NumPy: `numpy.save(\"OUT.npy\", torch.load(FILE, map_location=\"cpu\").float().numpy())`",
    ..EXPECTED
};
const ARCHIVE: FileKind = FileKind {
    hint: "give it the ending .npz if it holds `mu` and `sigma`; of one array in it, \
`numpy.save(\"OUT.npy\", numpy.load(FILE)[\"NAME\"])`, where `numpy.load(FILE).files` lists the names",
    ..EXPECTED
};

/// Numbers in the precision they were stored in. Memory layout is that of the file: a file in Fortran
/// order gives a matrix in Fortran order.
#[derive(Clone, Debug, PartialEq)]
pub enum Numbers {
    /// From `float16` and `float32`, which it holds exactly.
    F32(Array2<f32>),
    /// From `float64`, integers and booleans. Integers beyond 2^53 are rounded.
    F64(Array2<f64>),
}

impl Numbers {
    /// Rows and columns.
    #[must_use]
    pub fn dim(&self) -> (usize, usize) {
        match self {
            Self::F32(values) => values.dim(),
            Self::F64(values) => values.dim(),
        }
    }

    /// The numbers as doubles, exactly.
    #[must_use]
    pub fn to_f64(&self) -> Array2<f64> {
        match self {
            Self::F32(values) => values.mapv(f64::from),
            Self::F64(values) => values.clone(),
        }
    }
}

/// An array of one or two dimensions; further sides of length 1, as pooling layers leave them, are dropped. A vector is a
/// matrix with one column.
#[derive(Clone, Debug, PartialEq)]
pub struct NpyArray {
    /// Dimensions in the file, without sides of 1 behind the second: 1 or 2.
    pub dimensions: usize,
    /// Whether the file holds bytes, as pixels and labels are stored.
    pub bytes: bool,
    /// Whether it holds true and false, as labels and masks are stored.
    pub booleans: bool,
    /// Its numbers.
    pub numbers: Numbers,
}

/// Reads a file whole.
///
/// # Errors
/// [`FormatError::Read`], and [`FormatError::Malformed`] for anything that is not a vector or
/// matrix of numbers, is cut off, or claims more than 2 GiB.
pub fn read_npy(path: &Path) -> Result<NpyArray, FormatError> {
    let read = |source| FormatError::Read {
        path: path.to_path_buf(),
        source,
    };
    let file = File::open(path).map_err(read)?;
    if file.metadata().map_err(read)?.is_dir() {
        return Err(EXPECTED.malformed(path, "a folder"));
    }
    let length = file.metadata().map_err(read)?.len();
    let mut input = BufReader::new(file);
    // An archive under this name, as `numpy.savez` with an open file writes it.
    let start = input.fill_buf().map_err(read)?;
    if start.starts_with(b"PK\x03\x04") {
        return Err(of_archive(path));
    }
    if let Some(found) = other_file(start) {
        let kind = if start.starts_with(&[0x80]) {
            TENSOR
        } else {
            EXPECTED
        };
        return Err(kind.malformed(path, found));
    }
    read_array(&mut input, length).map_err(|fault| kind_of(&fault).fault(path, fault))
}

/// The error of an archive: PyTorch's, or numpy's with the names of its arrays.
fn of_archive(path: &Path) -> FormatError {
    let names = File::open(path).ok().and_then(|file| {
        let archive = ZipArchive::new(BufReader::new(file)).ok()?;
        let names = archive.file_names().filter_map(Result::ok);
        let names = names.map(std::borrow::Cow::into_owned);
        Some(names.collect::<Vec<_>>())
    });
    let names = names.unwrap_or_default();
    if names.iter().any(|name| name.ends_with("/data.pkl")) {
        return TENSOR.malformed(path, "it is a file of `torch.save`");
    }
    let arrays = names.iter().filter_map(|name| name.strip_suffix(".npy"));
    let arrays: Vec<String> = arrays.take(12).map(|name| format!("`{name}`")).collect();
    let found = if arrays.is_empty() {
        "it is an archive (zip)".to_owned()
    } else {
        format!(
            "it is an archive, as `numpy.savez` writes them, of {}",
            arrays.join(", ")
        )
    };
    ARCHIVE.malformed(path, found)
}

/// What a file is that begins so, of kinds that people take for arrays.
fn other_file(start: &[u8]) -> Option<&'static str> {
    match start {
        [] => Some("it is empty"),
        [0x80, 2..=5, ..] => {
            Some("it is a pickle, as `pickle.dump` and `torch.save` before PyTorch 1.6 write them")
        }
        [0x1f, 0x8b, ..] => Some("it is packed with gzip: unpack it with `gunzip`"),
        [0x89, b'H', b'D', b'F', ..] => Some("it is an HDF5 file"),
        _ if start.starts_with(b"version https://git-lfs") => {
            Some("it is a pointer of Git LFS: run `git lfs pull`")
        }
        _ => None,
    }
}

/// What to say of a fault: objects and further sides need other advice than numbers of another type.
fn kind_of(fault: &Fault) -> FileKind {
    match fault {
        Fault::Malformed(found) if found.contains("dtype=object") => OBJECTS,
        Fault::Malformed(found) if found.contains("sides longer than 1") => SIDES,
        _ => EXPECTED,
    }
}

/// Reads an array from a stream of at most `length` bytes.
pub(super) fn read_array(input: &mut impl Read, length: u64) -> Result<NpyArray, Fault> {
    let stored = Stored::open(input, length, MAX_BYTES)?;
    let dimensions = stored.shape.len().min(2);
    let bytes = stored.descr.ends_with("u1");
    let booleans = stored.descr.ends_with("b1");
    let (rows, columns) = matrix_shape(&stored.shape).map_err(Fault::Malformed)?;
    let shape = (rows, columns).set_f(stored.fortran);
    let numbers = if stored.element.single() {
        Array2::from_shape_vec(shape, stored.read_f32(input)?).map(Numbers::F32)
    } else {
        Array2::from_shape_vec(shape, stored.read_f64(input)?).map(Numbers::F64)
    };
    Ok(NpyArray {
        dimensions,
        bytes,
        booleans,
        numbers: numbers.map_err(|error| Fault::Malformed(error.to_string()))?,
    })
}

/// Rows and columns of an array. Sides of 1 carry nothing, but for the first of a single row.
fn matrix_shape(shape: &[usize]) -> Result<(usize, usize), String> {
    let Some((rows, others)) = shape.split_first() else {
        return Err("its shape is [], a single number".to_owned());
    };
    let longer: Vec<usize> = others.iter().copied().filter(|side| *side != 1).collect();
    match longer.as_slice() {
        [] => Ok((*rows, 1)),
        [columns] => Ok((*rows, *columns)),
        // All rows are one batch.
        [rows_of_one, columns] if *rows == 1 => Ok((*rows_of_one, *columns)),
        _ => {
            let images = match longer.as_slice() {
                [_, _, 3 | 4] | [3 | 4, _, _] => " (images, by their shape)",
                _ => "",
            };
            Err(format!(
                "its shape is {shape:?}{images}, with more than two sides longer than 1"
            ))
        }
    }
}

/// A number that can be written.
pub trait Writable: Copy {
    /// numpy's type code.
    const DESCR: &'static str;
    /// Appends its little-endian bytes.
    fn append(self, bytes: &mut Vec<u8>);
}

impl Writable for f32 {
    const DESCR: &'static str = "<f4";
    fn append(self, bytes: &mut Vec<u8>) {
        bytes.extend(self.to_le_bytes());
    }
}

impl Writable for f64 {
    const DESCR: &'static str = "<f8";
    fn append(self, bytes: &mut Vec<u8>) {
        bytes.extend(self.to_le_bytes());
    }
}

/// The bytes of an NPY file, format 1.0, with this shape (a Python tuple) and these values in C order.
pub(super) fn bytes_of<T: Writable>(shape: &str, values: impl Iterator<Item = T>) -> Vec<u8> {
    let text = format!(
        "{{'descr': '{}', 'fortran_order': False, 'shape': {shape}, }}",
        T::DESCR
    );
    let mut bytes = b"\x93NUMPY\x01\x00\x76\x00".to_vec();
    bytes.extend(text.as_bytes());
    // Two sides of twenty digits still fit.
    bytes.resize(127, b' ');
    bytes.push(b'\n');
    for value in values {
        value.append(&mut bytes);
    }
    bytes
}

#[cfg(test)]
mod tests;
