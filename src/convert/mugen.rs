//! The frozen export of MUGEN: `mugen.json` and one PNG per clip.

use super::error::ConvertError;
use super::listed::Lister;
use super::{Job, Written, clips_of, name};
use crate::record::ClipId;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::fmt::Write;

/// Writes the stories of all splits, and the middle frame of their clips.
pub(super) fn write(job: &mut Job<'_>) -> Result<Written, ConvertError> {
    let stories = job.stories()?;
    let all = stories.iter().flat_map(|(_, stories)| stories);
    job.footage.expect(clips_of(all).len());
    let mut export = job.draft.create("mugen.json")?;
    let card = job.card();
    let cast: Vec<&str> = card
        .characters
        .iter()
        .map(|one| one.name.as_str())
        .collect();
    let head = format!(
        "{{\"format\":1,\"characters\":{},\"backgrounds\":{},\"splits\":{{",
        json!(cast),
        json!(card.backgrounds)
    );
    let mut lister = Lister::new(picture);
    let mut splits = BTreeMap::new();
    let mut text = head;
    for (split, stories) in &stories {
        let comma = if splits.is_empty() { "" } else { "," };
        // Writing to a String cannot fail.
        let _ = write!(text, "{comma}\n{}:[", json!(split));
        for (place, story) in stories.iter().enumerate() {
            let frames = lister.frames(job, story)?;
            let comma = if place == 0 { "" } else { "," };
            let line = json!({ "id": story.id, "frames": frames });
            let _ = write!(text, "{comma}\n{line}");
            export.add(text.as_bytes())?;
            text.clear();
        }
        text += "]";
        splits.insert(split.clone(), stories.len());
    }
    text += "}}\n";
    export.add(text.as_bytes())?;
    export.finish()?;
    Ok(Written {
        splits,
        ..Written::default()
    })
}

fn picture(job: &mut Job<'_>, clip: &ClipId) -> Result<Value, ConvertError> {
    let file = format!("frames/{}.png", name::path(clip.as_str()));
    let bytes = job.footage.open(clip)?.middle_png()?;
    job.put(&file, &bytes)?;
    Ok(json!(file))
}
