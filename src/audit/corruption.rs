//! Which clip each frame shows, and what is done to its pixels.

use super::donors::Donors;
use super::key::random;
use super::{Fault, Grain, Strength, pixels};
use crate::record::{ClipId, Seed, Story, StoryFrame};
use image::RgbImage;
use rand::seq::{IndexedRandom, SliceRandom};

/// What is done to the pixels of a frame.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Touch {
    /// Nothing.
    Untouched,
    /// Gaussian blur with this standard deviation, in pixels.
    Blur(f64),
    /// Gaussian noise with this standard deviation, in grey levels.
    Noise(f64),
}

/// A frame of the corrupted set.
#[derive(Clone, Debug, PartialEq)]
pub struct Shown {
    /// The clip whose real frame is shown.
    pub clip: ClipId,
    /// What is done to it.
    pub touch: Touch,
}

/// How many frames or stories a fault is in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize)]
pub struct Extent {
    /// Frames or stories that have the fault.
    pub hit: usize,
    /// Frames or stories that can have it: of the others no donor is known, or they are too short.
    pub possible: usize,
    /// All frames or stories.
    pub all: usize,
}

/// A fault at one strength, spread over stories. Made of the seed alone: frames that are hit at one
/// strength are hit at every greater one too, with the same donor and the same noise.
#[derive(Clone, Debug, PartialEq)]
pub struct Corruption {
    fault: Fault,
    seed: Seed,
    frames: Vec<Vec<Shown>>,
    extent: Extent,
}

impl Corruption {
    /// Plans a fault for `stories`; donors come from the stories of the whole `split`.
    ///
    /// Of m frames or stories that can have the fault, a share s hits s m of them, rounded half up, and
    /// at least one.
    #[must_use]
    pub fn new(
        stories: &[&Story],
        split: &[Story],
        fault: Fault,
        strength: Strength,
        seed: Seed,
    ) -> Self {
        let amount = fault.amount(strength);
        let mut frames: Vec<Vec<Shown>> = stories
            .iter()
            .map(|story| story.frames.iter().map(untouched).collect())
            .collect();
        let extent = match fault.grain() {
            Grain::Pixels => touch(&mut frames, fault, amount),
            Grain::Frames => replace(&mut frames, stories, split, fault, amount, seed),
            Grain::Stories => rearrange(&mut frames, stories, fault, amount, seed),
        };
        Self {
            fault,
            seed,
            frames,
            extent,
        }
    }

    /// What each frame shows, `[story][frame]`.
    #[must_use]
    pub fn frames(&self) -> &[Vec<Shown>] {
        &self.frames
    }

    /// How far the fault reaches.
    #[must_use]
    pub fn extent(&self) -> Extent {
        self.extent
    }

    /// The image of one frame, given the real frame of the clip that it shows. `story` names its draws.
    #[must_use]
    pub fn apply(&self, story: &Story, frame: usize, shown: &Shown, image: RgbImage) -> RgbImage {
        match shown.touch {
            Touch::Untouched => image,
            Touch::Blur(sigma) => pixels::blur(&image, sigma),
            Touch::Noise(sigma) => {
                let frame = frame.to_string();
                let purpose = [self.fault.id(), story.id.as_str(), &frame];
                pixels::noise(&image, sigma, &mut random(self.seed, &purpose))
            }
        }
    }
}

fn untouched(frame: &StoryFrame) -> Shown {
    Shown {
        clip: frame.clip.clone(),
        touch: Touch::Untouched,
    }
}

/// How many of `possible` a share is.
fn count(share: f64, possible: usize) -> usize {
    if share <= 0.0 {
        return 0;
    }
    ((share * possible as f64).round() as usize).clamp(1.min(possible), possible)
}

fn touch(frames: &mut [Vec<Shown>], fault: Fault, amount: f64) -> Extent {
    let all = frames.iter().map(Vec::len).sum();
    if amount > 0.0 {
        for shown in frames.iter_mut().flatten() {
            shown.touch = if fault == Fault::Blur {
                Touch::Blur(amount)
            } else {
                Touch::Noise(amount)
            };
        }
    }
    Extent {
        hit: if amount > 0.0 { all } else { 0 },
        possible: all,
        all,
    }
}

fn replace(
    frames: &mut [Vec<Shown>],
    stories: &[&Story],
    split: &[Story],
    fault: Fault,
    share: f64,
    seed: Seed,
) -> Extent {
    let donors = Donors::new(split);
    let mut planned: Vec<(usize, usize, &ClipId)> = Vec::new();
    let mut all = 0;
    for (index, story) in stories.iter().enumerate() {
        for (position, frame) in story.frames.iter().enumerate() {
            all += 1;
            let place = position.to_string();
            let mut random = random(seed, &[fault.id(), story.id.as_str(), &place]);
            let fitting = donors.of(frame, fault);
            planned.extend(fitting.choose(&mut random).map(|d| (index, position, *d)));
        }
    }
    planned.shuffle(&mut random(seed, &[fault.id()]));
    let hit = count(share, planned.len());
    for (story, position, clip) in &planned[..hit] {
        frames[*story][*position].clip = (*clip).clone();
    }
    Extent {
        hit,
        possible: planned.len(),
        all,
    }
}

fn rearrange(
    frames: &mut [Vec<Shown>],
    stories: &[&Story],
    fault: Fault,
    share: f64,
    seed: Seed,
) -> Extent {
    let mut order: Vec<usize> = (0..stories.len())
        .filter(|story| frames[*story].len() > 1)
        .collect();
    order.shuffle(&mut random(seed, &[fault.id()]));
    let hit = count(share, order.len());
    for story in &order[..hit] {
        let frames = &mut frames[*story];
        if fault == Fault::ShiftedCaptions {
            frames.rotate_left(1);
        } else {
            let first = frames[0].clone();
            frames.fill(first);
        }
    }
    Extent {
        hit,
        possible: order.len(),
        all: stories.len(),
    }
}

#[cfg(test)]
#[path = "corruption_tests.rs"]
mod tests;
