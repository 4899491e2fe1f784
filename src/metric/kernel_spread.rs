//! The kernel distance over all vectors without each vector in turn, and the interval that follows.
//!
//! The estimate is a U-statistic of two independent samples, for which the jackknife of either is consistent; a
//! bootstrap would pair a vector with itself. Every value of the kernel is computed once: what a vector takes away is a
//! sum over its row.

use super::Feature;
use super::features::check;
use super::kernel::{KidUnscored, TILE, cubic, ordered, span, unbiased};
use crate::stats::{LEAST_GROUPS, student_quantile};
use faer::{Mat, MatRef};
use ndarray::ArrayView2;
use rayon::prelude::*;

/// The kernel distance over all vectors, with what each has a share of.
#[derive(Clone, Debug, PartialEq)]
pub struct KernelSpread {
    /// The unbiased estimate, as [`super::kernel_distance`] has it.
    pub value: f64,
    /// It without each vector of the first set and of the second, in the order of their values. `None` with two vectors,
    /// of which none can be left out.
    pub left_out: Option<[Vec<f64>; 2]>,
}

impl KernelSpread {
    /// A 95 % interval around the value: Student's t times the error of the jackknife, with a degree of freedom less than the smaller set
    /// has vectors. `None` with fewer than [`LEAST_GROUPS`] vectors in a set.
    #[must_use]
    pub fn interval(&self) -> Option<[f64; 2]> {
        let sets = self.left_out.as_ref()?;
        let fewest = sets.iter().map(Vec::len).min()?;
        if fewest < LEAST_GROUPS {
            return None;
        }
        let variance: f64 = sets.iter().map(|set| variance(set)).sum();
        let half = student_quantile(0.975, fewest as f64 - 1.0)? * variance.sqrt();
        half.is_finite()
            .then_some([self.value - half, self.value + half])
    }
}

fn variance(left_out: &[f64]) -> f64 {
    let n = left_out.len() as f64;
    let mean = left_out.iter().sum::<f64>() / n;
    let squares: f64 = left_out.iter().map(|value| (value - mean).powi(2)).sum();
    squares * (n - 1.0) / n
}

/// The estimate over all rows of two arrays, and without each.
///
/// # Errors
/// See [`KidUnscored`].
pub fn kernel_spread<T: Feature>(
    first: &ArrayView2<'_, T>,
    second: &ArrayView2<'_, T>,
) -> Result<KernelSpread, KidUnscored> {
    check(first, second, 2)?;
    let ((x, _), (y, _)) = (ordered(first), ordered(second));
    let (x, y) = (x.as_ref(), y.as_ref());
    let [xx, _] = sums(x, None);
    let [yy, _] = sums(y, None);
    let [of_x, of_y] = sums(x, Some(y));
    let totals = [&xx, &yy, &of_x].map(|rows| rows.iter().sum::<f64>());
    let [n1, n2] = [x.ncols(), y.ncols()];
    let value = unbiased(totals, [n1, n2]);
    if !value.is_finite() {
        return Err(KidUnscored::Overflow);
    }
    let without = |own: f64, cross: f64, side: usize| {
        let mut totals = totals;
        // A pair is in its own set's sum twice.
        totals[side] -= 2.0 * own;
        totals[2] -= cross;
        let mut sizes = [n1, n2];
        sizes[side] -= 1;
        unbiased(totals, sizes)
    };
    let of_set = |own: &[f64], cross: &[f64], side: usize| -> Vec<f64> {
        let pairs = own.iter().zip(cross);
        pairs
            .map(|(own, cross)| without(*own, *cross, side))
            .collect()
    };
    let left_out = (n1.min(n2) > 2).then(|| [of_set(&xx, &of_x, 0), of_set(&yy, &of_y, 1)]);
    Ok(KernelSpread { value, left_out })
}

/// Sums of the rows and of the columns of a kernel matrix: of `x` with `y`, or of `x` with itself without the diagonal,
/// where both are the same. Tiles are cut by position and added in their order, so that threads do not show.
fn sums(x: MatRef<'_, f64>, y: Option<MatRef<'_, f64>>) -> [Vec<f64>; 2] {
    let (same, y) = (y.is_none(), y.unwrap_or(x));
    let columns = y.ncols().div_ceil(TILE);
    let places: Vec<(usize, usize)> = (0..x.ncols().div_ceil(TILE))
        .flat_map(|i| (0..if same { i + 1 } else { columns }).map(move |j| (i, j)))
        .collect();
    let parts: Vec<[Vec<f64>; 2]> = places
        .par_iter()
        .map(|(i, j)| {
            let (a, b) = (span(*i, x.ncols()), span(*j, y.ncols()));
            let (a, b) = (x.subcols(a.start, a.len()), y.subcols(b.start, b.len()));
            of_tile(&cubic(a, b, same && i == j))
        })
        .collect();
    let mut totals = [vec![0.0; x.ncols()], vec![0.0; y.ncols()]];
    let add = |total: &mut [f64], tile: usize, part: &[f64]| {
        for (total, part) in total[tile * TILE..].iter_mut().zip(part) {
            *total += part;
        }
    };
    for ((i, j), [rows, columns]) in places.into_iter().zip(&parts) {
        add(&mut totals[0], i, rows);
        // Of a symmetric matrix the tile above the diagonal has the columns for rows.
        match (same, i == j) {
            (true, true) => {}
            (true, false) => add(&mut totals[0], j, columns),
            (false, _) => add(&mut totals[1], j, columns),
        }
    }
    totals
}

fn of_tile(kernel: &Mat<f64>) -> [Vec<f64>; 2] {
    let mut rows = vec![0.0; kernel.nrows()];
    let mut columns = Vec::with_capacity(kernel.ncols());
    for column in kernel.col_iter() {
        columns.push(column.iter().sum());
        for (row, value) in rows.iter_mut().zip(column.iter()) {
            *row += value;
        }
    }
    [rows, columns]
}

#[cfg(test)]
mod tests {
    use super::super::golden::{exact, generated, number, numbers};
    use super::super::kernel_distance;
    use super::*;

    #[test]
    fn it_is_what_leaving_each_out_gives() {
        for case in numbers("kid_all.json") {
            let (first, second) = (generated(&case["first"]), generated(&case["second"]));
            let found = kernel_spread(&first.view(), &second.view()).unwrap();
            let near = |found: f64, expected: f64| {
                let scale = number(&case, "value").abs();
                assert!(
                    (found - expected).abs() < 1e-9 * scale,
                    "{found} {expected} {}",
                    case["first"]
                );
            };
            near(found.value, number(&case, "value"));
            near(
                found.value,
                kernel_distance(&first.view(), &second.view()).unwrap(),
            );
            for (set, name) in found
                .left_out
                .as_ref()
                .unwrap()
                .iter()
                .zip(["first", "second"])
            {
                let mut sorted = set.clone();
                sorted.sort_by(f64::total_cmp);
                let expected = exact(&case["without"][name]);
                assert_eq!(sorted.len(), expected.len());
                for (found, expected) in sorted.into_iter().zip(expected) {
                    near(found, expected);
                }
            }
            let ends = exact(&case["interval"]);
            for (found, expected) in found.interval().unwrap().into_iter().zip(ends) {
                near(found, expected);
            }
        }
    }

    #[test]
    fn two_vectors_have_a_value_and_seven_no_interval() {
        use super::super::golden::fill;
        let of = |n| kernel_spread(&fill(n, 4, 1).view(), &fill(9, 4, 2).view());
        assert_eq!(of(2).unwrap().left_out, None);
        assert_eq!(of(7).unwrap().interval(), None);
        assert!(of(8).unwrap().interval().is_some());
        assert!(matches!(of(1), Err(KidUnscored::Set(_))));
    }
}
