//! What the best answer that is the same for every frame would score: chance, for labels that are not evenly spread.

use super::{Confusion, ZeroDivision};
use std::collections::BTreeMap;

/// The scores of the best constant answers, in percent.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct BestConstant {
    /// Of the commonest row of labels: the share of frames that have it.
    pub accuracy: f64,
    /// Micro F1 of the commonest labels, as many of them as give most.
    pub f1: f64,
}

/// Of the way from the best constant F1 to 100, the share below which a classifier is near chance.
const NEAR: f64 = 0.1;

impl BestConstant {
    /// Of rows of labels; `None` where there is no row or no label.
    #[must_use]
    pub fn of<'a>(rows: impl IntoIterator<Item = &'a [bool]>) -> Option<Self> {
        let mut alike: BTreeMap<&[bool], u64> = BTreeMap::new();
        for row in rows {
            *alike.entry(row).or_default() += 1;
        }
        let frames: u64 = alike.values().sum();
        let width = alike.keys().next()?.len();
        let commonest = alike.values().max()?;
        let mut support = vec![0_u64; width];
        for (row, times) in &alike {
            for (sum, label) in support.iter_mut().zip(*row) {
                *sum += u64::from(*label) * times;
            }
        }
        support.sort_unstable_by(|a, b| b.cmp(a));
        let total: u64 = support.iter().sum();
        let mut answer = Confusion {
            false_negatives: total,
            ..Confusion::default()
        };
        let mut best = 0.0_f64;
        for label in support {
            answer.true_positives += label;
            answer.false_negatives -= label;
            answer.false_positives += frames - label;
            best = best.max(answer.f1(ZeroDivision::Zero).unwrap_or(0.0));
        }
        (width > 0).then_some(Self {
            accuracy: 100.0 * *commonest as f64 / frames as f64,
            f1: 100.0 * best,
        })
    }

    /// Whether an F1 (percent) is near that of the best constant answer: less than a tenth of the way from there to
    /// 100 above it. Where a constant answer is right on every frame, only 100 is not.
    #[must_use]
    pub fn is_near(&self, f1: f64) -> bool {
        f1 < 100.0 && f1 <= self.f1 + NEAR * (100.0 - self.f1)
    }

    /// Whether an F1 (percent) is no better than that of the best constant answer.
    #[must_use]
    pub fn is_not_beaten(&self, f1: f64) -> bool {
        f1 < 100.0 && f1 <= self.f1
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(rows: &[&[bool]]) -> Option<BestConstant> {
        BestConstant::of(rows.iter().copied())
    }

    #[test]
    fn the_commonest_row_and_the_commonest_labels_are_the_best_constants() {
        // Labels 3, 2, 1 of 4 frames. Answer {0}: tp 3, fp 1, fn 3 = 0.6; {0, 1}: tp 5, fp 3, fn 1 = 10 / 14;
        // {0, 1, 2}: tp 6, fp 6, fn 0 = 12 / 18.
        let rows: [&[bool]; 4] = [
            &[true, true, false],
            &[true, true, false],
            &[true, false, false],
            &[false, false, true],
        ];
        let best = of(&rows).unwrap();
        assert!((best.accuracy - 50.0).abs() < 1e-9);
        assert!((best.f1 - 1000.0 / 14.0).abs() < 1e-9);
        assert!(best.is_near(72.0) && !best.is_near(75.0));
        assert!(best.is_not_beaten(71.0) && !best.is_not_beaten(72.0));
    }

    #[test]
    fn no_constant_answer_beats_it() {
        let mut state = 7_u64;
        let mut bit = || {
            state = state
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1);
            state >> 62 == 0
        };
        let rows: Vec<Vec<bool>> = (0..40).map(|_| (0..5).map(|_| bit()).collect()).collect();
        let best = BestConstant::of(rows.iter().map(Vec::as_slice)).unwrap();
        let mut most = 0.0_f64;
        for answer in 0..32_u32 {
            let mut sum = Confusion::default();
            for row in &rows {
                for (at, label) in row.iter().enumerate() {
                    sum.add(answer >> at & 1 == 1, *label);
                }
            }
            most = most.max(100.0 * sum.f1(ZeroDivision::Zero).unwrap_or(0.0));
        }
        assert!((best.f1 - most).abs() < 1e-9, "{} {most}", best.f1);
    }

    #[test]
    fn without_a_label_there_is_none_and_a_constant_label_is_right() {
        assert_eq!(of(&[]), None);
        assert_eq!(of(&[&[], &[]]), None);
        let always = of(&[&[true], &[true]]).unwrap();
        assert!((always.f1 - 100.0).abs() < 1e-9);
        assert!(always.is_near(99.0) && !always.is_near(100.0));
        let never = of(&[&[false], &[false]]).unwrap();
        assert!(never.f1.abs() < 1e-9);
    }
}
