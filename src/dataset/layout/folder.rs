//! The plain folder layout: `stories.jsonl`, one story per line, and image files. Anyone can write it.

use super::listed::{Builder, ListedFrame, ListedStory};
use super::{Mark, Source, file, named};
use crate::dataset::DatasetError;
use crate::dataset::annotation::plain_message;
use crate::dataset::catalog::Catalog;
use serde::Deserialize;

const STORIES: &str = "stories.jsonl";

/// What the layout is known by.
pub(super) const MARKS: &[Mark] = &[file(&[STORIES])];

/// A line.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Line {
    id: String,
    #[serde(default)]
    split: Option<String>,
    frames: Vec<ListedFrame>,
    /// Whatever else the writer wants to keep with the story.
    #[serde(default, rename = "meta")]
    _meta: Option<serde_json::Value>,
}

/// Reads the metadata.
pub(super) fn read(source: Source<'_>) -> Result<Catalog, DatasetError> {
    let path = named(source.root, STORIES);
    let bytes = source.root.read(STORIES)?;
    // Files of Windows editors start with a mark of their byte order.
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(&bytes);
    let mut builder = Builder::new(source, STORIES);
    for (number, line) in bytes.split(|byte| *byte == b'\n').enumerate() {
        if line.trim_ascii().is_empty() {
            continue;
        }
        let line: Line = serde_json::from_slice(line).map_err(|error| DatasetError::Json {
            path: path.clone(),
            line: number + 1,
            column: error.column(),
            what: plain_message(&error),
            clip: None,
            source: error,
        })?;
        builder.add(ListedStory {
            id: line.id,
            split: line.split.unwrap_or_else(|| source.card.split.clone()),
            frames: line.frames,
        })?;
    }
    Ok(builder.finish(vec![STORIES.to_owned()]))
}
