//! Initial latents: a pure function of seed, story and frame, or what a file says.
//!
//! The released StoryGPT-V code draws latents from one process-wide generator, so an image depends on
//! how many were drawn before it. Here each frame has a stream of its own: the order of stories, the batch size
//! and a resume cannot change it.

use crate::format::{FormatError, LatentFiles, LatentFolder};
use crate::record::{FrameIndex, Seed, StoryId};
use ndarray::Array3;
use rand_chacha::{ChaCha12Rng, rand_core::SeedableRng};
use rand_distr::{Distribution, StandardNormal};
use sha2::{Digest, Sha256};

/// Names this way of drawing noise. Changing the draw changes every image, and then this must change too.
pub const NOISE_VERSION: &str = "storyeval-noise-v1";

/// Where the initial latents of frames come from.
#[derive(Debug, Default)]
pub enum Noise {
    /// [`latents`].
    #[default]
    Drawn,
    /// Files; the seed changes nothing.
    Given(LatentFiles),
}

impl Noise {
    /// The initial latents of one frame, `[channels, height, width]`.
    ///
    /// # Errors
    /// Those of [`LatentFiles::read`].
    pub fn latents(
        &mut self,
        seed: Seed,
        story: &StoryId,
        frame: FrameIndex,
        shape: [usize; 3],
    ) -> Result<Array3<f32>, FormatError> {
        match self {
            Self::Drawn => Ok(latents(seed, story, frame, shape)),
            Self::Given(files) => files.read(story, frame, shape),
        }
    }
}

/// What a model takes its initial latents from, and where it leaves the final ones.
#[derive(Debug, Default)]
pub struct Latents {
    /// The initial ones.
    pub noise: Noise,
    /// Gets the final ones of every frame that is drawn: what the sampler ends with, before it is divided by the
    /// VAE's factor.
    pub kept: Option<LatentFolder>,
}

/// Standard normal latents of shape `[channels, height, width]` for one frame.
///
/// The stream is ChaCha12, keyed by the SHA-256 of version, seed, story id and frame index. Fields are
/// separated by their lengths, so no two different frames share a key.
#[must_use]
pub fn latents(seed: Seed, story: &StoryId, frame: FrameIndex, shape: [usize; 3]) -> Array3<f32> {
    let mut random = stream(NOISE_VERSION, seed, story, frame);
    // Row-major order is part of the definition: channel, then row, then column.
    Array3::from_shape_simple_fn((shape[0], shape[1], shape[2]), || {
        StandardNormal.sample(&mut random)
    })
}

/// The random numbers of one frame, for one purpose.
pub(super) fn stream(version: &str, seed: Seed, story: &StoryId, frame: FrameIndex) -> ChaCha12Rng {
    let mut hash = Sha256::new();
    hash.update(version.as_bytes());
    hash.update([0]);
    hash.update(seed.0.to_le_bytes());
    hash.update((story.as_str().len() as u64).to_le_bytes());
    hash.update(story.as_str().as_bytes());
    hash.update(frame.0.to_le_bytes());
    ChaCha12Rng::from_seed(hash.finalize().into())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn draw(seed: u64, story: &str, frame: u32) -> Vec<f32> {
        latents(
            Seed(seed),
            &StoryId::new(story),
            FrameIndex(frame),
            [4, 16, 16],
        )
        .into_raw_vec_and_offset()
        .0
    }

    #[test]
    fn the_same_frame_gets_the_same_noise() {
        assert_eq!(draw(42, "s_01", 1), draw(42, "s_01", 1));
    }

    #[test]
    fn seed_story_and_frame_each_change_it() {
        let base = draw(42, "s_01", 1);
        assert_ne!(base, draw(43, "s_01", 1));
        assert_ne!(base, draw(42, "s_02", 1));
        assert_ne!(base, draw(42, "s_01", 2));
    }

    #[test]
    fn it_looks_standard_normal() {
        let values: Vec<f64> = (0..20)
            .flat_map(|frame| draw(7, "story", frame))
            .map(f64::from)
            .collect();
        let count = values.len() as f64;
        let mean = values.iter().sum::<f64>() / count;
        let variance = values
            .iter()
            .map(|value| (value - mean).powi(2))
            .sum::<f64>()
            / count;
        assert!(mean.abs() < 0.03, "mean {mean}");
        assert!((variance - 1.0).abs() < 0.04, "variance {variance}");
    }

    /// Pins the stream: a change here means that published images can no longer be drawn again.
    #[test]
    fn the_stream_is_pinned() {
        let values = latents(
            Seed(42),
            &StoryId::new("s_01_e_25_shot_004015_004089"),
            FrameIndex(1),
            [1, 1, 4],
        );
        for (value, expected) in values.iter().zip(PINNED) {
            assert_eq!(value.to_bits(), expected.to_bits(), "{values:?}");
        }
    }

    const PINNED: [f32; 4] = [-1.326_989_5, -0.558_981_06, -0.797_583_7, -1.647_947_2];
}
