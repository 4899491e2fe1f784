//! The Fréchet distance between two sets of features ("FID" when the features are Inception's).
//!
//! `|m1 - m2|^2 + tr S1 + tr S2 - 2 tr sqrt(S1 S2)` (Heusel et al. 2017), S with `n - 1`.
//!
//! The trace of the root is the delicate part. The common Python route takes a matrix square root of `S1 S2`, which
//! squares the condition number twice; the published tools then disagree with each other by 2e-6. Here it is the sum of
//! the singular values of `A' B`, where `A A' = S1` and `B B' = S2` ([`super::frechet_factor`]), and of features of
//! at most 256 dimensions what is left between the factors is added up, so that nothing cancels
//! ([`super::frechet_root`]).

use super::Feature;
use super::features::{SetFault, not_finite};
use super::frechet_factor::{Factor, Rank};
#[cfg(test)]
use super::frechet_root::AT_ONCE;
use super::frechet_root::{apart, apart_by_eigenvalues};
use super::gaussian::{Gaussian, MeanPrecision, mean_with};
use ndarray::ArrayView2;
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
    /// Singular values of the product of factors that come from the vectors; a covariance has no full rank.
    Nuclear,
    /// Triangular factors of both covariances, which have full rank: singular values of their product, or
    /// eigenvalues of its square where many dimensions make that quicker and it is as exact.
    Cholesky,
    /// Singular values of the product of factors, at least one of them from the eigendecomposition of
    /// a covariance without full rank whose vectors are not known.
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
    /// A covariance has no full rank although there are enough vectors, or their number is not known.
    #[error("covariance of the {side} set is not positive definite: features depend on each other")]
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
/// It equals the exact value of the same features to 1e-9 (relative), also where directions of a covariance
/// differ by 1e16 in variance. pytorch-fid's scipy route agrees with that to 1e-9 with more vectors than dimensions in both sets
/// and covariances that are not graded; otherwise the published tools agree with each other to 5e-6. With
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
    let [a, b] = Factor::of_both(first, second)?;
    let dim = first.ncols();
    let sets = [(Side::First, &a), (Side::Second, &b)];
    let sizes = [(Side::First, first.nrows()), (Side::Second, second.nrows())];
    let mut warnings = rank_warnings(sizes.map(|(side, n)| (side, Some(n))), dim);
    for ((side, factor), (_, n)) in sets.into_iter().zip(sizes) {
        if n > dim && factor.rank == Rank::Deficient {
            warnings.push(FrechetWarning::NotPositiveDefinite { side });
        }
    }
    for (side, factor) in sets {
        warnings.extend(constant_warning(side, factor.constant, dim));
    }
    let distance = match precision {
        MeanPrecision::F32 if T::SINGLE => {
            let [(m1, _), (m2, _)] =
                [first, second].map(|set| mean_with(set, Vec::new(), precision));
            squared_distance(&m1, &m2, precision)
        }
        MeanPrecision::F32 | MeanPrecision::F64 => a.mean.squared_distance(&b.mean),
    };
    let route = match (a.rank, b.rank) {
        (Rank::Full | Rank::Weak, Rank::Full | Rank::Weak) => Route::Cholesky,
        _ => Route::Nuclear,
    };
    between(distance, &a, &b, route, warnings)
}

/// The distance of two sets whose means are apart by `distance` (squared).
fn between(
    distance: f64,
    a: &Factor,
    b: &Factor,
    route: Route,
    mut warnings: Vec<FrechetWarning>,
) -> Result<Frechet, FrechetUnscored> {
    let apart = match apart_by_eigenvalues(distance, a, b)? {
        Some(apart) => apart,
        None => apart(a.matrix.as_ref(), b.matrix.as_ref())?,
    };
    let value = distance + apart;
    if !value.is_finite() {
        return Err(FrechetUnscored::Overflow);
    }
    if value < 0.0 {
        warnings.push(FrechetWarning::Negative { value });
    }
    Ok(Frechet {
        value,
        route,
        warnings,
    })
}

/// Whether sets of these sizes have covariances; `None` where a set's size is not known. It needs no features, so that it can be
/// asked before a network reads images.
///
/// # Errors
/// [`FrechetUnscored::TooFew`].
pub fn frechet_fit(sizes: [Option<usize>; 2]) -> Result<(), FrechetUnscored> {
    for (side, n) in [Side::First, Side::Second].into_iter().zip(sizes) {
        if let Some(n) = n.filter(|n| *n < 2) {
            return Err(FrechetUnscored::TooFew { side, n });
        }
    }
    Ok(())
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
    let [a, b] = sets.map(|(side, set)| move || Factor::of_gaussian(side, set));
    let (a, b) = rayon::join(a, b);
    let (a, b) = (a?, b?);
    for ((side, set), factor) in sets.into_iter().zip([&a, &b]) {
        if factor.rank == Rank::Deficient && set.n.is_none_or(|n| n > dim) {
            warnings.push(FrechetWarning::NotPositiveDefinite { side });
        }
    }
    let route = match (a.rank, b.rank) {
        (Rank::Deficient, _) | (_, Rank::Deficient) => Route::Eigen,
        _ => Route::Cholesky,
    };
    let precision = match (first.mean_precision, second.mean_precision) {
        (MeanPrecision::F32, MeanPrecision::F32) => MeanPrecision::F32,
        _ => MeanPrecision::F64,
    };
    let distance = squared_distance(&first.mean, &second.mean, precision);
    between(distance, &a, &b, route, warnings)
}

fn finite(set: &Gaussian) -> bool {
    set.mean.iter().all(|value| value.is_finite())
        && set
            .covariance
            .col_iter()
            .all(|column| column.iter().all(|value| value.is_finite()))
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

#[cfg(test)]
#[path = "frechet_exact_tests.rs"]
mod exact_tests;
