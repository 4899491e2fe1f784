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
//! Distances are exact: matrix products only sort out which pairs are too close to a radius to be
//! decided by them, and those are summed one by one. So ties (repeated images) are ties whatever the
//! order of the vectors or the number of threads.

use super::features::{SetFault, check, columns};
use super::{Feature, Side};
use faer::linalg::matmul::matmul;
use faer::{Accum, Mat, Par};
use ndarray::ArrayView2;
use rayon::prelude::*;

/// Rows that distances to the whole other set are held for at a time.
const ROWS: usize = 64;

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
    check(generated, real, 1)?;
    let ks = [options.precision_k, options.density_k];
    if ks.contains(&0) {
        return Err(PrdcUnscored::NoNeighbour);
    }
    for (side, set) in [(Side::First, generated), (Side::Second, real)] {
        if let Some(k) = ks.into_iter().find(|k| set.nrows() <= *k) {
            let n = set.nrows();
            return Err(PrdcUnscored::TooFewNeighbours { side, n, k });
        }
    }
    // Distances do not depend on the origin, but their digits do.
    let shift = centre(real);
    let fake = Cloud::new(generated, &shift);
    let real = Cloud::new(real, &shift);
    if !fake
        .squares
        .iter()
        .chain(&real.squares)
        .all(|s| s.is_finite() && *s < f64::MAX / 8.0)
    {
        return Err(PrdcUnscored::Overflow);
    }
    let fake_radii = radii(&fake, ks);
    let real_radii = radii(&real, ks);
    let rule = Rule { single: T::SINGLE };
    // One pass over rows of real vectors against all generated ones. Marks are ORed and counts added,
    // so that the order in which threads finish does not show.
    let Tally {
        generated: places,
        mut real_blocks,
    } = (0..real.len().div_ceil(ROWS))
        .into_par_iter()
        .fold(
            || Tally::new(fake.len()),
            |mut tally, block| {
                tally.compare(&real, &fake, block, [&real_radii, &fake_radii], rule);
                tally
            },
        )
        .reduce(|| Tally::new(fake.len()), Tally::merge);
    real_blocks.sort_by_key(|(block, _)| *block);
    let own: Vec<RealPlace> = real_blocks.into_iter().flat_map(|(_, own)| own).collect();
    let share = |part: usize, whole: usize| part as f64 / whole as f64;
    let of_fake = |test: fn(&GeneratedPlace) -> bool| {
        share(places.iter().filter(|p| test(p)).count(), places.len())
    };
    let of_real =
        |test: fn(&RealPlace) -> bool| share(own.iter().filter(|p| test(p)).count(), own.len());
    let inside: u64 = places.iter().map(|place| place.open).sum();
    Ok(Prdc {
        precision: of_fake(|p| p.in_closed),
        recall: of_real(|p| p.in_closed),
        density: inside as f64 / places.len() as f64 / options.density_k as f64,
        coverage: of_real(|p| p.covered),
        open_precision: of_fake(|p| p.open > 0),
        open_recall: of_real(|p| p.in_open),
        generated: places,
        real: own,
    })
}

fn centre<T: Feature>(set: &ArrayView2<'_, T>) -> Vec<f64> {
    let mut sum = vec![0.0; set.ncols()];
    for row in set.rows() {
        for (sum, value) in sum.iter_mut().zip(row) {
            *sum += (*value).into() / set.nrows() as f64;
        }
    }
    sum
}

/// A set of vectors, ready for distances.
struct Cloud {
    /// `[d, n]`, less a common shift, for products.
    columns: Mat<f64>,
    /// Squared lengths of the columns.
    squares: Vec<f64>,
    /// The vectors themselves, `[n][d]`, for exact distances.
    rows: Vec<f64>,
    dim: usize,
}

impl Cloud {
    fn new<T: Feature>(set: &ArrayView2<'_, T>, shift: &[f64]) -> Self {
        let columns = columns(set, shift);
        let squares = (0..columns.ncols())
            .map(|j| columns.col(j).iter().map(|v| v * v).sum())
            .collect();
        Self {
            columns,
            squares,
            rows: set.iter().map(|value| (*value).into()).collect(),
            dim: set.ncols(),
        }
    }

    fn len(&self) -> usize {
        self.squares.len()
    }

    fn row(&self, index: usize) -> &[f64] {
        &self.rows[index * self.dim..(index + 1) * self.dim]
    }

    /// Approximate squared distances of the columns of a block of `self` to all of `other`:
    /// `[other.len(), block]`.
    fn rough(&self, block: usize, other: &Self) -> (usize, Mat<f64>) {
        let start = block * ROWS;
        let count = ROWS.min(self.len() - start);
        let mut products = Mat::<f64>::zeros(other.len(), count);
        matmul(
            products.as_mut(),
            Accum::Replace,
            other.columns.transpose(),
            self.columns.subcols(start, count),
            -2.0,
            Par::Seq,
        );
        for (j, column) in products.col_iter_mut().enumerate() {
            let own = self.squares[start + j];
            for (value, square) in column.iter_mut().zip(&other.squares) {
                *value += own + square;
            }
        }
        (start, products)
    }

    /// How far a rough squared distance may be from the exact one.
    fn slack(&self, index: usize, other: &Self, to: usize) -> f64 {
        4.0 * (self.dim as f64 + 4.0) * f64::EPSILON * (self.squares[index] + other.squares[to])
    }
}

/// The squared distance, summed in eight lanes: the same bits for either order of the two.
fn exact(a: &[f64], b: &[f64]) -> f64 {
    let mut lanes = [0.0; 8];
    let (left, right) = (a.chunks_exact(8), b.chunks_exact(8));
    let rest: f64 = left
        .remainder()
        .iter()
        .zip(right.remainder())
        .map(|(a, b)| (a - b) * (a - b))
        .sum();
    for (a, b) in left.zip(right) {
        for ((lane, a), b) in lanes.iter_mut().zip(a).zip(b) {
            *lane += (a - b) * (a - b);
        }
    }
    lanes.iter().sum::<f64>() + rest
}

/// Squared distances to the k-th nearest neighbours (the vector itself is the zeroth), for both k.
fn radii(set: &Cloud, ks: [usize; 2]) -> Vec<[f64; 2]> {
    let blocks: Vec<Vec<[f64; 2]>> = (0..set.len().div_ceil(ROWS))
        .into_par_iter()
        .map(|block| {
            let (start, rough) = set.rough(block, set);
            let mut sorted = Vec::with_capacity(set.len());
            (0..rough.ncols())
                .map(|j| {
                    let index = start + j;
                    let k = ks[0].max(ks[1]);
                    sorted.clear();
                    sorted.extend(
                        rough
                            .col(j)
                            .iter()
                            .enumerate()
                            .map(|(to, value)| value + set.slack(index, set, to)),
                    );
                    // At least k + 1 exact distances are at most this.
                    let (_, bound, _) = sorted.select_nth_unstable_by(k, f64::total_cmp);
                    let bound = *bound;
                    let mut near: Vec<f64> = rough
                        .col(j)
                        .iter()
                        .enumerate()
                        .filter(|(to, value)| **value - set.slack(index, set, *to) <= bound)
                        .map(|(to, _)| exact(set.row(index), set.row(to)))
                        .collect();
                    near.sort_by(f64::total_cmp);
                    ks.map(|k| near[k])
                })
                .collect()
        })
        .collect();
    blocks.into_iter().flatten().collect()
}

/// Whether a vector is inside an open ball, in the precision of the `prdc` package: squared distances
/// in double, rounded to the precision of the features, then the root.
#[derive(Clone, Copy)]
struct Rule {
    single: bool,
}

impl Rule {
    fn inside(self, square: f64, radius: f64) -> bool {
        if self.single {
            (square as f32).sqrt() < (radius as f32).sqrt()
        } else {
            square.sqrt() < radius.sqrt()
        }
    }

    /// How far squares must be apart for rounding not to matter.
    fn margin(self, radius: f64) -> f64 {
        let step = if self.single {
            f64::from(f32::EPSILON)
        } else {
            f64::EPSILON
        };
        // Squares below the smallest normal number round more coarsely than by their size.
        8.0 * step * radius + f64::from(f32::MIN_POSITIVE)
    }
}

/// What a thread has seen.
struct Tally {
    generated: Vec<GeneratedPlace>,
    /// By number of the block of rows.
    real_blocks: Vec<(usize, Vec<RealPlace>)>,
}

impl Tally {
    fn new(generated: usize) -> Self {
        Self {
            generated: vec![GeneratedPlace::default(); generated],
            real_blocks: Vec::new(),
        }
    }

    fn merge(mut self, other: Self) -> Self {
        for (place, add) in self.generated.iter_mut().zip(other.generated) {
            place.in_closed |= add.in_closed;
            place.open += add.open;
        }
        self.real_blocks.extend(other.real_blocks);
        self
    }

    /// Compares a block of real vectors with all generated ones.
    fn compare(
        &mut self,
        real: &Cloud,
        fake: &Cloud,
        block: usize,
        [real_radii, fake_radii]: [&[[f64; 2]]; 2],
        rule: Rule,
    ) {
        let (start, rough) = real.rough(block, fake);
        let own = (0..rough.ncols())
            .map(|j| {
                let index = start + j;
                let mut place = RealPlace::default();
                let [closed, open] = real_radii[index];
                for (to, value) in rough.col(j).iter().enumerate() {
                    let [fake_closed, fake_open] = fake_radii[to];
                    let mut pair = Pair {
                        rough: *value,
                        slack: real.slack(index, fake, to),
                        exact: None,
                        ends: [real.row(index), fake.row(to)],
                    };
                    let target = &mut self.generated[to];
                    target.in_closed = target.in_closed || pair.closed(closed);
                    place.in_closed = place.in_closed || pair.closed(fake_closed);
                    place.in_open = place.in_open || pair.open(fake_open, rule);
                    if pair.open(open, rule) {
                        place.covered = true;
                        target.open += 1;
                    }
                }
                place
            })
            .collect();
        self.real_blocks.push((block, own));
    }
}

/// A real and a generated vector, and as much of their distance as was needed so far.
struct Pair<'a> {
    rough: f64,
    slack: f64,
    exact: Option<f64>,
    ends: [&'a [f64]; 2],
}

impl Pair<'_> {
    fn exact(&mut self) -> f64 {
        let [a, b] = self.ends;
        *self.exact.get_or_insert_with(|| exact(a, b))
    }

    fn closed(&mut self, radius: f64) -> bool {
        if self.rough - self.slack > radius {
            false
        } else if self.rough + self.slack < radius {
            true
        } else {
            self.exact() <= radius
        }
    }

    fn open(&mut self, radius: f64, rule: Rule) -> bool {
        let slack = self.slack + rule.margin(radius);
        if self.rough - slack > radius {
            false
        } else if self.rough + slack < radius {
            true
        } else {
            rule.inside(self.exact(), radius)
        }
    }
}

#[cfg(test)]
mod tests;
