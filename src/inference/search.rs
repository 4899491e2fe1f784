//! Where ONNX Runtime is looked for, in this order:
//!
//! 1. `$STORYEVAL_ORT`, then `$ORT_DYLIB_PATH`: a library, or a folder with one. A variable that is set
//!    and does not serve is an error, since looking further would hide it.
//! 2. Where CUDA is wanted (`--device cuda`, or `auto` on a machine with an NVIDIA driver): `onnxruntime-gpu`,
//!    of the Python environment that the program is installed in, then of other Pythons. It comes before the
//!    cache, which only ever holds the CPU build.
//! 3. The `onnxruntime` of the Python environment that the program is installed in: `pip install` of its wheel
//!    puts it there. No command is run for that.
//! 4. The per-user cache, `<cache>/onnxruntime/<version>/<platform>/`. Its hash is checked every time
//!    (some 30 ms); a file that is not the pinned one is replaced, never loaded.
//! 5. The `onnxruntime` of `$STORYEVAL_PYTHON`, `python3` or `python`, from 1.22 on.
//! 6. A download with that Python's pip into the cache, unless offline.

use crate::record::sha256_file;
use crate::record::{FileLock, try_lock, wait_for_lock};
use std::ffi::{OsStr, OsString};
use std::fs::{self, File};
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};
use std::time::Instant;

use super::InferenceError;
use super::error::{Attempt, Place, Refusal};
use super::library::{Library, Origin, has_cuda_provider, library_in, nvidia_folders};
use super::pinned::{self, Wheel};
use super::python::{self, Run};

/// The variables that name a library, in order.
pub(crate) const VARIABLES: [&str; 2] = ["STORYEVAL_ORT", "ORT_DYLIB_PATH"];

/// How temporary folders in the cache begin.
const TEMPORARY: &str = "fetch-";

/// Everything the search reads from the machine.
pub(crate) struct Surroundings<'a> {
    /// An environment variable.
    pub(crate) variable: &'a dyn Fn(&str) -> Option<OsString>,
    /// Runs a command.
    pub(crate) run: Run<'a>,
    /// Loads a library and asks for its version.
    pub(crate) version: &'a dyn Fn(&Path) -> Result<String, libloading::Error>,
    /// Module folders of the Python environment that the program is installed in.
    pub(crate) sites: &'a [PathBuf],
    /// The wheel for this machine.
    pub(crate) wheel: Option<&'a Wheel>,
    /// Root of the cache.
    pub(crate) cache: &'a Path,
    /// Nothing may be downloaded.
    pub(crate) offline: bool,
    /// A library with CUDA is preferred.
    pub(crate) cuda: bool,
}

/// Finds a library, or fetches one.
pub(crate) fn find(
    around: &Surroundings<'_>,
    talk: &mut dyn FnMut(&str),
) -> Result<Library, InferenceError> {
    let mut tried = Vec::new();
    for name in VARIABLES {
        match named(around, name) {
            Ok(library) => return Ok(library),
            Err(why @ Refusal::NotSet) => tried.push(Attempt {
                place: Place::Variable(name),
                why,
            }),
            Err(why) => {
                let place = Place::Variable(name);
                return Err(InferenceError::ChosenLibrary(Box::new(Attempt {
                    place,
                    why,
                })));
            }
        }
    }
    let chosen = (around.variable)("STORYEVAL_PYTHON");
    let pythons = python::candidates(chosen);
    // Asked at most once: before the cache where CUDA is wanted, after it otherwise.
    let mut of_python = None;
    let own = of_environment(around, &mut tried);
    if around.cuda {
        if let Some(library) = own.iter().find(|it| has_cuda_provider(&it.path)) {
            return Ok(library.clone());
        }
        match of_pythons(around, &pythons) {
            Ok(library) if has_cuda_provider(&library.path) => return Ok(library),
            other => of_python = Some(other),
        }
    }
    if let Some(library) = own.into_iter().next() {
        return Ok(library);
    }
    if let Some(wheel) = around.wheel {
        let path = cached_path(around.cache, wheel);
        match cached(around, wheel, &path) {
            Ok(library) => return Ok(library),
            Err(why) => {
                if let Refusal::WrongHash { .. } = why {
                    talk(&format!("cached ONNX Runtime is not used: {why}"));
                }
                tried.push(Attempt {
                    place: Place::Cache(path),
                    why,
                });
            }
        }
    }
    match of_python.unwrap_or_else(|| of_pythons(around, &pythons)) {
        Ok(library) => return Ok(library),
        Err(refusals) => tried.extend(refusals),
    }
    match fetch(around, &pythons, talk) {
        Ok(library) => Ok(library),
        Err(refusals) => {
            tried.extend(refusals);
            Err(InferenceError::NoLibrary { tried })
        }
    }
}

fn named(around: &Surroundings<'_>, name: &'static str) -> Result<Library, Refusal> {
    let value = (around.variable)(name)
        .filter(|it| !it.is_empty())
        .ok_or(Refusal::NotSet)?;
    let value = PathBuf::from(value);
    // Absolute, because the loader would otherwise try beside the executable first.
    let path = std::path::absolute(&value).unwrap_or(value);
    let path = if path.is_dir() {
        library_in(&path).ok_or(Refusal::Absent(path))?
    } else {
        path
    };
    // capi -> onnxruntime -> site-packages, where the library is that of a wheel.
    let nvidia = nvidia_folders(path.ancestors().nth(3).into_iter());
    usable(around, path, Origin::Variable(name), nvidia)
}

/// The libraries of the program's own environment, in the order of its module folders.
fn of_environment(around: &Surroundings<'_>, tried: &mut Vec<Attempt>) -> Vec<Library> {
    let mut found = Vec::new();
    for site in around.sites {
        // An environment without the package is no place where the user would expect it.
        let Some(path) = library_in(&site.join("onnxruntime").join("capi")) else {
            continue;
        };
        let nvidia = nvidia_folders(std::iter::once(site.as_path()));
        match usable(around, path, Origin::Environment(site.clone()), nvidia) {
            Ok(library) => found.push(library),
            Err(why) => tried.push(Attempt {
                place: Place::Environment(site.clone()),
                why,
            }),
        }
    }
    found
}

/// Every Python in order; the first with a usable package wins.
fn of_pythons(around: &Surroundings<'_>, pythons: &[OsString]) -> Result<Library, Vec<Attempt>> {
    let mut tried = Vec::new();
    let folder = std::env::temp_dir();
    for command in pythons {
        let name = command.to_string_lossy().into_owned();
        let found = python::locate(around.run, command, &folder)
            .and_then(|(path, nvidia)| usable(around, path, Origin::Python(name.clone()), nvidia));
        match found {
            Ok(library) => return Ok(library),
            Err(why) => tried.push(Attempt {
                place: Place::Python(name),
                why,
            }),
        }
    }
    Err(tried)
}

fn cached_path(cache: &Path, wheel: &Wheel) -> PathBuf {
    let folder = cache.join("onnxruntime").join(pinned::VERSION);
    folder.join(wheel.platform).join(wheel.library)
}

fn cached(around: &Surroundings<'_>, wheel: &Wheel, path: &Path) -> Result<Library, Refusal> {
    check_pinned(path, wheel)?;
    usable(around, path.to_owned(), Origin::Cache, Vec::new())
}

/// Whether the file is the pinned library, without loading it.
fn check_pinned(path: &Path, wheel: &Wheel) -> Result<(), Refusal> {
    let found = match sha256_file(path) {
        Ok(found) => found,
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            return Err(Refusal::Absent(path.to_owned()));
        }
        Err(source) => {
            return Err(Refusal::Io {
                path: path.to_owned(),
                source,
            });
        }
    };
    if found == wheel.sha256 {
        return Ok(());
    }
    Err(Refusal::WrongHash {
        path: path.to_owned(),
        expected: wheel.sha256.to_owned(),
        found,
    })
}

/// Asks the library for its version and refuses one that is too old.
fn usable(
    around: &Surroundings<'_>,
    path: PathBuf,
    origin: Origin,
    nvidia: Vec<PathBuf>,
) -> Result<Library, Refusal> {
    if !path.is_file() {
        return Err(Refusal::Absent(path));
    }
    let version = match (around.version)(&path) {
        Ok(version) => version,
        Err(source) => return Err(Refusal::Unloadable { path, source }),
    };
    if !new_enough(&version) {
        return Err(Refusal::TooOld { path, version });
    }
    Ok(Library {
        path,
        version,
        origin,
        nvidia,
    })
}

fn new_enough(version: &str) -> bool {
    let mut parts = version.split('.');
    let major = parts.next().and_then(|it| it.parse::<u32>().ok());
    let minor = parts.next().and_then(|it| it.parse::<u32>().ok());
    major == Some(1) && minor.is_some_and(|it| it >= pinned::OLDEST_MINOR)
}

fn fetch(
    around: &Surroundings<'_>,
    pythons: &[OsString],
    talk: &mut dyn FnMut(&str),
) -> Result<Library, Vec<Attempt>> {
    let first = pythons[0].to_string_lossy().into_owned();
    let refuse = |why| {
        vec![Attempt {
            place: Place::Pip(first.clone()),
            why,
        }]
    };
    if around.offline {
        return Err(refuse(Refusal::Offline));
    }
    let Some(wheel) = around.wheel else {
        return Err(refuse(Refusal::NoWheel(pinned::platform())));
    };
    let target = cached_path(around.cache, wheel);
    let lock = lock(around.cache, talk).map_err(&refuse)?;
    // Another process may have fetched it while this one waited for the lock. The right file that does
    // not load here (an old glibc) would not load after another download either.
    match cached(around, wheel, &target) {
        Ok(library) => return Ok(library),
        Err(why @ Refusal::Unloadable { .. }) => return Err(refuse(why)),
        Err(_) => sweep(around.cache),
    }
    let mut tried = Vec::new();
    for command in pythons {
        let name = command.to_string_lossy().into_owned();
        match fetch_with(around, command, wheel, &target, talk) {
            Ok(()) => {
                drop(lock);
                let origin = Origin::Fetched(name.clone());
                return usable(around, target, origin, Vec::new()).map_err(|why| {
                    vec![Attempt {
                        place: Place::Pip(name),
                        why,
                    }]
                });
            }
            Err(why) => {
                let go_on = python::another_may_help(&why);
                tried.push(Attempt {
                    place: Place::Pip(name),
                    why,
                });
                if !go_on {
                    break;
                }
            }
        }
    }
    Err(tried)
}

/// Holds the cache's lock until the file is dropped, so that concurrent first runs download once.
fn lock(cache: &Path, talk: &mut dyn FnMut(&str)) -> Result<File, Refusal> {
    let folder = cache.join("onnxruntime");
    fs::create_dir_all(&folder).map_err(io_at(&folder))?;
    let path = folder.join("lock");
    let options = fs::OpenOptions::new()
        .create(true)
        .truncate(false)
        .write(true)
        .open(&path);
    let file = options.map_err(io_at(&path))?;
    if try_lock(&file).map_err(io_at(&path))? == FileLock::Taken {
        talk("waiting for another storyeval that is fetching ONNX Runtime");
        wait_for_lock(&file).map_err(io_at(&path))?;
    }
    Ok(file)
}

/// Removes what killed downloads left. Called under the lock, so no download is under way.
fn sweep(cache: &Path) {
    let entries = fs::read_dir(cache.join("onnxruntime"))
        .into_iter()
        .flatten();
    for entry in entries.flatten() {
        if entry.file_name().to_string_lossy().starts_with(TEMPORARY) {
            // What cannot be removed takes space and does no other harm.
            let _ = fs::remove_dir_all(entry.path());
        }
    }
}

/// Downloads, unpacks and checks in a temporary folder of the cache, then renames the library into
/// its place: whatever stops this half way, nothing that a later run would load is left.
fn fetch_with(
    around: &Surroundings<'_>,
    command: &OsStr,
    wheel: &Wheel,
    target: &Path,
    talk: &mut dyn FnMut(&str),
) -> Result<(), Refusal> {
    let root = around.cache.join("onnxruntime");
    let folder = tempfile::Builder::new()
        .prefix(TEMPORARY)
        .tempdir_in(&root)
        .map_err(io_at(&root))?;
    let shown = command.to_string_lossy();
    talk(&format!(
        "fetching ONNX Runtime {} ({} MB, once) with `{shown} -m pip download` into {}",
        pinned::VERSION,
        wheel.download_mb,
        around.cache.display(),
    ));
    let start = Instant::now();
    let archive = python::download(around.run, command, wheel, folder.path())?;
    let unpacked = folder.path().join(wheel.library);
    unpack(&archive, wheel, &unpacked)?;
    check_pinned(&unpacked, wheel)?;
    let place = target.parent().unwrap_or(&root);
    fs::create_dir_all(place).map_err(io_at(place))?;
    fs::rename(&unpacked, target).map_err(io_at(target))?;
    talk(&format!(
        "fetched ONNX Runtime {}: {:.1} MB in {:.1} s, sha256 {}... as pinned",
        pinned::VERSION,
        wheel.bytes as f64 / 1e6,
        start.elapsed().as_secs_f64(),
        &wheel.sha256[..12],
    ));
    Ok(())
}

/// Writes the library in the wheel to `target` and flushes it to the disk.
fn unpack(archive: &Path, wheel: &Wheel, target: &Path) -> Result<(), Refusal> {
    let broken = |source| Refusal::Wheel {
        path: archive.to_owned(),
        source,
    };
    let file = File::open(archive).map_err(io_at(archive))?;
    let mut zip = zip::ZipArchive::new(file).map_err(broken)?;
    let entry = zip
        .by_name(&format!("onnxruntime/capi/{}", wheel.library))
        .map_err(broken)?;
    // One byte more than it should have is enough to fail the hash, and bounds a hostile archive. It is
    // read whole (35 MB) so that a broken archive and a full disk are distinguished.
    let mut bytes = Vec::new();
    let read = entry.take(wheel.bytes + 1).read_to_end(&mut bytes);
    read.map_err(|error| broken(error.into()))?;
    let mut out = File::create(target).map_err(io_at(target))?;
    out.write_all(&bytes).map_err(io_at(target))?;
    out.sync_all().map_err(io_at(target))
}

fn io_at(path: &Path) -> impl FnOnce(io::Error) -> Refusal + '_ {
    move |source| Refusal::Io {
        path: path.to_owned(),
        source,
    }
}

#[cfg(test)]
#[path = "search_tests.rs"]
mod tests;
