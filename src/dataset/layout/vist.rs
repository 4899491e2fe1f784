//! VIST: stories in sequence, five photos and a sentence for each.
//!
//! Photos lie in GILL's naming, `sis/<split>_images/<photo id>.png`, whose text is the tokenised one, or
//! in ARLDM's, `<photo id>.jpg`, whose text is the original one. Stories without all of their photos
//! are left out and counted, as both do.

use super::listed::{Parts, check_name};
use super::{Mark, Source, file, json, named};
use crate::card::{CaptionSource, Layout};
use crate::dataset::catalog::{Catalog, Remark, Shot};
use crate::dataset::path::check_id;
use crate::dataset::pixels::NamedFiles;
use crate::dataset::whole::unreadable;
use crate::dataset::{ALL_SPLITS, DatasetError, MissingFile};
use crate::record::{ClipId, StoryFrame, StoryId};
use serde::Deserialize;
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::path::Path;

/// What the layout is known by.
pub(super) const MARKS: &[Mark] = &[file(&[
    "val.story-in-sequence.json",
    "test.story-in-sequence.json",
    "train.story-in-sequence.json",
    "sis/val.story-in-sequence.json",
    "sis/test.story-in-sequence.json",
    "sis/train.story-in-sequence.json",
])];

const SPLITS: [&str; 3] = ["train", "val", "test"];

#[derive(Deserialize)]
struct Annotations<T> {
    /// One element each.
    annotations: Vec<Vec<T>>,
}

/// A sentence of a story.
#[derive(Deserialize)]
struct Sentence {
    story_id: Text,
    photo_flickr_id: Text,
    original_text: String,
    /// Tokenised.
    #[serde(default)]
    text: Option<String>,
}

/// A description of a single photo.
#[derive(Deserialize)]
struct Description {
    photo_flickr_id: Text,
    original_text: String,
}

/// Ids are text; some mirrors have numbers.
#[derive(Deserialize)]
#[serde(untagged)]
enum Text {
    Text(String),
    Number(u64),
}

impl Text {
    fn into_string(self) -> String {
        match self {
            Self::Text(text) => text,
            Self::Number(number) => number.to_string(),
        }
    }
}

/// How photos are named, which says whose text goes with them.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Naming {
    Gill,
    Arldm,
}

/// Reads the metadata.
pub(super) fn read(source: Source<'_>) -> Result<Catalog, DatasetError> {
    let mut parts = Parts::default();
    let mut metadata = Vec::new();
    let mut remarks = Vec::new();
    let mut files = HashMap::new();
    let mut split_path = named(source.root, "sis");
    for split in SPLITS {
        let names = [
            format!("{split}.story-in-sequence.json"),
            format!("sis/{split}.story-in-sequence.json"),
        ];
        let Some(name) = names.into_iter().find(|name| source.root.has_file(name)) else {
            continue;
        };
        split_path = named(source.root, &name);
        let sentences: Annotations<Sentence> = json(source.root, &name)?;
        metadata.push(name);
        let (naming, photos) = photos(source, split);
        let descriptions = match source.layout.captions {
            CaptionSource::Descriptions => Some(descriptions(source, split, &mut metadata)?),
            CaptionSource::Stories => None,
        };
        let stories = stories(sentences, &split_path)?;
        let all = stories.len();
        let broken = broken(source, split, &stories, &photos);
        let (mut incomplete, mut unreadable) = (Vec::new(), Vec::new());
        for (id, sentences) in stories {
            let whole = sentences.iter().all(|sentence| {
                photos.contains_key(&sentence.photo)
                    && descriptions
                        .as_ref()
                        .is_none_or(|known| known.contains_key(&sentence.photo))
            });
            if !whole {
                incomplete.push(id);
                continue;
            }
            let file = |sentence: &PlainSentence| photos.get(&sentence.photo);
            if sentences
                .iter()
                .filter_map(file)
                .any(|file| broken.contains_key(file))
            {
                unreadable.push(id);
                continue;
            }
            let shots = sentences.into_iter().map(|sentence| {
                let clip = ClipId::new(sentence.photo.as_str());
                if let Some(file) = photos.get(&sentence.photo) {
                    files.insert(clip.clone(), vec![file.clone()]);
                }
                let described = descriptions
                    .as_ref()
                    .and_then(|all| all.get(&sentence.photo));
                let caption = match (described, naming) {
                    (Some(text), _) => text.clone(),
                    (None, Naming::Gill) => sentence.tokenised.unwrap_or(sentence.original),
                    (None, Naming::Arldm) => sentence.original,
                };
                plain_shot(clip, caption)
            });
            parts.push(StoryId::new(id), split, shots);
        }
        remarks.extend(remark(split, all, &incomplete));
        remarks.extend(remark_broken(split, all, &unreadable, broken));
    }
    if files.is_empty() {
        return Err(no_photos(source));
    }
    let pixels = Box::new(NamedFiles { files });
    Ok(parts.catalog(metadata, split_path, remarks, pixels))
}

/// A sentence with plain ids.
struct PlainSentence {
    photo: String,
    original: String,
    tokenised: Option<String>,
}

/// Stories and their sentences in the order of the file: GILL and ARLDM do not sort by
/// `worker_arranged_photo_order`.
fn stories(
    annotations: Annotations<Sentence>,
    path: &Path,
) -> Result<Vec<(String, Vec<PlainSentence>)>, DatasetError> {
    let mut stories: Vec<(String, Vec<PlainSentence>)> = Vec::new();
    let mut places: HashMap<String, usize> = HashMap::new();
    for sentence in annotations.annotations.into_iter().flatten() {
        let id = sentence.story_id.into_string();
        check_name(path, &id)?;
        let photo = sentence.photo_flickr_id.into_string();
        check_id(path, &photo)?;
        let place = *places.entry(id.clone()).or_insert_with(|| {
            stories.push((id, Vec::new()));
            stories.len() - 1
        });
        stories[place].1.push(PlainSentence {
            photo,
            original: sentence.original_text,
            tokenised: sentence.text,
        });
    }
    Ok(stories)
}

/// The longest description of each photo: several workers wrote one.
fn descriptions(
    source: Source<'_>,
    split: &str,
    metadata: &mut Vec<String>,
) -> Result<HashMap<String, String>, DatasetError> {
    let names = [
        format!("{split}.description-in-isolation.json"),
        format!("dii/{split}.description-in-isolation.json"),
    ];
    let Some(name) = names.iter().find(|name| source.root.has_file(name)) else {
        return Err(DatasetError::MissingFiles {
            dataset: source.card.id.clone(),
            folder: source.root.folder().to_owned(),
            layout: Some(Layout::Vist),
            others: Box::default(),
            files: vec![MissingFile {
                path: names[1].clone(),
                meaning: "descriptions of single photos".to_owned(),
                published_at: None,
            }],
            published_at: source.card.published_at.clone(),
        });
    };
    let read: Annotations<Description> = json(source.root, name)?;
    metadata.push(name.clone());
    let mut longest: HashMap<String, String> = HashMap::new();
    for description in read.annotations.into_iter().flatten() {
        let known = longest
            .entry(description.photo_flickr_id.into_string())
            .or_default();
        if description.original_text.len() > known.len() {
            *known = description.original_text;
        }
    }
    Ok(longest)
}

/// The photos of a split by id. Where both namings are there, GILL's is taken.
fn photos(source: Source<'_>, split: &str) -> (Naming, HashMap<String, String>) {
    let gill = [format!("sis/{split}_images"), format!("{split}_images")];
    let arldm = [
        format!("images/{split}"),
        "images".to_owned(),
        format!("visual_storytelling/{split}"),
        "visual_storytelling".to_owned(),
        split.to_owned(),
        String::new(),
    ];
    for (naming, folders) in [(Naming::Gill, gill.as_slice()), (Naming::Arldm, &arldm)] {
        let mut photos = HashMap::new();
        for folder in folders {
            list(source, folder, &mut photos);
        }
        if !photos.is_empty() {
            return (naming, photos);
        }
    }
    (Naming::Arldm, HashMap::new())
}

/// Adds the pictures of a folder; one that cannot be listed has none.
fn list(source: Source<'_>, folder: &str, photos: &mut HashMap<String, String>) {
    let entries = std::fs::read_dir(named(source.root, folder));
    for entry in entries.into_iter().flatten().flatten() {
        let name = entry.file_name();
        let Some((stem, ending)) = name.to_str().and_then(|name| name.rsplit_once('.')) else {
            continue;
        };
        if ["png", "jpg", "jpeg"].contains(&ending.to_ascii_lowercase().as_str()) {
            let path = match folder {
                "" => format!("{stem}.{ending}"),
                folder => format!("{folder}/{stem}.{ending}"),
            };
            photos.entry(stem.to_owned()).or_insert(path);
        }
    }
}

/// A photo with its sentence: there is no cast.
pub(super) fn plain_shot(clip: ClipId, caption: String) -> Shot {
    Shot {
        frame: Ok(StoryFrame {
            clip: clip.clone(),
            caption: caption.into(),
            characters: [].into(),
            character_labels: None,
            background_labels: None,
        }),
        clip,
    }
}

/// Photos of a split's stories that cannot be read, with the reason. Only those of the split that is
/// asked for are checked: others are not shown, and each photo costs a read.
fn broken(
    source: Source<'_>,
    split: &str,
    stories: &[(String, Vec<PlainSentence>)],
    photos: &HashMap<String, String>,
) -> BTreeMap<String, String> {
    if source.split != split && source.split != ALL_SPLITS {
        return BTreeMap::new();
    }
    let used: BTreeSet<&String> = stories
        .iter()
        .flat_map(|(_, sentences)| sentences)
        .filter_map(|sentence| photos.get(&sentence.photo))
        .collect();
    let files = used.into_iter().cloned().collect();
    unreadable(source.root, files).into_iter().collect()
}

/// Photos that cannot be read leave their stories out as missing ones do.
fn remark_broken(
    split: &str,
    all: usize,
    stories: &[String],
    broken: BTreeMap<String, String>,
) -> Option<Remark> {
    const SHOWN: usize = 10;
    if broken.is_empty() {
        return None;
    }
    let shown: Vec<String> = broken
        .iter()
        .take(SHOWN)
        .map(|(file, why)| format!("{file} ({why})"))
        .collect();
    let more = match broken.len().saturating_sub(SHOWN) {
        0 => String::new(),
        more => format!(" and {more} more; `storyeval dataset verify --format json` lists all"),
    };
    let photos = match broken.len() {
        1 => "the photo".to_owned(),
        count => format!("the {count} photos"),
    };
    Some(Remark {
        split: split.to_owned(),
        text: format!(
            "{} of {all} stories of split `{split}` have a photo that cannot be read and are left out; {photos}: {}{more}",
            stories.len(),
            shown.join(", ")
        ),
        unreadable: broken.into_keys().collect(),
    })
}

fn remark(split: &str, all: usize, incomplete: &[String]) -> Option<Remark> {
    const SHOWN: usize = 3;
    if incomplete.is_empty() {
        return None;
    }
    let shown: Vec<&str> = incomplete.iter().take(SHOWN).map(String::as_str).collect();
    let more = if incomplete.len() > SHOWN {
        ", ..."
    } else {
        ""
    };
    Some(Remark {
        split: split.to_owned(),
        text: format!(
            "{} of {all} stories of split `{split}` lack a photo or its text and are left out: {}{more}",
            incomplete.len(),
            shown.join(", ")
        ),
        unreadable: Vec::new(),
    })
}

fn no_photos(source: Source<'_>) -> DatasetError {
    let place = |path: &str, naming: &str| MissingFile {
        path: path.to_owned(),
        meaning: format!("the photos in {naming}'s naming; no story has all of its own"),
        published_at: None,
    };
    DatasetError::MissingFiles {
        dataset: source.card.id.clone(),
        folder: source.root.folder().to_owned(),
        layout: Some(Layout::Vist),
        others: Box::default(),
        files: vec![
            place("sis/<split>_images/<photo id>.png", "GILL"),
            place("images/<photo id>.jpg", "ARLDM"),
        ],
        published_at: source.card.published_at.clone(),
    }
}
