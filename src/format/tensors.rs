//! Named arrays of any shape in numpy's NPZ format, as `numpy.savez` writes them.

use super::FormatError;
use super::fault::{Fault, FileKind};
use super::npy::Stored;
use ndarray::{ArrayD, IxDyn};
use std::fs::File;
use std::io::{BufReader, Read};
use std::path::{Path, PathBuf};
use zip::ZipArchive;
use zip::result::ZipError;

/// Largest array that is unpacked, in bytes.
const MAX_BYTES: u64 = 1 << 30;
const EXPECTED: FileKind = FileKind {
    expected: "a NumPy archive (.npz) of arrays of numbers",
    hint: "save it with `numpy.savez(PATH, **arrays)`",
};

/// An array of any shape.
#[derive(Clone, Debug, PartialEq)]
pub enum Tensor {
    /// Floats in single precision; half and double precision are converted.
    F32(ArrayD<f32>),
    /// Integers and truth values.
    I64(ArrayD<i64>),
}

/// An archive whose arrays are read one at a time.
#[derive(Debug)]
pub struct TensorArchive {
    path: PathBuf,
    archive: ZipArchive<BufReader<File>>,
}

impl TensorArchive {
    /// Opens an archive.
    ///
    /// # Errors
    /// [`FormatError::Read`] and [`FormatError::Malformed`].
    pub fn open(path: &Path) -> Result<Self, FormatError> {
        let file = File::open(path).map_err(|source| FormatError::Read {
            path: path.to_owned(),
            source,
        })?;
        let archive =
            ZipArchive::new(BufReader::new(file)).map_err(|error| EXPECTED.fault(path, error))?;
        Ok(Self {
            path: path.to_owned(),
            archive,
        })
    }

    /// Names of the arrays, sorted.
    ///
    /// # Errors
    /// [`FormatError::Malformed`] for a name that is no text.
    pub fn names(&self) -> Result<Vec<String>, FormatError> {
        let mut names = Vec::with_capacity(self.archive.len());
        for name in self.archive.file_names() {
            let name = name.map_err(|error| EXPECTED.fault(&self.path, error))?;
            names.extend(name.strip_suffix(".npy").map(str::to_owned));
        }
        names.sort_unstable();
        Ok(names)
    }

    /// Reads an array.
    ///
    /// # Errors
    /// [`FormatError::Read`]; [`FormatError::Malformed`] for an array that is absent, not of numbers, cut off
    /// or larger than 1 GiB.
    pub fn read(&mut self, name: &str) -> Result<Tensor, FormatError> {
        self.read_member(name)
            .map_err(|fault| EXPECTED.fault(&self.path, fault))
    }

    fn read_member(&mut self, name: &str) -> Result<Tensor, Fault> {
        let entry = self
            .archive
            .by_name(&format!("{name}.npy"))
            .map_err(|error| match error {
                ZipError::FileNotFound => Fault::Malformed(format!("it has no array `{name}`")),
                other => other.into(),
            })?;
        let size = entry.size();
        // The claim of the archive is not believed: a bomb unpacks to more.
        read(&mut entry.take(MAX_BYTES), size).map_err(|fault| fault.inside(name))
    }
}

fn read(input: &mut impl Read, length: u64) -> Result<Tensor, Fault> {
    let stored = Stored::open(input, length, MAX_BYTES)?;
    if stored.fortran && stored.shape.len() > 1 {
        let found = "it is stored column by column; save a copy in C order";
        return Err(Fault::Malformed(found.to_owned()));
    }
    let (shape, element) = (IxDyn(&stored.shape), stored.element);
    let wrong = |error: ndarray::ShapeError| Fault::Malformed(error.to_string());
    if element.single() {
        let array = ArrayD::from_shape_vec(shape, stored.read_f32(input)?).map_err(wrong)?;
        return Ok(Tensor::F32(array));
    }
    let values = stored.read_f64(input)?;
    if element.is_float() {
        let values = values.into_iter().map(|value| value as f32).collect();
        let array = ArrayD::from_shape_vec(shape, values).map_err(wrong)?;
        return Ok(Tensor::F32(array));
    }
    let most = 2_f64.powi(53);
    if values.iter().any(|value| value.abs() >= most) {
        let found = "an integer is beyond 2^53";
        return Err(Fault::Malformed(found.to_owned()));
    }
    let values = values.into_iter().map(|value| value as i64).collect();
    let array = ArrayD::from_shape_vec(shape, values).map_err(wrong)?;
    Ok(Tensor::I64(array))
}

#[cfg(test)]
#[allow(clippy::float_cmp, reason = "small integers are exact")]
mod tests {
    use super::*;
    use std::io::Write;
    use zip::write::SimpleFileOptions;
    use zip::{CompressionMethod, ZipWriter};

    fn npy(descr: &str, order: bool, shape: &str, data: &[u8]) -> Vec<u8> {
        let order = if order { "True" } else { "False" };
        let header =
            format!("{{'descr': '{descr}', 'fortran_order': {order}, 'shape': {shape}, }}\n");
        let mut bytes = b"\x93NUMPY\x01\x00".to_vec();
        bytes.extend((header.len() as u16).to_le_bytes());
        bytes.extend(header.as_bytes());
        bytes.extend(data);
        bytes
    }

    fn archive(members: &[(&str, Vec<u8>)]) -> tempfile::NamedTempFile {
        let file = tempfile::NamedTempFile::new().unwrap();
        let mut zip = ZipWriter::new(file.reopen().unwrap());
        let options = SimpleFileOptions::default().compression_method(CompressionMethod::Stored);
        for (name, bytes) in members {
            zip.start_file(format!("{name}.npy"), options).unwrap();
            zip.write_all(bytes).unwrap();
        }
        zip.finish().unwrap();
        file
    }

    #[test]
    fn arrays_of_any_shape_keep_their_numbers() {
        let floats: Vec<u8> = (0..6).flat_map(|it| (it as f32).to_le_bytes()).collect();
        let wholes: Vec<u8> = [-3_i64, 7].iter().flat_map(|it| it.to_le_bytes()).collect();
        let file = archive(&[
            ("unet/in/sample", npy("<f4", false, "(1, 2, 3)", &floats)),
            ("unet/in/timestep", npy("<i8", false, "(2,)", &wholes)),
            ("empty", npy("<f4", false, "(4, 0, 9)", &[])),
            ("one", npy("<f8", false, "()", &2.5_f64.to_le_bytes())),
        ]);
        let mut tensors = TensorArchive::open(file.path()).unwrap();
        assert_eq!(
            tensors.names().unwrap(),
            ["empty", "one", "unet/in/sample", "unet/in/timestep"]
        );
        let Tensor::F32(sample) = tensors.read("unet/in/sample").unwrap() else {
            panic!("floats")
        };
        assert_eq!(sample.shape(), [1, 2, 3]);
        assert_eq!(sample.sum(), 15.0);
        let Tensor::I64(steps) = tensors.read("unet/in/timestep").unwrap() else {
            panic!("integers")
        };
        assert_eq!(steps.as_slice().unwrap(), [-3, 7]);
        let Tensor::F32(empty) = tensors.read("empty").unwrap() else {
            panic!("floats")
        };
        assert_eq!(empty.shape(), [4, 0, 9]);
        let Tensor::F32(one) = tensors.read("one").unwrap() else {
            panic!("floats")
        };
        assert_eq!(one.into_iter().collect::<Vec<_>>(), [2.5]);
    }

    #[test]
    fn what_is_not_believed_is_said_by_name() {
        let huge = "(1000000000, 1000000000, 1000000000, 1000000000)";
        for (descr, order, shape, wanted) in [
            ("<f4", false, huge, "more than"),
            ("<f4", false, "(1000,)", "cut off"),
            ("|O", false, "(1,)", "Python objects"),
            ("<f4", true, "(1, 1)", "column by column"),
        ] {
            let file = archive(&[("a", npy(descr, order, shape, &[0; 8]))]);
            let mut tensors = TensorArchive::open(file.path()).unwrap();
            let error = tensors.read("a").unwrap_err().to_string();
            assert!(
                error.contains("in `a`") && error.contains(wanted),
                "{error}"
            );
        }
        let file = archive(&[("a", npy("<i8", false, "(1,)", &i64::MAX.to_le_bytes()))]);
        let mut tensors = TensorArchive::open(file.path()).unwrap();
        assert!(tensors.read("a").unwrap_err().to_string().contains("2^53"));
        assert!(
            tensors
                .read("b")
                .unwrap_err()
                .to_string()
                .contains("no array `b`")
        );
        let text = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(text.path(), "no archive").unwrap();
        assert!(TensorArchive::open(text.path()).is_err());
    }
}
