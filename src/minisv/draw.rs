//! Seeded choices of the world: one stream per thing that is drawn, keyed by name, so that adding a
//! choice in one place moves nothing elsewhere.

use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;
use sha2::{Digest, Sha256};

/// A stream of choices.
pub(super) struct Dice(ChaCha8Rng);

impl Dice {
    /// The stream of `path` under `seed`, for example `["episode", "3", "7"]`.
    pub(super) fn new(seed: u64, path: &[&str]) -> Self {
        let mut hasher = Sha256::new();
        hasher.update(b"minisv-v1");
        hasher.update(seed.to_le_bytes());
        for part in path {
            hasher.update([0]);
            hasher.update(part.as_bytes());
        }
        Self(ChaCha8Rng::from_seed(hasher.finalize().into()))
    }

    /// Uniform in [low, high).
    pub(super) fn between(&mut self, low: f32, high: f32) -> f32 {
        // 24 random bits are exact in f32 on every platform.
        let unit = (self.0.random::<u32>() >> 8) as f32 / 16_777_216.0;
        low + unit * (high - low)
    }

    /// True with the given probability.
    pub(super) fn chance(&mut self, probability: f32) -> bool {
        self.between(0.0, 1.0) < probability
    }

    /// An index below `count`; `count` must be positive.
    pub(super) fn index(&mut self, count: usize) -> usize {
        ((u64::from(self.0.random::<u32>()) * count as u64) >> 32) as usize
    }

    /// One of the choices, which must not be empty.
    pub(super) fn pick<'a, T>(&mut self, choices: &'a [T]) -> &'a T {
        &choices[self.index(choices.len())]
    }

    /// Fisher-Yates.
    pub(super) fn shuffle<T>(&mut self, items: &mut [T]) {
        for last in (1..items.len()).rev() {
            let other = self.index(last + 1);
            items.swap(last, other);
        }
    }
}
