//! `tr S1 + tr S2 - 2 tr sqrt(S1 S2)`: how far two covariances are apart, from factors `A A' = S1` and `B B' = S2`.
//!
//! With the singular values `A' B = U s V'` the trace of the root is their sum, and the whole is the squared length of
//! `A U - B V` (and of what of the larger factor has no partner), the smallest that any turn of the factors
//! leaves. Differences are taken before squares, so that sets that are nearly alike keep their digits too.

use super::frechet::FrechetUnscored;
use super::frechet_factor::Factor;
use faer::linalg::matmul::matmul;
use faer::{Accum, Mat, MatRef, Par};
use rayon::prelude::*;

/// Most dimensions, or columns of a factor, whose singular vectors cost next to nothing.
pub(super) const AT_ONCE: usize = 256;
/// Below this share of the traces their difference with the root has lost digits that 1e-9 needs.
const CANCELLED: f64 = 1e-5;
/// What eigenvalues may be off by, as a share of the distance.
const TRUSTED: f64 = 1e-10;

/// The distance of two covariances, from any factors of them.
pub(super) fn apart(a: MatRef<'_, f64>, b: MatRef<'_, f64>) -> Result<f64, FrechetUnscored> {
    let trace = squared_norm(a) + squared_norm(b);
    let few = a.ncols().min(b.ncols());
    if few == 0 || !trace.is_finite() {
        return Ok(trace);
    }
    let product = a.transpose() * b;
    if few > AT_ONCE {
        if a == b {
            return Ok(0.0);
        }
        let values = product.singular_values();
        let values = values.map_err(|_| FrechetUnscored::NotConverged)?;
        let apart = trace - 2.0 * values.iter().sum::<f64>();
        if apart > CANCELLED * trace {
            return Ok(apart);
        }
    }
    let turns = product
        .thin_svd()
        .map_err(|_| FrechetUnscored::NotConverged)?;
    let (turned_a, turned_b) = (a * turns.U(), b * turns.V());
    let mut apart = squared_norm((&turned_a - &turned_b).as_ref());
    for (factor, turned, turn) in [(a, turned_a, turns.U()), (b, turned_b, turns.V())] {
        if factor.ncols() > few {
            apart += squared_norm((factor - turned * turn.transpose()).as_ref());
        }
    }
    Ok(apart)
}

/// The same from the eigenvalues of `A' S2 A`, the squares of the singular values: half the time, and as exact where no
/// eigenvalue is so small that its root is rounding. `None` where that cannot be said, or the factors are not the Cholesky factors
/// of covariances of many dimensions.
pub(super) fn apart_by_eigenvalues(
    distance: f64,
    a: &Factor,
    b: &Factor,
) -> Result<Option<f64>, FrechetUnscored> {
    let (Some(first), Some(second)) = (&a.covariance, &b.covariance) else {
        return Ok(None);
    };
    let dim = first.nrows();
    if dim <= AT_ONCE {
        return Ok(None);
    }
    if first == second {
        return Ok(Some(0.0));
    }
    let eigenvalues = sandwich(&a.matrix, second)
        .self_adjoint_eigenvalues(faer::Side::Lower)
        .map_err(|_| FrechetUnscored::NotConverged)?;
    let root: f64 = eigenvalues.iter().map(|it| it.max(0.0).sqrt()).sum();
    let trace = |matrix: &Mat<f64>| (0..dim).map(|i| matrix[(i, i)]).sum::<f64>();
    let traces = trace(first) + trace(second);
    let apart = traces - 2.0 * root;
    let error = error_of_roots(&eigenvalues) + f64::EPSILON * traces;
    Ok((error <= TRUSTED * (distance + apart)).then_some(apart))
}

/// About how far rounding moves the sum of the roots of eigenvalues. It moves each eigenvalue by the
/// largest one's last digit, shared among the dimensions, one this way and another one that way.
fn error_of_roots(eigenvalues: &[f64]) -> f64 {
    let largest = eigenvalues.iter().copied().fold(0.0, f64::max);
    let rounding = 4.0 * f64::EPSILON * largest / (eigenvalues.len() as f64).sqrt();
    let moved = |value: &f64| {
        if *value > rounding {
            rounding / (2.0 * value.sqrt())
        } else {
            rounding.sqrt()
        }
    };
    let squares = eigenvalues.iter().map(|value| moved(value).powi(2));
    2.0 * squares.sum::<f64>().sqrt()
}

/// Sides of the tiles of [`sandwich`]. Cut by position, so that threads do not show.
const TILE: usize = 256;

/// The lower triangle of `L' S L` for a lower triangular `L` and a symmetric `S`, in tiles on all
/// cores. What is known to be zero is not multiplied; above the diagonal is nothing of use.
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

pub(super) fn squared_norm(matrix: MatRef<'_, f64>) -> f64 {
    matrix
        .col_iter()
        .map(|column| column.iter().map(|v| v * v).sum::<f64>())
        .sum()
}
