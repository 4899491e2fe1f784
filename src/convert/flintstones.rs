//! FlintstonesSV as StoryDALL-E, Make-A-Story and ARLDM read it, and with all frames as VLCStoryGan does.

use super::error::ConvertError;
use super::listed::background;
use super::tables::Named;
use super::{Job, Written, published};
use crate::record::StoryFrame;
use serde_json::{Value, json};
use std::collections::{HashMap, HashSet};

/// The folder of frames that most loaders read.
pub(super) const SAMPLED: &str = "video_frames_sampled";
/// The folder with all frames of a clip.
pub(super) const FULL: &str = "video_frames";
/// Captions, settings and characters.
pub(super) const ANNOTATIONS: &str = "flintstones_annotations_v1-0.json";

/// Writes the clips, with their frames in the folder `frames`.
pub(super) fn write(job: &mut Job<'_>, frames: &str) -> Result<Written, ConvertError> {
    let clips = Named::new(job, true, str::to_owned)?;
    annotations(job, &clips)?;
    clips.write(job, "train-val-test_split.json", frames)
}

/// A list of entries. Those of the published file are kept with all that is in them, but for the caption
/// where it is another one.
pub(super) fn annotations(job: &Job<'_>, clips: &Named<'_>) -> Result<(), ConvertError> {
    let mut file = job.draft.create(ANNOTATIONS)?;
    let wanted: HashMap<&str, &StoryFrame> = clips
        .clips
        .all()
        .map(|frame| (frame.clip.as_str(), frame))
        .collect();
    let mut there = HashSet::new();
    let mut separator = "[";
    let mut add = |entry: &Value| {
        let text = format!("{separator}{entry}");
        separator = ",";
        file.add(text.as_bytes())
    };
    published::entries(job.source, |mut entry| {
        let id = entry.get("globalID").and_then(Value::as_str);
        let Some(frame) = id.and_then(|id| wanted.get(id).copied()) else {
            return Ok(());
        };
        there.insert(frame.clip.as_str());
        entry["globalID"] = json!(clips.name(frame));
        entry["description"] = json!(frame.caption);
        add(&entry)
    })?;
    for frame in clips.clips.all() {
        if !there.contains(frame.clip.as_str()) {
            add(&made(job, frame, clips.name(frame)))?;
        }
    }
    // Without a clip there is no conversion, so the list was begun.
    file.add(b"]\n")?;
    Ok(file.finish()?)
}

/// An entry from what is known of every data set.
fn made(job: &Job<'_>, frame: &StoryFrame, name: &str) -> Value {
    let labels = frame.background_labels.as_deref();
    let setting = labels.and_then(|labels| background(job.card(), labels));
    let characters: Vec<Value> = frame
        .characters
        .iter()
        .map(|name| json!({ "entityLabel": name }))
        .collect();
    json!({
        "globalID": name,
        "description": frame.caption,
        "setting": setting.unwrap_or_default(),
        "characters": characters,
        "objects": [],
    })
}
