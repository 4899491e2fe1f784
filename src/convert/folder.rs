//! The plain folder: `stories.jsonl`, one story per line, and one PNG per frame. Nothing is lost but clips in no
//! story.

use super::error::ConvertError;
use super::listed::Lister;
use super::{Job, Written, clips_of, name};
use crate::record::ClipId;
use serde_json::{Value, json};
use std::collections::BTreeMap;

/// Writes the stories of all splits, and every frame of their clips.
pub(super) fn write(job: &mut Job<'_>) -> Result<Written, ConvertError> {
    let stories = job.stories()?;
    let all = stories.iter().flat_map(|(_, stories)| stories);
    job.footage.expect(clips_of(all).len());
    let mut lines = job.draft.create("stories.jsonl")?;
    let mut lister = Lister::new(pictures);
    let mut splits = BTreeMap::new();
    for (split, stories) in &stories {
        for story in stories {
            let frames = lister.frames(job, story)?;
            let line = json!({ "id": story.id, "split": split, "frames": frames });
            lines.add(format!("{line}\n").as_bytes())?;
        }
        splits.insert(split.clone(), stories.len());
    }
    lines.finish()?;
    Ok(Written {
        splits,
        ..Written::default()
    })
}

/// Writes the frames of a clip; gives the path of the one, or of all.
fn pictures(job: &mut Job<'_>, clip: &ClipId) -> Result<Value, ConvertError> {
    let mut reel = job.footage.open(clip)?;
    let mut files = Vec::with_capacity(reel.len());
    for index in 0..reel.len() {
        let file = format!("images/{}_{index}.png", name::path(clip.as_str()));
        job.put(&file, &reel.png(index)?)?;
        files.push(file);
    }
    Ok(match files.as_slice() {
        [only] => json!(only),
        _ => json!(files),
    })
}
