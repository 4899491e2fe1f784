//! Reading files whole, and ids that name files.

use super::DatasetError;
use crate::format::pickle::Pickle;
use std::fs::File;
use std::io::{BufReader, Read};
use std::path::Path;

/// Longest metadata file that is read. The published annotations have about 60 MB.
const MAX_BYTES: u64 = 1 << 30;

/// Opens a metadata file to be read as a stream; also gives its length.
pub(crate) fn open(path: &Path) -> Result<(BufReader<File>, u64), DatasetError> {
    let io = |source| DatasetError::Read {
        path: path.to_owned(),
        source,
    };
    let file = File::open(path).map_err(io)?;
    let found = file.metadata().map_err(io)?.len();
    if found > MAX_BYTES {
        return Err(DatasetError::TooLarge {
            path: path.to_owned(),
            found,
            limit: MAX_BYTES,
        });
    }
    Ok((BufReader::with_capacity(1 << 16, file), found))
}

/// Reads a metadata file.
pub(crate) fn read(path: &Path) -> Result<Vec<u8>, DatasetError> {
    let (file, found) = open(path)?;
    let mut bytes = Vec::with_capacity(found as usize);
    // The file may grow while it is read.
    file.take(MAX_BYTES)
        .read_to_end(&mut bytes)
        .map_err(|source| DatasetError::Read {
            path: path.to_owned(),
            source,
        })?;
    Ok(bytes)
}

/// Reads and decodes a pickle.
pub(crate) fn read_pickle(path: &Path) -> Result<Pickle, DatasetError> {
    let (file, length) = open(path)?;
    Pickle::read(file, length as usize).map_err(|source| DatasetError::Pickle {
        path: path.to_owned(),
        source,
    })
}

/// Refuses an id that is not a plain file name. `path` is the file that holds the id.
pub(crate) fn check_id(path: &Path, id: &str) -> Result<(), DatasetError> {
    // Separators and drive letters of every system, so that a data set is as safe on any of them.
    let plain = !id.is_empty()
        && id.len() <= 200
        && !id.starts_with('.')
        && !id
            .chars()
            .any(|c| matches!(c, '/' | '\\' | ':') || c.is_control());
    if plain {
        return Ok(());
    }
    Err(DatasetError::UnsafeId {
        path: path.to_owned(),
        id: id.to_owned(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_cannot_leave_the_folder() {
        let path = Path::new("split.json");
        check_id(path, "s_01_e_25_shot_004015_004089").unwrap();
        for id in [
            "",
            "..",
            ".",
            "../x",
            "a/../b",
            "/etc/passwd",
            "a\\b",
            "c:x",
            "a\0b",
            ".hidden",
        ] {
            assert!(
                matches!(check_id(path, id), Err(DatasetError::UnsafeId { .. })),
                "{id}"
            );
        }
    }
}
