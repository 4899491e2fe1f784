//! What the graphs of a folder say about their bundle.

use super::super::ExamineError;
use crate::inference::{DeclaredPorts, InferenceError};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// The graphs of each kind that is known by its graphs.
const KINDS: [(&str, &[&str]); 6] = [
    (
        "evaluators",
        &["char_classifier", "bg_classifier", "features"],
    ),
    ("clip", &["clip_image", "clip_text"]),
    ("lpips", &["lpips"]),
    (
        "captioner",
        &["captioner_vision", "captioner_embed", "captioner_decoder"],
    ),
    ("locator", &["locator"]),
    ("sam", &["sam_image", "sam_mask"]),
];

/// A size that a port tells: section and key, then graph, port and axis.
type Size = (
    &'static str,
    &'static str,
    &'static str,
    &'static str,
    usize,
);

const SIZES: [Size; 9] = [
    ("features", "dim", "features", "features", 1),
    ("clip", "dim", "clip_image", "image_embeds", 1),
    ("clip", "context_length", "clip_text", "input_ids", 1),
    (
        "captioner",
        "hidden_size",
        "captioner_embed",
        "inputs_embeds",
        2,
    ),
    ("captioner", "vocab_size", "captioner_decoder", "logits", 2),
    ("captioner", "layers", "captioner_decoder", "past_keys", 0),
    ("captioner", "heads", "captioner_decoder", "past_keys", 2),
    ("captioner", "head_dim", "captioner_decoder", "past_keys", 4),
    ("sam", "channels", "sam_image", "image_embeddings", 1),
];

/// The ONNX files of a folder.
#[derive(Debug)]
pub(super) struct Folder {
    dir: PathBuf,
    /// Ports by file, of the files that are ONNX models.
    ports: BTreeMap<String, DeclaredPorts>,
}

impl Folder {
    /// Reads the ports of every `.onnx` file that lies in the folder itself.
    pub(super) fn read(dir: &Path) -> Result<Self, ExamineError> {
        let unreadable = |source| InferenceError::Read {
            path: dir.to_owned(),
            source,
        };
        let mut ports = BTreeMap::new();
        for entry in std::fs::read_dir(dir).map_err(unreadable)? {
            let path = entry.map_err(unreadable)?.path();
            let name = path.file_name().and_then(|name| name.to_str());
            if let Some(name) = name.filter(|name| name.strip_suffix(".onnx").is_some())
                && let Ok(bytes) = std::fs::read(&path)
                && let Ok(declared) = DeclaredPorts::read(&bytes)
            {
                ports.insert(name.to_owned(), declared);
            }
        }
        Ok(Self {
            dir: dir.to_owned(),
            ports,
        })
    }

    /// The folder's own name.
    pub(super) fn name(&self) -> Option<String> {
        let dir = self.dir.canonicalize().ok()?;
        Some(dir.file_name()?.to_str()?.to_owned())
    }

    /// The kind that has all graphs that are there.
    pub(super) fn kind(&self) -> Option<&'static str> {
        let has = |graph: &str| self.ports.contains_key(&format!("{graph}.onnx"));
        let mut kinds = KINDS
            .iter()
            .filter(|(_, graphs)| graphs.iter().any(|it| has(it)));
        let (kind, _) = kinds.next()?;
        kinds.next().is_none().then_some(*kind)
    }

    /// Graphs whose file has their name, with the file.
    pub(super) fn known_graphs(&self) -> impl Iterator<Item = (&'static str, &str)> {
        let all = KINDS.iter().flat_map(|(_, graphs)| graphs.iter());
        all.filter_map(|graph| {
            let (file, _) = self.ports.get_key_value(&format!("{graph}.onnx"))?;
            Some((*graph, file.as_str()))
        })
    }

    /// Sizes that the graphs fix.
    pub(super) fn sizes(&self) -> Vec<(&'static str, &'static str, usize)> {
        let mut sizes = Vec::new();
        let pixels = self.ports.values().find_map(|it| {
            let input = it.inputs.iter().find(|port| port.name == "pixel_values")?;
            match input.shape[..] {
                [_, _, Some(height), Some(width)] => Some((width, height)),
                _ => None,
            }
        });
        if let Some((width, height)) = pixels {
            sizes.extend([("image", "width", width), ("image", "height", height)]);
        }
        for (section, key, graph, port, axis) in SIZES {
            if let Some(size) = self.side(graph, port, axis) {
                sizes.push((section, key, size));
            }
        }
        sizes
    }

    /// The length of an axis of a port, where the graph is there and fixes it.
    pub(super) fn side(&self, graph: &str, port: &str, axis: usize) -> Option<usize> {
        let declared = self.ports.get(&format!("{graph}.onnx"))?;
        let mut all = declared.inputs.iter().chain(&declared.outputs);
        *all.find(|it| it.name == port)?.shape.get(axis)?
    }

    /// The length of a classifier's rows, whatever its output is called.
    pub(super) fn outputs(&self, graph: &str) -> Option<usize> {
        let declared = self.ports.get(&format!("{graph}.onnx"))?;
        *declared.outputs.first()?.shape.get(1)?
    }

    /// Ports of a graph's file; `None` where there is no such file, which is a problem of its own.
    pub(super) fn declared(&self, file: &str) -> Result<Option<DeclaredPorts>, String> {
        if let Some(known) = self.ports.get(file) {
            return Ok(Some(known.clone()));
        }
        match std::fs::read(self.dir.join(file)) {
            Ok(bytes) => match DeclaredPorts::read(&bytes) {
                Ok(declared) => Ok(Some(declared)),
                Err(error) => Err(format!("is not an ONNX model: {error}")),
            },
            Err(_) => Ok(None),
        }
    }
}
