//! Balls around vectors: as far as the k-th nearest neighbour, also when a group of vectors is left out.

use super::cloud::{Cloud, ROWS, exact};
use rayon::prelude::*;

/// The ball of one vector, for both k. Squared radii.
pub(super) struct Ball {
    pub(super) radii: [f64; 2],
    /// The radii without a group, where that changes one of them: a ball grows when neighbours go. Its
    /// own group is not here, because the ball goes with it.
    pub(super) without: Vec<(u8, [f64; 2])>,
    /// The largest of all of them.
    pub(super) outer: [f64; 2],
}

/// Squared distances to the k-th nearest neighbours (the vector itself is the zeroth).
pub(super) fn balls(set: &Cloud, ks: [usize; 2], groups: &[u8]) -> Vec<Ball> {
    let blocks: Vec<Vec<Ball>> = (0..set.len().div_ceil(ROWS))
        .into_par_iter()
        .map(|block| {
            let (start, rough) = set.rough(block, set);
            let mut upper = Vec::with_capacity(set.len());
            (0..rough.ncols())
                .map(|j| {
                    let index = start + j;
                    let own = groups[index];
                    let most = ks[0].max(ks[1]);
                    let column = rough.col(j);
                    let slack = |to: usize| set.slack(index, set, to);
                    upper.clear();
                    let values = column.iter().enumerate();
                    upper.extend(values.map(|(to, value)| (value + slack(to), groups[to])));
                    let bound = bound(&mut upper, most, own);
                    let mut near: Vec<(f64, u8)> = column
                        .iter()
                        .enumerate()
                        .filter(|(to, value)| **value - slack(*to) <= bound)
                        .map(|(to, _)| (exact(set.row(index), set.row(to)), groups[to]))
                        .collect();
                    near.sort_by(|(a, _), (b, _)| a.total_cmp(b));
                    ball(&near, ks, own)
                })
                .collect()
        })
        .collect();
    blocks.into_iter().flatten().collect()
}

/// A distance within which `most + 1` vectors are left whichever group but `own` is left out; infinite
/// where there are none so many.
fn bound(upper: &mut [(f64, u8)], most: usize, own: u8) -> f64 {
    let mut taken = 4 * (most + 1);
    loop {
        let whole = taken >= upper.len();
        let taking = taken.min(upper.len());
        if !whole {
            upper.select_nth_unstable_by(taking - 1, |(a, _), (b, _)| a.total_cmp(b));
        }
        upper[..taking].sort_unstable_by(|(a, _), (b, _)| a.total_cmp(b));
        let mut counts = [0_usize; super::MAX_GROUPS];
        let mut largest = 0;
        for (seen, (value, group)) in upper[..taking].iter().enumerate() {
            if *group != own {
                let count = &mut counts[usize::from(*group)];
                *count += 1;
                largest = largest.max(*count);
            }
            if seen + 1 > most + largest {
                return *value;
            }
        }
        if whole {
            return f64::INFINITY;
        }
        taken *= 4;
    }
}

/// From neighbours in ascending order, the vector itself among them.
fn ball(near: &[(f64, u8)], ks: [usize; 2], own: u8) -> Ball {
    let radii = ks.map(|k| near[k].0);
    let mut without: Vec<(u8, [f64; 2])> = Vec::new();
    for (_, group) in &near[..=ks[0].max(ks[1])] {
        if *group == own || without.iter().any(|(known, _)| known == group) {
            continue;
        }
        let radius = |k: usize| {
            let mut left = near.iter().filter(|(_, other)| other != group);
            left.nth(k).map_or(f64::INFINITY, |(square, _)| *square)
        };
        without.push((*group, ks.map(radius)));
    }
    let outer = std::array::from_fn(|k| {
        let grown = without.iter().map(|(_, radii)| radii[k]);
        grown.fold(radii[k], f64::max)
    });
    Ball {
        radii,
        without,
        outer,
    }
}
