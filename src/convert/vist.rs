//! VIST: stories in sequence, descriptions in isolation, and photos in GILL's naming.
//!
//! A clip has one frame here, the middle one. Its caption is written as it is into `text`, which GILL reads,
//! and `original_text`, which ARLDM reads: nothing is tokenised a second time.

use super::error::ConvertError;
use super::{Job, Written, clips_of, name};
use crate::record::{ClipId, Story, StoryFrame};
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet, HashSet};

/// Writes the stories of all splits, and the middle frame of their clips.
pub(super) fn write(job: &mut Job<'_>) -> Result<Written, ConvertError> {
    job.only_published_splits(job.splits.iter().map(String::as_str))?;
    let stories = job.stories()?;
    let photos = stories.iter().map(|(_, stories)| clips_of(stories).len());
    job.footage.expect(photos.sum());
    let mut splits = BTreeMap::new();
    for (split, stories) in &stories {
        photographs(job, split, stories)?;
        sentences(job, split, stories)?;
        descriptions(job, split, stories)?;
        splits.insert(split.clone(), stories.len());
    }
    let clips = stories.iter().flat_map(|(_, stories)| stories);
    let renamed = clips_of(clips).into_iter().any(|id| name::plain(id) != id);
    Ok(Written {
        splits,
        length: job.length,
        renamed,
    })
}

/// The frames of a split's stories, in their order.
fn frames(stories: &[Story]) -> impl Iterator<Item = (&Story, usize, &StoryFrame)> {
    stories.iter().flat_map(|story| {
        let frames = story.frames.iter().enumerate();
        frames.map(move |(place, frame)| (story, place, frame))
    })
}

fn photographs(job: &mut Job<'_>, split: &str, stories: &[Story]) -> Result<(), ConvertError> {
    let mut there: HashSet<&ClipId> = HashSet::new();
    for (_, _, frame) in frames(stories) {
        if there.insert(&frame.clip) {
            let bytes = job.footage.open(&frame.clip)?.middle_png()?;
            let photo = name::plain(frame.clip.as_str());
            job.put(&format!("sis/{split}_images/{photo}.png"), &bytes)?;
        }
    }
    Ok(())
}

/// The published file lists photos and, a list of one each, sentences.
fn list(
    job: &Job<'_>,
    file: &str,
    kind: &str,
    stories: &[Story],
    annotations: impl Iterator<Item = Value>,
) -> Result<(), ConvertError> {
    let mut file = job.draft.create(file)?;
    let about = json!({ "description": "written by storyeval" });
    file.add(format!("{{\"info\":{about},\"type\":\"{kind}\",\"images\":[").as_bytes())?;
    let mut separator = "\n";
    let mut there: HashSet<&ClipId> = HashSet::new();
    for (story, _, frame) in frames(stories) {
        if there.insert(&frame.clip) {
            let photo = name::plain(frame.clip.as_str());
            let image = json!({ "id": photo, "album_id": story.id, "title": "" });
            file.add(format!("{separator}{image}").as_bytes())?;
            separator = ",\n";
        }
    }
    file.add(b"],\"annotations\":[")?;
    separator = "\n";
    for annotation in annotations {
        file.add(format!("{separator}[{annotation}]").as_bytes())?;
        separator = ",\n";
    }
    file.add(b"],\"albums\":[]}\n")?;
    Ok(file.finish()?)
}

fn sentences(job: &Job<'_>, split: &str, stories: &[Story]) -> Result<(), ConvertError> {
    let annotations = frames(stories).map(|(story, place, frame)| {
        json!({
            "original_text": frame.caption,
            "album_id": story.id,
            "photo_flickr_id": name::plain(frame.clip.as_str()),
            "setting": "first-2-pick-and-tell",
            "worker_id": "storyeval",
            "story_id": story.id,
            "tier": "story-in-sequence",
            "worker_arranged_photo_order": place,
            "text": frame.caption,
        })
    });
    let file = format!("sis/{split}.story-in-sequence.json");
    list(job, &file, "story-in-sequence", stories, annotations)
}

/// Every text of a photo, once: other layouts have no descriptions of their own.
fn descriptions(job: &Job<'_>, split: &str, stories: &[Story]) -> Result<(), ConvertError> {
    let mut there: BTreeSet<(&ClipId, &str)> = BTreeSet::new();
    let new = frames(stories).filter(|(_, _, frame)| there.insert((&frame.clip, &frame.caption)));
    let annotations = new.map(|(story, place, frame)| {
        json!({
            "original_text": frame.caption,
            "album_id": story.id,
            "photo_flickr_id": name::plain(frame.clip.as_str()),
            "photo_order_in_story": place,
            "worker_id": "storyeval",
            "text": frame.caption,
            "tier": "descriptions-in-isolation",
        })
    });
    let file = format!("dii/{split}.description-in-isolation.json");
    list(job, &file, "description-in-isolation", stories, annotations)
}
