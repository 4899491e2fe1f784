//! What a worker gives for a request: every frame once, each an image or a reason.

use super::fault::WorkerFault;
use super::message::FrameReply;
use super::request::Asked;
use super::secrets::Secrets;
use crate::generator::Prompt;
use crate::record::{Absence, DrawnFrame, FrameReport};
use crate::vision::{VisionError, decode_image, read_bounded};
use std::path::{Path, PathBuf};

/// Characters of a remark that are kept.
const NOTE: usize = 1000;
/// Characters of a caption that are kept.
const TEXT: usize = 10_000;

/// The frames of a batch so far.
pub(super) struct Answer<'a> {
    prompts: &'a [Prompt],
    /// By story and frame.
    pub(super) drawn: Vec<Vec<Option<DrawnFrame>>>,
    scratch: &'a Path,
    secrets: &'a Secrets,
}

impl<'a> Answer<'a> {
    /// Nothing is drawn; what is given will not be.
    pub(super) fn new(asked: &Asked<'a>, scratch: &'a Path) -> Self {
        let drawn = asked.prompts.iter().map(|prompt| {
            let frames = 0..prompt.captions.len();
            frames
                .map(|at| {
                    let is_given = at < prompt.given.len();
                    is_given.then(|| DrawnFrame::absent(Absence::NotDrawn))
                })
                .collect()
        });
        Self {
            prompts: asked.prompts,
            drawn: drawn.collect(),
            scratch,
            secrets: &asked.launch.secrets,
        }
    }

    /// Takes a frame of a round of the stories `asked` (their positions, with the frames to draw, from 1).
    pub(super) fn take(
        &mut self,
        reply: FrameReply,
        asked: &[(usize, Vec<u32>)],
    ) -> Result<(), WorkerFault> {
        let wrong = |what: String| Err(WorkerFault::OutOfPlace { what });
        let (story, index) = (reply.story.clone(), reply.index);
        let place = asked
            .iter()
            .find(|(position, _)| self.prompts[*position].story.id.as_str() == story);
        let Some((position, frames)) = place else {
            return wrong(format!("a frame of story {story}, which was not asked for"));
        };
        if !frames.contains(&index) {
            return wrong(format!(
                "frame {index} of story {story}, which was not asked for"
            ));
        }
        let at = index as usize - 1;
        if self.drawn[*position][at].is_some() {
            return wrong(format!("frame {index} of story {story} came twice"));
        }
        let frame = self.frame(reply)?;
        self.drawn[*position][at] = Some(frame);
        Ok(())
    }

    fn frame(&self, reply: FrameReply) -> Result<DrawnFrame, WorkerFault> {
        let (story, index) = (reply.story, reply.index);
        let short = |text: String, most: usize| -> String {
            self.secrets.removed(&text).chars().take(most).collect()
        };
        let report = FrameReport {
            seconds: reply.seconds.filter(|it| it.is_finite() && *it >= 0.0),
            peak_memory_bytes: reply.peak_memory_bytes,
            note: (reply.refused.clone().or(reply.note)).map(|note| short(note, NOTE)),
        };
        let unusable = |source: VisionError| WorkerFault::Image {
            story: story.clone(),
            index,
            source: Box::new(source),
        };
        let image = match (reply.path, reply.png, reply.refused) {
            (Some(path), None, None) => {
                let path = self.scratch.join(path);
                let bytes = read_bounded(&path).map_err(unusable)?;
                let decoded = decode_image(&bytes, &path).map_err(unusable)?;
                self.remove_if_ours(&path);
                Ok(decoded.image)
            }
            (None, Some(text), None) => {
                let bytes = base64::decode(text).map_err(|source| WorkerFault::NotBase64 {
                    story: story.clone(),
                    index,
                    source,
                })?;
                let name = PathBuf::from("(base64)");
                Ok(decode_image(&bytes, &name).map_err(unusable)?.image)
            }
            (None, None, Some(_)) => Err(Absence::Refused),
            _ => return Err(WorkerFault::NoImage { story, index }),
        };
        Ok(DrawnFrame {
            written: reply.text.map(|text| short(text, TEXT)),
            report,
            ..DrawnFrame::new(image)
        })
    }

    /// Removes an image in the scratch folder, so that it does not fill up. Files elsewhere are the worker's own.
    fn remove_if_ours(&self, path: &Path) {
        if let (Ok(path), Ok(scratch)) = (path.canonicalize(), self.scratch.canonicalize())
            && path.starts_with(&scratch)
        {
            let _ = std::fs::remove_file(path);
        }
    }

    /// Fails where a frame of a round did not come.
    pub(super) fn check(&self, asked: &[(usize, Vec<u32>)]) -> Result<(), WorkerFault> {
        for (position, frames) in asked {
            let missing = frames
                .iter()
                .find(|index| self.drawn[*position][**index as usize - 1].is_none());
            if let Some(index) = missing {
                return Err(WorkerFault::Unfinished {
                    story: self.prompts[*position].story.id.as_str().to_owned(),
                    index: *index,
                });
            }
        }
        Ok(())
    }
}
