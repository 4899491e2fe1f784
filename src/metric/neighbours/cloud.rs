//! Exact distances at the price of rough ones: matrix products sort out the pairs that are too close to a
//! radius, and only those are summed one by one.

use crate::metric::Feature;
use crate::metric::features::columns;
use faer::linalg::matmul::matmul;
use faer::{Accum, Mat, Par};
use ndarray::ArrayView2;

/// Rows that distances to the whole other set are held for at a time.
pub(super) const ROWS: usize = 64;

/// Mean of the vectors, to the digits that a shift needs.
pub(super) fn centre<T: Feature>(set: &ArrayView2<'_, T>) -> Vec<f64> {
    let mut sum = vec![0.0; set.ncols()];
    for row in set.rows() {
        for (sum, value) in sum.iter_mut().zip(row) {
            *sum += (*value).into() / set.nrows() as f64;
        }
    }
    sum
}

/// A set of vectors, ready for distances.
pub(super) struct Cloud {
    /// `[d, n]`, less a common shift, for products.
    columns: Mat<f64>,
    /// Squared lengths of the columns.
    pub(super) squares: Vec<f64>,
    /// The vectors themselves, `[n][d]`, for exact distances.
    rows: Vec<f64>,
    dim: usize,
}

impl Cloud {
    pub(super) fn new<T: Feature>(set: &ArrayView2<'_, T>, shift: &[f64]) -> Self {
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

    pub(super) fn len(&self) -> usize {
        self.squares.len()
    }

    pub(super) fn row(&self, index: usize) -> &[f64] {
        &self.rows[index * self.dim..(index + 1) * self.dim]
    }

    /// Approximate squared distances of the columns of a block of `self` to all of `other`:
    /// `[other.len(), block]`.
    pub(super) fn rough(&self, block: usize, other: &Self) -> (usize, Mat<f64>) {
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
    pub(super) fn slack(&self, index: usize, other: &Self, to: usize) -> f64 {
        4.0 * (self.dim as f64 + 4.0) * f64::EPSILON * (self.squares[index] + other.squares[to])
    }
}

/// The squared distance, summed in eight lanes: the same bits for either order of the two.
pub(super) fn exact(a: &[f64], b: &[f64]) -> f64 {
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

/// Whether a vector is inside an open ball, in the precision of the `prdc` package: squared distances
/// in double, rounded to the precision of the features, then the root.
#[derive(Clone, Copy)]
pub(super) struct Rule {
    pub(super) single: bool,
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

/// A real and a generated vector, and as much of their distance as was needed so far.
pub(super) struct Pair<'a> {
    rough: f64,
    slack: f64,
    exact: Option<f64>,
    ends: [&'a [f64]; 2],
}

impl<'a> Pair<'a> {
    pub(super) fn new(rough: f64, slack: f64, ends: [&'a [f64]; 2]) -> Self {
        Self {
            rough,
            slack,
            exact: None,
            ends,
        }
    }

    fn exact(&mut self) -> f64 {
        let [a, b] = self.ends;
        *self.exact.get_or_insert_with(|| exact(a, b))
    }

    pub(super) fn closed(&mut self, radius: f64) -> bool {
        if self.rough - self.slack > radius {
            false
        } else if self.rough + self.slack < radius {
            true
        } else {
            self.exact() <= radius
        }
    }

    pub(super) fn open(&mut self, radius: f64, rule: Rule) -> bool {
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
