//! F1 of multi-label predictions, with the averages and zero divisions of scikit-learn.

/// What a score is where its denominator is zero (no positives and no positive predictions).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ZeroDivision {
    /// It is 0 and enters averages (scikit-learn's default, with a warning).
    Zero,
    /// It is 1 and enters averages.
    One,
    /// It is undefined and left out of averages (scikit-learn's `nan`).
    LeaveOut,
}

impl ZeroDivision {
    fn value(self) -> Option<f64> {
        match self {
            Self::Zero => Some(0.0),
            Self::One => Some(1.0),
            Self::LeaveOut => None,
        }
    }
}

/// How the classes are put together.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Average {
    /// F1 of the counts summed over classes: the Char-F1 of StoryGPT-V.
    Micro,
    /// Mean of the classes' F1.
    Macro,
    /// Mean of the classes' F1, weighted by the number of true positives and false negatives.
    Weighted,
}

/// True positives, false positives and false negatives of one class (or of a sum of classes).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Confusion {
    /// Predicted and true.
    pub true_positives: u64,
    /// Predicted and not true.
    pub false_positives: u64,
    /// True and not predicted.
    pub false_negatives: u64,
}

impl Confusion {
    /// Counts one decision.
    pub fn add(&mut self, predicted: bool, label: bool) {
        self.true_positives += u64::from(predicted && label);
        self.false_positives += u64::from(predicted && !label);
        self.false_negatives += u64::from(!predicted && label);
    }

    /// Adds `times` times the counts of `other`.
    pub fn add_times(&mut self, other: &Self, times: u64) {
        self.true_positives += times * other.true_positives;
        self.false_positives += times * other.false_positives;
        self.false_negatives += times * other.false_negatives;
    }

    /// Labels that are true.
    #[must_use]
    pub fn support(&self) -> u64 {
        self.true_positives + self.false_negatives
    }

    /// `tp / (tp + fp)`, in `[0, 1]`.
    #[must_use]
    pub fn precision(&self, zero: ZeroDivision) -> Option<f64> {
        ratio(
            self.true_positives,
            self.true_positives + self.false_positives,
            zero,
        )
    }

    /// `tp / (tp + fn)`, in `[0, 1]`.
    #[must_use]
    pub fn recall(&self, zero: ZeroDivision) -> Option<f64> {
        ratio(self.true_positives, self.support(), zero)
    }

    /// `2 tp / (2 tp + fp + fn)`, in `[0, 1]`.
    #[must_use]
    pub fn f1(&self, zero: ZeroDivision) -> Option<f64> {
        let double = 2 * self.true_positives;
        ratio(
            double,
            double + self.false_positives + self.false_negatives,
            zero,
        )
    }
}

fn ratio(part: u64, whole: u64, zero: ZeroDivision) -> Option<f64> {
    if whole == 0 {
        zero.value()
    } else {
        Some(part as f64 / whole as f64)
    }
}

/// Counts of every class.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LabelCounts {
    classes: Vec<Confusion>,
}

impl LabelCounts {
    /// Counts of `classes` classes, all zero.
    #[must_use]
    pub fn new(classes: usize) -> Self {
        Self {
            classes: vec![Confusion::default(); classes],
        }
    }

    /// Counts one row: predicted and true label of every class.
    pub fn add(&mut self, predicted: &[bool], labels: &[bool]) {
        for (class, (predicted, label)) in self.classes.iter_mut().zip(predicted.iter().zip(labels))
        {
            class.add(*predicted, *label);
        }
    }

    /// The classes, in label order.
    #[must_use]
    pub fn classes(&self) -> &[Confusion] {
        &self.classes
    }

    /// Counts summed over classes.
    #[must_use]
    pub fn total(&self) -> Confusion {
        self.classes
            .iter()
            .fold(Confusion::default(), |mut total, class| {
                total.add_times(class, 1);
                total
            })
    }

    /// F1 in `[0, 1]`; `None` where it is undefined (only with [`ZeroDivision::LeaveOut`], with no
    /// class, or weighted with no positive label).
    #[must_use]
    pub fn f1(&self, average: Average, zero: ZeroDivision) -> Option<f64> {
        let weight = |class: &Confusion| match average {
            Average::Weighted => class.support() as f64,
            Average::Micro | Average::Macro => 1.0,
        };
        if average == Average::Micro {
            return self.total().f1(zero);
        }
        let (mut sum, mut weights) = (0.0, 0.0);
        for class in &self.classes {
            if let Some(f1) = class.f1(zero) {
                sum += weight(class) * f1;
                weights += weight(class);
            }
        }
        (weights > 0.0).then(|| sum / weights)
    }
}

/// Mean over rows `(predicted, true)` of each row's F1, in `[0, 1]` (scikit-learn's `samples`);
/// `None` without rows.
pub fn f1_of_samples<'a>(
    rows: impl IntoIterator<Item = (&'a [bool], &'a [bool])>,
    zero: ZeroDivision,
) -> Option<f64> {
    let (mut sum, mut count) = (0.0, 0_u64);
    for (predicted, labels) in rows {
        let mut row = Confusion::default();
        for (predicted, label) in predicted.iter().zip(labels) {
            row.add(*predicted, *label);
        }
        if let Some(f1) = row.f1(zero) {
            sum += f1;
            count += 1;
        }
    }
    (count > 0).then(|| sum / count as f64)
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    #[derive(serde::Deserialize)]
    struct File {
        multilabel: Raw,
    }

    #[derive(serde::Deserialize)]
    struct Raw {
        y: Vec<Vec<u8>>,
        p: Vec<Vec<u8>>,
        exact_match: f64,
        label_accuracy: f64,
        micro_f1: f64,
        macro_f1: f64,
        weighted_f1: f64,
        samples_f1: f64,
        macro_f1_zero_division_1: f64,
        macro_f1_zero_division_nan: f64,
        per_class: [Vec<f64>; 4],
    }

    pub(in crate::metric) struct Golden {
        labels: Vec<Vec<bool>>,
        predicted: Vec<Vec<bool>>,
        pub(in crate::metric) exact_match: f64,
        pub(in crate::metric) label_accuracy: f64,
        raw: Raw,
    }

    impl Golden {
        pub(in crate::metric) fn rows(&self) -> impl Iterator<Item = (&[bool], &[bool])> {
            self.predicted
                .iter()
                .map(Vec::as_slice)
                .zip(self.labels.iter().map(Vec::as_slice))
        }

        fn counts(&self) -> LabelCounts {
            let mut counts = LabelCounts::new(7);
            for (predicted, labels) in self.rows() {
                counts.add(predicted, labels);
            }
            counts
        }
    }

    pub(in crate::metric) fn golden() -> Golden {
        let text =
            std::fs::read_to_string("reference-data/golden/metrics/multilabel.json").unwrap();
        let raw = serde_json::from_str::<File>(&text).unwrap().multilabel;
        let bools = |rows: &[Vec<u8>]| -> Vec<Vec<bool>> {
            rows.iter()
                .map(|row| row.iter().map(|v| *v == 1).collect())
                .collect()
        };
        Golden {
            labels: bools(&raw.y),
            predicted: bools(&raw.p),
            exact_match: raw.exact_match,
            label_accuracy: raw.label_accuracy,
            raw,
        }
    }

    fn near(value: Option<f64>, expected: f64) {
        assert!(
            (value.unwrap() - expected).abs() < 1e-12,
            "{value:?} {expected}"
        );
    }

    #[test]
    fn the_averages_equal_scikit_learn() {
        let golden = golden();
        let counts = golden.counts();
        near(
            counts.f1(Average::Micro, ZeroDivision::Zero),
            golden.raw.micro_f1,
        );
        near(
            counts.f1(Average::Macro, ZeroDivision::Zero),
            golden.raw.macro_f1,
        );
        near(
            counts.f1(Average::Weighted, ZeroDivision::Zero),
            golden.raw.weighted_f1,
        );
        near(
            f1_of_samples(golden.rows(), ZeroDivision::Zero),
            golden.raw.samples_f1,
        );
    }

    #[test]
    fn zero_divisions_equal_scikit_learn() {
        let golden = golden();
        let counts = golden.counts();
        near(
            counts.f1(Average::Macro, ZeroDivision::One),
            golden.raw.macro_f1_zero_division_1,
        );
        near(
            counts.f1(Average::Macro, ZeroDivision::LeaveOut),
            golden.raw.macro_f1_zero_division_nan,
        );
    }

    #[test]
    fn each_class_equals_scikit_learn() {
        let golden = golden();
        let [precision, recall, f1, support] = &golden.raw.per_class;
        for (index, class) in golden.counts().classes().iter().enumerate() {
            near(class.precision(ZeroDivision::Zero), precision[index]);
            near(class.recall(ZeroDivision::Zero), recall[index]);
            near(class.f1(ZeroDivision::Zero), f1[index]);
            near(Some(class.support() as f64), support[index]);
        }
    }

    #[test]
    fn nothing_is_undefined_only_when_asked() {
        let counts = LabelCounts::new(2);
        assert_eq!(counts.f1(Average::Micro, ZeroDivision::LeaveOut), None);
        assert_eq!(counts.f1(Average::Micro, ZeroDivision::Zero), Some(0.0));
        assert_eq!(counts.f1(Average::Weighted, ZeroDivision::Zero), None);
        assert_eq!(f1_of_samples([], ZeroDivision::One), None);
    }
}
