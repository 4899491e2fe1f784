//! Where bundles are looked for, and opening them.

use super::missing::no_bundle;
use super::{Origin, PipelineError};
use crate::inference::Bundle;
use std::path::{Path, PathBuf};

/// Folders that may hold a bundle, in the order they are looked in.
#[must_use]
pub fn bundle_places(id: &str, cache: &Path) -> Vec<PathBuf> {
    let mut places = Vec::new();
    if let Some(dir) = std::env::var_os("STORYEVAL_BUNDLES") {
        places.push(PathBuf::from(dir).join(id));
    }
    places.push(Path::new("reference-data").join("bundles").join(id));
    places.push(cache.join("bundles").join(id));
    // The checkout this program was built from, so that `cargo run` works from any folder.
    places.push(
        Path::new(env!("CARGO_MANIFEST_DIR"))
            .join("reference-data")
            .join("bundles")
            .join(id),
    );
    places
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
    bundle.verify()?;
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
    let places = bundle_places(id, cache);
    if let Some(dir) = places.iter().find(|dir| dir.join("bundle.toml").is_file()) {
        return Ok(Bundle::open(dir)?);
    }
    // The last place is the checkout, which only those who build the program know.
    let listed = &places[..places.len() - 1];
    let out = cache.join("bundles").join(id);
    Err(no_bundle(what, id, origin, (listed, &out)))
}

/// A verified bundle by its id, or by its folder.
///
/// # Errors
/// Those of [`open_bundle`].
pub fn bundle_by_name(name: &str, what: &str, cache: &Path) -> Result<Bundle, PipelineError> {
    let bundle = find_bundle_by_name(name, what, cache)?;
    bundle.verify()?;
    Ok(bundle)
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
