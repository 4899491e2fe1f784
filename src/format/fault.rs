//! What is wrong with a file, before the caller adds which file: the array may be inside an archive.

use super::FormatError;
use super::npy::HeaderFault;
use std::io;
use std::path::Path;
use zip::result::ZipError;

/// Why something cannot be read.
#[derive(Debug)]
pub(super) enum Fault {
    /// The medium failed.
    Io(io::Error),
    /// The content is wrong; a phrase that follows a colon.
    Malformed(String),
}

impl From<HeaderFault> for Fault {
    fn from(fault: HeaderFault) -> Self {
        match fault {
            HeaderFault::Io(error) => error.into(),
            other => Self::Malformed(other.to_string()),
        }
    }
}

impl From<io::Error> for Fault {
    fn from(error: io::Error) -> Self {
        match error.kind() {
            io::ErrorKind::UnexpectedEof => Self::Malformed("it is cut off".to_owned()),
            // What `zip` says of bytes that do not unpack or do not have their checksum.
            io::ErrorKind::InvalidData | io::ErrorKind::InvalidInput => {
                Self::Malformed(format!("it cannot be unpacked ({error})"))
            }
            _ => Self::Io(error),
        }
    }
}

impl From<ZipError> for Fault {
    fn from(error: ZipError) -> Self {
        match error {
            ZipError::Io(error) => error.into(),
            other => Self::Malformed(other.to_string()),
        }
    }
}

impl Fault {
    /// The same, of a part of the file.
    pub(super) fn inside(self, part: &str) -> Self {
        match self {
            Self::Malformed(found) => Self::Malformed(format!("in `{part}`, {found}")),
            Self::Io(error) => Self::Io(error),
        }
    }
}

/// The kind of file that a reader expects, and what to do where it is another.
#[derive(Clone, Copy, Debug)]
pub(super) struct FileKind {
    /// Follows "is not".
    pub(super) expected: &'static str,
    /// What to do.
    pub(super) hint: &'static str,
}

impl FileKind {
    /// The error of a file that is something else.
    pub(super) fn malformed(self, path: &Path, found: impl Into<String>) -> FormatError {
        FormatError::Malformed {
            path: path.to_path_buf(),
            expected: self.expected,
            found: found.into(),
            hint: self.hint,
        }
    }

    /// The error of a file in which something is wrong.
    pub(super) fn fault(self, path: &Path, fault: impl Into<Fault>) -> FormatError {
        match fault.into() {
            Fault::Io(source) => FormatError::Read {
                path: path.to_path_buf(),
                source,
            },
            Fault::Malformed(found) => self.malformed(path, found),
        }
    }
}
