//! Intervals of single scores: parity with numpy, scipy and statsmodels, and what must hold of any.

use super::super::golden::{close, intervals};
use super::super::sums::ClusterSums;
use super::*;
use proptest::prelude::*;

fn mean(sums: &[f64]) -> Option<f64> {
    (sums[1] > 0.0).then(|| sums[0] / sums[1])
}

fn percent(sums: &[f64]) -> Option<f64> {
    mean(sums).map(|share| 100.0 * share)
}

/// Of true positives, false positives, false negatives.
fn f1(sums: &[f64]) -> Option<f64> {
    let whole = 2.0 * sums[0] + sums[1] + sums[2];
    (whole > 0.0).then(|| 200.0 * sums[0] / whole)
}

fn table(rows: &[Vec<f64>]) -> ClusterSums {
    let mut sums = ClusterSums::new(0, rows[0].len());
    for (cluster, row) in rows.iter().enumerate() {
        sums.add(cluster, row);
    }
    sums
}

fn of(
    rows: &[Vec<f64>],
    score: impl Fn(&[f64]) -> Option<f64>,
    range: Range,
) -> Result<[f64; 2], NoInterval> {
    let sums = table(rows);
    cluster_interval(score(&sums.total()).unwrap(), &sums.left_out(&score), range)
}

#[test]
fn shares_are_those_of_statsmodels_and_of_the_score_equation() {
    for case in intervals().shares {
        let found = match case.kind.as_str() {
            "f1" => of(&case.rows, f1, Range::Percent),
            _ => of(&case.rows, percent, Range::Percent),
        };
        for (end, expected) in found.unwrap().into_iter().zip(case.interval) {
            close(end, expected, 1e-8);
        }
    }
}

#[test]
fn means_are_those_of_hall_s_cubic() {
    let golden = intervals();
    let of_range = [
        (golden.positive, Range::AtLeast(0.0)),
        (golden.between, Range::Between(-1.0, 1.0)),
    ];
    for (cases, range) in of_range {
        for case in cases {
            let found = of(&case.rows, mean, range).unwrap();
            for (end, expected) in found.into_iter().zip(case.interval) {
                close(end, expected, 1e-8);
            }
        }
    }
}

#[test]
fn where_nothing_varies_only_shares_have_an_interval() {
    let alike = |value: f64, count: usize| vec![vec![4.0 * value, 4.0]; count];
    // 25 stories of which none has an error: the truth may still be 85.5 %.
    let [low, high] = of(&alike(1.0, 25), percent, Range::Percent).unwrap();
    assert!(
        (85.0..86.0).contains(&low) && high.to_bits() == 100.0_f64.to_bits(),
        "{low} {high}"
    );
    let [low, high] = of(&alike(0.0, 25), percent, Range::Percent).unwrap();
    assert!(
        low.to_bits() == 0.0_f64.to_bits() && (14.0..15.0).contains(&high),
        "{low} {high}"
    );
    let [low, high] = of(&alike(0.75, 25), percent, Range::Percent).unwrap();
    assert!(low < 60.0 && high > 85.0, "{low} {high}");
    for value in [0.0, 0.3] {
        let found = of(&alike(value, 25), mean, Range::AtLeast(0.0));
        assert_eq!(found, Err(NoInterval::Still));
    }
}

#[test]
fn few_stories_have_a_wide_interval_and_one_has_none() {
    for count in 2..5 {
        let mut rows = vec![vec![4.0, 4.0]; count];
        rows[0][0] = 2.0;
        let [low, high] = of(&rows, percent, Range::Percent).unwrap();
        assert!(
            (0.0..50.0).contains(&low) && (90.0..=100.0).contains(&high),
            "{low} {high}"
        );
        let [low, high] = of(&rows, mean, Range::AtLeast(0.0)).unwrap();
        assert!(low >= 0.0 && high.is_finite(), "{low} {high}");
    }
    let one = of(&[vec![3.0, 4.0]], percent, Range::Percent);
    assert_eq!(
        one,
        Err(NoInterval::TooFew {
            groups: 1,
            least: 2
        })
    );
    // A score is not defined without its only story with a part.
    let rows = [vec![3.0, 4.0], vec![0.0, 0.0]];
    assert_eq!(
        of(&rows, percent, Range::Percent),
        Err(NoInterval::Undefined { group: 1 })
    );
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..Default::default() })]

    #[test]
    fn an_interval_holds_its_value_within_the_range(
        rows in prop::collection::vec((0_u32..=6, 1_u32..=6), 2..40),
    ) {
        let rows: Vec<Vec<f64>> = rows
            .into_iter()
            .map(|(right, frames)| vec![f64::from(right.min(frames)), f64::from(frames)])
            .collect();
        for (range, score) in [
            (Range::Percent, percent as fn(&[f64]) -> Option<f64>),
            (Range::AtLeast(0.0), mean),
            (Range::Between(0.0, 1.0), mean),
        ] {
            let value = score(&table(&rows).total()).unwrap();
            let Ok([low, high]) = of(&rows, score, range) else { continue };
            let [least, most] = range.ends();
            prop_assert!(least <= low && low <= value && value <= high && high <= most);
            // The order of stories does not show, but in the last digits.
            let turned: Vec<Vec<f64>> = rows.iter().rev().cloned().collect();
            let again = of(&turned, score, range).unwrap();
            prop_assert!((again[0] - low).abs() + (again[1] - high).abs() < 1e-7 * (1.0 + high.abs()), "{again:?} {low} {high}");
        }
    }

    #[test]
    fn a_percentage_and_its_complement_have_mirrored_intervals(
        right in prop::collection::vec(0_u32..=4, 2..40),
    ) {
        let rows = |count: fn(u32) -> u32| -> Vec<Vec<f64>> {
            right.iter().map(|right| vec![f64::from(count(*right)), 4.0]).collect()
        };
        let [low, high] = of(&rows(|right| right), percent, Range::Percent).unwrap();
        let [again_low, again_high] = of(&rows(|right| 4 - right), percent, Range::Percent).unwrap();
        prop_assert!((100.0 - low - again_high).abs() < 1e-6 && (100.0 - high - again_low).abs() < 1e-6);
    }
}
