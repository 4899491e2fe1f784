//! Two systems on the same clusters: their difference, what each cluster has in it, and the test that swaps clusters.

use super::bootstrap::Resampling;
use super::influence::is_rounding;
use super::jackknife::LeftOut;
use super::sums::{ClusterSums, add};
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{RngCore, SeedableRng};
use rayon::prelude::*;

/// Up to this many clusters that differ, every one of the `2^k` arrangements is counted.
pub const MOST_EXACT: usize = 16;
/// Differences closer than this to the observed one, relatively, are ties: sums in another order.
const TIE: f64 = 1e-9;
/// Keeps the draws of this test apart from those of a bootstrap with the same seed.
const SWAP_STREAMS: u64 = 1 << 63;

/// Two systems whose score is `value` of the sums over the same clusters.
pub struct Pair<'a, F> {
    base: &'a ClusterSums,
    candidate: &'a ClusterSums,
    value: F,
}

/// What a randomisation test found.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Randomised {
    /// Two-sided p value, in `(0, 1]`.
    pub p: f64,
    /// Whether every arrangement was counted, rather than a sample of them.
    pub exact: bool,
    /// Arrangements that were counted.
    pub arrangements: usize,
}

impl<'a, F> Pair<'a, F>
where
    F: Fn(&[f64]) -> Option<f64> + Sync,
{
    /// Puts two systems together. `value` is the score of sums, `None` where it is not defined.
    ///
    /// # Panics
    /// When the sums are not of the same clusters and width.
    pub fn new(base: &'a ClusterSums, candidate: &'a ClusterSums, value: F) -> Self {
        assert_eq!(base.width(), candidate.width(), "the same sums");
        assert_eq!(base.clusters(), candidate.clusters(), "the same clusters");
        Self {
            base,
            candidate,
            value,
        }
    }

    /// Candidate minus base.
    #[must_use]
    pub fn difference(&self) -> Option<f64> {
        self.between(&self.base.total(), &self.candidate.total())
    }

    fn between(&self, base: &[f64], candidate: &[f64]) -> Option<f64> {
        let difference = (self.value)(candidate)? - (self.value)(base)?;
        difference.is_finite().then_some(difference)
    }

    /// Tests that the two systems are exchangeable on every cluster (Fisher's and Noreen's randomisation):
    /// whole clusters are swapped between them, and p is the share of arrangements whose difference is at
    /// least as far from 0. Of a mean over clusters of equal size this is the sign-flip test.
    ///
    /// All arrangements are counted where at most [`MOST_EXACT`] clusters differ; otherwise
    /// `plan.resamples` random ones, and then p is `(b + 1) / (m + 1)`, never 0. Arrangement `r` reads stream
    /// `r` of the generator: p is the same whatever the number of threads. An arrangement on which the score
    /// is not defined counts as extreme. `None` when the difference is not defined.
    #[must_use]
    pub fn randomise(&self, plan: Resampling) -> Option<Randomised> {
        let (base, candidate) = (self.base.total(), self.candidate.total());
        let observed = self.between(&base, &candidate)?.abs();
        // Clusters on which both did the same are the same after a swap.
        let moves: Vec<Vec<f64>> = self
            .base
            .rows()
            .zip(self.candidate.rows())
            .map(|(a, b)| b.iter().zip(a).map(|(b, a)| b - a).collect::<Vec<f64>>())
            .filter(|row| row.iter().any(|value| *value != 0.0))
            .collect();
        let extreme = |moved: &[f64]| {
            let shifted = |from: &[f64], sign: f64| {
                let mut to = from.to_vec();
                add(&mut to, moved, sign);
                to
            };
            self.between(&shifted(&base, 1.0), &shifted(&candidate, -1.0))
                .is_none_or(|found| found.abs() >= observed * (1.0 - TIE))
        };
        let width = self.base.width();
        let sum = |swapped: &mut dyn FnMut() -> u64| {
            let mut moved = vec![0.0; width];
            for chunk in moves.chunks(64) {
                let mut bits = swapped();
                if chunk.len() < 64 {
                    bits &= (1_u64 << chunk.len()) - 1;
                }
                while bits != 0 {
                    add(&mut moved, &chunk[bits.trailing_zeros() as usize], 1.0);
                    bits &= bits - 1;
                }
            }
            moved
        };
        let exact = moves.len() <= MOST_EXACT;
        let arrangements = if exact {
            1_usize << moves.len()
        } else {
            plan.resamples
        };
        let count = (0..arrangements)
            .into_par_iter()
            .filter(|arrangement| {
                let mut bits = *arrangement as u64;
                let mut random = ChaCha8Rng::seed_from_u64(plan.seed);
                random.set_stream(SWAP_STREAMS | *arrangement as u64);
                extreme(&sum(&mut || {
                    if exact {
                        std::mem::take(&mut bits)
                    } else {
                        random.next_u64()
                    }
                }))
            })
            .count();
        let p = if exact {
            count as f64 / arrangements as f64
        } else {
            (count as f64 + 1.0) / (arrangements as f64 + 1.0)
        };
        Some(Randomised {
            p,
            exact,
            arrangements,
        })
    }

    /// The difference without each cluster in turn: for its standard error ([`super::standard_error`]), and for how
    /// far each cluster moves it.
    #[must_use]
    pub fn left_out(&self) -> Vec<LeftOut> {
        let (base, candidate) = (self.base.total(), self.candidate.total());
        let whole = (self.value)(&base).zip((self.value)(&candidate));
        let rows = self.base.rows().zip(self.candidate.rows());
        rows.map(|(a, b)| {
            let without = |total: &[f64], row: &[f64]| {
                let mut rest = total.to_vec();
                add(&mut rest, row, -1.0);
                rest
            };
            let value = self.between(&without(&base, a), &without(&candidate, b));
            LeftOut {
                // A difference of large values has their rounding, which is no move.
                value: whole.zip(value).map(|((a, b), value)| {
                    let moved = value - (b - a);
                    if is_rounding(a.abs().max(b.abs()), a.abs().max(b.abs()) + moved) {
                        b - a
                    } else {
                        value
                    }
                }),
                size: 1,
            }
        })
        .collect()
    }
}

#[cfg(test)]
#[path = "pair_tests.rs"]
mod tests;
