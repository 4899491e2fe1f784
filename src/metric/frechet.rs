//! The Fréchet distance between two sets of features ("FID" when the features are Inception's).
//!
//! `|m1 - m2|^2 + tr S1 + tr S2 - 2 tr sqrt(S1 S2)` (Heusel et al. 2017), S with `n - 1`.
//!
//! The trace of the root is the delicate part. The common Python route takes a matrix square root of
//! `S1 S2`; with fewer images than dimensions that is the root of rounding noise, and the published
//! tools then disagree with each other by 2e-6. Here it is taken where nothing is squared twice:
//! as the nuclear norm of `X1c X2c'` when a set is small, otherwise from the Cholesky factor of `S1`.

use super::gaussian::{Gaussian, centred};
use faer::{Mat, MatRef};
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
    /// Singular values of the product of the centred sets (a set has at most d vectors).
    Nuclear,
    /// Cholesky factor of the first covariance, eigenvalues of the product.
    Cholesky,
    /// Eigendecomposition of the first covariance, which had no Cholesky factor.
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
    /// The first covariance had no Cholesky factor although there are enough vectors.
    #[error(
        "covariance of the first set is not positive definite; its eigendecomposition was used"
    )]
    NotPositiveDefinite,
    /// The value is below zero.
    #[error("the distance is below zero by rounding ({value:e}); it is not clamped")]
    Negative {
        /// The value.
        value: f64,
    },
    /// Eigenvalues that should be at least zero are below it by more than rounding explains.
    #[error("eigenvalues down to {smallest:e} were taken as zero")]
    NegativeEigenvalue {
        /// The smallest, relative to the largest.
        smallest: f64,
    },
}

/// Why there is no distance.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
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
    /// The decomposition failed.
    #[error("the decomposition of the covariances did not converge")]
    NotConverged,
}

/// Fréchet distance between the rows of two arrays, `[n1, d]` and `[n2, d]`.
///
/// # Errors
/// See [`FrechetUnscored`]; there is no made-up value.
pub fn frechet(
    first: &ArrayView2<'_, f32>,
    second: &ArrayView2<'_, f32>,
) -> Result<Frechet, FrechetUnscored> {
    if first.ncols() != second.ncols() {
        return Err(FrechetUnscored::Dimensions {
            first: first.ncols(),
            second: second.ncols(),
        });
    }
    for (side, set) in [(Side::First, first), (Side::Second, second)] {
        if set.nrows() < 2 {
            return Err(FrechetUnscored::TooFew {
                side,
                n: set.nrows(),
            });
        }
        if let Some(row) = set
            .rows()
            .into_iter()
            .position(|row| row.iter().any(|v| !v.is_finite()))
        {
            return Err(FrechetUnscored::NonFinite { side, row });
        }
    }
    let dim = first.ncols();
    if first.nrows().min(second.nrows()) > dim {
        return frechet_of_gaussians(&Gaussian::fit(first), &Gaussian::fit(second));
    }
    let (a, mean_a) = centred(first);
    let (b, mean_b) = centred(second);
    let (freedom_a, freedom_b) = (first.nrows() as f64 - 1.0, second.nrows() as f64 - 1.0);
    let singular = (&a * b.transpose())
        .singular_values()
        .map_err(|_| FrechetUnscored::NotConverged)?;
    let root = singular.iter().sum::<f64>() / (freedom_a * freedom_b).sqrt();
    let trace = squared_norm(a.as_ref()) / freedom_a + squared_norm(b.as_ref()) / freedom_b;
    let mut warnings = rank_warnings(
        [(Side::First, first.nrows()), (Side::Second, second.nrows())],
        dim,
    );
    warnings.extend(constant_warning(Side::First, constant_columns(&a), dim));
    warnings.extend(constant_warning(Side::Second, constant_columns(&b), dim));
    Ok(finish(
        squared_distance(&mean_a, &mean_b) + trace - 2.0 * root,
        Route::Nuclear,
        warnings,
    ))
}

/// Fréchet distance between two fitted normal distributions of the same dimension.
///
/// # Errors
/// Different dimensions, fewer than two vectors, a decomposition that does not converge.
pub fn frechet_of_gaussians(
    first: &Gaussian,
    second: &Gaussian,
) -> Result<Frechet, FrechetUnscored> {
    let dim = first.dim();
    if dim != second.dim() {
        return Err(FrechetUnscored::Dimensions {
            first: dim,
            second: second.dim(),
        });
    }
    for (side, n) in [(Side::First, first.n), (Side::Second, second.n)] {
        if n < 2 {
            return Err(FrechetUnscored::TooFew { side, n });
        }
    }
    let mut warnings = rank_warnings([(Side::First, first.n), (Side::Second, second.n)], dim);
    warnings.extend(constant_warning(
        Side::First,
        first.constant_features(),
        dim,
    ));
    warnings.extend(constant_warning(
        Side::Second,
        second.constant_features(),
        dim,
    ));
    let (factor, route) = if let Ok(cholesky) = first.covariance.llt(faer::Side::Lower) {
        (cholesky.L().to_owned(), Route::Cholesky)
    } else {
        if first.n > dim {
            warnings.push(FrechetWarning::NotPositiveDefinite);
        }
        (root_by_eigen(first.covariance.as_ref())?, Route::Eigen)
    };
    let product = factor.transpose() * &second.covariance * &factor;
    let eigenvalues = product
        .self_adjoint_eigenvalues(faer::Side::Lower)
        .map_err(|_| FrechetUnscored::NotConverged)?;
    let (mut root, mut smallest, mut largest) = (0.0, 0.0_f64, 0.0_f64);
    for value in eigenvalues {
        root += value.max(0.0).sqrt();
        smallest = smallest.min(value);
        largest = largest.max(value.abs());
    }
    // Products of covariances carry rounding noise of about dim * epsilon of the largest.
    if smallest < -largest * dim as f64 * 1e-13 {
        warnings.push(FrechetWarning::NegativeEigenvalue {
            smallest: smallest / largest,
        });
    }
    let trace = |matrix: &Mat<f64>| (0..dim).map(|i| matrix[(i, i)]).sum::<f64>();
    let value = squared_distance(&first.mean, &second.mean)
        + trace(&first.covariance)
        + trace(&second.covariance)
        - 2.0 * root;
    if !value.is_finite() {
        return Err(FrechetUnscored::NotConverged);
    }
    Ok(finish(value, route, warnings))
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

/// A factor `A` with `A A' = S` for a covariance that is only positive semi-definite.
fn root_by_eigen(covariance: MatRef<'_, f64>) -> Result<Mat<f64>, FrechetUnscored> {
    let eigen = covariance
        .self_adjoint_eigen(faer::Side::Lower)
        .map_err(|_| FrechetUnscored::NotConverged)?;
    let (vectors, values) = (eigen.U(), eigen.S().column_vector());
    Ok(Mat::from_fn(
        covariance.nrows(),
        covariance.ncols(),
        |i, j| vectors[(i, j)] * values[j].max(0.0).sqrt(),
    ))
}

fn rank_warnings(sets: [(Side, usize); 2], dim: usize) -> Vec<FrechetWarning> {
    sets.into_iter()
        .filter(|(_, n)| *n <= dim)
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

fn squared_distance(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(a, b)| (a - b) * (a - b)).sum()
}

#[cfg(test)]
mod tests {
    use super::*;
    use ndarray::{Array2, concatenate};

    #[derive(serde::Deserialize)]
    struct Golden {
        cases: Vec<Case>,
    }

    #[derive(serde::Deserialize)]
    struct Case {
        name: String,
        first: Packed,
        second: Packed,
        sqrtm: f64,
        nuclear: f64,
        scale: f64,
        sqrtm_tolerance: f64,
    }

    #[derive(serde::Deserialize)]
    struct Packed {
        rows: usize,
        dim: usize,
        f32: String,
    }

    impl Packed {
        fn array(&self) -> Array2<f32> {
            let bytes = base64::decode(&self.f32).unwrap();
            let values = bytes
                .chunks_exact(4)
                .map(|b| f32::from_le_bytes(b.try_into().unwrap()));
            Array2::from_shape_vec((self.rows, self.dim), values.collect()).unwrap()
        }
    }

    fn cases() -> Vec<Case> {
        let text = std::fs::read_to_string("reference-data/golden/metrics/frechet.json").unwrap();
        serde_json::from_str::<Golden>(&text).unwrap().cases
    }

    #[test]
    fn equals_scipy_and_the_nuclear_norm() {
        for case in cases() {
            let (first, second) = (case.first.array(), case.second.array());
            let found = frechet(&first.view(), &second.view()).unwrap();
            let scale = case.scale.max(case.nuclear);
            assert!(
                (found.value - case.nuclear).abs() < 1e-9 * scale,
                "{}: {found:?} {}",
                case.name,
                case.nuclear
            );
            assert!(
                (found.value - case.sqrtm).abs() < case.sqrtm_tolerance * scale,
                "{}",
                case.name
            );
            let deficient = first.nrows().min(second.nrows()) <= first.ncols();
            assert_eq!(found.route == Route::Nuclear, deficient, "{}", case.name);
            let warned = |w: &FrechetWarning| matches!(w, FrechetWarning::RankDeficient { .. });
            assert_eq!(
                found.warnings.iter().any(warned),
                deficient,
                "{}",
                case.name
            );
        }
    }

    #[test]
    fn the_route_by_covariances_agrees_when_ranks_are_low() {
        for case in cases() {
            let (first, second) = (case.first.array(), case.second.array());
            let found = frechet_of_gaussians(
                &Gaussian::fit(&first.view()),
                &Gaussian::fit(&second.view()),
            )
            .unwrap();
            let scale = case.scale.max(case.nuclear);
            assert!(
                (found.value - case.nuclear).abs() < 5e-6 * scale,
                "{}: {found:?}",
                case.name
            );
        }
    }

    #[test]
    fn dead_columns_are_named_and_the_fallback_taken() {
        let case = cases()
            .into_iter()
            .find(|case| case.name == "dead columns")
            .unwrap();
        let found = frechet(&case.first.array().view(), &case.second.array().view()).unwrap();
        assert_eq!(found.route, Route::Eigen);
        assert!(
            found
                .warnings
                .contains(&FrechetWarning::NotPositiveDefinite)
        );
        let constant = FrechetWarning::ConstantFeatures {
            side: Side::Second,
            count: 2,
            dim: 8,
        };
        assert!(found.warnings.contains(&constant));
    }

    #[test]
    fn means_apart_by_one_with_the_same_covariance_give_the_dimension() {
        let case = cases().into_iter().next().unwrap();
        let first = case.first.array();
        let second = &first + 1.0;
        let value = frechet(&first.view(), &second.view()).unwrap().value;
        // 1 is not added exactly in f32.
        assert!((value - 8.0).abs() < 1e-5, "{value}");
    }

    #[test]
    fn one_image_repeated_has_a_covariance_of_zero() {
        let first = Array2::<f32>::ones((6, 3));
        let found = frechet(&first.view(), &first.view()).unwrap();
        assert!(found.value.abs() < 1e-12);
        assert!(!found.warnings.is_empty());
    }

    #[test]
    fn without_a_covariance_there_is_no_value() {
        let many = Array2::<f32>::ones((5, 3));
        let one = Array2::<f32>::ones((1, 3));
        assert_eq!(
            frechet(&many.view(), &one.view()),
            Err(FrechetUnscored::TooFew {
                side: Side::Second,
                n: 1
            })
        );
        let mut broken = concatenate![ndarray::Axis(0), many, one];
        broken[[4, 1]] = f32::NAN;
        assert_eq!(
            frechet(&broken.view(), &many.view()),
            Err(FrechetUnscored::NonFinite {
                side: Side::First,
                row: 4
            })
        );
        let wide = Array2::<f32>::ones((5, 4));
        assert_eq!(
            frechet(&many.view(), &wide.view()),
            Err(FrechetUnscored::Dimensions {
                first: 3,
                second: 4
            })
        );
    }
}
