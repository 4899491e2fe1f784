//! Matrices `A` with `A A' = S` for the covariance `S` of a set.
//!
//! A covariance holds the squares of the spreads of a set: of a direction that is 1e-8 times as wide as another one no
//! digit is left in it. Factors are therefore taken from the vectors themselves, by orthogonal transformations, where
//! that is cheap or the covariance's own factor is doubtful.

use super::Feature;
use super::features::check;
use super::frechet::{FrechetUnscored, Side};
use super::frechet_root::{AT_ONCE, squared_norm};
use super::gaussian::{Gaussian, Mean, centred};
use faer::{Mat, MatRef};
use ndarray::ArrayView2;

/// A pivot of a Cholesky factor below this share of its diagonal element has lost digits that 1e-9 needs.
const WEAK: f64 = 1e-9;
/// Rows of the vectors that become a triangle at a time, at least.
const PANEL: usize = 1024;

/// How much of a covariance's rank rounding leaves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Rank {
    /// Full.
    Full,
    /// Full, but there are directions with few digits.
    Weak,
    /// Not full.
    Deficient,
}

/// A matrix `A` with `A A' = S`, `[d, r]`, of a set of vectors.
pub(super) struct Factor {
    pub(super) matrix: Mat<f64>,
    /// `S`, where `A` is its Cholesky factor and of full rank.
    pub(super) covariance: Option<Mat<f64>>,
    pub(super) rank: Rank,
    pub(super) mean: Mean,
    /// Features that never change.
    pub(super) constant: usize,
}

impl Factor {
    /// Of two sets that have a distance.
    pub(super) fn of_both<T: Feature>(
        first: &ArrayView2<'_, T>,
        second: &ArrayView2<'_, T>,
    ) -> Result<[Self; 2], FrechetUnscored> {
        check(first, second, 2)?;
        let (a, b) = rayon::join(|| Self::of_rows(first), || Self::of_rows(second));
        Ok([a?, b?])
    }

    fn of_rows<T: Feature>(set: &ArrayView2<'_, T>) -> Result<Self, FrechetUnscored> {
        let (n, dim) = set.dim();
        if n > dim && dim > AT_ONCE {
            // The covariance is several times cheaper than a triangle of all vectors.
            let fitted = Gaussian::fit(set);
            if !squared_norm(fitted.covariance.as_ref()).is_finite() {
                return Err(FrechetUnscored::Overflow);
            }
            if let Some((matrix, Rank::Full)) = cholesky(fitted.covariance.as_ref()) {
                return Ok(Self {
                    matrix,
                    constant: fitted.constant_features(),
                    covariance: Some(fitted.covariance),
                    rank: Rank::Full,
                    mean: Mean::rounded(fitted.mean),
                });
            }
        }
        let (rows, mean) = centred(set);
        if !squared_norm(rows.as_ref()).is_finite() {
            return Err(FrechetUnscored::Overflow);
        }
        let constant = constant_columns(&rows);
        let scale = faer::Scale(1.0 / (n as f64 - 1.0).sqrt());
        let (matrix, rank) = if n > dim {
            let triangle = triangle(rows.as_ref());
            let rank = rank_of_triangle(&triangle, n);
            (triangle.transpose() * scale, rank)
        } else {
            (rows.transpose() * scale, Rank::Deficient)
        };
        Ok(Self {
            matrix,
            covariance: None,
            rank,
            mean,
            constant,
        })
    }

    /// Of a distribution whose vectors are not known; `side` is what a reason calls it.
    pub(super) fn of_gaussian(side: Side, set: &Gaussian) -> Result<Self, FrechetUnscored> {
        let covariance = set.covariance.as_ref();
        let full = set.n.is_none_or(|n| n > set.dim());
        let (matrix, rank) = match cholesky(covariance).filter(|_| full) {
            Some(found) => found,
            None => (root_by_eigen(side, covariance, true)?, Rank::Deficient),
        };
        Ok(Self {
            matrix,
            covariance: (rank == Rank::Full).then(|| set.covariance.clone()),
            rank,
            mean: Mean::rounded(set.mean.clone()),
            constant: set.constant_features(),
        })
    }
}

/// The triangle `R` with `R' R = X' X` of more rows than columns, without the product: a panel of rows at a time, so
/// that it needs no second copy of all of them.
fn triangle(rows: MatRef<'_, f64>) -> Mat<f64> {
    let (n, d) = (rows.nrows(), rows.ncols());
    let step = PANEL.max(4 * d);
    let mut start = step.min(n);
    let mut triangle = rows.subrows(0, start).qr().thin_R().to_owned();
    while start < n {
        let more = rows.subrows(start, step.min(n - start));
        let height = triangle.nrows();
        let stacked = Mat::from_fn(height + more.nrows(), d, |i, j| {
            if i < height {
                triangle[(i, j)]
            } else {
                more[(i - height, j)]
            }
        });
        triangle = stacked.as_ref().qr().thin_R().to_owned();
        start += more.nrows();
    }
    triangle
}

/// A column that the ones before it explain but for rounding has almost nothing on the diagonal.
fn rank_of_triangle(triangle: &Mat<f64>, n: usize) -> Rank {
    let least = n as f64 * f64::EPSILON;
    let deficient = (0..triangle.ncols()).any(|j| {
        let length = squared_norm(triangle.as_ref().subcols(j, 1)).sqrt();
        triangle[(j, j)].abs() <= least * length
    });
    if deficient {
        Rank::Deficient
    } else {
        Rank::Full
    }
}

/// The Cholesky factor of a covariance that has full rank by more than rounding. What rounding does to a pivot goes
/// by its own diagonal element, so that features of very different scales are no obstacle.
fn cholesky(covariance: MatRef<'_, f64>) -> Option<(Mat<f64>, Rank)> {
    let factor = covariance.llt(faer::Side::Lower).ok()?.L().to_owned();
    let dim = covariance.nrows();
    let weakest = (0..dim)
        .map(|i| factor[(i, i)] * factor[(i, i)] / covariance[(i, i)])
        .fold(1.0, f64::min);
    let rank = if weakest > WEAK {
        Rank::Full
    } else {
        Rank::Weak
    };
    (weakest > dim as f64 * f64::EPSILON).then_some((factor, rank))
}

/// A factor `A` with `A A' = S` for a covariance without full rank, `[d, r]`. Eigenvalues that
/// rounding cannot tell from zero have no column: a root of a rounded zero would be a thousand times larger than the zero.
/// Features are brought to one scale before (`scaled`), since rounding goes by each one's own. An eigenvalue that is
/// clearly negative makes the matrix no covariance; single precision, in which some tools store it, is rounding too.
fn root_by_eigen(
    side: Side,
    covariance: MatRef<'_, f64>,
    scaled: bool,
) -> Result<Mat<f64>, FrechetUnscored> {
    let dim = covariance.nrows();
    let scales: Vec<f64> = (0..dim)
        .map(|i| covariance[(i, i)])
        .map(|variance| {
            if scaled && variance > 0.0 {
                variance.sqrt()
            } else {
                1.0
            }
        })
        .collect();
    let even = Mat::from_fn(dim, dim, |i, j| covariance[(i, j)] / scales[i] / scales[j]);
    let eigen = even
        .self_adjoint_eigen(faer::Side::Lower)
        .map_err(|_| FrechetUnscored::NotConverged)?;
    let (vectors, values) = (eigen.U(), eigen.S().column_vector());
    let largest = values.iter().fold(0.0_f64, |m, v| m.max(v.abs()));
    let smallest = values.iter().copied().fold(0.0_f64, f64::min);
    if smallest < -1e-4 * largest {
        if scaled {
            return root_by_eigen(side, covariance, false);
        }
        return Err(FrechetUnscored::NoCovariance {
            side,
            smallest,
            largest,
        });
    }
    let noise = largest * dim as f64 * f64::EPSILON;
    let kept: Vec<usize> = (0..dim).filter(|j| values[*j] > noise).collect();
    Ok(Mat::from_fn(dim, kept.len(), |i, j| {
        scales[i] * vectors[(i, kept[j])] * values[kept[j]].sqrt()
    }))
}

fn constant_columns(centred: &Mat<f64>) -> usize {
    centred
        .col_iter()
        .filter(|column| column.iter().all(|value| *value == 0.0))
        .count()
}
