//! StoryGPT-V's repack: `cleaned_annotations.json` and frames under another name. Frames are not enlarged.

use super::error::ConvertError;
use super::tables::Named;
use super::{Job, Written, flintstones};
use crate::card::TextProcedure;
use serde_json::json;

/// Writes the clips. Ids with a `/`, as PororoSV has, become file names as in the published repack.
pub(super) fn write(job: &mut Job<'_>) -> Result<Written, ConvertError> {
    let clips = Named::new(job, false, |id| id.replace('/', "_"))?;
    // PororoSV has several captions per clip there, and no annotations beside.
    let several = job.card().text_procedure == Some(TextProcedure::Pororo);
    let mut file = job.draft.create("cleaned_annotations.json")?;
    let mut separator = "{";
    for frame in clips.clips.all() {
        let captions = if several {
            json!({ "captions": [frame.caption] })
        } else {
            json!({ "caption": frame.caption })
        };
        let entry = format!("{separator}{}:{captions}", json!(clips.name(frame)));
        separator = ",";
        file.add(entry.as_bytes())?;
    }
    file.add(b"}\n")?;
    file.finish()?;
    if !several {
        flintstones::annotations(job, &clips)?;
    }
    clips.write(job, "split.json", "video_frames_sampled_4x")
}
