//! An ONNX Runtime library that was found, and the folder storyeval caches things in.

use std::ffi::OsString;
use std::path::{Path, PathBuf};

/// A library that can be loaded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Library {
    /// Absolute path.
    pub path: PathBuf,
    /// What the library says of itself, for example `1.32.0`.
    pub version: String,
    /// How it was found.
    pub origin: Origin,
    /// Folders with NVIDIA's libraries (`nvidia/*/lib` of the Python that has the library), sorted.
    pub nvidia: Vec<PathBuf>,
}

/// How a library was found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Origin {
    /// Named by this environment variable.
    Variable(&'static str),
    /// In the Python environment that the program is installed in; its module folder.
    Environment(PathBuf),
    /// In the per-user cache, with the pinned hash.
    Cache,
    /// The `onnxruntime` of this Python.
    Python(String),
    /// Fetched just now with this Python's pip, with the pinned hash.
    Fetched(String),
}

impl Library {
    /// Whether its bytes are those of the pinned release, wherever the file lies.
    pub(crate) fn is_pinned(&self) -> bool {
        matches!(self.origin, Origin::Cache | Origin::Fetched(_))
    }
}

/// Where storyeval keeps what it fetches and draws: `$STORYEVAL_CACHE`, else the user's cache folder
/// (`$XDG_CACHE_HOME`, else `~/.cache`; `~/Library/Caches` on macOS; `%LOCALAPPDATA%` on Windows)
/// with `storyeval` below it. Without a home folder it is `storyeval` in the system's temporary folder.
#[must_use]
pub fn default_cache() -> PathBuf {
    cache_of(&|name| std::env::var_os(name), std::env::consts::OS)
        .unwrap_or_else(|| std::env::temp_dir().join("storyeval"))
}

/// Whether [`default_cache`] is in the system's temporary folder, because there is no home folder.
#[must_use]
pub fn default_cache_is_temporary() -> bool {
    cache_of(&|name| std::env::var_os(name), std::env::consts::OS).is_none()
}

fn cache_of(variable: &dyn Fn(&str) -> Option<OsString>, system: &str) -> Option<PathBuf> {
    // The XDG specification says to ignore an empty or relative XDG_CACHE_HOME.
    let set = |name: &str| {
        variable(name)
            .filter(|it| !it.is_empty())
            .map(PathBuf::from)
    };
    if let Some(cache) = set("STORYEVAL_CACHE") {
        return Some(std::path::absolute(&cache).unwrap_or(cache));
    }
    let root = match system {
        "windows" => set("LOCALAPPDATA"),
        "macos" => set("HOME").map(|home| home.join("Library").join("Caches")),
        _ => set("XDG_CACHE_HOME")
            .filter(|it| it.is_absolute())
            .or_else(|| set("HOME").map(|home| home.join(".cache"))),
    };
    root.map(|root| root.join("storyeval"))
}

/// The ONNX Runtime library in a folder such as a wheel's `capi`. The name carries the version
/// (`libonnxruntime.so.1.32.0`), so it is found by its beginning; of several the last by name is taken.
pub(crate) fn library_in(folder: &Path) -> Option<PathBuf> {
    let mut found: Vec<PathBuf> = std::fs::read_dir(folder)
        .ok()?
        .filter_map(|entry| Some(entry.ok()?.path()))
        .filter(|path| {
            path.file_name()
                .and_then(|it| it.to_str())
                .is_some_and(is_library)
        })
        .collect();
    found.sort();
    found.pop()
}

fn is_library(name: &str) -> bool {
    let dylib = Path::new(name).extension().is_some_and(|it| it == "dylib");
    name.starts_with("libonnxruntime.so")
        || name.starts_with("libonnxruntime.") && dylib
        || name == "onnxruntime.dll"
}

/// Whether a library comes with the CUDA provider beside it. That it is there does not mean it works.
pub(crate) fn has_cuda_provider(library: &Path) -> bool {
    let names = [
        "libonnxruntime_providers_cuda.so",
        "onnxruntime_providers_cuda.dll",
    ];
    names
        .iter()
        .any(|name| library.with_file_name(name).is_file())
}

/// `nvidia/*/lib` (`bin` on Windows) below the given `site-packages` folders, sorted: where NVIDIA's
/// wheels, which PyTorch and onnxruntime-gpu depend on, put their libraries.
pub(crate) fn nvidia_folders<'a>(sites: impl Iterator<Item = &'a Path>) -> Vec<PathBuf> {
    let leaf = if cfg!(windows) { "bin" } else { "lib" };
    let mut folders: Vec<PathBuf> = sites
        .filter_map(|site| std::fs::read_dir(site.join("nvidia")).ok())
        .flatten()
        .filter_map(|entry| Some(entry.ok()?.path().join(leaf)))
        .filter(|folder| folder.is_dir())
        .collect();
    folders.sort();
    folders.dedup();
    folders
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cache(system: &str, variables: &[(&str, &str)]) -> Option<PathBuf> {
        let find = |name: &str| {
            let pair = variables.iter().find(|(key, _)| *key == name)?;
            Some(OsString::from(pair.1))
        };
        cache_of(&find, system)
    }

    #[test]
    fn cache_follows_the_documented_order() {
        let all = [
            ("STORYEVAL_CACHE", "/s"),
            ("XDG_CACHE_HOME", "/x"),
            ("HOME", "/h"),
        ];
        assert_eq!(cache("linux", &all), Some("/s".into()));
        assert_eq!(cache("linux", &all[1..]), Some("/x/storyeval".into()));
        assert_eq!(
            cache("linux", &all[2..]),
            Some("/h/.cache/storyeval".into())
        );
        assert_eq!(
            cache("macos", &all[1..]),
            Some("/h/Library/Caches/storyeval".into())
        );
        assert_eq!(
            cache("windows", &[("LOCALAPPDATA", "/l")]),
            Some("/l/storyeval".into())
        );
        assert_eq!(cache("linux", &[]), None);
        let empty = [
            ("STORYEVAL_CACHE", ""),
            ("XDG_CACHE_HOME", "relative"),
            ("HOME", "/h"),
        ];
        assert_eq!(cache("linux", &empty), Some("/h/.cache/storyeval".into()));
    }

    #[test]
    fn provider_libraries_are_not_taken_for_the_runtime() {
        assert!(is_library("libonnxruntime.so.1.32.0"));
        assert!(is_library("libonnxruntime.1.32.0.dylib"));
        assert!(is_library("onnxruntime.dll"));
        assert!(!is_library("libonnxruntime_providers_shared.so"));
        assert!(!is_library("onnxruntime_pybind11_state.so"));
    }
}
