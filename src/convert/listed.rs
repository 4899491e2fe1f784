//! A frame as the layouts write it that list stories: by names where names say it all, else by labels.

use super::Job;
use super::error::ConvertError;
use crate::card::DatasetCard;
use crate::record::{ClipId, Story, StoryFrame, StoryId};
use serde_json::{Map, Value, json};
use std::collections::{BTreeSet, HashMap};

/// Stories of which no two have one id, and clips whose pictures are written once.
pub(super) struct Lister<'s> {
    /// Writes the pictures of a clip, and returns their entry in the list.
    pictures: fn(&mut Job<'_>, &ClipId) -> Result<Value, ConvertError>,
    written: HashMap<&'s ClipId, Value>,
    ids: BTreeSet<&'s StoryId>,
}

impl<'s> Lister<'s> {
    pub(super) fn new(pictures: fn(&mut Job<'_>, &ClipId) -> Result<Value, ConvertError>) -> Self {
        Self {
            pictures,
            written: HashMap::new(),
            ids: BTreeSet::new(),
        }
    }

    /// The frames of a story as the layout lists them; their pictures are written by then.
    pub(super) fn frames(
        &mut self,
        job: &mut Job<'_>,
        story: &'s Story,
    ) -> Result<Vec<Value>, ConvertError> {
        if !self.ids.insert(&story.id) {
            return Err(ConvertError::TwoStories {
                to: job.to,
                story: story.id.clone(),
            });
        }
        let list = |entry: &'s StoryFrame| {
            if !self.written.contains_key(&entry.clip) {
                let pictures = (self.pictures)(job, &entry.clip)?;
                self.written.insert(&entry.clip, pictures);
            }
            frame(job.card(), entry, self.written[&entry.clip].clone())
        };
        story.frames.iter().map(list).collect()
    }
}

/// The frame with its picture files.
fn frame(card: &DatasetCard, frame: &StoryFrame, image: Value) -> Result<Value, ConvertError> {
    let mut out = Map::new();
    out.insert("image".to_owned(), image);
    out.insert("caption".to_owned(), json!(frame.caption));
    out.insert("clip".to_owned(), json!(frame.clip));
    let labels = frame.character_labels.as_deref();
    if labels.is_some() || !frame.characters.is_empty() {
        out.insert("characters".to_owned(), json!(frame.characters));
    }
    if let Some(labels) = labels {
        if labels.len() != card.characters.len() {
            return Err(ConvertError::NoCast {
                dataset: card.id.clone(),
                clip: frame.clip.clone(),
                labels: labels.len(),
            });
        }
        if by_name(card, &frame.characters).as_deref() != Some(labels) {
            out.insert("character_labels".to_owned(), zero_one(labels));
        }
    }
    if let Some(labels) = frame.background_labels.as_deref() {
        match background(card, labels) {
            Some(name) => out.insert("background".to_owned(), json!(name)),
            None => out.insert("background_labels".to_owned(), zero_one(labels)),
        };
    }
    Ok(Value::Object(out))
}

/// The labels that a reader makes of names; `None` where it would refuse them.
fn by_name(card: &DatasetCard, names: &[String]) -> Option<Vec<bool>> {
    let mut labels = vec![false; card.characters.len()];
    for name in names {
        let place = card.characters.iter().position(|character| {
            std::iter::once(&character.name)
                .chain(&character.aliases)
                .any(|known| known.eq_ignore_ascii_case(name))
        });
        match place {
            Some(place) => labels[place] = true,
            None if card.closed_cast => return None,
            None => {}
        }
    }
    Some(labels)
}

/// The name of the one background that is labelled, if it is one and has a name.
pub(super) fn background<'a>(card: &'a DatasetCard, labels: &[bool]) -> Option<&'a str> {
    let mut set = labels.iter().enumerate().filter(|(_, label)| **label);
    let (place, _) = set.next()?;
    if set.next().is_some() || labels.len() != card.backgrounds.len() {
        return None;
    }
    card.backgrounds.get(place).map(String::as_str)
}

fn zero_one(labels: &[bool]) -> Value {
    labels.iter().map(|label| u8::from(*label)).collect()
}
