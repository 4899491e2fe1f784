//! Pairs of pictures that look alike, without comparing each with each.
//!
//! Two hashes of 64 bits that differ in at most seven agree, in one of four pieces of 16 bits, in all bits
//! but one at most: the seven cannot give every piece two. So each piece is looked up as it is and
//! with each of its bits turned, 68 look-ups a picture, and only what is found there is compared.

use super::likeness::Likeness;
use std::collections::{BTreeMap, HashMap};

/// Bits in which two pictures may differ and still look alike. The pieces allow up to 7.
pub(super) const LIMIT: u32 = 4;
const _: () = assert!(LIMIT < 8);

/// A clip among others.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Member {
    /// Whatever the caller counts clips by.
    pub(super) clip: u32,
    /// Its sequence.
    pub(super) episode: u32,
}

/// What a clip is like: the nearest of the own episode and of the others, and how far they are.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Found {
    pub(super) within: Option<(u32, u32)>,
    pub(super) elsewhere: Option<(u32, u32)>,
}

/// Clips with one key: the first of each episode.
#[derive(Debug, Default)]
pub(super) struct Group(BTreeMap<u32, u32>);

impl Group {
    pub(super) fn add(&mut self, member: Member) {
        self.0.entry(member.episode).or_insert(member.clip);
    }

    /// A clip of this episode, and one of another.
    pub(super) fn beside(&self, episode: u32) -> (Option<u32>, Option<u32>) {
        let elsewhere = self.0.iter().find(|(other, _)| **other != episode);
        (
            self.0.get(&episode).copied(),
            elsewhere.map(|(_, clip)| *clip),
        )
    }
}

/// Clips that others are compared with.
#[derive(Debug, Default)]
pub(super) struct Index {
    hashes: Vec<(Likeness, Group)>,
    by_hash: HashMap<Likeness, u32>,
    by_piece: HashMap<(u8, u16), Vec<u32>>,
}

impl Index {
    pub(super) fn add(&mut self, likeness: Likeness, member: Member) {
        let next = self.hashes.len() as u32;
        let position = *self.by_hash.entry(likeness).or_insert(next);
        if position == next {
            self.hashes.push((likeness, Group::default()));
            for piece in pieces(likeness) {
                self.by_piece.entry(piece).or_default().push(next);
            }
        }
        self.hashes[position as usize].1.add(member);
    }

    /// The nearest at most [`LIMIT`] bits away; of equals the one that was added first.
    pub(super) fn find(&self, likeness: Likeness, episode: u32) -> Found {
        let mut found = Found::default();
        let mut best = |slot: fn(&mut Found) -> &mut Option<(u32, u32)>, distance, clip| {
            let slot = slot(&mut found);
            if slot.is_none_or(|known| (distance, clip) < known) {
                *slot = Some((distance, clip));
            }
        };
        for (number, piece) in pieces(likeness) {
            let turned = (0..16).map(|bit| piece ^ (1 << bit));
            for key in std::iter::once(piece).chain(turned) {
                let there = self.by_piece.get(&(number, key)).into_iter().flatten();
                for (other, group) in there.map(|position| &self.hashes[*position as usize]) {
                    let distance = likeness.distance(*other);
                    if distance > LIMIT {
                        continue;
                    }
                    let (within, elsewhere) = group.beside(episode);
                    if let Some(clip) = within {
                        best(|found| &mut found.within, distance, clip);
                    }
                    if let Some(clip) = elsewhere {
                        best(|found| &mut found.elsewhere, distance, clip);
                    }
                }
            }
        }
        found
    }
}

fn pieces(likeness: Likeness) -> impl Iterator<Item = (u8, u16)> {
    (0..4_u8).map(move |number| (number, (likeness.0 >> (16 * u32::from(number))) as u16))
}

#[cfg(test)]
mod tests {
    use super::*;
    use rand::{Rng, SeedableRng};

    #[test]
    fn the_index_finds_what_comparing_each_with_each_finds() {
        let mut random = rand_chacha::ChaCha8Rng::seed_from_u64(7);
        let centres: Vec<u64> = (0..40).map(|_| random.random()).collect();
        let mut draw = || {
            let mut bits = centres[random.random_range(0..centres.len())];
            for _ in 0..random.random_range(0..6) {
                bits ^= 1 << random.random_range(0..64);
            }
            Likeness(bits)
        };
        let known: Vec<Likeness> = (0..600).map(|_| draw()).collect();
        let mut index = Index::default();
        for (clip, likeness) in known.iter().enumerate() {
            let member = Member {
                clip: clip as u32,
                episode: clip as u32 % 5,
            };
            index.add(*likeness, member);
        }
        let mut hits = 0;
        for number in 0..300 {
            let (probe, episode) = (draw(), number % 5);
            let nearest = |same: bool| {
                let all = known.iter().enumerate();
                all.filter(|(clip, _)| (*clip as u32 % 5 == episode) == same)
                    .map(|(_, other)| probe.distance(*other))
                    .filter(|distance| *distance <= LIMIT)
                    .min()
            };
            let found = index.find(probe, episode);
            assert_eq!(found.within.map(|(distance, _)| distance), nearest(true));
            assert_eq!(
                found.elsewhere.map(|(distance, _)| distance),
                nearest(false)
            );
            hits += usize::from(found.within.is_some());
        }
        assert!(hits > 50, "{hits}");
    }

    #[test]
    fn many_equal_pictures_cost_no_more_than_their_episodes() {
        let mut index = Index::default();
        for clip in 0..50_000 {
            let member = Member {
                clip,
                episode: clip % 3,
            };
            index.add(Likeness(1), member);
        }
        assert_eq!(index.hashes.len(), 1);
        let found = index.find(Likeness(3), 1);
        assert_eq!(found.within, Some((1, 1)));
        assert_eq!(found.elsewhere, Some((1, 0)));
    }
}
