//! What every comparison of two sets of feature vectors begins with: checks, and an order of the vectors
//! that does not depend on how they were given.

use super::{Feature, Side};
use faer::Mat;
use ndarray::ArrayView2;
use rayon::prelude::*;

/// Why two sets of feature vectors cannot be compared.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SetFault {
    /// A set has too few vectors.
    #[error("the {side} set has {n} vectors; at least {least} are needed")]
    TooFew {
        /// Which set.
        side: Side,
        /// Its number of vectors.
        n: usize,
        /// What the metric needs.
        least: usize,
    },
    /// A feature is NaN or infinite.
    #[error("features of vector {row} of the {side} set are not finite")]
    NonFinite {
        /// Which set.
        side: Side,
        /// Position in the set, from 0.
        row: usize,
    },
    /// Vectors of the sets have different lengths, or none.
    #[error("features have {first} dimensions in one set and {second} in the other")]
    Dimensions {
        /// Of the first set.
        first: usize,
        /// Of the second set.
        second: usize,
    },
}

/// The first row with a value that is not finite.
pub(super) fn not_finite<T: Feature>(set: &ArrayView2<'_, T>) -> Option<usize> {
    let fault = |row: &usize| set.row(*row).iter().any(|v| !(*v).into().is_finite());
    (0..set.nrows())
        .into_par_iter()
        .position_first(|row| fault(&row))
}

/// Checks both sets: the same length of vectors, at least `least` vectors, all finite.
pub(super) fn check<T: Feature>(
    first: &ArrayView2<'_, T>,
    second: &ArrayView2<'_, T>,
    least: usize,
) -> Result<(), SetFault> {
    if first.ncols() != second.ncols() || first.ncols() == 0 {
        return Err(SetFault::Dimensions {
            first: first.ncols(),
            second: second.ncols(),
        });
    }
    for (side, set) in [(Side::First, first), (Side::Second, second)] {
        let n = set.nrows();
        if n < least {
            return Err(SetFault::TooFew { side, n, least });
        }
        if let Some(row) = not_finite(set) {
            return Err(SetFault::NonFinite { side, row });
        }
    }
    Ok(())
}

/// Checks that both sets have at least `least` vectors.
pub(super) fn enough(sizes: [usize; 2], least: usize) -> Result<(), SetFault> {
    for (side, n) in [Side::First, Side::Second].into_iter().zip(sizes) {
        if n < least {
            return Err(SetFault::TooFew { side, n, least });
        }
    }
    Ok(())
}

/// Rows in the order of their values: the same vectors for every permutation of them.
pub(super) fn by_value<T: Feature>(set: &ArrayView2<'_, T>) -> Vec<usize> {
    let mut order: Vec<usize> = (0..set.nrows()).collect();
    sort_by_value(set, &mut order);
    order
}

/// Sorts row numbers by the values of their rows.
pub(super) fn sort_by_value<T: Feature>(set: &ArrayView2<'_, T>, rows: &mut [usize]) {
    rows.sort_by(|a, b| {
        let pairs = set.row(*a).into_iter().zip(set.row(*b));
        pairs
            .map(|(a, b)| (*a).into().total_cmp(&(*b).into()))
            .find(|ordering| ordering.is_ne())
            .unwrap_or(std::cmp::Ordering::Equal)
    });
}

/// The vectors less `shift`, one a column: `[d, n]`.
pub(super) fn columns<T: Feature>(set: &ArrayView2<'_, T>, shift: &[f64]) -> Mat<f64> {
    Mat::from_fn(set.ncols(), set.nrows(), |i, j| {
        let value: f64 = set[[j, i]].into();
        value - shift[i]
    })
}
