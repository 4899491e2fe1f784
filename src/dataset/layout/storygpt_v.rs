//! StoryGPT-V's repack of FlintstonesSV and PororoSV: one layout for both.
//!
//! Captions come from `cleaned_annotations.json`. FlintstonesSV has its older annotations beside it,
//! which name the characters; PororoSV has several captions per clip, of which the first is taken (the
//! released loader draws one at random on every access), and its characters are those of the labels.

use super::clips::{ClipAnnotations, LABELS, SPLITS, catalog};
use super::flintstones::ANNOTATIONS;
use super::{Mark, Source, file, json, named};
use crate::dataset::DatasetError;
use crate::dataset::annotation::{Annotation, annotations};
use crate::dataset::catalog::Catalog;
use crate::dataset::path::check_id;
use crate::dataset::pixels::NpyFolder;
use serde::Deserialize;
use std::collections::HashMap;

const CLEANED: &str = "cleaned_annotations.json";
const FRAMES: &str = "video_frames_sampled_4x";

/// What the layout is known by.
pub(super) const MARKS: &[Mark] = &[
    file(&[CLEANED]),
    file(&[LABELS]),
    file(SPLITS),
    Mark::Folder(FRAMES),
];

/// What is used of a clip's entry; `tokens` and `segments` are for training.
#[derive(Deserialize)]
struct Cleaned {
    /// FlintstonesSV.
    caption: Option<String>,
    /// PororoSV.
    captions: Option<Vec<String>>,
}

/// Reads the metadata.
pub(super) fn read(source: Source<'_>) -> Result<Catalog, DatasetError> {
    catalog(
        source,
        || captions(source),
        Box::new(NpyFolder { folder: FRAMES }),
    )
}

/// The first caption of every clip, and its characters where the older annotations are there.
fn captions(source: Source<'_>) -> Result<ClipAnnotations, DatasetError> {
    let path = named(source.root, CLEANED);
    let entries: HashMap<String, Cleaned> = json(source.root, CLEANED)?;
    let mut metadata = vec![CLEANED.to_owned()];
    let mut cast = HashMap::new();
    if source.root.has_file(ANNOTATIONS) {
        let bytes = source.root.read(ANNOTATIONS)?;
        cast = annotations(&bytes, &named(source.root, ANNOTATIONS))?;
        metadata.push(ANNOTATIONS.to_owned());
    }
    let mut annotations = HashMap::with_capacity(entries.len());
    for (id, entry) in entries {
        check_id(&path, &id)?;
        let first = entry.captions.and_then(|all| all.into_iter().next());
        let Some(caption) = entry.caption.or(first) else {
            return Err(DatasetError::WrongContent {
                path,
                clip: Some(id),
                wanted: "an object with `caption` or a list `captions`".to_owned(),
                found: "an object without a caption".to_owned(),
            });
        };
        let characters = cast.get(&id).and_then(|other| other.characters.clone());
        let annotation = Annotation {
            caption: caption.into(),
            characters,
        };
        annotations.insert(id, annotation);
    }
    Ok(ClipAnnotations {
        file: CLEANED,
        annotations,
        metadata,
    })
}
