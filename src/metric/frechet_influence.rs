//! How far each frame moves a Fréchet distance: the influence function of the distance (Hampel, 1974), from
//! which comes its standard error without resampling (the infinitesimal jackknife).
//!
//! With `A A' = S1`, `B B' = S2` and the singular values `A' B = U s V'`, the derivative of `tr sqrt(S1 S2)` is
//! half of `T = B V s^-1 V' B'` by `S1`, and half of `A U s^-1 U' A'` by `S2`: the matrices that carry one normal
//! distribution onto the other. One decomposition and two products with the frames are all it costs.

use super::Feature;
use super::frechet::FrechetUnscored;
use super::frechet_factor::Factor;
use faer::linalg::matmul::matmul;
use faer::{Accum, Mat, Par};
use ndarray::ArrayView2;
use rayon::prelude::*;

/// Frames that are multiplied at once.
const BLOCK: usize = 256;

/// How far each row of the two sets moves their Fréchet distance, to first order: the change of the distance
/// when the row's weight in its set goes from 0 to 1/n. Of each set they sum to 0.
///
/// The two sets are fitted as [`super::frechet`] does it, rank-deficient ones too; directions that only one of
/// them has are taken as not moving the root.
///
/// # Errors
/// Those of [`super::frechet`].
pub fn frechet_influence<T: Feature>(
    first: &ArrayView2<'_, T>,
    second: &ArrayView2<'_, T>,
) -> Result<[Vec<f64>; 2], FrechetUnscored> {
    let [a, b] = Factor::of_both(first, second)?;
    let root = (a.matrix.transpose() * &b.matrix)
        .thin_svd()
        .map_err(|_| FrechetUnscored::NotConverged)?;
    let values = root.S().column_vector();
    let largest = values.iter().copied().fold(0.0, f64::max);
    let noise = largest * first.ncols() as f64 * f64::EPSILON;
    let kept: Vec<usize> = (0..values.nrows())
        .filter(|at| values[*at] > noise)
        .collect();
    // T = P P', so that x' T x is the squared length of P' x.
    let carry = |factor: &Mat<f64>, vectors: faer::MatRef<'_, f64>| {
        let chosen = Mat::from_fn(vectors.nrows(), kept.len(), |i, j| {
            vectors[(i, kept[j])] / values[kept[j]].sqrt()
        });
        factor * chosen
    };
    let onto = [carry(&b.matrix, root.V()), carry(&a.matrix, root.U())];
    let apart = a.mean.less(&b.mean);
    if !a.mean.squared_distance(&b.mean).is_finite() {
        return Err(FrechetUnscored::Overflow);
    }
    Ok([
        of_set(first, &a.mean.value, &onto[0], &apart, 1.0),
        of_set(second, &b.mean.value, &onto[1], &apart, -1.0),
    ])
}

/// `2 (m1 - m2)' x + x' x - x' T x` of each centred row, less their mean, over n. `sign` is that of the set's
/// mean in the difference.
fn of_set<T: Feature>(
    set: &ArrayView2<'_, T>,
    mean: &[f64],
    onto: &Mat<f64>,
    apart: &[f64],
    sign: f64,
) -> Vec<f64> {
    let (n, dim) = set.dim();
    let starts: Vec<usize> = (0..n).step_by(BLOCK).collect();
    let blocks: Vec<Vec<f64>> = starts
        .par_iter()
        .map(|start| {
            let rows = BLOCK.min(n - start);
            // Columns are frames: they are contiguous.
            let centred = Mat::from_fn(dim, rows, |j, i| {
                let value: f64 = set[[start + i, j]].into();
                value - mean[j]
            });
            let mut carried = Mat::<f64>::zeros(onto.ncols(), rows);
            matmul(
                carried.as_mut(),
                Accum::Replace,
                onto.transpose(),
                centred.as_ref(),
                1.0,
                Par::Seq,
            );
            let one = |at: usize| {
                let mut moved = 0.0;
                for (value, apart) in centred.col(at).iter().zip(apart) {
                    moved += value * value + 2.0 * sign * apart * value;
                }
                let lost: f64 = carried.col(at).iter().map(|value| value * value).sum();
                moved - lost
            };
            (0..rows).map(one).collect()
        })
        .collect();
    let mut moved = blocks.concat();
    let centre = moved.iter().sum::<f64>() / n as f64;
    for value in &mut moved {
        *value = (*value - centre) / n as f64;
    }
    moved
}

#[cfg(test)]
mod tests {
    use super::super::frechet;
    use super::*;
    use ndarray::{Array2, Axis};
    use rand_chacha::ChaCha8Rng;
    use rand_chacha::rand_core::{RngCore, SeedableRng};

    fn sets(n: usize, dim: usize) -> [Array2<f32>; 2] {
        let mut random = ChaCha8Rng::seed_from_u64(5);
        [0.3, 0.0].map(|shift| {
            Array2::from_shape_fn((n, dim), |(_, column)| {
                let draw = f64::from(random.next_u32()) / f64::from(u32::MAX) - 0.5;
                (draw * (1.0 + shift + 1.0 / (1.0 + column as f64)) + shift) as f32
            })
        })
    }

    #[test]
    fn it_is_what_leaving_a_frame_out_does() {
        let [x, y] = sets(900, 6);
        let whole = frechet(&x.view(), &y.view()).unwrap().value;
        let moved = frechet_influence(&x.view(), &y.view()).unwrap();
        for (set, moved) in moved.iter().enumerate() {
            assert!(moved.iter().sum::<f64>().abs() < 1e-12);
            let largest = moved.iter().fold(0.0_f64, |most, v| most.max(v.abs()));
            // Less than the whole by the bias, which is the same for every frame.
            let without: Vec<f64> = (0..40)
                .map(|row| {
                    let rest: Vec<usize> = (0..900).filter(|other| *other != row).collect();
                    let mut pair = [x.clone(), y.clone()];
                    pair[set] = pair[set].select(Axis(0), &rest);
                    whole - frechet(&pair[0].view(), &pair[1].view()).unwrap().value
                })
                .collect();
            let bias = without.iter().zip(moved).map(|(w, m)| w - m).sum::<f64>() / 40.0;
            for (without, moved) in without.iter().zip(moved) {
                assert!(
                    (without - bias - moved).abs() < 0.02 * largest,
                    "{without} {moved}"
                );
            }
        }
    }

    #[test]
    fn fewer_frames_than_features_have_influences() {
        let [x, y] = sets(12, 40);
        let moved = frechet_influence(&x.view(), &y.view()).unwrap();
        assert!(moved.iter().flatten().all(|value| value.is_finite()));
        assert!(moved.iter().flatten().any(|value| value.abs() > 1e-6));
        let few = x.slice(ndarray::s![..1, ..]);
        assert!(frechet_influence(&few, &y.view()).is_err());
    }
}
