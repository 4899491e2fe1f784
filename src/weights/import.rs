//! From a checkpoint to a bundle.

use super::WeightsError;
use super::fill::Filler;
use super::fit::{Fit, fit};
use super::graph::{Content, Piece, parts};
use super::looks::looks;
use super::template::{Rules, Slot, Template};
use super::writer::{Folder, Out};
use crate::format::Checkpoint;
use crate::inference::Bundle;
use crate::record::sha256_file;
use serde::Serialize;
use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};
use toml::Value;

/// What is to become a bundle.
#[derive(Clone, Copy, Debug)]
pub struct ImportRequest<'a> {
    /// Id of the template.
    pub template: &'a str,
    /// Checkpoints, or folders that hold them under their usual names.
    pub from: &'a [PathBuf],
    /// Id of the bundle; the template's without one.
    pub id: Option<&'a str>,
    /// The bundle's folder, which must not exist.
    pub out: &'a Path,
}

/// A bundle that was made.
#[derive(Clone, Debug, Serialize)]
pub struct Imported {
    /// Its id.
    pub bundle: String,
    /// The template.
    pub template: String,
    /// Its folder.
    pub folder: PathBuf,
    /// Its content hash.
    pub content: String,
    /// SHA-256 of every checkpoint, by the name of its file.
    pub inputs: BTreeMap<String, String>,
    /// What was done to the weights that a reader should know.
    pub notes: Vec<String>,
}

/// Makes a bundle. The folder appears whole or not at all.
///
/// # Errors
/// [`WeightsError`]: an unknown template, a file that is no checkpoint or that of another network, weights that are not finite,
/// and a folder that cannot be written or exists.
pub fn import(request: &ImportRequest<'_>) -> Result<Imported, WeightsError> {
    let template = Template::find(request.template)?;
    if request.out.exists() {
        return Err(WeightsError::Exists {
            path: request.out.to_owned(),
        });
    }
    let mut filled = assigned(&template, request.from)?;
    let inputs = hashes(&filled)?;
    let mut folder = Folder::beside(request.out)?;
    for (name, rules) in &template.graph {
        let (checkpoint, fit) = filled
            .get_mut(&rules.checkpoint)
            .ok_or_else(|| template.damaged(format!("graph {name} has no checkpoint")))?;
        let filler = Filler {
            checkpoint,
            fit,
            rules,
        };
        graph(&template, name, filler, &mut folder)?;
    }
    for (file, archive) in &template.packed {
        folder.put(file, &template.unpacked(archive, file)?)?;
    }
    let id = request.id.unwrap_or(&template.id);
    let text = manifest(&template, id, &inputs, &folder.hashes);
    folder.put("bundle.toml", text.as_bytes())?;
    let content = Bundle::open(folder.path())?.content_hash();
    folder.become_of(request.out)?;
    Ok(Imported {
        bundle: id.to_owned(),
        template: template.id.clone(),
        folder: request.out.to_owned(),
        content,
        inputs,
        notes: notes(&filled),
    })
}

type Filled = BTreeMap<String, (Checkpoint, Fit)>;

/// The checkpoint of every slot: of several files each slot takes the one that fits it best, so their order does not matter.
fn assigned(template: &Template, from: &[PathBuf]) -> Result<Filled, WeightsError> {
    let slots = &template.checkpoint;
    let mut files = Vec::new();
    for path in from {
        if path.is_dir() {
            for slot in slots.values() {
                files.push(inside(path, slot)?);
            }
        } else {
            files.push(path.clone());
        }
    }
    files.dedup();
    if files.len() != slots.len() {
        let wanted: Vec<String> = slots
            .values()
            .map(|slot| slot.usual.first().cloned().unwrap_or_default())
            .collect();
        return Err(WeightsError::Count {
            template: template.id.clone(),
            wanted: wanted.join(" and "),
            given: files.len(),
        });
    }
    let mut open = Vec::with_capacity(files.len());
    for path in files {
        open.push(Checkpoint::open(&path)?);
    }
    let mut filled = Filled::new();
    for (name, slot) in slots {
        let fits = open.iter().enumerate().map(|(at, it)| (at, fit(slot, it)));
        let best = fits.min_by_key(|(_, fit)| fit.faults());
        let Some((at, fit)) = best else { continue };
        let checkpoint = open.remove(at);
        if fit.faults() > 0 {
            return Err(WeightsError::Misfit {
                path: checkpoint.path().to_owned(),
                template: template.id.clone(),
                network: template.network.clone(),
                listing: fit.listing(),
                looks: looks(&checkpoint, template),
            });
        }
        filled.insert(name.clone(), (checkpoint, fit));
    }
    Ok(filled)
}

/// The file of a slot in a folder.
fn inside(folder: &Path, slot: &Slot) -> Result<PathBuf, WeightsError> {
    let files = slot.usual.iter().map(|name| folder.join(name));
    files
        .into_iter()
        .find(|path| path.is_file())
        .ok_or_else(|| WeightsError::NoFile {
            path: folder.to_owned(),
            usual: slot.usual.join(", "),
        })
}

fn hashes(filled: &Filled) -> Result<BTreeMap<String, String>, WeightsError> {
    let mut found = BTreeMap::new();
    for (checkpoint, _) in filled.values() {
        let path = checkpoint.path();
        let hash = sha256_file(path).map_err(|source| WeightsError::Weight {
            path: path.to_owned(),
            name: "the bytes".to_owned(),
            source,
        })?;
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        found.insert(name.into_owned(), hash);
    }
    Ok(found)
}

/// Writes a graph and the files beside it.
fn graph(
    template: &Template,
    name: &str,
    mut filler: Filler<'_>,
    folder: &mut Folder,
) -> Result<(), WeightsError> {
    let rules: &Rules = filler.rules;
    let parts = parts(template.graph_file(name)?, &|it| rules.of(it).is_some());
    let parts = parts.map_err(|problem| template.damaged(format!("graph {name}: {problem}")))?;
    if parts.weights() != rules.len() {
        return Err(template.damaged(format!("graph {name} lacks initialisers that have rules")));
    }
    let mut out = folder.create(&format!("{name}.onnx"))?;
    for piece in &parts.pieces {
        match piece {
            Piece::Bytes(bytes) => out.put(bytes)?,
            Piece::Weight { name, count } => weight(&mut out, &mut filler, name, *count)?,
        }
    }
    folder.close(out)?;
    for file in parts.beside.chunk_by(|a, b| a.file == b.file) {
        let Some(first) = file.first() else { continue };
        let mut out = folder.create(&first.file)?;
        for it in file {
            // Large weights begin at pages, so that they can be mapped.
            let gap = it.offset.saturating_sub(out.written) as usize;
            out.put(&vec![0; gap])?;
            match &it.content {
                Content::Weight(count) => weight(&mut out, &mut filler, &it.name, *count)?,
                Content::Constant(bytes) => out.put(bytes)?,
            }
        }
        folder.close(out)?;
    }
    Ok(())
}

/// Writes the numbers of an initialiser, little-endian.
fn weight(
    out: &mut Out,
    filler: &mut Filler<'_>,
    name: &str,
    count: u64,
) -> Result<(), WeightsError> {
    let before = out.written;
    let mut failure = None;
    let mut raw = Vec::new();
    let result = filler.numbers(name, &mut |numbers| {
        let bytes = if cfg!(target_endian = "little") {
            bytemuck::cast_slice(numbers)
        } else {
            raw.clear();
            raw.extend(numbers.iter().flat_map(|it| it.to_le_bytes()));
            &raw
        };
        out.write(bytes).map_err(|source| {
            let kind = source.kind();
            failure = Some(source);
            kind.into()
        })
    });
    if let Some(source) = failure {
        return Err(out.failed(source));
    }
    result?;
    if out.written - before == count * 4 {
        return Ok(());
    }
    let source = io::Error::other(format!("{name} has not {count} numbers"));
    Err(out.failed(source))
}

/// The text of `bundle.toml`.
fn manifest(
    template: &Template,
    id: &str,
    inputs: &BTreeMap<String, String>,
    files: &BTreeMap<String, String>,
) -> String {
    let text = |value: &str| Value::String(value.to_owned());
    let table = |entries: &BTreeMap<String, String>| {
        let entries = entries
            .iter()
            .map(|(name, value)| (name.clone(), text(value)));
        Value::Table(entries.collect())
    };
    let mut bundle = template.bundle.clone();
    bundle.insert("format".to_owned(), Value::Integer(1));
    bundle.insert("id".to_owned(), text(id));
    let export = [
        (
            "tool",
            text(&format!(
                "storyeval {} model import, template {}",
                env!("CARGO_PKG_VERSION"),
                template.id
            )),
        ),
        ("precision", text("fp32")),
        ("versions", table(&template.versions)),
        ("inputs", table(inputs)),
    ];
    let export = export.map(|(name, value)| (name.to_owned(), value));
    bundle.insert(
        "export".to_owned(),
        Value::Table(export.into_iter().collect()),
    );
    bundle.insert("files".to_owned(), table(files));
    bundle.to_string()
}

fn notes(filled: &Filled) -> Vec<String> {
    let mut notes = Vec::new();
    for (checkpoint, fit) in filled.values() {
        let path = checkpoint.path().display();
        if let Some(numbers) = fit.converted() {
            notes.push(format!("{path}: {numbers} converted to float32"));
        }
        if !fit.layout.is_empty() {
            notes.push(format!("{path}: names of {}", fit.layout));
        }
    }
    notes
}
