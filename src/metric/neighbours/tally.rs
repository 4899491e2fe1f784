//! Who lies in whose ball, with all vectors and without each group of them.
//!
//! Marks are ORed and counts added, so that the order in which threads finish does not show. Leaving
//! out a group costs no further distance: a vector is inside without group g when it is in a ball of
//! another group, and balls that grow without g are few.

use super::ball::Ball;
use super::cloud::{Cloud, Pair, Rule};
use super::{GeneratedPlace, MAX_GROUPS, RealPlace};

/// Vectors of both sets with their balls and groups.
pub(super) struct Side<'a> {
    pub(super) cloud: &'a Cloud,
    pub(super) balls: &'a [Ball],
    pub(super) groups: &'a [u8],
}

/// Whether a vector is inside a ball: with all vectors, and (a bit a group) without that group.
#[derive(Clone, Copy, Default)]
pub(super) struct Mark {
    pub(super) any: bool,
    pub(super) without: u64,
}

impl Mark {
    /// Whether nothing more can be learnt of a vector of this group.
    fn settled(self, full: u64, own: u8) -> bool {
        self.any && self.without | bit(own) | !full == u64::MAX
    }

    /// Marks what a ball tells when `is_in` says whether the vector is within a squared radius; without
    /// the group `goes`, ball or vector are gone.
    fn see(
        &mut self,
        ball: &Ball,
        k: usize,
        goes: u8,
        full: u64,
        mut is_in: impl FnMut(f64) -> bool,
    ) -> Seen {
        if !is_in(ball.outer[k]) {
            return Seen::Outside;
        }
        if is_in(ball.radii[k]) {
            self.any = true;
            self.without |= full & !bit(goes);
            return Seen::Inside;
        }
        let mut grown = 0;
        for (group, radii) in &ball.without {
            if *group != goes && is_in(radii[k]) {
                grown |= bit(*group);
            }
        }
        self.without |= grown;
        Seen::Without(grown)
    }
}

/// Where a vector lies with respect to one ball.
enum Seen {
    Outside,
    Inside,
    /// Inside only when one of these groups is left out.
    Without(u64),
}

pub(super) fn bit(group: u8) -> u64 {
    1 << group
}

/// A real vector: where it lies, whether in a closed generated ball, whether covered.
pub(super) type RealSeen = (RealPlace, Mark, Mark);

/// What a thread has seen.
pub(super) struct Tally {
    pub(super) generated: Vec<(GeneratedPlace, Mark)>,
    /// By number of the block of rows.
    pub(super) real_blocks: Vec<(usize, Vec<RealSeen>)>,
    /// Pairs of an open ball and a vector inside that go with a group.
    pub(super) lost: [u64; MAX_GROUPS],
    /// Pairs that come when a group goes.
    pub(super) gained: [u64; MAX_GROUPS],
}

impl Tally {
    pub(super) fn new(generated: usize) -> Self {
        Self {
            generated: vec![Default::default(); generated],
            real_blocks: Vec::new(),
            lost: [0; MAX_GROUPS],
            gained: [0; MAX_GROUPS],
        }
    }

    pub(super) fn merge(mut self, other: Self) -> Self {
        for ((place, mark), (add, more)) in self.generated.iter_mut().zip(other.generated) {
            place.in_closed |= add.in_closed;
            place.open += add.open;
            mark.any |= more.any;
            mark.without |= more.without;
        }
        self.real_blocks.extend(other.real_blocks);
        for (count, add) in self.lost.iter_mut().zip(other.lost) {
            *count += add;
        }
        for (count, add) in self.gained.iter_mut().zip(other.gained) {
            *count += add;
        }
        self
    }

    /// Compares a block of real vectors with all generated ones. `full` has a bit a group.
    pub(super) fn compare(
        &mut self,
        real: &Side<'_>,
        fake: &Side<'_>,
        block: usize,
        full: u64,
        rule: Rule,
    ) {
        let (start, rough) = real.cloud.rough(block, fake.cloud);
        let own = (0..rough.ncols())
            .map(|j| {
                let index = start + j;
                let (ball, group) = (&real.balls[index], real.groups[index]);
                let mut place = RealPlace::default();
                let (mut closed, mut covered) = (Mark::default(), Mark::default());
                for (to, value) in rough.col(j).iter().enumerate() {
                    let (other, other_group) = (&fake.balls[to], fake.groups[to]);
                    let slack = real.cloud.slack(index, fake.cloud, to);
                    let ends = [real.cloud.row(index), fake.cloud.row(to)];
                    let mut pair = Pair::new(*value, slack, ends);
                    let (target, mark) = &mut self.generated[to];
                    if !mark.settled(full, other_group) {
                        mark.see(ball, 0, group, full, |radius| pair.closed(radius));
                    }
                    if !closed.settled(full, group) {
                        closed.see(other, 0, other_group, full, |radius| pair.closed(radius));
                    }
                    place.in_open = place.in_open || pair.open(other.radii[1], rule);
                    match covered.see(ball, 1, other_group, full, |r| pair.open(r, rule)) {
                        Seen::Outside => {}
                        Seen::Inside => {
                            target.open += 1;
                            self.lost[usize::from(group)] += 1;
                            if group != other_group {
                                self.lost[usize::from(other_group)] += 1;
                            }
                        }
                        Seen::Without(mut groups) => {
                            while groups != 0 {
                                self.gained[groups.trailing_zeros() as usize] += 1;
                                groups &= groups - 1;
                            }
                        }
                    }
                }
                place.in_closed = closed.any;
                place.covered = covered.any;
                (place, closed, covered)
            })
            .collect();
        self.real_blocks.push((block, own));
    }
}
