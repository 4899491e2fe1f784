//! Tests of paired comparisons: parity with scipy, and what must hold of any.

use super::super::golden::{close, paired};
use super::super::{jackknife_error, jackknife_interval, student_p};
use super::*;

const PLAN: Resampling = Resampling {
    resamples: 20_000,
    seed: 0,
};

fn mean(sums: &[f64]) -> Option<f64> {
    (sums[1] > 0.0).then(|| sums[0] / sums[1])
}

/// Of true positives, false positives, false negatives.
fn f1(sums: &[f64]) -> Option<f64> {
    let [tp, fp, fn_] = [sums[0], sums[1], sums[2]];
    (tp + fp + fn_ > 0.0).then(|| 2.0 * tp / (2.0 * tp + fp + fn_))
}

fn table(rows: &[[f64; 3]]) -> ClusterSums {
    let mut sums = ClusterSums::new(0, 3);
    for (cluster, row) in rows.iter().enumerate() {
        sums.add(cluster, row);
    }
    sums
}

#[test]
fn the_sign_flip_test_is_scipys() {
    for case in paired().means {
        let [a, b] = [&case.base, &case.candidate].map(|values| ClusterSums::of_values(values));
        let found = Pair::new(&a, &b, mean).randomise(PLAN).unwrap();
        assert_eq!(found.exact, case.exact);
        if case.exact {
            close(found.p, case.sign_flip_p, 1e-9);
        } else {
            // Two samples of the arrangements: scipy took 100,000.
            let error = (case.sign_flip_p * (1.0 - case.sign_flip_p) / 20_000.0).sqrt();
            let off = (found.p - case.sign_flip_p).abs();
            assert!(off < 4.0 * error + 1e-4, "{found:?} {}", case.sign_flip_p);
        }
    }
}

#[test]
fn the_jackknife_of_a_mean_is_the_paired_t_test() {
    for case in paired().means {
        let [a, b] = [&case.base, &case.candidate].map(|values| ClusterSums::of_values(values));
        let pair = Pair::new(&a, &b, mean);
        let (difference, left_out) = (pair.difference().unwrap(), pair.left_out());
        let t = difference / jackknife_error(difference, &left_out).unwrap();
        close(
            student_p(t, case.base.len() as f64 - 1.0).unwrap(),
            case.t_p,
            1e-8,
        );
        let range = [f64::NEG_INFINITY, f64::INFINITY];
        let interval = jackknife_interval(difference, &left_out, range).unwrap();
        for (end, expected) in interval.into_iter().zip(case.t_interval) {
            close(end, expected, 1e-8);
        }
    }
}

#[test]
fn swapping_whole_stories_tests_a_ratio_as_scipy_does() {
    for case in paired().ratios {
        let (a, b) = (table(&case.base), table(&case.candidate));
        let pair = Pair::new(&a, &b, f1);
        close(pair.difference().unwrap(), case.difference, 1e-12);
        let found = pair.randomise(PLAN).unwrap();
        assert!(found.exact);
        close(found.p, case.p, 1e-9);
    }
}

#[test]
fn stories_that_do_not_differ_do_not_count() {
    // 40 stories, of which three differ: eight arrangements, two of which are as extreme.
    let base = vec![1.0; 40];
    let mut candidate = base.clone();
    candidate[..3].fill(2.0);
    let [a, b] = [&base, &candidate].map(|values| ClusterSums::of_values(values));
    let found = Pair::new(&a, &b, mean).randomise(PLAN).unwrap();
    assert_eq!((found.arrangements, found.exact), (8, true));
    close(found.p, 0.25, 1e-12);
    let same = Pair::new(&a, &a, mean).randomise(PLAN).unwrap();
    close(same.p, 1.0, 1e-12);
    assert_eq!(Pair::new(&a, &a, mean).difference(), Some(0.0));
}

#[test]
fn neither_the_order_of_systems_nor_the_threads_show() {
    let base: Vec<f64> = (0..300).map(|i| f64::from(i * 37 % 101)).collect();
    let candidate: Vec<f64> = (0..300).map(|i| f64::from(i * 53 % 103) + 1.0).collect();
    let [a, b] = [&base, &candidate].map(|values| ClusterSums::of_values(values));
    let one = Pair::new(&a, &b, mean).randomise(PLAN).unwrap();
    let other = Pair::new(&b, &a, mean).randomise(PLAN).unwrap();
    assert_eq!(one.p.to_bits(), other.p.to_bits());
    let alone = rayon::ThreadPoolBuilder::new()
        .num_threads(1)
        .build()
        .unwrap()
        .install(|| Pair::new(&a, &b, mean).randomise(PLAN).unwrap());
    assert_eq!(one, alone);
}

#[test]
fn a_bootstrap_draws_both_systems_together() {
    // A constant difference has no spread, however much the stories differ.
    let base: Vec<f64> = (0..50).map(f64::from).collect();
    let candidate: Vec<f64> = base.iter().map(|value| value + 2.0).collect();
    let [a, b] = [&base, &candidate].map(|values| ClusterSums::of_values(values));
    let interval = Pair::new(&a, &b, mean).bootstrap(PLAN).interval(0.95);
    for end in interval.unwrap() {
        close(end, 2.0, 1e-12);
    }
}
