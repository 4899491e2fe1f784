//! Tests of the Fréchet distance.

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
        let full = !deficient && !case.name.contains("dead");
        assert_eq!(found.route == Route::Cholesky, full, "{}", case.name);
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
fn dead_columns_are_named() {
    let case = cases()
        .into_iter()
        .find(|case| case.name == "dead columns")
        .unwrap();
    let found = frechet(&case.first.array().view(), &case.second.array().view()).unwrap();
    assert_eq!(found.route, Route::Nuclear);
    let side = Side::First;
    assert!(
        found
            .warnings
            .contains(&FrechetWarning::NotPositiveDefinite { side })
    );
    let constant = FrechetWarning::ConstantFeatures {
        side: Side::Second,
        count: 2,
        dim: 8,
    };
    assert!(found.warnings.contains(&constant));
}

#[test]
fn equals_the_published_tools_on_generated_features() {
    use crate::metric::golden::{generated, number, numbers};
    for case in numbers("frechet.json") {
        let (first, second) = (generated(&case["first"]), generated(&case["second"]));
        let full = first.nrows().min(second.nrows()) > first.ncols();
        let found = frechet(&first.view(), &second.view()).unwrap().value;
        let double = |set: &Array2<f32>| set.mapv(f64::from);
        let same = frechet(&double(&first).view(), &double(&second).view()).unwrap();
        assert_eq!(same.value.to_bits(), found.to_bits());
        let near = |found: f64, name: &str, tolerance: f64| {
            let expected = number(&case, name);
            assert!(
                (found - expected).abs() < tolerance * expected,
                "{name} {found} {expected} {}",
                case["first"]
            );
        };
        near(found, "nuclear", 1e-9);
        if first.ncols() == 1 {
            continue;
        }
        near(found, "pytorch_fid", if full { 1e-9 } else { 5e-6 });
        let single = frechet_with(&first.view(), &second.view(), MeanPrecision::F32).unwrap();
        // The tools sum the squares of the difference in f32.
        let tolerance = if full { 2e-7 } else { 5e-6 };
        near(single.value, "clean_fid", tolerance);
        near(single.value, "torch_fidelity", tolerance);
        // From statistics alone, which do not say how many vectors there were.
        let unknown = |set: &Array2<f32>| Gaussian {
            n: None,
            ..Gaussian::fit(&set.view())
        };
        let found = frechet_of_gaussians(&unknown(&first), &unknown(&second)).unwrap();
        near(found.value, "nuclear", 1e-7);
    }
}

#[test]
fn a_permutation_gives_the_same_bits_and_a_set_is_at_distance_zero_from_itself() {
    for (rows, dim) in [(40, 60), (300, 60)] {
        let (first, second) = (
            crate::metric::golden::fill(rows, dim, 1),
            crate::metric::golden::fill(rows, dim, 2),
        );
        let order = crate::metric::RandomState::new(1).permutation(rows);
        let moved = first.select(ndarray::Axis(0), &order);
        let value = |a: &Array2<f32>, b: &Array2<f32>| {
            frechet(&a.view(), &b.view()).unwrap().value.to_bits()
        };
        assert_eq!(value(&first, &second), value(&moved, &second));
        let own = frechet(&first.view(), &moved.view()).unwrap().value;
        assert!(own.abs() < 1e-6, "{own}");
    }
}

#[test]
fn huge_features_overflow_and_say_so() {
    for rows in [3, 30] {
        let huge = Array2::from_shape_fn((rows, 4), |(i, j)| 1e200 * ((i * j) % 7) as f64);
        assert_eq!(
            frechet(&huge.view(), &huge.view()),
            Err(FrechetUnscored::Overflow)
        );
    }
    let none = Array2::<f32>::zeros((5, 0));
    assert!(matches!(
        frechet(&none.view(), &none.view()),
        Err(FrechetUnscored::Dimensions { .. })
    ));
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

#[test]
fn a_symmetric_matrix_that_is_no_covariance_has_no_distance() {
    let of = |covariance: [[f64; 2]; 2]| {
        Gaussian::from_statistics(vec![0.0; 2], MeanPrecision::F64, |i, j| covariance[i][j])
    };
    let unit = of([[1.0, 0.0], [0.0, 1.0]]);
    let found = frechet_of_gaussians(&unit, &of([[1.0, 2.0], [2.0, 1.0]]));
    let Err(FrechetUnscored::NoCovariance { side, smallest, .. }) = found else {
        panic!("{found:?}");
    };
    assert_eq!(side, Side::Second);
    assert!((smallest + 1.0).abs() < 1e-12);
    // Rounding in single precision is forgiven.
    let rounded = of([[1.0, 1.0 + 1e-7], [1.0 + 1e-7, 1.0]]);
    assert!(frechet_of_gaussians(&rounded, &unit).is_ok());
}
