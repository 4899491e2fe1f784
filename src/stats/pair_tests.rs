//! Tests of paired comparisons: parity with scipy, and what must hold of any.

use super::super::NoInterval;
use super::super::golden::{close, paired};
use super::*;
use proptest::prelude::*;

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
fn the_test_of_a_mean_is_scipys_paired_t_test() {
    for case in paired().means {
        let [a, b] = [&case.base, &case.candidate].map(|values| ClusterSums::of_values(values));
        let test = Pair::new(&a, &b, mean).test(PLAN).unwrap();
        close(test.p.unwrap(), case.t_p, 1e-8);
        for (end, expected) in test.interval.unwrap().into_iter().zip(case.t_interval) {
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
fn a_difference_without_an_error_is_tested_by_swapping() {
    // Every story is better by as much: no spread, and one of 2^12 arrangements per side is as extreme.
    let base: Vec<f64> = (0..12).map(|at| 0.1 * f64::from(at) + 0.037).collect();
    let candidate: Vec<f64> = base.iter().map(|value| value + 0.05).collect();
    let [a, b] = [&base, &candidate].map(|values| ClusterSums::of_values(values));
    let test = Pair::new(&a, &b, mean).test(PLAN).unwrap();
    assert_eq!((test.interval, test.p_method), (None, "exact"));
    close(test.p.unwrap(), 2.0 / 4096.0, 1e-12);
    // No story differs.
    let test = Pair::new(&a, &a, mean).test(PLAN).unwrap();
    assert_eq!((test.interval, test.p), (None, Some(1.0)));
    // Without the first story there is no F1.
    let rows = [[2.0, 1.0, 0.0], [0.0, 0.0, 0.0], [0.0, 0.0, 0.0]];
    let better = [[3.0, 0.0, 0.0], [0.0, 0.0, 0.0], [0.0, 0.0, 0.0]];
    let (a, b) = (table(&rows), table(&better));
    let test = Pair::new(&a, &b, f1).test(PLAN).unwrap();
    assert_eq!(test.error, Err(NoInterval::Undefined { group: 1 }));
    assert_eq!((test.interval, test.p), (None, Some(1.0)));
}

fn rows() -> impl Strategy<Value = Vec<([f64; 3], [f64; 3])>> {
    let side = || prop::array::uniform3((0_u32..6).prop_map(f64::from));
    prop::collection::vec((side(), side()), 2..30)
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..Default::default() })]

    #[test]
    fn the_interval_leaves_out_zero_when_p_is_below_a_twentieth_and_only_then(stories in rows()) {
        let split = |turned: bool| {
            let mut stories = stories.clone();
            if turned {
                stories.reverse();
            }
            let (base, candidate): (Vec<_>, Vec<_>) = stories.into_iter().unzip();
            (table(&base), table(&candidate))
        };
        let (a, b) = split(false);
        let Some(test) = Pair::new(&a, &b, f1).test(PLAN) else { return Ok(()) };
        let p = test.p.unwrap();
        if let Some([low, high]) = test.interval {
            prop_assert_eq!(low > 0.0 || high < 0.0, p < 0.05);
        }
        // The other way round, and the stories in another order.
        let back = Pair::new(&b, &a, f1).test(PLAN).unwrap();
        let (a, b) = split(true);
        let turned = Pair::new(&a, &b, f1).test(PLAN).unwrap();
        for (other, sign) in [(back, -1.0), (turned, 1.0)] {
            prop_assert_eq!(other.error.is_ok(), test.error.is_ok());
            prop_assert!((other.p.unwrap() - p).abs() < 1e-9);
            if let (Some(ends), Some(of_other)) = (test.interval, other.interval) {
                let mut ends = ends.map(|end| sign * end);
                ends.sort_by(f64::total_cmp);
                prop_assert!((ends[0] - of_other[0]).abs() + (ends[1] - of_other[1]).abs() < 1e-9);
            }
        }
    }
}
