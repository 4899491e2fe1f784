//! `flintstones_annotations_v1-0.json`: captions and characters.

use super::DatasetError;
use super::path::check_id;
use crate::record::why_not_json;
use serde::Deserialize;
use std::collections::HashMap;
use std::path::Path;
use std::sync::Arc;

/// What is used of a clip's entry. The published file has more keys.
#[derive(Deserialize)]
struct Entry {
    #[serde(rename = "globalID")]
    id: String,
    description: String,
    characters: Vec<Entity>,
}

#[derive(Deserialize)]
struct Entity {
    #[serde(rename = "entityLabel")]
    label: String,
}

/// Caption and characters of a clip.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Annotation {
    pub(crate) caption: Arc<str>,
    /// `entityLabel`s without surrounding white space, in the file's order: all published loaders
    /// strip them and compare what is left. `None` where the file does not name characters.
    pub(crate) characters: Option<Arc<[String]>>,
}

/// Reads the file. When an id occurs twice the last entry counts, as in the published loaders.
pub(crate) fn annotations(
    bytes: &[u8],
    path: &Path,
) -> Result<HashMap<String, Annotation>, DatasetError> {
    let entries: Vec<Entry> =
        serde_json::from_slice(without_mark(bytes)).map_err(|error| located(path, bytes, error))?;
    let mut found = HashMap::with_capacity(entries.len());
    for entry in entries {
        check_id(path, &entry.id)?;
        let annotation = Annotation {
            caption: entry.description.into(),
            characters: Some(
                entry
                    .characters
                    .iter()
                    .map(|entity| entity.label.trim().to_owned())
                    .collect(),
            ),
        };
        found.insert(entry.id, annotation);
    }
    Ok(found)
}

/// Adds the clip to an error. The typed reader stops at the first bad entry, so the first entry that
/// cannot be read by itself is the one.
fn located(path: &Path, bytes: &[u8], source: serde_json::Error) -> DatasetError {
    let entries: Vec<serde_json::Value> =
        serde_json::from_slice(without_mark(bytes)).unwrap_or_default();
    let clip = entries
        .iter()
        .find(|entry| Entry::deserialize(*entry).is_err())
        .and_then(|entry| entry.get("globalID"))
        .and_then(serde_json::Value::as_str)
        .map(str::to_owned);
    malformed(path, bytes, clip, source)
}

/// A file without the mark of its byte order, which editors of Windows begin it with.
pub(crate) fn without_mark(bytes: &[u8]) -> &[u8] {
    bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes)
}

/// A file, of which these are the bytes, that is not the JSON that is wanted.
pub(crate) fn malformed(
    path: &Path,
    bytes: &[u8],
    clip: Option<String>,
    source: serde_json::Error,
) -> DatasetError {
    DatasetError::Json {
        path: path.to_owned(),
        line: source.line(),
        column: source.column(),
        what: why_not_json(bytes, source.line(), source.column())
            .unwrap_or_else(|| plain_message(&source)),
        clip,
        source,
    }
}

/// The reader's message without the position, which is printed in front.
pub(crate) fn plain_message(error: &serde_json::Error) -> String {
    let text = error.to_string();
    match text.rfind(" at line ") {
        Some(end) => text[..end].to_owned(),
        None => text,
    }
}
