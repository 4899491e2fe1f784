//! Completing a bundle that was made by hand: hashes are computed, what the graphs say is filled in, and everything
//! that only its maker can know is listed at once.

mod document;
mod facts;
mod rules;

use super::ExamineError;
use crate::evaluator;
use crate::inference::{
    BUNDLE_FORMAT, Bundle, BundleManifest, DeclaredPorts, GraphSignature, InferenceError,
    MANIFEST_FILE, stays_inside, weight_files,
};
use crate::record::sha256_file;
use document::Document;
use facts::Folder;
use serde::Serialize;
use std::collections::BTreeSet;
use std::path::Path;

/// What was done about a bundle, or has to be.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Packed {
    /// Values that were missing and can be derived, in the order of the file.
    pub filled: Vec<Filled>,
    /// What has to be mended first. With any, nothing was written.
    pub problems: Vec<Problem>,
}

/// A value that `bundle.toml` did not have.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Filled {
    /// Its key, dotted.
    pub key: String,
    /// The value, as TOML.
    pub value: String,
}

/// Something that the maker of the bundle has to mend.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Problem {
    /// The key or file that it is about.
    pub about: String,
    /// What is wrong.
    pub what: String,
    /// What to do.
    pub hint: String,
}

/// What [`pack`] does with a hash in `[files]` that is not the file's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WrittenHash {
    /// It is a problem: a file changed behind its maker's back, or on purpose.
    Keep,
    /// It is replaced.
    Update,
}

/// Completes `bundle.toml` of a folder: hashes of all files that the bundle uses, and what its graphs tell. A value
/// that is written there stays, but for hashes under [`WrittenHash::Update`]. Comments and order stay too.
///
/// # Errors
/// A folder that cannot be read, a `bundle.toml` that is no TOML, output that cannot be written.
pub fn pack(dir: &Path, hashes: WrittenHash) -> Result<Packed, ExamineError> {
    let folder = Folder::read(dir)?;
    let path = dir.join(MANIFEST_FILE);
    let mut document = Document::read(&path)?;
    let mut packed = Packed::default();
    derive(&folder, &mut document, &mut packed);
    let mut trial = document.clone();
    trial.open_section("files");
    trial.open_section("graphs");
    for rule in rules::missing(&document) {
        trial.add(rule.section, rule.key, &rule.example(&folder));
        packed.problems.push(rule.problem(&folder));
    }
    // With the examples, only what is wrong and not what is missing stays.
    match BundleManifest::parse(&trial.text(), &path) {
        Ok(manifest) => {
            packed.problems.extend(ports(&folder, &manifest));
            files(dir, &manifest, hashes, &mut document, &mut packed);
        }
        Err(error) => packed.problems.push(wrong_manifest(&error)),
    }
    if packed.problems.is_empty() {
        document.write(&path)?;
        Bundle::open(dir)?;
    }
    Ok(packed)
}

/// Fills in what the folder and the graphs tell.
fn derive(folder: &Folder, document: &mut Document, packed: &mut Packed) {
    let mut fill = |section: &'static str, key: &str, value: Option<String>| {
        if let Some(value) = value.filter(|_| !document.has(section, key)) {
            document.add(section, key, &value);
            let key = if section.is_empty() {
                key.to_owned()
            } else {
                format!("{section}.{key}")
            };
            packed.filled.push(Filled { key, value });
        }
    };
    let text = |text: &str| toml::Value::from(text).to_string();
    fill("", "format", Some(BUNDLE_FORMAT.to_string()));
    fill("", "kind", folder.kind().map(text));
    fill("", "id", folder.name().map(|name| text(&name)));
    for (graph, file) in folder.known_graphs() {
        fill("graphs", graph, Some(text(file)));
    }
    for (section, key, value) in folder.sizes() {
        fill(section, key, Some(value.to_string()));
    }
}

/// Differences between the graphs and what the manifest says of them. Graphs of models that draw are checked when they
/// are loaded.
fn ports(folder: &Folder, manifest: &BundleManifest) -> Vec<Problem> {
    let signatures = match evaluator::signatures(manifest) {
        Ok(signatures) => signatures,
        Err(error) => return vec![wrong_manifest(&error)],
    };
    let mut problems = Vec::new();
    for signature in &signatures {
        let Some(file) = manifest.graphs.get(signature.name) else {
            problems.push(Problem {
                about: format!("graphs.{}", signature.name),
                what: "is missing, and the kind needs this graph".to_owned(),
                hint: format!("put {}.onnx into the folder", signature.name),
            });
            continue;
        };
        match folder.declared(file) {
            Ok(Some(declared)) => problems.extend(port_problems(&declared, signature, file)),
            Ok(None) => {}
            Err(what) => problems.push(Problem {
                about: file.clone(),
                what,
                hint: "export it again".to_owned(),
            }),
        }
    }
    problems
}

fn port_problems(declared: &DeclaredPorts, signature: &GraphSignature, file: &str) -> Vec<Problem> {
    let faults = declared.faults(signature).into_iter();
    let problem = |what: String| {
        Problem {
        about: file.to_owned(),
        what,
        hint: "export the graph with these names and sizes, the first axis open, or mend the sizes and labels of \
               bundle.toml; docs/bundles.md has the ports of every graph"
            .to_owned(),
    }
    };
    faults.map(|fault| problem(fault.to_string())).collect()
}

/// Writes the hashes of the files that the manifest speaks of, and of those that graphs keep weights in.
fn files(
    dir: &Path,
    manifest: &BundleManifest,
    hashes: WrittenHash,
    document: &mut Document,
    packed: &mut Packed,
) {
    let mut wanted: BTreeSet<String> = manifest.files.keys().cloned().collect();
    let mentioned = manifest.mentioned();
    wanted.extend(mentioned.into_iter().map(|(_, file)| file.to_owned()));
    for file in manifest.graphs.values() {
        let bytes = std::fs::read(dir.join(file)).unwrap_or_default();
        let below = file.rsplit_once('/').map(|(folder, _)| folder);
        for location in weight_files(&bytes).unwrap_or_default() {
            wanted.insert(match below {
                Some(folder) => format!("{folder}/{location}"),
                None => location,
            });
        }
    }
    for file in wanted {
        let mut problem = |what: String, hint: String| {
            packed.problems.push(Problem {
                about: file.clone(),
                what,
                hint,
            });
        };
        if !stays_inside(&file) {
            problem(
                "leads out of the bundle".to_owned(),
                "put the file into the folder, and write its path relative to it".to_owned(),
            );
            continue;
        }
        let found = match sha256_file(&dir.join(&file)) {
            Ok(hash) => hash,
            Err(error) => {
                problem(
                    format!("cannot be read: {error}"),
                    "put it there, or take its name out of bundle.toml".to_owned(),
                );
                continue;
            }
        };
        match manifest.files.get(&file) {
            Some(written) if written.eq_ignore_ascii_case(&found) => {}
            Some(written) if hashes == WrittenHash::Keep => problem(
                format!("has sha256 {found}, and [files] says {written}"),
                "if you changed the file, `storyeval model pack --update` writes the new hash"
                    .to_owned(),
            ),
            _ => {
                let value = toml::Value::from(found).to_string();
                document.set_file(&file, &value);
                packed.filled.push(Filled {
                    key: format!("files.{file}"),
                    value,
                });
            }
        }
    }
}

fn wrong_manifest(error: &InferenceError) -> Problem {
    let cause = std::error::Error::source(error).map(ToString::to_string);
    Problem {
        about: MANIFEST_FILE.to_owned(),
        what: format!(
            "says: {}",
            cause.unwrap_or_else(|| error.to_string()).trim()
        ),
        hint: "mend it; docs/bundles.md names every section and key".to_owned(),
    }
}
