//! Precision, recall and F1 of multi-label predictions, with the averages and zero divisions of
//! scikit-learn's `precision_recall_fscore_support`, to the last bit (of a row's average, the last but one).

use super::accuracy::fraction;
use super::pairwise::{ordered_mean, pairwise_sum};
use clap::ValueEnum;

/// What a score is where its denominator is zero (no positives and no positive predictions).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum ZeroDivision {
    /// 0, and part of averages
    #[default]
    #[value(name = "0")]
    Zero,
    /// 1, and part of averages
    #[value(name = "1")]
    One,
    /// Nothing, and left out of averages
    #[value(name = "nan")]
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
    /// Mean of the classes' F1, weighted by the number of true positives and false negatives; the plain
    /// mean where no label is positive.
    Weighted,
}

/// Which ratio of counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ratio {
    /// `tp / (tp + fp)`.
    Precision,
    /// `tp / (tp + fn)`.
    Recall,
    /// `2 tp / (2 tp + fp + fn)`.
    F1,
}

/// Decisions about one class (or a sum of classes), by what was predicted and what is true.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Confusion {
    /// Predicted and true.
    pub true_positives: u64,
    /// Predicted and not true.
    pub false_positives: u64,
    /// True and not predicted.
    pub false_negatives: u64,
    /// Neither predicted nor true. No ratio here depends on them.
    pub true_negatives: u64,
}

impl Confusion {
    /// Counts one decision.
    pub fn add(&mut self, predicted: bool, label: bool) {
        self.true_positives += u64::from(predicted && label);
        self.false_positives += u64::from(predicted && !label);
        self.false_negatives += u64::from(!predicted && label);
        self.true_negatives += u64::from(!predicted && !label);
    }

    /// Adds `times` times the counts of `other`.
    pub fn add_times(&mut self, other: &Self, times: u64) {
        self.true_positives += times * other.true_positives;
        self.false_positives += times * other.false_positives;
        self.false_negatives += times * other.false_negatives;
        self.true_negatives += times * other.true_negatives;
    }

    /// Labels that are true.
    #[must_use]
    pub fn support(&self) -> u64 {
        self.true_positives + self.false_negatives
    }

    /// Share of right decisions, in `[0, 1]`; `None` without decisions.
    #[must_use]
    pub fn accuracy(&self) -> Option<f64> {
        let right = self.true_positives + self.true_negatives;
        fraction(right, right + self.false_positives + self.false_negatives)
    }

    /// A ratio, in `[0, 1]`.
    #[must_use]
    pub fn ratio(&self, ratio: Ratio, zero: ZeroDivision) -> Option<f64> {
        match ratio {
            Ratio::Precision => self.precision(zero),
            Ratio::Recall => self.recall(zero),
            Ratio::F1 => self.f1(zero),
        }
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
        let counts = [
            self.true_positives,
            self.false_positives,
            self.false_negatives,
        ];
        f1_of_counts(counts.map(|n| n as f64)).or_else(|| zero.value())
    }
}

/// F1 of true positives, false positives and false negatives, which may be weighted; `None` without any.
pub(super) fn f1_of_counts(
    [true_positives, false_positives, false_negatives]: [f64; 3],
) -> Option<f64> {
    let double = 2.0 * true_positives;
    let whole = double + false_positives + false_negatives;
    (whole > 0.0).then(|| double / whole)
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

    /// Counts the decision about one more class.
    pub(super) fn push(&mut self, predicted: bool, label: bool) {
        let mut class = Confusion::default();
        class.add(predicted, label);
        self.classes.push(class);
    }

    /// Adds `times` times the counts of `other`, class by class.
    pub fn add_times(&mut self, other: &Self, times: u64) {
        let classes = self.classes.len().max(other.classes.len());
        self.classes.resize(classes, Confusion::default());
        for (class, other) in self.classes.iter_mut().zip(&other.classes) {
            class.add_times(other, times);
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

    /// The counts of some columns, in the given order; columns that do not exist are left out.
    ///
    /// Make-A-Story's script scores `labels=np.unique(labels)` of 0/1 labels: whatever the number of
    /// characters, the columns `0` and `1` and no other.
    #[must_use]
    pub fn select(&self, columns: &[usize]) -> Self {
        Self {
            classes: columns
                .iter()
                .filter_map(|column| self.classes.get(*column).copied())
                .collect(),
        }
    }

    /// F1 in `[0, 1]`; see [`LabelCounts::average`].
    #[must_use]
    pub fn f1(&self, average: Average, zero: ZeroDivision) -> Option<f64> {
        self.average(Ratio::F1, average, zero)
    }

    /// An averaged ratio in `[0, 1]`; `None` where it is undefined (only with
    /// [`ZeroDivision::LeaveOut`], or without classes).
    #[must_use]
    pub fn average(&self, ratio: Ratio, average: Average, zero: ZeroDivision) -> Option<f64> {
        if self.classes.is_empty() {
            return None;
        }
        let values = |class: &Confusion| class.ratio(ratio, zero);
        match average {
            Average::Micro => self.total().ratio(ratio, zero),
            Average::Macro => defined_mean(self.classes.iter().map(values)),
            Average::Weighted => {
                let (mut products, mut defined, mut weights) = (Vec::new(), Vec::new(), 0);
                for class in &self.classes {
                    if let Some(value) = values(class) {
                        products.push(value * class.support() as f64);
                        defined.push(value);
                        weights += class.support();
                    }
                }
                if weights == 0 {
                    // scikit-learn then gives every class the same weight.
                    return defined_mean(defined.into_iter().map(Some));
                }
                Some(pairwise_sum(&products) / weights as f64)
            }
        }
    }
}

/// `numpy.nanmean`: what is undefined counts as nothing, but keeps its place in the sum.
fn defined_mean(values: impl Iterator<Item = Option<f64>>) -> Option<f64> {
    let values: Vec<Option<f64>> = values.collect();
    let count = values.iter().flatten().count();
    let filled: Vec<f64> = values.iter().map(|value| value.unwrap_or(0.0)).collect();
    (count > 0).then(|| pairwise_sum(&filled) / count as f64)
}

/// Mean over rows `(predicted, true)` of each row's ratio, in `[0, 1]` (scikit-learn's `samples`);
/// `None` without rows for which it is defined. The order of the rows does not show; scikit-learn adds in
/// their order and may differ in the last bit.
pub fn mean_of_samples<'a>(
    rows: impl IntoIterator<Item = (&'a [bool], &'a [bool])>,
    ratio: Ratio,
    zero: ZeroDivision,
) -> Option<f64> {
    let values: Vec<f64> = rows
        .into_iter()
        .filter_map(|(predicted, labels)| sample(predicted, labels).ratio(ratio, zero))
        .collect();
    ordered_mean(&values)
}

/// The decisions of one row.
#[must_use]
pub fn sample(predicted: &[bool], labels: &[bool]) -> Confusion {
    let mut row = Confusion::default();
    for (predicted, label) in predicted.iter().zip(labels) {
        row.add(*predicted, *label);
    }
    row
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    #[derive(serde::Deserialize)]
    struct File {
        multilabel: Raw,
    }

    #[derive(serde::Deserialize)]
    pub(in crate::metric) struct Raw {
        y: Vec<Vec<u8>>,
        p: Vec<Vec<u8>>,
        exact_match: f64,
        label_accuracy: f64,
        pub(in crate::metric) micro_f1: f64,
        pub(in crate::metric) macro_f1: f64,
        pub(in crate::metric) weighted_f1: f64,
        pub(in crate::metric) samples_f1: f64,
        macro_f1_zero_division_1: f64,
        macro_f1_zero_division_nan: f64,
        per_class: [Vec<f64>; 4],
    }

    pub(in crate::metric) struct Golden {
        labels: Vec<Vec<bool>>,
        predicted: Vec<Vec<bool>>,
        pub(in crate::metric) exact_match: f64,
        pub(in crate::metric) label_accuracy: f64,
        pub(in crate::metric) raw: Raw,
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
            mean_of_samples(golden.rows(), Ratio::F1, ZeroDivision::Zero),
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

    pub(in crate::metric) fn rows_of(case: &serde_json::Value, name: &str) -> Vec<Vec<bool>> {
        let rows = case[name].as_array().unwrap().iter();
        rows.map(|row| row.as_str().unwrap().chars().map(|c| c == '1').collect())
            .collect()
    }

    #[test]
    fn everything_equals_scikit_learn_to_the_last_bit() {
        let rules = [
            ("0", ZeroDivision::Zero),
            ("1", ZeroDivision::One),
            ("nan", ZeroDivision::LeaveOut),
        ];
        let averages = [
            ("micro", Average::Micro),
            ("macro", Average::Macro),
            ("weighted", Average::Weighted),
        ];
        let ratios = [Ratio::Precision, Ratio::Recall, Ratio::F1];
        for case in crate::metric::golden::numbers("labels.json") {
            let (y, p) = (rows_of(&case, "y"), rows_of(&case, "p"));
            let rows = || p.iter().map(Vec::as_slice).zip(y.iter().map(Vec::as_slice));
            let mut counts = LabelCounts::new(y[0].len());
            rows().for_each(|(p, y)| counts.add(p, y));
            for (rule, zero) in rules {
                let expected =
                    |name: &str, at: usize| case["averages"][format!("{name}_{rule}")][at].as_f64();
                for (at, ratio) in ratios.into_iter().enumerate() {
                    for (name, average) in averages {
                        let found = counts.average(ratio, average, zero);
                        assert_eq!(
                            found,
                            expected(name, at),
                            "{name} {rule} {ratio:?} {y:?} {p:?}"
                        );
                    }
                    if y[0].len() == 1 {
                        continue;
                    }
                    let found = mean_of_samples(rows(), ratio, zero);
                    let expected = expected("samples", at);
                    let near = match (found, expected) {
                        (Some(found), Some(expected)) => (found - expected).abs() < 1e-15,
                        (found, expected) => found == expected,
                    };
                    assert!(near, "samples {rule} {ratio:?} {found:?} {expected:?}");
                    let classes = &case["averages"][format!("class_{rule}")][at];
                    for (class, expected) in
                        counts.classes().iter().zip(classes.as_array().unwrap())
                    {
                        assert_eq!(class.ratio(ratio, zero), expected.as_f64());
                    }
                }
            }
            for (index, class) in counts.classes().iter().enumerate() {
                let found = [
                    class.true_negatives,
                    class.false_positives,
                    class.false_negatives,
                    class.true_positives,
                ];
                assert_eq!(serde_json::json!(found), case["confusion"][index]);
                assert_eq!(class.accuracy(), case["class_accuracy"][index].as_f64());
            }
            if let Some(quirk) = case.get("make_a_story") {
                let columns: Vec<usize> = serde_json::from_value(quirk["columns"].clone()).unwrap();
                let found = counts
                    .select(&columns)
                    .f1(Average::Weighted, ZeroDivision::Zero);
                assert_eq!(found, quirk["weighted_f1"].as_f64());
            }
        }
    }

    #[test]
    fn nothing_is_undefined_only_when_asked() {
        let counts = LabelCounts::new(2);
        assert_eq!(counts.f1(Average::Micro, ZeroDivision::LeaveOut), None);
        assert_eq!(counts.f1(Average::Micro, ZeroDivision::Zero), Some(0.0));
        // Without positive labels all classes weigh the same, as in scikit-learn.
        assert_eq!(counts.f1(Average::Weighted, ZeroDivision::Zero), Some(0.0));
        assert_eq!(counts.f1(Average::Weighted, ZeroDivision::LeaveOut), None);
        assert_eq!(
            LabelCounts::new(0).f1(Average::Micro, ZeroDivision::One),
            None
        );
        assert_eq!(mean_of_samples([], Ratio::F1, ZeroDivision::One), None);
    }
}
