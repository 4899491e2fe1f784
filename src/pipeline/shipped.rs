//! The MiniSV bundles that are compiled into the program.

use super::PipelineError;
use crate::record::sha256_hex;
use include_dir::{Dir, File};
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

/// Three crates, because a registry takes at most 10 MB per crate; a bundle may lie in two of them.
static CRATES: [&Dir<'static>; 3] = [
    &storyeval_minisv_evaluators::BUNDLES,
    &storyeval_minisv_generator::BUNDLES,
    &storyeval_minisv_diffusion::BUNDLES,
];

/// Name of a bundle's folder while it is written or removed.
const BUNDLE: &str = "bundle";

/// A bundle that is compiled into the program.
pub(super) struct Shipped {
    id: String,
    files: Vec<&'static File<'static>>,
}

impl Shipped {
    /// The bundle `id`, if the program carries it.
    pub(super) fn find(id: &str) -> Option<Self> {
        let mut files = Vec::new();
        for held in CRATES {
            // An id may be a path that a user typed.
            let folder = held.dirs().find(|dir| dir.path() == Path::new(id));
            gather(folder, &mut files);
        }
        let id = id.to_owned();
        (!files.is_empty()).then_some(Self { id, files })
    }

    /// Its folder in the cache. The name holds the hash of `bundle.toml`, which holds those of all files, so that
    /// versions of the program with other weights share a cache.
    fn folder(&self, cache: &Path) -> PathBuf {
        let manifest = Path::new(&self.id).join("bundle.toml");
        let manifest = self.files.iter().find(|file| file.path() == manifest);
        let hash = sha256_hex(manifest.map_or(&[], |file| file.contents()));
        cache
            .join("shipped")
            .join(format!("{}-{}", self.id, &hash[..16]))
    }

    /// The bundle's folder, written now if it is not there whole. Contents are not read: verifying a bundle does that.
    ///
    /// # Errors
    /// [`PipelineError::CacheWrite`].
    pub(super) fn unpacked(&self, cache: &Path) -> Result<PathBuf, PipelineError> {
        let folder = self.folder(cache);
        let whole = |file: &&'static File<'static>| {
            fs::metadata(self.target(&folder, file))
                .is_ok_and(|found| found.len() == file.contents().len() as u64)
        };
        if !self.files.iter().all(whole) {
            self.unpack(&folder).map_err(|source| {
                let path = folder.clone();
                PipelineError::CacheWrite { path, source }
            })?;
        }
        Ok(folder)
    }

    /// Writes the bundle again, if `damaged` is its folder.
    pub(super) fn renew(&self, damaged: &Path, cache: &Path) -> Result<bool, PipelineError> {
        let folder = self.folder(cache);
        if damaged != folder {
            return Ok(false);
        }
        self.unpack(&folder)
            .map(|()| true)
            .map_err(|source| PipelineError::CacheWrite {
                path: folder,
                source,
            })
    }

    /// Another process may do the same at the same time: whoever renames last finds the same files.
    fn unpack(&self, folder: &Path) -> io::Result<()> {
        let parent = folder.parent().unwrap_or(folder);
        fs::create_dir_all(parent)?;
        // Folders of `tempfile` are for this user alone; a cache may be shared.
        let draft = tempfile::Builder::new()
            .prefix(".draft-")
            .tempdir_in(parent)?;
        for file in &self.files {
            let target = self.target(&draft.path().join(BUNDLE), file);
            if let Some(parent) = target.parent() {
                fs::create_dir_all(parent)?;
            }
            fs::write(target, file.contents())?;
        }
        let old = tempfile::Builder::new()
            .prefix(".old-")
            .tempdir_in(parent)?;
        match fs::rename(folder, old.path().join(BUNDLE)) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            _ => {}
        }
        match fs::rename(draft.path().join(BUNDLE), folder) {
            // Another process was quicker.
            Err(error) if error.kind() == io::ErrorKind::DirectoryNotEmpty => Ok(()),
            renamed => renamed,
        }
    }

    fn target(&self, folder: &Path, file: &File<'_>) -> PathBuf {
        let inside = file.path().strip_prefix(&self.id).unwrap_or(file.path());
        folder.join(inside)
    }
}

/// All files below a folder.
fn gather(folder: Option<&'static Dir<'static>>, files: &mut Vec<&'static File<'static>>) {
    let Some(folder) = folder else { return };
    files.extend(folder.files());
    for inner in folder.dirs() {
        gather(Some(inner), files);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::inference::Bundle;

    #[test]
    fn every_bundle_is_unpacked_once_and_again_when_it_is_damaged() {
        let cache = tempfile::tempdir().unwrap();
        let bundles = fs::read_dir("reference-data/bundles").unwrap();
        let bundles: Vec<_> = bundles.collect();
        let count = bundles.len();
        for entry in bundles {
            let id = entry.unwrap().file_name().into_string().unwrap();
            let shipped = Shipped::find(&id).unwrap();
            let folder = shipped.unpacked(cache.path()).unwrap();
            let bundle = Bundle::open(&folder).unwrap();
            bundle.verify().unwrap();
            let original = Bundle::open(&Path::new("reference-data/bundles").join(&id)).unwrap();
            assert_eq!(bundle.content_hash(), original.content_hash());

            let manifest = folder.join("bundle.toml");
            let written = fs::metadata(&manifest).unwrap().modified().unwrap();
            assert_eq!(shipped.unpacked(cache.path()).unwrap(), folder);
            let again = fs::metadata(&manifest).unwrap().modified().unwrap();
            assert_eq!(written, again, "a whole bundle is not written again");

            fs::write(&manifest, "").unwrap();
            shipped.unpacked(cache.path()).unwrap();
            Bundle::open(&folder).unwrap().verify().unwrap();
        }
        let left = fs::read_dir(cache.path().join("shipped")).unwrap();
        assert!(left.count() == count, "no draft stays behind");
    }

    #[test]
    fn other_ids_are_not_shipped() {
        for id in [
            "",
            ".",
            "..",
            "minisv-clip/..",
            "storygpt-v-mini/portraits",
            "inception-fid",
        ] {
            assert!(Shipped::find(id).is_none(), "{id}");
        }
    }
}
