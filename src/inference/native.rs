//! The only calls into foreign code that the `ort` crate does not make for us.
#![allow(
    unsafe_code,
    reason = "the exact version of a library can only be read by calling the library"
)]

use std::ffi::CStr;
use std::path::Path;

use ort::sys::OrtApiBase;

/// Loads the library at `path` and asks it for its version, for example `1.32.0`. The version goes
/// into run manifests, so a guess from the file name will not do.
///
/// Loading runs the library's initialisers: call this only on a library that may be run.
pub(crate) fn version(path: &Path) -> Result<String, libloading::Error> {
    type GetBase = unsafe extern "C" fn() -> *const OrtApiBase;
    // SAFETY: the caller vouches for the library. `OrtGetApiBase` has had this signature in every
    // release, its result is a static table, and the version in it a static C string; both are read
    // before the handle is dropped.
    unsafe {
        let library = libloading::Library::new(path)?;
        let base = library.get::<GetBase>(b"OrtGetApiBase\0")?();
        let Some(base) = base.as_ref() else {
            return Ok(String::new());
        };
        let version = (base.GetVersionString)();
        Ok(CStr::from_ptr(version).to_string_lossy().into_owned())
    }
}
