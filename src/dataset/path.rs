//! Reading files whole, and ids that name files.

use super::DatasetError;
use super::pickle::Pickle;
use std::path::Path;

/// Longest metadata file that is read. The published annotations have about 60 MB.
const MAX_BYTES: u64 = 1 << 30;

/// Reads a metadata file.
pub(super) fn read(path: &Path) -> Result<Vec<u8>, DatasetError> {
    let io = |source| DatasetError::Read {
        path: path.to_owned(),
        source,
    };
    let found = std::fs::metadata(path).map_err(io)?.len();
    if found > MAX_BYTES {
        return Err(DatasetError::TooLarge {
            path: path.to_owned(),
            found,
            limit: MAX_BYTES,
        });
    }
    std::fs::read(path).map_err(io)
}

/// Reads and decodes a pickle.
pub(super) fn read_pickle(path: &Path) -> Result<Pickle, DatasetError> {
    Pickle::decode(&read(path)?).map_err(|source| DatasetError::Pickle {
        path: path.to_owned(),
        source,
    })
}

/// Refuses an id that is not a plain file name. `path` is the file that holds the id.
pub(super) fn check_id(path: &Path, id: &str) -> Result<(), DatasetError> {
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
