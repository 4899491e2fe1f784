//! Seeds of single draws.

use crate::record::Seed;
use rand::SeedableRng;
use rand_chacha::ChaCha12Rng;
use sha2::{Digest, Sha256};

/// A generator of random numbers that depends on the seed and on what it is for, and on nothing else: the
/// draw of a frame is the same whichever stories are observed beside it.
pub(super) fn random(seed: Seed, purpose: &[&str]) -> ChaCha12Rng {
    let mut hasher = Sha256::new();
    hasher.update(b"storyeval audit 1\0");
    hasher.update(seed.0.to_le_bytes());
    for part in purpose {
        hasher.update((part.len() as u64).to_le_bytes());
        hasher.update(part.as_bytes());
    }
    ChaCha12Rng::from_seed(hasher.finalize().into())
}
