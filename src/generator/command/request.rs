//! What a worker is asked to draw: stories as it reads them, with the files that belong to them.

use super::fault::WorkerFault;
use super::launch::Launch;
use super::message::{EarlierFrame, FrameRequest, StoryRequest};
use crate::format::latents_file;
use crate::generator::{Prompt, latents};
use crate::record::{DrawnFrame, FrameIndex, Reading, Seed, StoryContext, WorkerFacts};
use crate::vision::encode_png;
use image::RgbImage;
use sha2::{Digest, Sha256};
use std::io;
use std::path::{Path, PathBuf};

/// The files of the stories that are being drawn, removed when they are.
pub(super) struct Files {
    folder: PathBuf,
}

impl Files {
    pub(super) fn create(scratch: &Path) -> Result<Self, WorkerFault> {
        let folder = scratch.join("given");
        match std::fs::create_dir(&folder) {
            Err(error) if error.kind() != io::ErrorKind::AlreadyExists => {
                Err(WorkerFault::Scratch {
                    path: folder,
                    source: error,
                })
            }
            _ => Ok(Self { folder }),
        }
    }

    /// The path of a file, which is made where it is not there yet.
    fn file(
        &self,
        name: &str,
        bytes: impl FnOnce() -> io::Result<Vec<u8>>,
    ) -> Result<String, WorkerFault> {
        let path = self.folder.join(name);
        if !path.exists() {
            bytes()
                .and_then(|bytes| std::fs::write(&path, bytes))
                .map_err(|source| WorkerFault::Scratch {
                    path: path.clone(),
                    source,
                })?;
        }
        Ok(path.display().to_string())
    }
}

impl Drop for Files {
    fn drop(&mut self) {
        // The whole scratch folder goes with the worker.
        let _ = std::fs::remove_dir_all(&self.folder);
    }
}

/// Stories that are drawn together.
pub(super) struct Asked<'a> {
    pub(super) launch: &'a Launch,
    pub(super) facts: &'a WorkerFacts,
    pub(super) prompts: &'a [Prompt],
    pub(super) seed: Seed,
    pub(super) files: &'a Files,
}

impl Asked<'_> {
    /// The rounds in which they are drawn: for each, the first frame and the frame after the last one, from 0.
    pub(super) fn rounds(&self) -> Vec<(usize, usize)> {
        let longest = self.prompts.iter().map(|it| it.captions.len()).max();
        let longest = longest.unwrap_or(0);
        match self.facts.context {
            StoryContext::Story => vec![(0, longest)],
            StoryContext::Frame => (0..longest).map(|frame| (frame, frame + 1)).collect(),
        }
    }

    /// What is asked for in a round: the stories (by position) that have a frame to draw in it.
    pub(super) fn stories(
        &self,
        (first, end): (usize, usize),
        drawn: &[Vec<Option<DrawnFrame>>],
    ) -> Result<Vec<(usize, StoryRequest)>, WorkerFault> {
        let mut stories = Vec::new();
        for (position, prompt) in self.prompts.iter().enumerate() {
            let last = end.min(prompt.captions.len());
            let begin = first.max(prompt.given.len());
            if begin < last {
                let story = self.story(position, begin..last, &drawn[position])?;
                stories.push((position, story));
            }
        }
        Ok(stories)
    }

    fn story(
        &self,
        position: usize,
        to_draw: std::ops::Range<usize>,
        drawn: &[Option<DrawnFrame>],
    ) -> Result<StoryRequest, WorkerFault> {
        let prompt = &self.prompts[position];
        let reads = |reading| self.facts.reads.contains(&reading);
        // With one frame at a time, later captions are not known.
        let frames = (0..to_draw.end)
            .map(|at| self.frame(position, at, to_draw.contains(&at)))
            .collect::<Result<_, _>>()?;
        let mut earlier = Vec::new();
        for (at, image) in prompt.given.iter().enumerate() {
            earlier.push(self.earlier(position, at, image)?);
        }
        if self.facts.earlier_frames {
            for (at, frame) in drawn.iter().enumerate().take(to_draw.start) {
                if let Some(Ok(image)) = frame.as_ref().map(|frame| frame.image.as_ref()) {
                    earlier.push(self.earlier(position, at, image)?);
                }
            }
        }
        Ok(StoryRequest {
            story: prompt.story.id.as_str().to_owned(),
            seed: story_seed(self.seed, prompt),
            frames,
            earlier,
            cast: if reads(Reading::Names) {
                self.launch.cast.clone()
            } else {
                Vec::new()
            },
            references: if reads(Reading::References) {
                self.launch.references.clone()
            } else {
                Vec::new()
            },
        })
    }

    fn frame(&self, position: usize, at: usize, draw: bool) -> Result<FrameRequest, WorkerFault> {
        let prompt = &self.prompts[position];
        let (caption, frame) = (&prompt.captions[at], &prompt.story.frames[at]);
        let reads = |reading| self.facts.reads.contains(&reading);
        let index = at as u32 + 1;
        let latents = match self.facts.latents {
            Some(shape) if draw => {
                let name = format!("s{position}f{index}.npy");
                let bytes = || {
                    let noise = latents(self.seed, &prompt.story.id, FrameIndex(index), shape);
                    Ok(latents_file(&noise.view()))
                };
                Some(self.files.file(&name, bytes)?)
            }
            _ => None,
        };
        let original = frame.caption.to_lowercase();
        let named = frame.characters.iter();
        let named = named.filter(|name| original.contains(&name.to_lowercase()));
        Ok(FrameRequest {
            index,
            caption: caption.text.clone(),
            referential: caption.reference_flag,
            original: reads(Reading::Original).then(|| frame.caption.to_string()),
            names: reads(Reading::Names).then(|| named.cloned().collect()),
            latents,
            draw,
        })
    }

    fn earlier(
        &self,
        position: usize,
        at: usize,
        image: &RgbImage,
    ) -> Result<EarlierFrame, WorkerFault> {
        let index = at as u32 + 1;
        let bytes = || encode_png(image).map_err(io::Error::other);
        let path = self
            .files
            .file(&format!("s{position}f{index}.png"), bytes)?;
        Ok(EarlierFrame { index, path })
    }
}

/// The seed of a story: below 2^53, so that every language reads it exactly.
fn story_seed(seed: Seed, prompt: &Prompt) -> u64 {
    let mut hash = Sha256::new();
    hash.update(b"storyeval-worker-v1\0");
    hash.update(seed.0.to_le_bytes());
    hash.update(prompt.story.id.as_str().as_bytes());
    let digest = hash.finalize();
    let bytes: [u8; 8] = digest[..8].try_into().expect("a digest has 32 bytes");
    u64::from_le_bytes(bytes) >> 11
}
