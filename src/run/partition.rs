//! A slice of a plan, so that several machines can share the work.

use super::error::RunError;
use crate::record::StoryId;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use std::fmt;
use std::num::NonZeroU32;
use std::str::FromStr;

/// Part `index` of `of`, by a stable hash. Written `hash:1/8`; parts count from 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Partition {
    index: u32,
    of: NonZeroU32,
}

impl Partition {
    /// Everything: `hash:1/1`.
    pub const WHOLE: Self = Self {
        index: 1,
        of: NonZeroU32::MIN,
    };

    /// Part `index` (from 1) of `of`. `None` unless `1 <= index <= of`.
    #[must_use]
    pub fn new(index: u32, of: u32) -> Option<Self> {
        let of = NonZeroU32::new(of)?;
        (1..=of.get())
            .contains(&index)
            .then_some(Self { index, of })
    }

    /// Whether a batch whose first story is `story` belongs to this part.
    ///
    /// The first eight bytes of the SHA-256 of the id, big-endian, modulo the number of parts. That
    /// is the same on every machine and does not move when stories are appended to the plan.
    #[must_use]
    pub fn holds(&self, story: &StoryId) -> bool {
        let digest = Sha256::digest(story.as_str().as_bytes());
        let mut head = [0_u8; 8];
        head.copy_from_slice(&digest[..8]);
        u64::from_be_bytes(head) % u64::from(self.of.get()) == u64::from(self.index - 1)
    }
}

impl fmt::Display for Partition {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "hash:{}/{}", self.index, self.of)
    }
}

impl FromStr for Partition {
    type Err = RunError;

    fn from_str(text: &str) -> Result<Self, RunError> {
        text.strip_prefix("hash:")
            .and_then(|part| part.split_once('/'))
            .and_then(|(index, of)| Self::new(index.parse().ok()?, of.parse().ok()?))
            .ok_or_else(|| RunError::PartitionSyntax {
                text: text.to_owned(),
            })
    }
}

impl TryFrom<String> for Partition {
    type Error = RunError;

    fn try_from(text: String) -> Result<Self, RunError> {
        text.parse()
    }
}

impl From<Partition> for String {
    fn from(partition: Partition) -> Self {
        partition.to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_are_written_and_read() {
        let part: Partition = "hash:3/8".parse().expect("partition");
        assert_eq!(Some(part), Partition::new(3, 8));
        assert_eq!(part.to_string(), "hash:3/8");
        for text in [
            "", "3/8", "hash:0/8", "hash:9/8", "hash:1/0", "hash:a/b", "hash:1",
        ] {
            assert!(text.parse::<Partition>().is_err(), "{text}");
        }
    }

    #[test]
    fn parts_are_disjoint_and_cover_everything() {
        for id in 0..200 {
            let story = StoryId::new(format!("story-{id}"));
            let holders = (1..=8)
                .filter(|index| Partition::new(*index, 8).expect("part").holds(&story))
                .count();
            assert_eq!(holders, 1);
            assert!(Partition::WHOLE.holds(&story));
        }
    }

    #[test]
    fn the_hash_never_changes() {
        // From `printf s_01_e_25_shot_004015_004089 | sha256sum`: the first 16 digits modulo 8.
        let story = StoryId::new("s_01_e_25_shot_004015_004089");
        let part = (1..=8).find(|index| Partition::new(*index, 8).expect("part").holds(&story));
        assert_eq!(part, Some(6));
    }
}
