//! Which frame of a clip is its ground truth.

use super::frames::FramesError;
use crate::card::GroundTruthRule;
use crate::record::ClipId;
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{RngCore, SeedableRng};
use sha2::{Digest, Sha256};

/// Index, from 0, of the frame that represents a clip of `frames` frames. A pure function, so that the frame of a run can be recorded and recomputed.
///
/// # Errors
/// [`FramesError::NoSuchFrame`] when a fixed index lies outside the clip, or the clip has no frame.
pub fn ground_truth_index(
    rule: GroundTruthRule,
    clip: &ClipId,
    frames: usize,
) -> Result<usize, FramesError> {
    let index = match rule {
        GroundTruthRule::Middle => frames / 2,
        GroundTruthRule::Fixed(index) => index,
        GroundTruthRule::Random(seed) => {
            let mut hasher = Sha256::new();
            hasher.update(b"storyeval ground-truth frame\0");
            hasher.update(seed.0.to_le_bytes());
            hasher.update(clip.as_str().as_bytes());
            let mut draw = ChaCha8Rng::from_seed(hasher.finalize().into());
            // Multiply and shift instead of a library's range, whose method may change.
            ((u128::from(draw.next_u64()) * frames as u128) >> 64) as usize
        }
    };
    if index < frames {
        Ok(index)
    } else {
        Err(FramesError::NoSuchFrame { index, frames })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::record::Seed;

    #[test]
    fn the_middle_of_five_is_the_third() {
        let clip = ClipId::new("a");
        let middle = |frames| ground_truth_index(GroundTruthRule::Middle, &clip, frames);
        assert_eq!(middle(5).unwrap(), 2);
        assert_eq!(middle(4).unwrap(), 2);
        assert_eq!(middle(1).unwrap(), 0);
        assert!(middle(0).is_err());
    }

    #[test]
    fn a_fixed_frame_must_exist() {
        let clip = ClipId::new("a");
        assert_eq!(
            ground_truth_index(GroundTruthRule::Fixed(4), &clip, 5).unwrap(),
            4
        );
        assert!(ground_truth_index(GroundTruthRule::Fixed(5), &clip, 5).is_err());
    }

    #[test]
    fn random_frames_depend_on_seed_and_clip_alone_and_cover_the_clip() {
        let draw = |seed, clip: usize| {
            let rule = GroundTruthRule::Random(Seed(seed));
            ground_truth_index(rule, &ClipId::new(format!("clip {clip}")), 5).unwrap()
        };
        let first: Vec<_> = (0..1000).map(|clip| draw(1, clip)).collect();
        assert_eq!(
            first,
            (0..1000).map(|clip| draw(1, clip)).collect::<Vec<_>>()
        );
        assert_ne!(
            first,
            (0..1000).map(|clip| draw(2, clip)).collect::<Vec<_>>()
        );
        for frame in 0..5 {
            let count = first.iter().filter(|found| **found == frame).count();
            // 200 expected; five standard deviations are 63.
            assert!((137..=263).contains(&count), "{frame}: {count}");
        }
        // Fixed for ever: another value would change every number of a recorded seed.
        assert_eq!(first[..8], FIRST);
    }

    /// From `tools/golden/ground_truth_frame.py`, which has the definition and none of this code.
    const FIRST: [usize; 8] = [3, 2, 0, 1, 2, 4, 0, 1];
}
