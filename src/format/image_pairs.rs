//! Two images, or two folders of images, as pairs.

use super::{FormatError, ImageFiles, image_key};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// Names that an error lists.
const LISTED: usize = 10;

/// Two images and the name that they share.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ImagePair {
    /// File name below its folder, without its extension; of two single files the name of the first.
    pub name: String,
    /// The first image, and the one that it is compared with.
    pub paths: [PathBuf; 2],
}

/// Two images, or those of the same name (without the extension) in two folders, in order of their names.
///
/// # Errors
/// A folder that cannot be listed, images of one folder with the same name, images without a partner.
pub fn image_pairs(first: &Path, second: &Path) -> Result<Vec<ImagePair>, FormatError> {
    if !first.is_dir() && !second.is_dir() {
        let name = first.file_name().unwrap_or(first.as_os_str());
        return Ok(vec![ImagePair {
            name: name.to_string_lossy().into_owned(),
            paths: [first.to_owned(), second.to_owned()],
        }]);
    }
    for (folder, file) in [(first, second), (second, first)] {
        if folder.is_dir() && file.exists() && !file.is_dir() {
            return Err(FormatError::FolderAndFile {
                folder: folder.to_owned(),
                file: file.to_owned(),
            });
        }
    }
    let (a, mut b) = (by_name(first)?, by_name(second)?);
    let only = |these: &BTreeMap<String, PathBuf>, others: &BTreeMap<String, PathBuf>| {
        let mut names: Vec<String> = these.keys().cloned().collect();
        names.retain(|name| !others.contains_key(name));
        let shown = names[..names.len().min(LISTED)].join(", ");
        (names.len(), shown)
    };
    let ((missing, in_first), (surplus, in_second)) = (only(&a, &b), only(&b, &a));
    if missing + surplus > 0 {
        return Err(FormatError::WithoutPartner {
            detail: format!(
                "{missing} only in {} ({in_first}), {surplus} only in {} ({in_second})",
                first.display(),
                second.display()
            ),
        });
    }
    let pairs = a.into_iter().filter_map(|(name, path)| {
        let other = b.remove(&name)?;
        Some(ImagePair {
            name,
            paths: [path, other],
        })
    });
    Ok(pairs.collect())
}

fn by_name(folder: &Path) -> Result<BTreeMap<String, PathBuf>, FormatError> {
    let mut named = BTreeMap::new();
    let files = ImageFiles::list(folder)?;
    for (path, name) in files.paths().iter().zip(files.names()) {
        let name = image_key(&name);
        if let Some(other) = named.insert(name.clone(), path.clone()) {
            return Err(FormatError::SameName {
                name,
                first: other,
                second: path.clone(),
            });
        }
    }
    Ok(named)
}
