//! A bundle: a folder with `bundle.toml`, ONNX graphs, tokenisers and portraits.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::io;
use std::path::{Component, Path, PathBuf};

use sha2::{Digest, Sha256};

use super::InferenceError;
use super::external_data;
use super::manifest::{self, BundleManifest};
use crate::record::{hex, sha256_file, sha256_hex};

/// A folder of weights whose manifest was read and whose files are all there.
#[derive(Clone, Debug)]
pub struct Bundle {
    dir: PathBuf,
    manifest: BundleManifest,
}

/// What is known of a bundle when every file was read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Verified {
    /// For the file of each graph, the files that it keeps weights in, relative to the bundle.
    pub weights: BTreeMap<String, Vec<String>>,
}

impl Bundle {
    /// Reads `bundle.toml` in `dir` and checks that every path stays inside the folder, that every file
    /// it speaks of is in `[files]`, and that every file in `[files]` exists. Contents are not read;
    /// [`verify`](Self::verify) does that.
    ///
    /// # Errors
    /// [`InferenceError::Read`], the errors of [`BundleManifest::parse`], and
    /// [`InferenceError::Escape`], [`InferenceError::Unlisted`], [`InferenceError::NotAHash`],
    /// [`InferenceError::MissingFile`].
    pub fn open(dir: &Path) -> Result<Self, InferenceError> {
        let path = dir.join(manifest::FILE);
        let read = |path: &Path| {
            let path = path.to_owned();
            move |source| InferenceError::Read { path, source }
        };
        let text = std::fs::read_to_string(&path).map_err(read(&path))?;
        let manifest = BundleManifest::parse(&text, &path)?;
        let root = dir.canonicalize().map_err(read(dir))?;
        for (key, file) in manifest.mentioned() {
            if !manifest.files.contains_key(file) {
                return Err(InferenceError::Unlisted {
                    path,
                    key,
                    file: file.to_owned(),
                });
            }
        }
        for (file, hash) in &manifest.files {
            if !is_hash(hash) {
                let (file, found) = (file.clone(), hash.clone());
                return Err(InferenceError::NotAHash { path, file, found });
            }
            let escape = || InferenceError::Escape {
                path: path.clone(),
                file: file.clone(),
            };
            if !stays_inside(file) {
                return Err(escape());
            }
            let target = dir.join(file);
            // Resolves links, so a link that leads out is seen for what it is.
            match target.canonicalize() {
                Ok(real) if !real.starts_with(&root) => return Err(escape()),
                Ok(real) if real.is_file() => {}
                Err(source) if source.kind() != io::ErrorKind::NotFound => {
                    return Err(InferenceError::Read {
                        path: target,
                        source,
                    });
                }
                _ => {
                    return Err(InferenceError::MissingFile {
                        path: target,
                        expected: hash.clone(),
                    });
                }
            }
        }
        Ok(Self {
            dir: dir.to_owned(),
            manifest,
        })
    }

    /// Reads every file, once, and compares its SHA-256 with the manifest, and checks that every file that a graph
    /// keeps weights in has a hash too. Takes about a second per gigabyte.
    ///
    /// # Errors
    /// [`InferenceError::WrongHash`] for the first file, by name, that differs;
    /// [`InferenceError::NoModel`], [`InferenceError::UnlistedWeights`], [`InferenceError::Read`].
    pub fn verify(&self) -> Result<Verified, InferenceError> {
        let mut named = Vec::with_capacity(self.manifest.graphs.len());
        for (file, expected) in &self.manifest.files {
            let path = self.dir.join(file);
            let is_graph = self.manifest.graphs.values().any(|graph| graph == file);
            let found = if is_graph {
                std::fs::read(&path).map(|content| {
                    named.push((file, external_data::locations(&content)));
                    sha256_hex(&content)
                })
            } else {
                sha256_file(&path)
            };
            let found = found.map_err(|source| InferenceError::Read {
                path: path.clone(),
                source,
            })?;
            if !found.eq_ignore_ascii_case(expected) {
                return Err(InferenceError::WrongHash {
                    path,
                    expected: expected.clone(),
                    found,
                });
            }
        }
        let mut weights = BTreeMap::new();
        for (file, locations) in named {
            let locations = locations.map_err(|source| InferenceError::NoModel {
                path: self.file(file),
                source,
            })?;
            weights.insert(file.clone(), self.listed(file, locations)?);
        }
        Ok(Verified { weights })
    }

    /// The files of the bundle that a graph's locations lead to. One without a hash may hold anything.
    fn listed(
        &self,
        graph: &str,
        locations: BTreeSet<String>,
    ) -> Result<Vec<String>, InferenceError> {
        let mut files = Vec::with_capacity(locations.len());
        for location in locations {
            let listed = match graph.rsplit_once('/') {
                Some((folder, _)) => format!("{folder}/{location}"),
                None => location.clone(),
            };
            if !self.manifest.files.contains_key(&listed) {
                return Err(InferenceError::UnlistedWeights {
                    path: self.file(graph),
                    file: location,
                });
            }
            files.push(listed);
        }
        Ok(files)
    }

    /// What `bundle.toml` says.
    #[must_use]
    pub fn manifest(&self) -> &BundleManifest {
        &self.manifest
    }

    /// The bundle's folder.
    #[must_use]
    pub fn dir(&self) -> &Path {
        &self.dir
    }

    /// The path of a file that the manifest names. Of any other path only the parts that lead further
    /// into the folder are used.
    #[must_use]
    pub fn file(&self, relative: &str) -> PathBuf {
        let inside = Path::new(relative)
            .components()
            .filter(|it| matches!(it, Component::Normal(_)));
        inside.fold(self.dir.clone(), |path, part| path.join(part))
    }

    /// The file of a graph, by the graph's name.
    ///
    /// # Errors
    /// [`InferenceError::NoGraph`], which lists the graphs there are.
    pub fn graph(&self, name: &str) -> Result<PathBuf, InferenceError> {
        match self.manifest.graphs.get(name) {
            Some(file) => Ok(self.file(file)),
            None => Err(InferenceError::NoGraph {
                path: self.dir.join(manifest::FILE),
                graph: name.to_owned(),
                present: self.manifest.graphs.keys().cloned().collect(),
            }),
        }
    }

    /// Identifies what the bundle computes, as 64 hex digits: the SHA-256 of the `[files]` table, a line
    /// `<hash>  <path>\n` a file in order of paths (what `sha256sum` prints), and of every setting of
    /// the manifest behind it, as one line of JSON without white space and with sorted keys. Cache keys,
    /// signatures and runs name bundles by it. Only `id`, `licence`, `[source]`, `[export]`, `[parity]` and its file
    /// are not in it: they may be reworded or made again, and no number changes.
    #[must_use]
    pub fn content_hash(&self) -> String {
        let mut lines = String::new();
        let parity = self.manifest.parity.as_ref().map(|parity| &parity.file);
        let files = self.manifest.files.iter();
        for (file, hash) in files.filter(|(file, _)| Some(*file) != parity) {
            let _ = writeln!(lines, "{}  {file}", hash.to_ascii_lowercase());
        }
        lines.push_str(&self.manifest.settings());
        lines.push('\n');
        hex(&Sha256::digest(lines.as_bytes()))
    }
}

/// The files that an ONNX model keeps weights in, relative to the model's own folder.
///
/// # Errors
/// Bytes that are no ONNX model.
pub(crate) fn weight_files(model: &[u8]) -> Result<BTreeSet<String>, prost::DecodeError> {
    external_data::locations(model)
}

/// Whether a path as written is relative and only goes down. A backslash is refused on every system,
/// since it would separate folders on one of them.
pub(crate) fn stays_inside(file: &str) -> bool {
    let only_down = Path::new(file)
        .components()
        .all(|it| matches!(it, Component::Normal(_)));
    !file.is_empty() && only_down && !file.contains(['\\', ':'])
}

fn is_hash(text: &str) -> bool {
    text.len() == 64 && text.bytes().all(|it| it.is_ascii_hexdigit())
}

#[cfg(test)]
#[path = "bundle_tests.rs"]
mod tests;
