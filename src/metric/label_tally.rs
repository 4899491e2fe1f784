//! Accuracy and F1 of label vectors in percent, from counts per frame that add up: what runs are scored with.
//!
//! [`super::LabelCounts`] has scikit-learn's other ratios and rules for zero divisions.

use super::f1::{Confusion, LabelCounts, ZeroDivision, f1_of_counts};
use crate::card::F1Average;
use crate::record::Counts;

/// What is computed of the counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LabelStatistic {
    /// Frames whose whole label vector is right.
    Exact,
    /// Labels that are right.
    PerLabel,
    /// F1.
    F1(F1Average),
}

impl LabelStatistic {
    /// The value in percent of [`LabelTally::terms`], which may be weighted or averaged. Micro F1 without positive labels
    /// measures nothing and is not defined; the other averages count what is undefined as 0, as scikit-learn does.
    #[must_use]
    pub fn value(self, terms: &[f64]) -> Option<f64> {
        let (frames, terms) = terms.split_last().filter(|(frames, _)| **frames > 0.0)?;
        let percent = |part: f64, whole: f64| (whole > 0.0).then(|| 100.0 * part / whole);
        let classes = || terms.chunks_exact(3);
        let support = || classes().map(|class| class[0] + class[2]).sum::<f64>();
        match self {
            Self::Exact => percent(terms[0], *frames),
            Self::PerLabel => percent(terms[0], terms[1]),
            Self::F1(F1Average::Samples) => (terms[1] > 0.0).then(|| 100.0 * (terms[0] / *frames)),
            Self::F1(_) if support() <= 0.0 => None,
            Self::F1(F1Average::Micro | F1Average::Macro) => {
                let count = classes().len() as f64;
                Some(100.0 * (classes().map(f1).sum::<f64>() / count))
            }
            Self::F1(F1Average::Weighted) => {
                let sum: f64 = classes()
                    .map(|class| (class[0] + class[2]) * f1(class))
                    .sum();
                Some(100.0 * (sum / support()))
            }
        }
    }
}

/// F1 of true positives, false positives and false negatives; 0 without any.
fn f1(class: &[f64]) -> f64 {
    f1_of_counts([class[0], class[1], class[2]]).unwrap_or(0.0)
}

/// Sufficient statistics of some frames.
#[derive(Clone, Debug, Default)]
pub struct LabelTally {
    /// Frames.
    pub frames: u64,
    /// Frames whose whole label vector is right.
    pub right: u64,
    /// Single labels.
    pub labels: u64,
    /// Single labels that are right.
    pub labels_right: u64,
    /// Over the columns that enter F1.
    pub classes: LabelCounts,
    /// Sum of the frames' own F1.
    pub frame_f1: f64,
}

impl LabelTally {
    /// One frame: pairs of predicted and true label. `columns` are those that enter F1; empty for all.
    #[must_use]
    pub fn of_frame(pairs: &[(bool, bool)], columns: &[usize]) -> Self {
        let right = pairs.iter().filter(|(seen, label)| seen == label).count();
        let mut classes = LabelCounts::default();
        for (index, (seen, label)) in pairs.iter().enumerate() {
            if columns.is_empty() || columns.contains(&index) {
                classes.push(*seen, *label);
            }
        }
        Self {
            frames: 1,
            right: u64::from(right == pairs.len()),
            labels: pairs.len() as u64,
            labels_right: right as u64,
            frame_f1: classes.total().f1(ZeroDivision::Zero).unwrap_or(0.0),
            classes,
        }
    }

    /// Adds other frames.
    pub fn add(&mut self, other: &Self) {
        self.frames += other.frames;
        self.right += other.right;
        self.labels += other.labels;
        self.labels_right += other.labels_right;
        self.frame_f1 += other.frame_f1;
        self.classes.add_times(&other.classes, 1);
    }

    /// The value of a statistic, in percent; `None` where it is not defined.
    #[must_use]
    pub fn value(&self, statistic: LabelStatistic) -> Option<f64> {
        statistic.value(&self.terms(statistic, self.classes.classes().len()))
    }

    /// The sums that a statistic is made of, of so many classes; the last one counts frames.
    #[must_use]
    pub fn terms(&self, statistic: LabelStatistic, classes: usize) -> Vec<f64> {
        let rights = |class: &Confusion| {
            [
                class.true_positives,
                class.false_positives,
                class.false_negatives,
            ]
            .map(|n| n as f64)
        };
        let mut terms = match statistic {
            LabelStatistic::Exact => vec![self.right as f64],
            LabelStatistic::PerLabel => vec![self.labels_right as f64, self.labels as f64],
            LabelStatistic::F1(F1Average::Micro) => rights(&self.classes.total()).to_vec(),
            LabelStatistic::F1(F1Average::Macro | F1Average::Weighted) => {
                let class = |at| self.classes.classes().get(at).map_or([0.0; 3], rights);
                (0..classes).flat_map(class).collect()
            }
            LabelStatistic::F1(F1Average::Samples) => {
                vec![self.frame_f1, self.classes.total().support() as f64]
            }
        };
        terms.push(self.frames as f64);
        terms
    }

    /// The decisions behind an accuracy.
    #[must_use]
    pub fn counts(&self) -> Counts {
        let total = self.classes.total();
        let decisions = self.labels;
        let known = total.true_positives + total.false_positives + total.false_negatives;
        Counts {
            true_positives: total.true_positives,
            false_positives: total.false_positives,
            false_negatives: total.false_negatives,
            true_negatives: decisions.saturating_sub(known),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::metric::f1::tests::golden;

    fn tally<'a>(
        rows: impl Iterator<Item = (&'a [bool], &'a [bool])>,
        columns: &[usize],
    ) -> LabelTally {
        let mut all = LabelTally::default();
        for (predicted, labels) in rows {
            let pairs: Vec<_> = predicted
                .iter()
                .copied()
                .zip(labels.iter().copied())
                .collect();
            all.add(&LabelTally::of_frame(&pairs, columns));
        }
        all
    }

    fn near(found: Option<f64>, share: f64, what: &str) {
        let found = found.unwrap_or(0.0);
        assert!(
            (found - 100.0 * share).abs() < 1e-12,
            "{what} {found} {share}"
        );
    }

    #[test]
    fn every_statistic_equals_scikit_learn() {
        let golden = golden();
        let all = tally(golden.rows(), &[]);
        for (statistic, share) in [
            (LabelStatistic::Exact, golden.exact_match),
            (LabelStatistic::PerLabel, golden.label_accuracy),
            (LabelStatistic::F1(F1Average::Micro), golden.raw.micro_f1),
            (LabelStatistic::F1(F1Average::Macro), golden.raw.macro_f1),
            (
                LabelStatistic::F1(F1Average::Weighted),
                golden.raw.weighted_f1,
            ),
            (
                LabelStatistic::F1(F1Average::Samples),
                golden.raw.samples_f1,
            ),
        ] {
            near(all.value(statistic), share, &format!("{statistic:?}"));
        }
    }

    #[test]
    fn random_and_degenerate_labels_equal_scikit_learn() {
        use crate::metric::f1::tests::rows_of;
        let averages = [
            ("micro", F1Average::Micro),
            ("macro", F1Average::Macro),
            ("weighted", F1Average::Weighted),
            ("samples", F1Average::Samples),
        ];
        for case in crate::metric::golden::numbers("labels.json") {
            let (y, p) = (rows_of(&case, "y"), rows_of(&case, "p"));
            let rows = || p.iter().map(Vec::as_slice).zip(y.iter().map(Vec::as_slice));
            let all = tally(rows(), &[]);
            for (name, average) in averages {
                // What is undefined is 0 in scikit-learn, and no value here.
                let expected = case["averages"][format!("{name}_0")][2].as_f64();
                if let Some(expected) = expected.filter(|_| y[0].len() > 1) {
                    near(all.value(LabelStatistic::F1(average)), expected, name);
                }
            }
            if let Some(quirk) = case.get("make_a_story") {
                let columns: Vec<usize> = serde_json::from_value(quirk["columns"].clone()).unwrap();
                let found = tally(rows(), &columns).value(LabelStatistic::F1(F1Average::Weighted));
                near(
                    found,
                    quirk["weighted_f1"].as_f64().unwrap(),
                    "make-a-story",
                );
            }
        }
    }

    #[test]
    fn nothing_has_no_value() {
        assert_eq!(LabelTally::default().value(LabelStatistic::Exact), None);
    }
}
