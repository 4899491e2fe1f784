//! The Fréchet distance between two sets of features ("FID" when the features are Inception's).
//!
//! `|m1 - m2|^2 + tr S1 + tr S2 - 2 tr sqrt(S1 S2)` (Heusel et al. 2017), S with `n - 1`.
//!
//! The trace of the root is the delicate part. The common Python route takes a matrix square root of
//! `S1 S2`; with fewer images than dimensions that is the root of rounding noise, and the published
//! tools then disagree with each other by 2e-6. Here it is taken where nothing is squared twice:
//! as the nuclear norm of `X1c X2c'` when a set is small, otherwise from the Cholesky factor of `S1`.

use super::Feature;
use super::features::{SetFault, check, not_finite};
use super::gaussian::{Gaussian, MeanPrecision, centred, mean_with};
use faer::linalg::matmul::matmul;
use faer::{Accum, Mat, MatRef, Par};
use ndarray::ArrayView2;
use rayon::prelude::*;
use std::fmt;

/// One of the two sets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Side {
    /// The first argument; in a run, the generated frames.
    First,
    /// The second argument; in a run, the ground truth.
    Second,
}

impl fmt::Display for Side {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::First => "first",
            Self::Second => "second",
        })
    }
}

/// How the trace of the square root was computed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Route {
    /// Singular values of the product of the centred sets (a set has at most d vectors).
    Nuclear,
    /// Cholesky factor of the first covariance, eigenvalues of the product.
    Cholesky,
    /// Singular values of the product of factors, at least one of them from the eigendecomposition of
    /// a covariance without full rank.
    Eigen,
}

/// A distance and what a reader must know about it.
#[derive(Clone, Debug, PartialEq)]
pub struct Frechet {
    /// The distance. Never clamped: it can be a little below zero.
    pub value: f64,
    /// How it was computed.
    pub route: Route,
    /// In a fixed order.
    pub warnings: Vec<FrechetWarning>,
}

/// Something that makes a distance less than it seems. Displays as a sentence fragment.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum FrechetWarning {
    /// A covariance cannot have full rank.
    #[error(
        "covariance of the {side} set is rank-deficient: {n} vectors of dimension {dim}; the distance is biased upward"
    )]
    RankDeficient {
        /// Which set.
        side: Side,
        /// Its number of vectors.
        n: usize,
        /// Length of a vector.
        dim: usize,
    },
    /// Features that are the same on all vectors.
    #[error("{count} of {dim} features are constant in the {side} set")]
    ConstantFeatures {
        /// Which set.
        side: Side,
        /// How many.
        count: usize,
        /// Length of a vector.
        dim: usize,
    },
    /// A covariance has no full rank although there are enough vectors, or nobody knows how many.
    #[error(
        "covariance of the {side} set is not positive definite; its eigendecomposition was used"
    )]
    NotPositiveDefinite {
        /// Which set.
        side: Side,
    },
    /// The value is below zero.
    #[error("the distance is below zero by rounding ({value:e}); it is not clamped")]
    Negative {
        /// The value.
        value: f64,
    },
}

/// Why there is no distance.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum FrechetUnscored {
    /// A covariance needs two vectors.
    #[error("the {side} set has {n} images; a covariance needs at least 2")]
    TooFew {
        /// Which set.
        side: Side,
        /// Its number of vectors.
        n: usize,
    },
    /// A feature is NaN or infinite.
    #[error("features of image {row} of the {side} set are not finite")]
    NonFinite {
        /// Which set.
        side: Side,
        /// Position in the set, from 0.
        row: usize,
    },
    /// The sets come from different extractors.
    #[error("features have {first} dimensions in one set and {second} in the other")]
    Dimensions {
        /// Of the first set.
        first: usize,
        /// Of the second set.
        second: usize,
    },
    /// Squares of the features are too large for a double.
    #[error("the features are too large: their covariances overflow")]
    Overflow,
    /// What is given as a covariance is none.
    #[error(
        "the {side} set's matrix is no covariance: its smallest eigenvalue is {smallest:e}, its largest {largest:e}"
    )]
    NoCovariance {
        /// Which set.
        side: Side,
        /// Its smallest eigenvalue.
        smallest: f64,
        /// Its largest.
        largest: f64,
    },
    /// The decomposition failed.
    #[error("the decomposition of the covariances did not converge")]
    NotConverged,
}

impl From<SetFault> for FrechetUnscored {
    fn from(fault: SetFault) -> Self {
        match fault {
            SetFault::TooFew { side, n, .. } => Self::TooFew { side, n },
            SetFault::NonFinite { side, row } => Self::NonFinite { side, row },
            SetFault::Dimensions { first, second } => Self::Dimensions { first, second },
        }
    }
}

/// Fréchet distance between the rows of two arrays, `[n1, d]` and `[n2, d]`, with means in f64.
///
/// # Errors
/// See [`FrechetUnscored`]; there is no made-up value.
pub fn frechet<T: Feature>(
    first: &ArrayView2<'_, T>,
    second: &ArrayView2<'_, T>,
) -> Result<Frechet, FrechetUnscored> {
    frechet_with(first, second, MeanPrecision::F64)
}

/// The same with means of this precision.
///
/// With more vectors than dimensions in both sets it equals pytorch-fid's scipy route to 1e-9
/// (relative); otherwise the published tools agree with each other, and with this, to 5e-6. With
/// single-precision means the squares of their difference are summed in double here and in single
/// precision, in an order of the machine's, by numpy.
///
/// # Errors
/// See [`FrechetUnscored`].
pub fn frechet_with<T: Feature>(
    first: &ArrayView2<'_, T>,
    second: &ArrayView2<'_, T>,
    precision: MeanPrecision,
) -> Result<Frechet, FrechetUnscored> {
    check(first, second, 2)?;
    let (dim, [n1, n2]) = (first.ncols(), [first.nrows(), second.nrows()]);
    if n1.min(n2) > dim {
        let (first, second) = rayon::join(
            || Gaussian::fit_with(first, precision),
            || Gaussian::fit_with(second, precision),
        );
        return frechet_of_gaussians(&first, &second);
    }
    let mut warnings = rank_warnings([(Side::First, Some(n1)), (Side::Second, Some(n2))], dim);
    // A large set is as well represented by its covariance, which is smaller.
    let (a, b) = (
        Factor::of_rows(Side::First, first, &mut warnings)?,
        Factor::of_rows(Side::Second, second, &mut warnings)?,
    );
    let trace = squared_norm(a.matrix.as_ref()) + squared_norm(b.matrix.as_ref());
    let (mean_a, precision_a) = mean_with(first, a.mean, precision);
    let (mean_b, _) = mean_with(second, b.mean, precision);
    let distance = squared_distance(&mean_a, &mean_b, precision_a);
    if !(trace + distance).is_finite() {
        return Err(FrechetUnscored::Overflow);
    }
    warnings.extend(constant_warning(Side::First, a.constant, dim));
    warnings.extend(constant_warning(Side::Second, b.constant, dim));
    let root = nuclear_norm(a.matrix.as_ref(), b.matrix.as_ref())?;
    Ok(finish(
        distance + trace - 2.0 * root,
        Route::Nuclear,
        warnings,
    ))
}

/// Fits a set for [`frechet_of_gaussians`]; `side` is what a reason will call it.
///
/// # Errors
/// Fewer than two vectors, or values that are not finite.
pub fn fit<T: Feature>(
    side: Side,
    set: &ArrayView2<'_, T>,
    precision: MeanPrecision,
) -> Result<Gaussian, FrechetUnscored> {
    let n = set.nrows();
    if n < 2 {
        return Err(FrechetUnscored::TooFew { side, n });
    }
    if let Some(row) = not_finite(set) {
        return Err(FrechetUnscored::NonFinite { side, row });
    }
    Ok(Gaussian::fit_with(set, precision))
}

/// A matrix `A` with `A A' = S`, `[d, r]`, of a set of vectors.
pub(super) struct Factor {
    pub(super) matrix: Mat<f64>,
    pub(super) mean: Vec<f64>,
    constant: usize,
}

impl Factor {
    /// Of two sets that have a distance.
    pub(super) fn of_both<T: Feature>(
        first: &ArrayView2<'_, T>,
        second: &ArrayView2<'_, T>,
    ) -> Result<[Self; 2], FrechetUnscored> {
        check(first, second, 2)?;
        let mut warnings = Vec::new();
        let first = Self::of_rows(Side::First, first, &mut warnings)?;
        Ok([first, Self::of_rows(Side::Second, second, &mut warnings)?])
    }

    fn of_rows<T: Feature>(
        side: Side,
        set: &ArrayView2<'_, T>,
        warnings: &mut Vec<FrechetWarning>,
    ) -> Result<Self, FrechetUnscored> {
        let (n, dim) = set.dim();
        if n > dim {
            let fitted = Gaussian::fit(set);
            if !finite(&fitted) {
                return Err(FrechetUnscored::Overflow);
            }
            let constant = fitted.constant_features();
            let matrix = if let Some(factor) = cholesky(fitted.covariance.as_ref()) {
                factor
            } else {
                warnings.push(FrechetWarning::NotPositiveDefinite { side });
                root_by_eigen(side, fitted.covariance.as_ref())?
            };
            return Ok(Self {
                matrix,
                mean: fitted.mean,
                constant,
            });
        }
        let (rows, mean) = centred(set);
        let constant = constant_columns(&rows);
        let scale = 1.0 / (n as f64 - 1.0).sqrt();
        Ok(Self {
            matrix: rows.transpose() * faer::Scale(scale),
            mean,
            constant,
        })
    }
}

/// Fréchet distance between two fitted normal distributions of the same dimension. Where both means
/// are in single precision, so is their difference.
///
/// # Errors
/// Different dimensions, fewer than two vectors, values that are not finite, a decomposition that does
/// not converge.
pub fn frechet_of_gaussians(
    first: &Gaussian,
    second: &Gaussian,
) -> Result<Frechet, FrechetUnscored> {
    let dim = first.dim();
    if dim != second.dim() || dim == 0 {
        return Err(FrechetUnscored::Dimensions {
            first: dim,
            second: second.dim(),
        });
    }
    let sets = [(Side::First, first), (Side::Second, second)];
    for (side, set) in sets {
        if let Some(n) = set.n.filter(|n| *n < 2) {
            return Err(FrechetUnscored::TooFew { side, n });
        }
        if !finite(set) {
            return Err(FrechetUnscored::Overflow);
        }
    }
    let mut warnings = rank_warnings(sets.map(|(side, set)| (side, set.n)), dim);
    for (side, set) in sets {
        warnings.extend(constant_warning(side, set.constant_features(), dim));
    }
    let full_rank = |set: &Gaussian| set.n.is_none_or(|n| n > dim);
    let factor = |set: &Gaussian| cholesky(set.covariance.as_ref()).filter(|_| full_rank(set));
    let (of_first, of_second) = rayon::join(|| factor(first), || factor(second));
    for ((side, set), factor) in sets.into_iter().zip([&of_first, &of_second]) {
        if factor.is_none() && full_rank(set) {
            warnings.push(FrechetWarning::NotPositiveDefinite { side });
        }
    }
    let (root, route) = match (of_first, of_second) {
        (Some(first), Some(_)) => {
            let eigenvalues = sandwich(&first, &second.covariance)
                .self_adjoint_eigenvalues(faer::Side::Lower)
                .map_err(|_| FrechetUnscored::NotConverged)?;
            let root = eigenvalues.iter().map(|value| value.max(0.0).sqrt()).sum();
            (root, Route::Cholesky)
        }
        (a, b) => {
            // A root of a rounded zero would be a thousand times larger than the zero: eigenvalues
            // below the rounding of the largest are left out, and nothing is squared again.
            let whole = |side, factor: Option<Mat<f64>>, set: &Gaussian| match factor {
                Some(factor) => Ok(factor),
                None => root_by_eigen(side, set.covariance.as_ref()),
            };
            let (a, b) = (
                whole(Side::First, a, first)?,
                whole(Side::Second, b, second)?,
            );
            (nuclear_norm(a.as_ref(), b.as_ref())?, Route::Eigen)
        }
    };
    let trace = |matrix: &Mat<f64>| (0..dim).map(|i| matrix[(i, i)]).sum::<f64>();
    let precision = match (first.mean_precision, second.mean_precision) {
        (MeanPrecision::F32, MeanPrecision::F32) => MeanPrecision::F32,
        _ => MeanPrecision::F64,
    };
    let value = squared_distance(&first.mean, &second.mean, precision)
        + trace(&first.covariance)
        + trace(&second.covariance)
        - 2.0 * root;
    if !value.is_finite() {
        return Err(FrechetUnscored::Overflow);
    }
    Ok(finish(value, route, warnings))
}

fn finite(set: &Gaussian) -> bool {
    set.mean.iter().all(|value| value.is_finite())
        && set
            .covariance
            .col_iter()
            .all(|column| column.iter().all(|value| value.is_finite()))
}

/// Sum of the singular values of `a' b`: the trace of the root of `S1 S2`.
fn nuclear_norm(a: MatRef<'_, f64>, b: MatRef<'_, f64>) -> Result<f64, FrechetUnscored> {
    if a.ncols() == 0 || b.ncols() == 0 {
        return Ok(0.0);
    }
    let singular = (a.transpose() * b)
        .singular_values()
        .map_err(|_| FrechetUnscored::NotConverged)?;
    Ok(singular.iter().sum())
}

/// Sides of the tiles of [`sandwich`]. Cut by position, so that threads do not show.
const TILE: usize = 256;

/// The lower triangle of `L' S L` for a lower triangular `L` and a symmetric `S`, in tiles on all
/// cores. What is known to be zero is not multiplied; above the diagonal stands nothing of use.
fn sandwich(factor: &Mat<f64>, covariance: &Mat<f64>) -> Mat<f64> {
    let d = factor.nrows();
    let tiles = d.div_ceil(TILE);
    let side = |tile: usize| tile * TILE..((tile + 1) * TILE).min(d);
    // S L, a strip of columns each: the rows of L above a strip are zero.
    let strips: Vec<Mat<f64>> = (0..tiles)
        .into_par_iter()
        .map(|j| {
            let (columns, start) = (side(j), j * TILE);
            let mut strip = Mat::<f64>::zeros(d, columns.len());
            let below = factor.submatrix(start, start, d - start, columns.len());
            let covariance = covariance.subcols(start, d - start);
            matmul(
                strip.as_mut(),
                Accum::Replace,
                covariance,
                below,
                1.0,
                Par::Seq,
            );
            strip
        })
        .collect();
    let places: Vec<(usize, usize)> = (0..tiles)
        .flat_map(|i| (0..=i).map(move |j| (i, j)))
        .collect();
    let parts: Vec<Mat<f64>> = places
        .par_iter()
        .map(|(i, j)| {
            let (rows, start) = (side(*i), i * TILE);
            let mut tile = Mat::<f64>::zeros(rows.len(), strips[*j].ncols());
            let left = factor.submatrix(start, start, d - start, rows.len());
            let right = strips[*j].subrows(start, d - start);
            matmul(
                tile.as_mut(),
                Accum::Replace,
                left.transpose(),
                right,
                1.0,
                Par::Seq,
            );
            tile
        })
        .collect();
    let mut product = Mat::<f64>::zeros(d, d);
    for ((i, j), part) in places.into_iter().zip(parts) {
        let (rows, columns) = (side(i), side(j));
        product
            .submatrix_mut(rows.start, columns.start, rows.len(), columns.len())
            .copy_from(&part);
    }
    product
}

/// The Cholesky factor of a covariance that has full rank by more than rounding.
fn cholesky(covariance: MatRef<'_, f64>) -> Option<Mat<f64>> {
    let factor = covariance.llt(faer::Side::Lower).ok()?.L().to_owned();
    let dim = covariance.nrows();
    let largest = (0..dim).map(|i| covariance[(i, i)]).fold(0.0, f64::max);
    let noise = largest * dim as f64 * f64::EPSILON;
    (0..dim)
        .all(|i| factor[(i, i)] * factor[(i, i)] > noise)
        .then_some(factor)
}

fn finish(value: f64, route: Route, mut warnings: Vec<FrechetWarning>) -> Frechet {
    if value < 0.0 {
        warnings.push(FrechetWarning::Negative { value });
    }
    Frechet {
        value,
        route,
        warnings,
    }
}

/// A factor `A` with `A A' = S` for a covariance without full rank, `[d, r]`. Eigenvalues that
/// rounding cannot tell from zero have no column. One that is clearly negative makes the matrix no covariance;
/// single precision, in which some tools store it, is rounding too.
fn root_by_eigen(side: Side, covariance: MatRef<'_, f64>) -> Result<Mat<f64>, FrechetUnscored> {
    let eigen = covariance
        .self_adjoint_eigen(faer::Side::Lower)
        .map_err(|_| FrechetUnscored::NotConverged)?;
    let (vectors, values) = (eigen.U(), eigen.S().column_vector());
    let largest = values.iter().fold(0.0_f64, |m, v| m.max(v.abs()));
    let smallest = values.iter().copied().fold(0.0_f64, f64::min);
    if smallest < -1e-4 * largest {
        return Err(FrechetUnscored::NoCovariance {
            side,
            smallest,
            largest,
        });
    }
    let noise = largest * covariance.nrows() as f64 * f64::EPSILON;
    let kept: Vec<usize> = (0..covariance.nrows())
        .filter(|j| values[*j] > noise)
        .collect();
    Ok(Mat::from_fn(covariance.nrows(), kept.len(), |i, j| {
        vectors[(i, kept[j])] * values[kept[j]].sqrt()
    }))
}

fn rank_warnings(sets: [(Side, Option<usize>); 2], dim: usize) -> Vec<FrechetWarning> {
    sets.into_iter()
        .filter_map(|(side, n)| Some((side, n.filter(|n| *n <= dim)?)))
        .map(|(side, n)| FrechetWarning::RankDeficient { side, n, dim })
        .collect()
}

fn constant_warning(side: Side, count: usize, dim: usize) -> Option<FrechetWarning> {
    (count > 0).then_some(FrechetWarning::ConstantFeatures { side, count, dim })
}

fn constant_columns(centred: &Mat<f64>) -> usize {
    centred
        .col_iter()
        .filter(|column| column.iter().all(|value| *value == 0.0))
        .count()
}

fn squared_norm(matrix: MatRef<'_, f64>) -> f64 {
    matrix
        .col_iter()
        .map(|column| column.iter().map(|v| v * v).sum::<f64>())
        .sum()
}

pub(super) fn squared_distance(a: &[f64], b: &[f64], precision: MeanPrecision) -> f64 {
    let difference = |a: f64, b: f64| match precision {
        MeanPrecision::F64 => a - b,
        MeanPrecision::F32 => f64::from(a as f32 - b as f32),
    };
    a.iter()
        .zip(b)
        .map(|(a, b)| difference(*a, *b).powi(2))
        .sum()
}

#[cfg(test)]
#[path = "frechet_tests.rs"]
mod tests;
