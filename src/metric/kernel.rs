//! The kernel distance between two sets of features ("KID" when the features are Inception's).
//!
//! The unbiased estimate of the squared maximum mean discrepancy under the kernel `(x.y / d + 1)^3`
//! (Binkowski et al. 2018). Published tools average it over random subsets; the estimate over all
//! vectors needs no draws and is given beside it. Values a little below zero are normal.
//!
//! Order: the estimate over all vectors has the same bits for every permutation of either set. Subsets
//! are drawn by position, as the published tools do, so that they follow the order of the rows; the
//! same rows give the same bits.

use super::features::{SetFault, by_value, check, enough};
use super::pairwise::{deviation, mean};
use super::{Feature, RandomState};
use clap::ValueEnum;
use faer::linalg::matmul::matmul;
use faer::{Accum, Mat, MatRef, Par};
use ndarray::ArrayView2;
use rayon::prelude::*;

/// Sides of the tiles that the kernel matrix is computed in; memory does not grow with the sets.
pub(super) const TILE: usize = 512;

/// Which set a subset is drawn from first.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum DrawOrder {
    /// The first set, as torch-fidelity does
    #[default]
    #[value(name = "torch-fidelity")]
    FirstSecond,
    /// The second set, as clean-fid does
    #[value(name = "clean-fid")]
    SecondFirst,
}

/// How subsets are drawn.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct KidOptions {
    /// Number of subsets.
    pub subsets: usize,
    /// Vectors of a subset, drawn from each set without replacement.
    pub subset_size: usize,
    /// Seed of numpy's `RandomState`.
    pub seed: u32,
    /// Which set is drawn from first.
    pub order: DrawOrder,
}

impl Default for KidOptions {
    /// torch-fidelity's: 100 subsets of 1,000, seed 2020, the first set first.
    fn default() -> Self {
        Self {
            subsets: 100,
            subset_size: 1000,
            seed: 2020,
            order: DrawOrder::FirstSecond,
        }
    }
}

impl KidOptions {
    /// Whether sets of these sizes have such subsets. It needs no features, so that it can be asked before
    /// a network looks at images.
    ///
    /// # Errors
    /// [`SetFault::TooFew`], [`KidUnscored::NoSubset`] and [`KidUnscored::SubsetTooLarge`].
    pub fn fit(&self, [first, second]: [usize; 2]) -> Result<(), KidUnscored> {
        enough([first, second], 2)?;
        let (subsets, subset_size) = (self.subsets, self.subset_size);
        if subsets == 0 || subset_size < 2 {
            return Err(KidUnscored::NoSubset {
                subsets,
                subset_size,
            });
        }
        if subset_size > first.min(second) {
            return Err(KidUnscored::SubsetTooLarge {
                subset_size,
                first,
                second,
            });
        }
        Ok(())
    }
}

/// A kernel distance.
#[derive(Clone, Debug, PartialEq)]
pub struct Kid {
    /// Mean over subsets.
    pub mean: f64,
    /// Standard deviation over subsets (`ddof` 0): their spread, not the error of the mean.
    pub std: f64,
    /// The estimate of each subset, in the order of the draws.
    pub subsets: Vec<f64>,
    /// The estimate over all vectors. `None` where the sets are so large that the subsets cost less
    /// than half as much; [`kernel_distance`] computes it anyway.
    pub all: Option<f64>,
}

/// Why there is no kernel distance.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum KidUnscored {
    /// The sets cannot be compared.
    #[error(transparent)]
    Set(#[from] SetFault),
    /// A subset would need more vectors than there are.
    #[error(
        "subsets of {subset_size} need as many vectors, but the sets have {first} and {second}; take at most {}",
        first.min(second)
    )]
    SubsetTooLarge {
        /// Vectors of a subset.
        subset_size: usize,
        /// Vectors of the first set.
        first: usize,
        /// Vectors of the second set.
        second: usize,
    },
    /// An estimate needs two vectors of each set, and at least one subset.
    #[error("{subsets} subsets of {subset_size} vectors have no estimate; take at least 1 of 2")]
    NoSubset {
        /// Number of subsets.
        subsets: usize,
        /// Vectors of a subset.
        subset_size: usize,
    },
    /// The features are too large for the cube of their products.
    #[error("the kernel of these features is too large for a double")]
    Overflow,
}

/// KID between the rows of two arrays, `[n1, d]` and `[n2, d]`.
///
/// # Errors
/// See [`KidUnscored`].
pub fn kid<T: Feature>(
    first: &ArrayView2<'_, T>,
    second: &ArrayView2<'_, T>,
    options: &KidOptions,
) -> Result<Kid, KidUnscored> {
    check(first, second, 2)?;
    let (n1, n2) = (first.nrows(), second.nrows());
    options.fit([n1, n2])?;
    let KidOptions {
        subsets,
        subset_size,
        ..
    } = *options;
    let draws = draw(n1, n2, options);
    let (x, rank_x) = ordered(first);
    let (y, rank_y) = ordered(second);
    let draws: Vec<[Vec<usize>; 2]> = draws
        .into_iter()
        .map(|[a, b]| [moved(&a, &rank_x), moved(&b, &rank_y)])
        .collect();
    // Products of two columns that each way needs; a symmetric matrix costs half.
    let whole = n1 * n1 / 2 + n2 * n2 / 2 + n1 * n2;
    let parts = subsets.saturating_mul(2 * subset_size * subset_size);
    let (values, all) = if whole <= parts.saturating_mul(2) {
        whole_matrix(&x, &y, &draws, subset_size)
    } else {
        (one_by_one(&x, &y, &draws), None)
    };
    if values.iter().chain(&all).any(|value| !value.is_finite()) {
        return Err(KidUnscored::Overflow);
    }
    let no_subset = KidUnscored::NoSubset {
        subsets,
        subset_size,
    };
    Ok(Kid {
        mean: mean(&values).ok_or(no_subset.clone())?,
        std: deviation(&values, 0).ok_or(no_subset)?,
        subsets: values,
        all,
    })
}

/// The unbiased estimate over all rows of two arrays.
///
/// # Errors
/// See [`KidUnscored`].
pub fn kernel_distance<T: Feature>(
    first: &ArrayView2<'_, T>,
    second: &ArrayView2<'_, T>,
) -> Result<f64, KidUnscored> {
    check(first, second, 2)?;
    let ((x, _), (y, _)) = (ordered(first), ordered(second));
    Some(estimate(x.as_ref(), y.as_ref()))
        .filter(|value| value.is_finite())
        .ok_or(KidUnscored::Overflow)
}

/// The vectors in the order of their values, one a column, and where each row went. Sums then have the
/// same bits whatever the order of the rows.
pub(super) fn ordered<T: Feature>(set: &ArrayView2<'_, T>) -> (Mat<f64>, Vec<usize>) {
    let order = by_value(set);
    let mut rank = vec![0; order.len()];
    for (place, row) in order.iter().enumerate() {
        rank[*row] = place;
    }
    let columns = Mat::from_fn(set.ncols(), set.nrows(), |i, j| set[[order[j], i]].into());
    (columns, rank)
}

/// Where the rows of a subset went, ascending.
fn moved(subset: &[usize], rank: &[usize]) -> Vec<usize> {
    let mut places: Vec<usize> = subset.iter().map(|row| rank[*row]).collect();
    places.sort_unstable();
    places
}

/// Indices of the subsets, `[subset][first, second]`.
fn draw(n1: usize, n2: usize, options: &KidOptions) -> Vec<[Vec<usize>; 2]> {
    let mut random = RandomState::new(options.seed);
    (0..options.subsets)
        .map(|_| match options.order {
            DrawOrder::FirstSecond => {
                let first = random.choice(n1, options.subset_size);
                [first, random.choice(n2, options.subset_size)]
            }
            DrawOrder::SecondFirst => {
                let second = random.choice(n2, options.subset_size);
                [random.choice(n1, options.subset_size), second]
            }
        })
        .collect()
}

/// All subsets from one pass over the kernel matrices: with `u` the indicator of a subset, its sum is
/// `u' K u`.
fn whole_matrix(
    x: &Mat<f64>,
    y: &Mat<f64>,
    draws: &[[Vec<usize>; 2]],
    m: usize,
) -> (Vec<f64>, Option<f64>) {
    let indicator = |side: usize, n: usize| {
        let mut u = Mat::<f64>::zeros(n, draws.len());
        for (subset, pair) in draws.iter().enumerate() {
            for index in &pair[side] {
                u[(*index, subset)] = 1.0;
            }
        }
        u
    };
    let (u, v) = (indicator(0, x.ncols()), indicator(1, y.ncols()));
    let xx = sums(x.as_ref(), None, u.as_ref(), u.as_ref());
    let yy = sums(y.as_ref(), None, v.as_ref(), v.as_ref());
    let xy = sums(x.as_ref(), Some(y.as_ref()), u.as_ref(), v.as_ref());
    let values = (0..draws.len())
        .map(|s| unbiased([xx.subsets[s], yy.subsets[s], xy.subsets[s]], [m, m]))
        .collect();
    let all = unbiased([xx.all, yy.all, xy.all], [x.ncols(), y.ncols()]);
    (values, Some(all))
}

/// Each subset on its own: less work when the sets are much larger than the subsets.
fn one_by_one(x: &Mat<f64>, y: &Mat<f64>, draws: &[[Vec<usize>; 2]]) -> Vec<f64> {
    let pick = |set: &Mat<f64>, indices: &[usize]| {
        Mat::from_fn(set.nrows(), indices.len(), |i, j| set[(i, indices[j])])
    };
    draws
        .iter()
        .map(|[first, second]| estimate(pick(x, first).as_ref(), pick(y, second).as_ref()))
        .collect()
}

/// The estimate over all columns.
fn estimate(x: MatRef<'_, f64>, y: MatRef<'_, f64>) -> f64 {
    let none = |n| Mat::<f64>::zeros(n, 0);
    let (u, v) = (none(x.ncols()), none(y.ncols()));
    let xx = sums(x, None, u.as_ref(), u.as_ref()).all;
    let yy = sums(y, None, v.as_ref(), v.as_ref()).all;
    let xy = sums(x, Some(y), u.as_ref(), v.as_ref()).all;
    unbiased([xx, yy, xy], [x.ncols(), y.ncols()])
}

/// From sums over the kernel matrices (the first two without their diagonals) to the estimate.
pub(super) fn unbiased([xx, yy, xy]: [f64; 3], [n1, n2]: [usize; 2]) -> f64 {
    let (n1, n2) = (n1 as f64, n2 as f64);
    xx / (n1 * (n1 - 1.0)) + yy / (n2 * (n2 - 1.0)) - 2.0 * xy / (n1 * n2)
}

/// Sums over a kernel matrix: over all of it and over each subset.
struct Sums {
    all: f64,
    subsets: Vec<f64>,
}

/// Sums of the kernel of `x` with `y`, or of `x` with itself without the diagonal. `u` and `v` say
/// which columns of either belong to which subset. Tiles are cut by position and added in their order,
/// so the number of threads does not show.
fn sums(
    x: MatRef<'_, f64>,
    y: Option<MatRef<'_, f64>>,
    u: MatRef<'_, f64>,
    v: MatRef<'_, f64>,
) -> Sums {
    let (symmetric, y) = (y.is_none(), y.unwrap_or(x));
    let rows = x.ncols().div_ceil(TILE);
    let tiles: Vec<(usize, usize)> = (0..rows)
        .flat_map(|i| {
            let last = if symmetric {
                i + 1
            } else {
                y.ncols().div_ceil(TILE)
            };
            (0..last).map(move |j| (i, j))
        })
        .collect();
    let parts: Vec<Sums> = tiles
        .into_par_iter()
        .map(|(i, j)| {
            let (a, b) = (span(i, x.ncols()), span(j, y.ncols()));
            let kernel = cubic(
                x.subcols(a.start, a.len()),
                y.subcols(b.start, b.len()),
                symmetric && i == j,
            );
            let times = if symmetric && i != j { 2.0 } else { 1.0 };
            let all = (0..kernel.ncols())
                .map(|c| kernel.col(c).iter().sum::<f64>())
                .sum::<f64>();
            let mut product = Mat::<f64>::zeros(kernel.nrows(), v.ncols());
            let chosen = v.subrows(b.start, b.len());
            matmul(
                product.as_mut(),
                Accum::Replace,
                kernel.as_ref(),
                chosen,
                1.0,
                Par::Seq,
            );
            let subsets = (0..v.ncols())
                .map(|s| {
                    let rows = u.col(s).subrows(a.start, a.len());
                    let sum: f64 = rows
                        .iter()
                        .zip(product.col(s).iter())
                        .map(|(chosen, value)| chosen * value)
                        .sum();
                    times * sum
                })
                .collect();
            Sums {
                all: times * all,
                subsets,
            }
        })
        .collect();
    let mut total = Sums {
        all: 0.0,
        subsets: vec![0.0; v.ncols()],
    };
    for part in parts {
        total.all += part.all;
        for (sum, value) in total.subsets.iter_mut().zip(part.subsets) {
            *sum += value;
        }
    }
    total
}

pub(super) fn span(tile: usize, n: usize) -> std::ops::Range<usize> {
    tile * TILE..((tile + 1) * TILE).min(n)
}

/// The kernel of every column of `x` with every column of `y`; the diagonal on request zero.
pub(super) fn cubic(x: MatRef<'_, f64>, y: MatRef<'_, f64>, hollow: bool) -> Mat<f64> {
    let mut kernel = Mat::<f64>::zeros(x.ncols(), y.ncols());
    let gamma = 1.0 / x.nrows() as f64;
    matmul(
        kernel.as_mut(),
        Accum::Replace,
        x.transpose(),
        y,
        gamma,
        Par::Seq,
    );
    for (j, column) in kernel.col_iter_mut().enumerate() {
        for (i, value) in column.iter_mut().enumerate() {
            let shifted = *value + 1.0;
            *value = if hollow && i == j {
                0.0
            } else {
                shifted * shifted * shifted
            };
        }
    }
    kernel
}

#[cfg(test)]
mod tests;
