//! A Fréchet distance without each part of its sets, to first order: what its interval is made of.
//!
//! A bootstrap would lie above the value, because repeated vectors lower the rank of a covariance.

use super::features::by_value;
use super::{Feature, FrechetUnscored, frechet_influence};
use crate::stats::LeftOut;
use ndarray::{Array2, ArrayView1, ArrayView2, Axis};

/// Influences below this share of the sets' spread are rounding.
const ROUNDING: f64 = 1e-11;

/// What is left out at once.
#[derive(Clone, Copy, Debug)]
pub enum FrechetParts<'a> {
    /// One vector of either set: the sets are drawn independently.
    Vectors,
    /// The vectors of one cluster in both sets, which are paired row by row, as the frames of a story are.
    Clusters {
        /// The cluster of each row, from 0.
        of_row: &'a [usize],
        /// How many clusters there are.
        count: usize,
    },
}

/// The distance `value` of the two sets without each part: leaving out one of n parts takes away how far it moves the
/// distance ([`frechet_influence`]) and gives its weight to the others. Rows in another order give the same bits.
///
/// # Errors
/// Those of [`frechet_influence`].
///
/// # Panics
/// When a number in `of_row` is not below `count`, or rows are missing in it.
pub fn frechet_left_out<T: Feature>(
    first: &ArrayView2<'_, T>,
    second: &ArrayView2<'_, T>,
    value: f64,
    parts: FrechetParts<'_>,
) -> Result<Vec<LeftOut>, FrechetUnscored> {
    let orders = [by_value(first), by_value(second)];
    let sorted = [
        first.select(Axis(0), &orders[0]),
        second.select(Axis(0), &orders[1]),
    ];
    let mut influences = frechet_influence(&sorted[0].view(), &sorted[1].view())?;
    let still = ROUNDING * sorted.iter().map(spread).sum::<f64>();
    let moves = |moved: &Vec<f64>| moved.iter().any(|it| it.abs() * moved.len() as f64 > still);
    if !influences.iter().any(moves) {
        for moved in influences.iter_mut().flatten() {
            *moved = 0.0;
        }
    }
    let moved = match parts {
        FrechetParts::Vectors => {
            let mut moved = influences.concat();
            moved.sort_by(f64::total_cmp);
            moved
        }
        FrechetParts::Clusters { of_row, count } => {
            let mut moved = vec![0.0; count];
            for (order, influences) in orders.iter().zip(&influences) {
                for (row, influence) in order.iter().zip(influences) {
                    moved[of_row[*row]] += influence;
                }
            }
            moved
        }
    };
    let n = moved.len() as f64;
    let without = |moved: &f64| LeftOut {
        value: Some(value - moved * n / (n - 1.0)),
        size: 1,
    };
    Ok(moved.iter().map(without).collect())
}

/// Mean squared distance of the vectors of a set from their mean.
fn spread<T: Feature>(set: &Array2<T>) -> f64 {
    let n = set.nrows() as f64;
    let of_column = |column: ArrayView1<'_, T>| {
        let values: Vec<f64> = column.iter().map(|value| (*value).into()).collect();
        let mean = values.iter().sum::<f64>() / n;
        values
            .iter()
            .map(|value| (value - mean).powi(2))
            .sum::<f64>()
            / n
    };
    set.columns().into_iter().map(of_column).sum()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::metric::frechet;
    use crate::stats::jackknife_interval;
    use rand_chacha::ChaCha8Rng;
    use rand_chacha::rand_core::{RngCore, SeedableRng};

    /// Roughly normal vectors: sums of twelve uniform numbers.
    fn draw(random: &mut ChaCha8Rng, n: usize, shift: f64) -> Array2<f64> {
        Array2::from_shape_fn((n, 3), |(_, column)| {
            let sum: f64 = (0..12)
                .map(|_| f64::from(random.next_u32()) / f64::from(u32::MAX))
                .sum();
            (sum - 6.0) * (1.0 + 0.3 * column as f64) + shift
        })
    }

    #[test]
    fn the_interval_of_independent_vectors_holds_the_mean_as_often_as_it_says() {
        let mut random = ChaCha8Rng::seed_from_u64(3);
        let mut worlds = Vec::new();
        for _ in 0..200 {
            let (a, b) = (draw(&mut random, 60, 0.7), draw(&mut random, 80, 0.0));
            let value = frechet(&a.view(), &b.view()).unwrap().value;
            let left =
                frechet_left_out(&a.view(), &b.view(), value, FrechetParts::Vectors).unwrap();
            assert_eq!(left.len(), 140);
            let ends = jackknife_interval(value, &left, [0.0, f64::INFINITY]).unwrap();
            assert!(ends[0] <= value && value <= ends[1]);
            worlds.push((value, ends));
        }
        // The interval is around the value at this number of vectors, bias included.
        let mean = worlds.iter().map(|(value, _)| value).sum::<f64>() / 200.0;
        let held = |(_, ends): &&(f64, [f64; 2])| ends[0] <= mean && mean <= ends[1];
        let held = worlds.iter().filter(held).count();
        assert!((180..=199).contains(&held), "{held} of 200");
    }

    #[test]
    fn order_does_not_show_and_equal_sets_move_nothing() {
        let mut random = ChaCha8Rng::seed_from_u64(4);
        let (a, b) = (draw(&mut random, 20, 0.5), draw(&mut random, 20, 0.0));
        let clusters: Vec<usize> = (0..20).map(|row| row % 7).collect();
        let left = |a: &Array2<f64>, b: &Array2<f64>, clusters: Option<&[usize]>, value| {
            let parts = match clusters {
                None => FrechetParts::Vectors,
                Some(of_row) => FrechetParts::Clusters { of_row, count: 7 },
            };
            frechet_left_out(&a.view(), &b.view(), value, parts).unwrap()
        };
        let order: Vec<usize> = (0..20).map(|row| row * 3 % 20).collect();
        let [c, d] = [&a, &b].map(|set| set.select(Axis(0), &order));
        let moved: Vec<usize> = order.iter().map(|row| clusters[*row]).collect();
        assert_eq!(left(&a, &b, None, 1.0), left(&c, &d, None, 1.0));
        // Sums over a cluster are in the order of the values of its vectors.
        assert_eq!(
            left(&a, &b, Some(&clusters), 1.0),
            left(&c, &d, Some(&moved), 1.0)
        );
        assert!(
            left(&a, &a, None, 1e-13)
                .iter()
                .all(|it| it.value == Some(1e-13))
        );
    }
}
