//! `features/<name>.npy`: what a network computed of each frame, row for row as the observations.
//!
//! NumPy format 1.0, `<f4`, C order, shape `[n, d]`, header padded to 128 bytes.

use super::durable::DurableFile;
use super::error::{FeatureFault, RunError};
use ndarray::Array2;
use std::fs::File;
use std::io::{self, BufReader, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

const MAGIC: &[u8; 8] = b"\x93NUMPY\x01\x00";
const HEADER: usize = 128;

/// Writes rows as they come; memory does not grow with them.
#[derive(Debug)]
pub struct FeatureWriter {
    file: DurableFile,
    dim: usize,
    rows: usize,
}

impl FeatureWriter {
    /// Begins a matrix of `dim` columns that will replace `path`.
    ///
    /// # Errors
    /// [`RunError::Output`] and other faults of writing.
    pub fn create(path: &Path, dim: usize) -> Result<Self, RunError> {
        let mut file = DurableFile::create(path)?;
        // The number of rows is not known yet; the place is kept free for it.
        file.write_all(&[0; HEADER])
            .map_err(|error| RunError::write(path, error))?;
        Ok(Self { file, dim, rows: 0 })
    }

    /// Appends a row.
    ///
    /// # Errors
    /// [`RunError::Output`] and other faults of writing.
    ///
    /// # Panics
    /// When the row has not `dim` values.
    pub fn push(&mut self, row: &[f32]) -> Result<(), RunError> {
        assert_eq!(
            row.len(),
            self.dim,
            "a row must have as many values as the matrix columns"
        );
        let bytes: Vec<u8> = row.iter().flat_map(|value| value.to_le_bytes()).collect();
        if let Err(error) = self.file.write_all(&bytes) {
            return Err(RunError::write(self.file.path(), error));
        }
        self.rows += 1;
        Ok(())
    }

    /// Writes the header and gives the file its name. Returns the number of rows.
    ///
    /// # Errors
    /// [`RunError::Output`] and other faults of writing.
    pub fn commit(mut self) -> Result<usize, RunError> {
        let header = header(self.rows, self.dim);
        let written = self
            .file
            .seek(SeekFrom::Start(0))
            .and_then(|_| self.file.write_all(&header));
        if let Err(error) = written {
            return Err(RunError::write(self.file.path(), error));
        }
        self.file.commit()?;
        Ok(self.rows)
    }
}

fn header(rows: usize, dim: usize) -> Vec<u8> {
    let text = format!("{{'descr': '<f4', 'fortran_order': False, 'shape': ({rows}, {dim}), }}");
    let mut bytes = Vec::with_capacity(HEADER);
    bytes.extend_from_slice(MAGIC);
    bytes.extend_from_slice(&((HEADER - MAGIC.len() - 2) as u16).to_le_bytes());
    bytes.extend_from_slice(text.as_bytes());
    bytes.resize(HEADER - 1, b' ');
    bytes.push(b'\n');
    bytes
}

/// Reads rows one by one.
#[derive(Debug)]
pub struct FeatureReader {
    path: PathBuf,
    file: BufReader<File>,
    rows: usize,
    dim: usize,
    left: usize,
}

impl FeatureReader {
    /// Opens a matrix and checks that the file is as long as its header says.
    ///
    /// # Errors
    /// [`RunError::Read`] and [`RunError::Features`].
    pub fn open(path: &Path) -> Result<Self, RunError> {
        let read = |error| RunError::read(path, error);
        let broken = |fault| RunError::Features {
            path: path.to_path_buf(),
            fault,
        };
        let file = File::open(path).map_err(read)?;
        let length = file.metadata().map_err(read)?.len();
        let mut file = BufReader::new(file);
        let mut head = [0; MAGIC.len() + 2];
        match file.read_exact(&mut head) {
            Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => {
                return Err(broken(FeatureFault::Magic));
            }
            other => other.map_err(read)?,
        }
        if !head.starts_with(MAGIC) {
            return Err(broken(FeatureFault::Magic));
        }
        let mut text = vec![0; usize::from(u16::from_le_bytes([head[8], head[9]]))];
        file.read_exact(&mut text)
            .map_err(|_| broken(FeatureFault::Header))?;
        let (rows, dim) = shape(&text).ok_or_else(|| broken(FeatureFault::Header))?;
        let expected = (rows as u64)
            .checked_mul(dim as u64)
            .and_then(|values| values.checked_mul(4))
            .and_then(|bytes| bytes.checked_add((head.len() + text.len()) as u64));
        if expected != Some(length) {
            return Err(broken(FeatureFault::Length));
        }
        Ok(Self {
            path: path.to_path_buf(),
            file,
            rows,
            dim,
            left: rows,
        })
    }

    /// Number of rows.
    #[must_use]
    pub fn rows(&self) -> usize {
        self.rows
    }

    /// Number of columns.
    #[must_use]
    pub fn dim(&self) -> usize {
        self.dim
    }

    /// Appends the next row to `values`. `false` after the last one.
    ///
    /// # Errors
    /// [`RunError::Read`].
    pub fn next_into(&mut self, values: &mut Vec<f32>) -> Result<bool, RunError> {
        if self.left == 0 {
            return Ok(false);
        }
        let mut bytes = vec![0; self.dim * 4];
        self.file
            .read_exact(&mut bytes)
            .map_err(|error| RunError::read(&self.path, error))?;
        let words = bytes.chunks_exact(4);
        values.extend(words.map(|word| f32::from_le_bytes([word[0], word[1], word[2], word[3]])));
        self.left -= 1;
        Ok(true)
    }
}

/// Rows and columns of a header, if it is one of a C-ordered `<f4` matrix.
fn shape(text: &[u8]) -> Option<(usize, usize)> {
    let text: String = std::str::from_utf8(text).ok()?.split_whitespace().collect();
    let text = text.strip_prefix("{'descr':'<f4','fortran_order':False,'shape':(")?;
    let (rows, rest) = text.split_once(',')?;
    let (dim, rest) = rest.split_once(')')?;
    matches!(rest, ",}" | "}").then_some(())?;
    Some((rows.parse().ok()?, dim.parse().ok()?))
}

/// Reads a whole matrix, `[n, d]`.
///
/// # Errors
/// Those of [`FeatureReader`].
pub fn read_features(path: &Path) -> Result<Array2<f32>, RunError> {
    let mut reader = FeatureReader::open(path)?;
    let mut values = Vec::with_capacity(reader.rows * reader.dim);
    while reader.next_into(&mut values)? {}
    Array2::from_shape_vec((reader.rows, reader.dim), values).map_err(|_| RunError::Features {
        path: path.to_path_buf(),
        fault: FeatureFault::Length,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;

    fn write(path: &Path, rows: &[[f32; 3]]) {
        let mut writer = FeatureWriter::create(path, 3).expect("create");
        for row in rows {
            writer.push(row).expect("push");
        }
        assert_eq!(writer.commit().expect("commit"), rows.len());
    }

    #[test]
    fn rows_survive_the_disk() {
        let folder = tempfile::tempdir().expect("tempdir");
        let path = folder.path().join("f.npy");
        write(
            &path,
            &[[1.0, -2.5, 3.0], [f32::MIN_POSITIVE, 0.0, f32::MAX]],
        );
        let array = read_features(&path).expect("read");
        assert_eq!(array.dim(), (2, 3));
        assert_eq!(array[[1, 2]].to_bits(), f32::MAX.to_bits());
        write(&path, &[]);
        assert_eq!(read_features(&path).expect("read").dim(), (0, 3));
    }

    #[test]
    fn the_bytes_are_those_of_numpy() {
        let folder = tempfile::tempdir().expect("tempdir");
        let path = folder.path().join("f.npy");
        write(&path, &[[1.0, 2.0, 3.0]]);
        let bytes = fs::read(&path).expect("read");
        assert_eq!(bytes.len(), 128 + 12);
        assert_eq!(&bytes[..10], b"\x93NUMPY\x01\x00\x76\x00");
        assert!(
            bytes[10..].starts_with(b"{'descr': '<f4', 'fortran_order': False, 'shape': (1, 3), }")
        );
        assert_eq!(bytes[127], b'\n');
    }

    #[test]
    fn nothing_is_there_before_the_commit() {
        let folder = tempfile::tempdir().expect("tempdir");
        let path = folder.path().join("f.npy");
        let mut writer = FeatureWriter::create(&path, 1).expect("create");
        writer.push(&[1.0]).expect("push");
        assert!(!path.exists());
    }

    #[test]
    fn broken_files_are_refused() {
        let folder = tempfile::tempdir().expect("tempdir");
        let path = folder.path().join("f.npy");
        write(&path, &[[1.0, 2.0, 3.0]]);
        let good = fs::read(&path).expect("read");
        let fault = |bytes: &[u8]| {
            fs::write(&path, bytes).expect("write");
            match read_features(&path) {
                Err(RunError::Features { fault, .. }) => fault,
                other => panic!("{other:?}"),
            }
        };
        assert_eq!(fault(b""), FeatureFault::Magic);
        assert_eq!(fault(b"not numpy at all"), FeatureFault::Magic);
        assert_eq!(fault(&good[..60]), FeatureFault::Header);
        assert_eq!(fault(&good[..130]), FeatureFault::Length);
        let with = |from: &str, to: &str| {
            let text = String::from_utf8_lossy(&good[10..128]).replace(from, to);
            [&good[..10], text.as_bytes(), &good[128..]].concat()
        };
        assert_eq!(fault(&with("<f4", "<f8")), FeatureFault::Header);
        assert_eq!(fault(&with("False", "True ")), FeatureFault::Header);
        assert_eq!(fault(&with("(1, 3)", "(9, 3)")), FeatureFault::Length);
        let huge = with("(1, 3), }             ", "(18446744073709551615, 3), }")
            .into_iter()
            .collect::<Vec<u8>>();
        assert!(matches!(
            fault(&huge),
            FeatureFault::Length | FeatureFault::Header
        ));
    }
}
