//! Precision, recall, density and coverage: what share of one set lies inside the other's
//! neighbourhoods.
//!
//! - *Improved precision and recall* (Kynkäänniemi et al. 2019; torch-fidelity): a ball around each
//!   vector reaches its k-th nearest neighbour, `k = 3`, the surface belongs to it. Precision is the
//!   share of generated vectors in any real ball, recall the share of real vectors in any generated one.
//! - *Density and coverage* (Naeem et al. 2020; the `prdc` package): `k = 5`, the surface does not
//!   belong to a ball. Density is the mean number of real balls that a generated vector lies in,
//!   divided by k (it may exceed 1); coverage the share of real balls with a generated vector inside.
//!
//! Written here and not taken from a crate, because distances are exact: matrix products only sort out which pairs are too close to a radius to be
//! decided by them, and those are summed one by one. So ties (repeated images) are ties whatever the
//! order of the vectors or the number of threads.

mod ball;
mod cloud;
mod tally;

use super::features::{SetFault, check};
use super::{Feature, Side};
use crate::stats::LeftOut;
use ball::balls;
use cloud::{Cloud, ROWS, Rule, centre};
use ndarray::ArrayView2;
use rayon::prelude::*;
use tally::{Mark, Tally, bit};

/// Most groups that [`prdc_by_groups`] can leave out, one at a time.
pub const MAX_GROUPS: usize = 64;

/// The neighbourhood sizes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PrdcOptions {
    /// k of improved precision and recall.
    pub precision_k: usize,
    /// k of density and coverage.
    pub density_k: usize,
}

impl Default for PrdcOptions {
    /// The published 3 and 5.
    fn default() -> Self {
        Self {
            precision_k: 3,
            density_k: 5,
        }
    }
}

impl PrdcOptions {
    /// Whether sets of these sizes have such neighbourhoods. It needs no features, so that it can be asked
    /// before a network reads images.
    ///
    /// # Errors
    /// [`PrdcUnscored::NoNeighbour`] and [`PrdcUnscored::TooFewNeighbours`].
    pub fn fit(&self, sizes: [usize; 2]) -> Result<(), PrdcUnscored> {
        let ks = [self.precision_k, self.density_k];
        if ks.contains(&0) {
            return Err(PrdcUnscored::NoNeighbour);
        }
        for (side, n) in [Side::First, Side::Second].into_iter().zip(sizes) {
            if let Some(k) = ks.into_iter().find(|k| n <= *k) {
                return Err(PrdcUnscored::TooFewNeighbours { side, n, k });
            }
        }
        Ok(())
    }
}

/// The values, and what each vector adds to them.
#[derive(Clone, Debug, PartialEq)]
pub struct Prdc {
    /// Improved precision, in `[0, 1]`.
    pub precision: f64,
    /// Improved recall, in `[0, 1]`.
    pub recall: f64,
    /// Density, at least 0, about 1 for equal distributions.
    pub density: f64,
    /// Coverage, in `[0, 1]`.
    pub coverage: f64,
    /// Precision as the `prdc` package has it: `density_k`, surface excluded.
    pub open_precision: f64,
    /// Recall as the `prdc` package has it.
    pub open_recall: f64,
    /// A row a generated vector.
    pub generated: Vec<GeneratedPlace>,
    /// A row a real vector.
    pub real: Vec<RealPlace>,
}

impl Prdc {
    /// Harmonic mean of precision and recall as torch-fidelity has it.
    #[must_use]
    pub fn f_score(&self) -> f64 {
        2.0 * self.precision * self.recall / (self.precision + self.recall).max(1e-5)
    }
}

/// Where a generated vector lies.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct GeneratedPlace {
    /// In a closed real ball of `precision_k`.
    pub in_closed: bool,
    /// Number of open real balls of `density_k` around it.
    pub open: u64,
}

/// Where a real vector lies.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct RealPlace {
    /// In a closed generated ball of `precision_k`.
    pub in_closed: bool,
    /// In an open generated ball of `density_k`.
    pub in_open: bool,
    /// A generated vector is in its own open ball of `density_k`.
    pub covered: bool,
}

/// Why there is no value.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PrdcUnscored {
    /// The sets cannot be compared.
    #[error(transparent)]
    Set(#[from] SetFault),
    /// A vector has fewer neighbours than asked for.
    #[error("the {side} set has {n} vectors; a neighbourhood of {k} needs at least {}", k + 1)]
    TooFewNeighbours {
        /// Which set.
        side: Side,
        /// Its number of vectors.
        n: usize,
        /// The k.
        k: usize,
    },
    /// k must be at least 1.
    #[error("a neighbourhood of 0 neighbours is empty; take at least 1")]
    NoNeighbour,
    /// Squares of distances are too large for a double.
    #[error("the distances of these features are too large for a double")]
    Overflow,
    /// Groups are not one a vector, or too many.
    #[error(
        "{numbers} group numbers below {MAX_GROUPS} are needed, one a vector of the {side} set"
    )]
    Groups {
        /// Which set.
        side: Side,
        /// Its number of vectors.
        numbers: usize,
    },
}

/// Precision, recall, density and coverage of the generated vectors (rows of `[n1, d]`) with respect
/// to the real ones (`[n2, d]`). Memory beyond a copy of the sets grows with `n1 + n2` only.
///
/// # Errors
/// See [`PrdcUnscored`].
pub fn prdc<T: Feature>(
    generated: &ArrayView2<'_, T>,
    real: &ArrayView2<'_, T>,
    options: &PrdcOptions,
) -> Result<Prdc, PrdcUnscored> {
    let groups = [vec![0; generated.nrows()], vec![0; real.nrows()]];
    prdc_by_groups(generated, real, options, [&groups[0], &groups[1]]).map(|(found, _)| found)
}

/// The same, and each value (precision, recall, density, coverage) without each group in turn, for a
/// jackknife. `groups` gives the group
/// of each generated and of each real vector, below [`MAX_GROUPS`]; a group is left out of both sets. It
/// costs little more than [`prdc`]: every distance is computed once.
///
/// # Errors
/// See [`PrdcUnscored`].
pub fn prdc_by_groups<T: Feature>(
    generated: &ArrayView2<'_, T>,
    real: &ArrayView2<'_, T>,
    options: &PrdcOptions,
    groups: [&[u8]; 2],
) -> Result<(Prdc, [Vec<LeftOut>; 4]), PrdcUnscored> {
    check(generated, real, 1)?;
    options.fit([generated.nrows(), real.nrows()])?;
    let ks = [options.precision_k, options.density_k];
    let sets = [(Side::First, generated), (Side::Second, real)];
    for ((side, set), groups) in sets.into_iter().zip(groups) {
        let n = set.nrows();
        if groups.len() != n || groups.iter().any(|g| usize::from(*g) >= MAX_GROUPS) {
            return Err(PrdcUnscored::Groups { side, numbers: n });
        }
    }
    // Distances do not depend on the origin, but their digits do.
    let shift = centre(real);
    let clouds = [Cloud::new(generated, &shift), Cloud::new(real, &shift)];
    let mut squares = clouds.iter().flat_map(|cloud| &cloud.squares);
    if !squares.all(|s| s.is_finite() && *s < f64::MAX / 8.0) {
        return Err(PrdcUnscored::Overflow);
    }
    let all_balls = [0, 1].map(|side: usize| balls(&clouds[side], ks, groups[side]));
    let [fake, real] = [0, 1].map(|side: usize| tally::Side {
        cloud: &clouds[side],
        balls: &all_balls[side],
        groups: groups[side],
    });
    let count = groups.iter().flat_map(|g| g.iter()).max();
    let count = count.map_or(0, |last| usize::from(*last) + 1);
    let full = u64::MAX >> (MAX_GROUPS - count);
    let rule = Rule { single: T::SINGLE };
    let n = generated.nrows();
    let mut tally = (0..real.cloud.len().div_ceil(ROWS))
        .into_par_iter()
        .fold(
            || Tally::new(n),
            |mut tally, block| {
                tally.compare(&real, &fake, block, full, rule);
                tally
            },
        )
        .reduce(|| Tally::new(n), Tally::merge);
    tally.real_blocks.sort_by_key(|(block, _)| *block);
    for (place, mark) in &mut tally.generated {
        place.in_closed = mark.any;
    }
    let mut left_out: [Vec<LeftOut>; 4] = Default::default();
    for group in 0..count as u8 {
        let (values, size) = without(group, &tally, groups, options);
        for (at, all) in left_out.iter_mut().enumerate() {
            all.push(LeftOut {
                value: values.map(|values| values[at]),
                size,
            });
        }
    }
    Ok((together(tally, options), left_out))
}

/// The values with all vectors.
fn together(tally: Tally, options: &PrdcOptions) -> Prdc {
    let places: Vec<GeneratedPlace> = tally.generated.into_iter().map(|(own, _)| own).collect();
    let blocks = tally.real_blocks.into_iter();
    let own: Vec<RealPlace> = blocks
        .flat_map(|(_, own)| own)
        .map(|(own, ..)| own)
        .collect();
    let share = |part: usize, whole: usize| part as f64 / whole as f64;
    let of_fake = |test: fn(&GeneratedPlace) -> bool| {
        share(places.iter().filter(|p| test(p)).count(), places.len())
    };
    let of_real =
        |test: fn(&RealPlace) -> bool| share(own.iter().filter(|p| test(p)).count(), own.len());
    let inside: u64 = places.iter().map(|place| place.open).sum();
    Prdc {
        precision: of_fake(|p| p.in_closed),
        recall: of_real(|p| p.in_closed),
        density: inside as f64 / places.len() as f64 / options.density_k as f64,
        coverage: of_real(|p| p.covered),
        open_precision: of_fake(|p| p.open > 0),
        open_recall: of_real(|p| p.in_open),
        generated: places,
        real: own,
    }
}

/// The four values without a group, where enough vectors are left, and how many generated ones are not.
fn without(
    group: u8,
    tally: &Tally,
    groups: [&[u8]; 2],
    options: &PrdcOptions,
) -> (Option<[f64; 4]>, usize) {
    let [fakes, reals] = groups.map(|of| of.iter().filter(|g| **g != group).count());
    let left_out = groups[0].len() - fakes;
    if fakes.min(reals) <= options.precision_k.max(options.density_k) {
        return (None, left_out);
    }
    let share = |marks: &mut dyn Iterator<Item = (Mark, u8)>, of: usize| {
        let inside = marks.filter(|(mark, own)| *own != group && mark.without & bit(group) != 0);
        inside.count() as f64 / of as f64
    };
    let places = || tally.real_blocks.iter().flat_map(|(_, own)| own);
    let generated = tally.generated.iter().map(|(_, mark)| *mark);
    let mut precision = generated.zip(groups[0].iter().copied());
    let mut recall = places()
        .map(|(_, mark, _)| *mark)
        .zip(groups[1].iter().copied());
    let mut coverage = places()
        .map(|(.., mark)| *mark)
        .zip(groups[1].iter().copied());
    let all: u64 = tally.generated.iter().map(|(place, _)| place.open).sum();
    let at = usize::from(group);
    let inside = all - tally.lost[at] + tally.gained[at];
    let values = [
        share(&mut precision, fakes),
        share(&mut recall, reals),
        inside as f64 / fakes as f64 / options.density_k as f64,
        share(&mut coverage, reals),
    ];
    (Some(values), left_out)
}

#[cfg(test)]
mod tests;
