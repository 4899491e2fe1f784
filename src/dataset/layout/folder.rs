//! The plain folder layout: `stories.jsonl`, one story per line, and image files. Anyone can write it.

use super::listed::{Builder, ListedFrame, ListedStory};
use super::{Mark, Source, file, named};
use crate::card::DatasetCard;
use crate::dataset::DatasetError;
use crate::dataset::cast::{FoundNames, Tally};
use crate::dataset::catalog::Catalog;
use crate::dataset::own::{StoryFault, StoryFaultKind, examine, other_form};
use serde::Deserialize;
use std::collections::HashMap;

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

/// Reads the metadata. Where no card names a cast or places, those of the stories are taken.
pub(super) fn read(source: Source<'_>) -> Result<Catalog, DatasetError> {
    let bytes = source.root.read(STORIES)?;
    // Files of Windows editors start with a mark of their byte order.
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(&bytes);
    let (stories, mut faults) = lines(bytes);
    let found = names(source.card, stories.iter().map(|(_, story)| story));
    let mut card = source.card.clone();
    found.complete(&mut card);
    let mut builder = Builder::new(
        Source {
            card: &card,
            ..source
        },
        STORIES,
    );
    let mut ids: HashMap<String, usize> = HashMap::new();
    for (line, story) in stories {
        let first = *ids.entry(story.id.clone()).or_insert(line);
        builder.line = Some(line);
        let added = builder.add(ListedStory {
            id: story.id,
            split: story.split.unwrap_or_else(|| card.split.clone()),
            frames: story.frames,
        });
        if let Err(error) = added {
            faults.push(in_line(line, first, error)?);
        }
    }
    if !faults.is_empty() {
        faults.sort_by_key(|fault| fault.line);
        return Err(DatasetError::OwnStories {
            path: named(source.root, STORIES),
            faults,
        });
    }
    let mut catalog = builder.finish(vec![STORIES.to_owned()]);
    catalog.found = found;
    Ok(catalog)
}

/// Faults that are kept; a file in another form has one per line.
const MOST: usize = 1000;

/// The stories with their lines, and what is wrong with the other lines.
fn lines(bytes: &[u8]) -> (Vec<(usize, Line)>, Vec<StoryFault>) {
    let (mut stories, mut faults) = (Vec::new(), Vec::new());
    for (line, text) in (1..).zip(bytes.split(|byte| *byte == b'\n')) {
        if text.trim_ascii().is_empty() {
            continue;
        }
        match serde_json::from_slice::<Line>(text) {
            Ok(story) => stories.push((line, story)),
            Err(_) if faults.len() >= MOST => break,
            Err(error) => {
                let fault = |what| StoryFault {
                    line,
                    kind: StoryFaultKind::Line,
                    what,
                };
                faults.extend(examine(text, &error).into_iter().map(fault));
            }
        }
    }
    if !faults.is_empty()
        && let Some(fault) = other_form(bytes)
    {
        faults = vec![fault];
    }
    (stories, faults)
}

/// The names in the stories, of what the card has none of.
fn names<'a>(card: &DatasetCard, stories: impl Iterator<Item = &'a Line>) -> FoundNames {
    let (mut characters, mut backgrounds) = (Tally::default(), Tally::default());
    for frame in stories.flat_map(|story| &story.frames) {
        if card.characters.is_empty() {
            for name in frame.characters.iter().flatten() {
                characters.add(name);
            }
        }
        if let (None, Some(name)) = (card.background_labels(), &frame.background) {
            backgrounds.add(name);
        }
    }
    FoundNames {
        characters: characters.names(),
        backgrounds: backgrounds.names(),
    }
}

/// An error about a story as a fault of its line; `first` is the line that had its id first. An error about
/// something else stays one.
fn in_line(line: usize, first: usize, error: DatasetError) -> Result<StoryFault, DatasetError> {
    let (kind, what) = match error {
        DatasetError::DuplicateId { id, .. } => (
            StoryFaultKind::IdTwice,
            format!("`id` is {id:?}, as in line {first}; each story needs an id of its own"),
        ),
        DatasetError::UnsafeId { id, .. } => (
            StoryFaultKind::Unsafe,
            format!(
                "{id:?} is no name: `id`, `split` and `clip` have 1 to 200 characters, none of them a control character"
            ),
        ),
        DatasetError::WrongContent {
            clip,
            wanted,
            found,
            ..
        } => {
            let of = clip.map_or_else(String::new, |clip| format!("`{clip}` is "));
            (
                StoryFaultKind::Line,
                format!("{of}{found}, but has to be {wanted}"),
            )
        }
        other => return Err(other),
    };
    Ok(StoryFault { line, kind, what })
}
