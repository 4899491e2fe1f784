//! Distances of graded, rank-deficient and nearly equal sets, and their influences, against 60 digits of mpmath
//! (`tools/golden/frechet_exact.py`).

use super::super::frechet_influence;
use super::super::golden::{exact, fill, mixed};
use super::*;
use ndarray::Array2;
use serde_json::Value;

fn cases(kind: &str) -> Vec<Value> {
    let text = std::fs::read_to_string("reference-data/golden/numbers/frechet_exact.json").unwrap();
    let file: Value = serde_json::from_str(&text).unwrap();
    file[kind].as_array().unwrap().clone()
}

fn value(case: &Value) -> f64 {
    case["value"].as_str().unwrap().parse().unwrap()
}

fn power(exponent: i64) -> f64 {
    2.0_f64.powi(exponent as i32)
}

fn steps(case: &Value, dim: usize) -> Vec<i64> {
    let grade = case["grade"].as_f64().unwrap_or(0.0);
    let last = dim.max(2) as f64 - 1.0;
    let mut steps: Vec<i64> = (0..dim)
        .map(|j| (grade * j as f64 / last).round_ties_even() as i64)
        .collect();
    if case["reverse"] == true {
        steps.reverse();
    }
    steps
}

/// A set as the script makes it; every step is exact.
fn made(case: &Value) -> Array2<f64> {
    let number = |name: &str| case[name].as_u64().unwrap();
    let (rows, dim) = (number("rows") as usize, number("dim") as usize);
    let mut set = fill(rows, dim, number("seed")).mapv(f64::from);
    for (mut column, step) in set.columns_mut().into_iter().zip(steps(case, dim)) {
        column *= power(-step);
    }
    if let Some(plus) = case["plus"].as_i64() {
        set += &(fill(rows, dim, number("of")).mapv(f64::from) * power(plus));
    }
    if let Some(times) = case["times"].as_f64() {
        set *= times;
    }
    if case["mix"] == true {
        let sign = |(i, j): (usize, usize)| {
            if (i & j).count_ones() % 2 == 0 {
                1.0
            } else {
                -1.0
            }
        };
        set = set.dot(&Array2::from_shape_fn((dim, dim), sign));
    }
    if let Some(copies) = case["copies"].as_u64() {
        for j in 0..copies as usize {
            let column = set.column(j).to_owned();
            set.column_mut(dim - copies as usize + j).assign(&column);
        }
    }
    set + case["offset"].as_f64().unwrap_or(0.0)
}

#[test]
fn sets_are_at_the_exact_distance_whatever_their_condition() {
    let mut worst = 0.0_f64;
    for case in cases("cases") {
        let (first, second) = (made(&case["first"]), made(&case["second"]));
        let found = frechet(&first.view(), &second.view()).unwrap();
        let (expected, traces) = (value(&case), case["traces"].as_f64().unwrap());
        let error = (found.value - expected).abs();
        // Of nearly equal sets the difference of two doubles is known to its last digit, and no better.
        let rounding = 16.0 * f64::EPSILON * (expected * traces).sqrt();
        assert!(
            error <= 1e-9 * expected + rounding || expected == 0.0 && error < 1e-25 * traces,
            "{}: {found:?} {expected} {}",
            case["name"],
            case["first"]
        );
        println!(
            "{} {} {} {:.1e} {:.1e}",
            case["name"],
            case["first"]["dim"],
            case["first"]["grade"],
            error / expected,
            (case["scipy"].as_f64().unwrap_or(f64::NAN) - expected).abs() / expected
        );
        if expected > 1e-9 * traces {
            worst = worst.max(error / expected);
        }
    }
    assert!(worst < 1e-12, "{worst:e}");
}

#[test]
fn statistics_are_at_the_exact_distance() {
    for case in cases("statistics") {
        let set = |name: &str, step: i64| {
            let case = &case[name];
            let dim = case["dim"].as_u64().unwrap() as usize;
            let (seed, steps) = (case["seed"].as_u64().unwrap(), steps(case, dim));
            let entry = |i: usize, j: usize| {
                let own = mixed((seed << 40) + (i * dim + j) as u64) % 5;
                let diagonal = if i == j { 4.0 * dim as f64 } else { 0.0 };
                own as f64 - 2.0 + diagonal
            };
            let sigma = |i: usize, j: usize| -> f64 {
                (0..dim)
                    .map(|k| entry(i, k) * entry(j, k) * power(-2 * steps[k]))
                    .sum()
            };
            let mean = (0..dim).map(|j| j as f64 * power(-step)).collect();
            Gaussian::from_statistics(mean, MeanPrecision::F64, sigma)
        };
        let found = frechet_of_gaussians(&set("first", 3), &set("second", 4)).unwrap();
        let expected = value(&case);
        println!(
            "{} {} {:.1e}",
            case["name"],
            case["first"],
            (found.value - expected).abs() / expected
        );
        assert!(
            (found.value - expected).abs() <= 1e-9 * expected,
            "{}: {found:?} {expected} {}",
            case["name"],
            case["first"]
        );
    }
}

#[test]
fn influences_are_exact_too() {
    let mut seen = 0;
    for case in cases("cases") {
        if case["influence"].is_null() {
            continue;
        }
        let (first, second) = (made(&case["first"]), made(&case["second"]));
        let found = frechet_influence(&first.view(), &second.view()).unwrap();
        for (found, expected) in found.iter().zip(case["influence"].as_array().unwrap()) {
            let expected = exact(expected);
            let largest = expected.iter().fold(0.0_f64, |most, v| most.max(v.abs()));
            for (found, expected) in found.iter().zip(&expected) {
                assert!(
                    (found - expected).abs() < 1e-9 * largest,
                    "{}: {found} {expected} {}",
                    case["name"],
                    case["first"]
                );
            }
        }
        seen += 1;
    }
    assert!(seen >= 8, "{seen}");
}

#[test]
fn both_routes_of_wide_features_agree() {
    let dim = AT_ONCE + 8;
    let (first, second) = (
        fill(700, dim, 1).mapv(f64::from),
        fill(800, dim, 2).mapv(f64::from),
    );
    let quick = frechet(&first.view(), &second.view()).unwrap();
    let [a, b] = Factor::of_both(&first.view(), &second.view()).unwrap();
    assert!(a.covariance.is_some() && b.covariance.is_some());
    let slow =
        a.mean.squared_distance(&b.mean) + apart(a.matrix.as_ref(), b.matrix.as_ref()).unwrap();
    assert!(
        (quick.value - slow).abs() < 1e-11 * slow,
        "{quick:?} {slow}"
    );
    // Graded alike, so that roots of eigenvalues would be rounding.
    let grade = |mut set: Array2<f64>| {
        for (j, mut column) in set.columns_mut().into_iter().enumerate() {
            column *= power(-(j as i64 / 12));
        }
        set
    };
    let (first, second) = (grade(first), grade(second));
    let found = frechet(&first.view(), &second.view()).unwrap();
    let whole = |set: &Array2<f64>| {
        let fitted = Gaussian::fit(&set.view());
        Factor::of_gaussian(Side::First, &fitted).unwrap()
    };
    let (a, b) = (whole(&first), whole(&second));
    assert!(apart_by_eigenvalues(0.0, &a, &b).unwrap().is_none());
    assert_eq!(found.route, Route::Cholesky);
    let own = frechet(&first.view(), &first.view()).unwrap();
    assert_eq!(own.value.to_bits(), 0.0_f64.to_bits());
}
