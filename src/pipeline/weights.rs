//! Where bundles are looked for, and opening them.

use super::missing::no_bundle;
use super::shipped::Shipped;
use super::{Origin, PipelineError};
use crate::inference::Bundle;
use std::path::{Path, PathBuf};

/// Folders that may hold a bundle of the user's, in the order they are looked in.
#[must_use]
pub fn bundle_places(id: &str, cache: &Path) -> Vec<PathBuf> {
    let mut places = Vec::new();
    if let Some(dir) = std::env::var_os("STORYEVAL_BUNDLES") {
        places.push(PathBuf::from(dir).join(id));
    }
    places.push(Path::new("reference-data").join("bundles").join(id));
    places.push(cache.join("bundles").join(id));
    places
}

/// The folder of a bundle: one of the user's, or else what the program carries of it, unpacked into the cache.
///
/// # Errors
/// [`PipelineError::CacheWrite`].
pub fn locate_bundle(id: &str, cache: &Path) -> Result<Option<PathBuf>, PipelineError> {
    match (users_folder(id, cache), Shipped::find(id)) {
        (None, Some(shipped)) => shipped.unpacked(cache).map(Some),
        (own, _) => Ok(own),
    }
}

/// Whether [`locate_bundle`] finds it. Writes nothing.
#[must_use]
pub fn is_installed(id: &str, cache: &Path) -> bool {
    Shipped::find(id).is_some() || users_folder(id, cache).is_some()
}

fn users_folder(id: &str, cache: &Path) -> Option<PathBuf> {
    bundle_places(id, cache)
        .into_iter()
        .find(|dir| dir.join("bundle.toml").is_file())
}

/// Finds and verifies a bundle: every file is there and has the hash that `bundle.toml` states.
///
/// # Errors
/// [`PipelineError::NoBundle`], a damaged `bundle.toml`, and a file with another hash.
pub fn open_bundle(
    id: &str,
    what: &str,
    origin: Origin<'_>,
    cache: &Path,
) -> Result<Bundle, PipelineError> {
    let bundle = find_bundle(id, what, origin, cache)?;
    if let Err(error) = bundle.verify() {
        // Of a bundle that it carries, the program has the right bytes itself.
        match Shipped::find(id) {
            Some(shipped) if shipped.renew(bundle.dir(), cache)? => bundle.verify()?,
            _ => return Err(error.into()),
        };
    }
    Ok(bundle)
}

/// Finds a bundle without reading its files.
///
/// # Errors
/// [`PipelineError::NoBundle`] and a damaged `bundle.toml`.
pub fn find_bundle(
    id: &str,
    what: &str,
    origin: Origin<'_>,
    cache: &Path,
) -> Result<Bundle, PipelineError> {
    if let Some(dir) = locate_bundle(id, cache)? {
        return Ok(Bundle::open(&dir)?);
    }
    let out = cache.join("bundles").join(id);
    Err(no_bundle(
        what,
        id,
        origin,
        (&bundle_places(id, cache), &out),
    ))
}

/// A verified bundle by its id, or by its folder.
///
/// # Errors
/// Those of [`open_bundle`].
pub fn bundle_by_name(name: &str, what: &str, cache: &Path) -> Result<Bundle, PipelineError> {
    if Path::new(name).join("bundle.toml").is_file() {
        let bundle = find_bundle_by_name(name, what, cache)?;
        bundle.verify()?;
        return Ok(bundle);
    }
    open_bundle(name, what, Origin::default(), cache)
}

/// A bundle by its id, or by its folder, without reading its files.
///
/// # Errors
/// Those of [`find_bundle`].
pub fn find_bundle_by_name(name: &str, what: &str, cache: &Path) -> Result<Bundle, PipelineError> {
    let dir = Path::new(name);
    if dir.join("bundle.toml").is_file() {
        return Ok(Bundle::open(dir)?);
    }
    find_bundle(name, what, Origin::default(), cache)
}
