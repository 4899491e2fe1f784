//! MUGEN as a frozen export: `mugen.json` names stories, captions, characters, places and PNG files.
//!
//! MUGEN's frames are rendered from game files, and Make-A-Story draws characters and places at
//! random while it loads; neither can be had again from disk. An export is made once and kept.

use super::listed::{Builder, ListedFrame, ListedStory};
use super::{Mark, Source, file, json, named};
use crate::dataset::DatasetError;
use crate::dataset::catalog::Catalog;
use serde::Deserialize;
use std::collections::BTreeMap;

const EXPORT: &str = "mugen.json";
const FORMAT: u32 = 1;

/// What the layout is known by.
pub(super) const MARKS: &[Mark] = &[file(&[EXPORT])];

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Export {
    format: u32,
    /// In label order.
    characters: Vec<String>,
    /// In label order.
    #[serde(default)]
    backgrounds: Vec<String>,
    splits: BTreeMap<String, Vec<ExportedStory>>,
    /// How the export was made.
    #[serde(default, rename = "meta")]
    _meta: Option<serde_json::Value>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ExportedStory {
    id: String,
    frames: Vec<ListedFrame>,
}

/// Reads the metadata.
pub(super) fn read(source: Source<'_>) -> Result<Catalog, DatasetError> {
    let path = named(source.root, EXPORT);
    let export: Export = json(source.root, EXPORT)?;
    let wrong = |wanted: String, found: String| DatasetError::WrongContent {
        path: path.clone(),
        clip: None,
        wanted,
        found,
    };
    if export.format != FORMAT {
        return Err(wrong(
            format!("an export of format {FORMAT}"),
            format!("one of format {}", export.format),
        ));
    }
    // Labels given as 0 and 1 mean the export's order, so it must be the card's.
    let cast = source.card.characters.iter().map(|one| one.name.as_str());
    if !cast
        .clone()
        .eq(export.characters.iter().map(String::as_str))
    {
        return Err(wrong(
            format!(
                "the card's characters {}",
                cast.collect::<Vec<_>>().join(", ")
            ),
            export.characters.join(", "),
        ));
    }
    if export.backgrounds != source.card.backgrounds {
        return Err(wrong(
            format!(
                "the card's backgrounds {}",
                source.card.backgrounds.join(", ")
            ),
            export.backgrounds.join(", "),
        ));
    }
    let mut builder = Builder::new(source, EXPORT);
    for (split, stories) in export.splits {
        for story in stories {
            builder.add(ListedStory {
                id: story.id,
                split: split.clone(),
                frames: story.frames,
            })?;
        }
    }
    Ok(builder.finish(vec![EXPORT.to_owned()]))
}
