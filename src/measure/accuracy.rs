//! Accuracy, precision, recall and F1 of label vectors.

use super::interval::{Groups, undefined};
use super::kinds::Range;
use super::preset::name_of;
use super::{Answer, Host, IntervalPlan, Item, Measure, MeasureError, Unscored, Warning};
use crate::format::{FormatError, NpyArray, Numbers, read_npy};
use crate::metric::{Average, LabelCounts, Ratio, ZeroDivision, above, mean_of_samples, sample};
use crate::record::Signature;
use crate::stats::bootstrap;
use clap::ValueEnum;
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

/// How classes are put together.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum Averaging {
    /// Counts summed over classes
    #[default]
    Micro,
    /// Mean of the classes
    Macro,
    /// Mean of the classes, weighted by their number of true labels
    Weighted,
    /// Mean of the rows
    Samples,
}

impl Averaging {
    /// Of classes; none of rows.
    fn of_classes(self) -> Option<Average> {
        match self {
            Self::Micro => Some(Average::Micro),
            Self::Macro => Some(Average::Macro),
            Self::Weighted => Some(Average::Weighted),
            Self::Samples => None,
        }
    }
}

/// Asks for exact match, accuracy of labels, and every average of precision, recall and F1; all in `[0, 1]`.
#[derive(Clone, Debug)]
pub struct AccuracyRequest {
    /// Probabilities or 0/1 predictions: an `.npy` file, `[n, classes]`.
    pub predictions: PathBuf,
    /// True labels, 0 or 1, in the same shape.
    pub labels: PathBuf,
    /// A label is predicted where its number is above this. Absent, the numbers must be probabilities, and it is 0.5.
    pub threshold: Option<f64>,
    /// The average of the plain `precision`, `recall` and `f1`.
    pub average: Averaging,
    /// What these are where their denominator is zero.
    pub zero_division: ZeroDivision,
    /// Columns that precision, recall and F1 are of, from 0; absent for all.
    pub columns: Option<Vec<usize>>,
    /// Names of the classes; none, or one per column.
    pub names: Vec<String>,
    /// How to resample rows.
    pub interval: IntervalPlan,
}

impl AccuracyRequest {
    /// All labels that are above 0.5, averaged over their counts.
    #[must_use]
    pub fn new(predictions: impl Into<PathBuf>, labels: impl Into<PathBuf>) -> Self {
        Self {
            predictions: predictions.into(),
            labels: labels.into(),
            threshold: None,
            average: Averaging::default(),
            zero_division: ZeroDivision::default(),
            columns: None,
            names: Vec::new(),
            interval: IntervalPlan::default(),
        }
    }
}

impl Measure for AccuracyRequest {
    fn measure(&self, _: &dyn Host) -> Result<Answer, MeasureError> {
        let (rows, doubts) = self.rows()?;
        let columns = self.chosen(&rows)?;
        let n = rows.predicted.len();
        let groups = self.interval.groups(n)?;
        let mut answer = Answer::of("accuracy", n);
        if n == 0 || rows.classes == 0 {
            let classes = rows.classes;
            answer = answer.without(Unscored::NoLabels { rows: n, classes });
        } else {
            let right: Vec<f64> = rows
                .iter()
                .map(|(predicted, labels)| f64::from(u8::from(predicted == labels)))
                .collect();
            answer.value = Some(right.iter().sum::<f64>() / n as f64);
            answer.interval = self.interval.of_mean(&right, &groups);
            self.averages(&rows.select(&columns), &groups, &mut answer);
            let counts = rows.counts();
            answer.detail("exact_match", answer.value);
            answer.detail("label_accuracy", counts.total().accuracy());
            answer.detail("classes", self.classes(&counts));
            answer.items = Some(Item::rows(&right));
        }
        answer.warnings.extend(doubts);
        let ci = self.interval.name(&groups);
        let answer = answer.signed(self.parts(), &ci, &[Some(n)]);
        Ok(answer.hinted("give at least one row with one label"))
    }
}

/// Predicted and true labels, one row per item.
struct Rows {
    predicted: Vec<Vec<bool>>,
    labels: Vec<Vec<bool>>,
    classes: usize,
}

impl Rows {
    fn iter(&self) -> impl Iterator<Item = (&[bool], &[bool])> {
        let predicted = self.predicted.iter().map(Vec::as_slice);
        predicted.zip(self.labels.iter().map(Vec::as_slice))
    }

    fn counts(&self) -> LabelCounts {
        let mut counts = LabelCounts::new(self.classes);
        self.iter().for_each(|(p, y)| counts.add(p, y));
        counts
    }

    /// The same rows with some columns only.
    fn select(&self, columns: &[usize]) -> Self {
        let pick = |rows: &[Vec<bool>]| -> Vec<Vec<bool>> {
            let row = |row: &Vec<bool>| columns.iter().map(|c| row[*c]).collect();
            rows.iter().map(row).collect()
        };
        Self {
            predicted: pick(&self.predicted),
            labels: pick(&self.labels),
            classes: columns.len(),
        }
    }
}

const RATIOS: [(&str, Ratio); 3] = [
    ("precision", Ratio::Precision),
    ("recall", Ratio::Recall),
    ("f1", Ratio::F1),
];

impl AccuracyRequest {
    /// Reads both files and applies the threshold.
    fn rows(&self) -> Result<(Rows, Vec<Warning>), MeasureError> {
        let predictions = read_npy(&self.predictions)?;
        let doubt = self.fitting(&predictions)?;
        let predictions = predictions.numbers;
        let labels = read_npy(&self.labels)?.numbers;
        if predictions.dim() != labels.dim() {
            return Err(MeasureError::request(
                format!(
                    "predictions are {:?} and labels {:?}",
                    predictions.dim(),
                    labels.dim()
                ),
                "both must have one row per image and one column per class",
            ));
        }
        // numpy compares single-precision numbers with the threshold in single precision.
        let threshold = match predictions {
            Numbers::F32(_) => f64::from(self.threshold() as f32),
            Numbers::F64(_) => self.threshold(),
        };
        let rows = Rows {
            classes: labels.dim().1,
            predicted: booleans(&self.predictions, &predictions, "finite numbers", |p| {
                p.is_finite().then(|| above(p, threshold))
            })?,
            labels: booleans(&self.labels, &labels, "labels of 0 and 1", |label| {
                // Bits, because nothing near 1 is a label.
                let is = |value: f64| label.to_bits() == value.to_bits();
                (is(0.0) || is(1.0)).then_some(is(1.0))
            })?,
        };
        let doubts = doubt.into_iter().chain(self.one_answer(&rows));
        Ok((rows, doubts.collect()))
    }

    /// What is to be said where the threshold lies outside all predictions, and the labels are not all alike.
    fn one_answer(&self, rows: &Rows) -> Option<Warning> {
        let all = |rows: &[Vec<bool>], wanted: bool| rows.iter().flatten().all(|it| *it == wanted);
        let only = |wanted: bool| all(&rows.predicted, wanted) && !all(&rows.labels, wanted);
        let what = if only(false) {
            "holds no value above the threshold: no label is predicted"
        } else if only(true) {
            "holds only values above the threshold: every label is predicted"
        } else {
            return None;
        };
        let path = self.predictions.clone();
        Some(Warning::Numbers { path, what })
    }

    fn threshold(&self) -> f64 {
        self.threshold.unwrap_or(0.5)
    }

    /// Without a threshold of the caller only probabilities are read; with one, says where it does not fit the numbers.
    fn fitting(&self, predictions: &NpyArray) -> Result<Option<Warning>, MeasureError> {
        let Some(range) = Range::of(predictions) else {
            return Ok(None);
        };
        let warning = |what| {
            let path = self.predictions.clone();
            Ok(Some(Warning::Numbers { path, what }))
        };
        let zero_or_one = range.within(1.0) && range.whole();
        match self.threshold {
            Some(threshold) if !range.within(1.0) && range.least < 0.0 && threshold != 0.0 => {
                warning(
                    "holds values below 0, as logits are: probability 0.5 is `--threshold 0` there",
                )
            }
            Some(threshold) if range.within(1.0) && !zero_or_one && threshold <= 0.0 => warning(
                "holds only values from 0 to 1, as probabilities are: `--threshold 0` predicts every label above 0",
            ),
            Some(threshold) if !range.within(1.0) && range.least >= 0.0 && threshold <= 1.0 => {
                warning(
                    "holds values above 1: they are no probabilities, and the threshold is below 1",
                )
            }
            Some(_) => Ok(None),
            None if range.within(1.0) => Ok(None),
            None => {
                let (found, hint) = if range.least < 0.0 {
                    (
                        "values below 0, as logits are",
                        "of logits, probability 0.5 is `--threshold 0`",
                    )
                } else if range.most <= 100.0 {
                    (
                        "values above 1, as logits, percent or counts are",
                        "say from which value a label is predicted: `--threshold 0` of logits, `--threshold 50` of percent",
                    )
                } else {
                    (
                        "values above 100",
                        "say from which value a label is predicted: `--threshold 127.5` of 0 to 255, `--threshold 0` of logits",
                    )
                };
                Err(FormatError::Malformed {
                    path: self.predictions.clone(),
                    expected: "a file of probabilities",
                    found: format!("{found}, from {} to {}", range.least, range.most),
                    hint,
                }
                .into())
            }
        }
    }

    /// The columns that precision, recall and F1 are of.
    fn chosen(&self, rows: &Rows) -> Result<Vec<usize>, MeasureError> {
        let columns = self
            .columns
            .clone()
            .unwrap_or_else(|| (0..rows.classes).collect());
        if let Some(column) = columns.iter().find(|column| **column >= rows.classes) {
            return Err(MeasureError::request(
                format!("there is no column {column}; there are {}", rows.classes),
                "columns are numbered from 0",
            ));
        }
        if let Some(column) = (1..columns.len()).find(|at| columns[..*at].contains(&columns[*at])) {
            return Err(MeasureError::request(
                format!("column {} is named twice", columns[column]),
                "name each column of `--columns` once",
            ));
        }
        let mut seen = BTreeSet::new();
        if let Some(twice) = self.names.iter().find(|name| !seen.insert(name.as_str())) {
            return Err(MeasureError::request(
                format!("two classes are called {twice:?}"),
                "give `--names` a name of its own for every column",
            ));
        }
        if !self.names.is_empty() && self.names.len() != rows.classes {
            return Err(MeasureError::request(
                format!(
                    "there are {} names for {} classes",
                    self.names.len(),
                    rows.classes
                ),
                "give `--names` a name for every column, in their order",
            ));
        }
        Ok(columns)
    }

    /// What the signature says of the choices.
    fn parts(&self) -> Signature {
        let columns = self.columns.as_ref().map_or("all".to_owned(), |columns| {
            let columns: Vec<String> = columns.iter().map(ToString::to_string).collect();
            columns.join(",")
        });
        Signature::of("accuracy")
            .with("threshold", format!(">{}", self.threshold()))
            .with("avg", "exact")
            .with("f1-columns", columns)
            .with("zero-division", name_of(&self.zero_division))
    }

    /// Every average, the chosen one under plain names and with an interval of its F1.
    fn averages(&self, rows: &Rows, groups: &Groups, answer: &mut Answer) {
        let counts = rows.counts();
        let value = |averaging: Averaging, ratio: Ratio| match averaging.of_classes() {
            Some(average) => counts.average(ratio, average, self.zero_division),
            None => mean_of_samples(rows.iter(), ratio, self.zero_division),
        };
        for (name, ratio) in RATIOS {
            answer.detail(name, value(self.average, ratio));
        }
        let interval = self.f1_interval(rows, groups, answer);
        answer.detail("f1_interval", interval);
        for averaging in Averaging::value_variants() {
            for (name, ratio) in RATIOS {
                let prefix = name_of(averaging);
                answer.detail(format!("{prefix}_{name}"), value(*averaging, ratio));
            }
        }
    }

    /// The bootstrap interval of the chosen F1, from counts of groups.
    fn f1_interval(&self, rows: &Rows, groups: &Groups, answer: &mut Answer) -> Option<[f64; 2]> {
        let zero = self.zero_division;
        let Some(average) = self.average.of_classes() else {
            let pairs = rows.iter().zip(&groups.numbers);
            let defined =
                pairs.filter_map(|((p, y), group)| Some((sample(p, y).f1(zero)?, *group)));
            let (values, numbers): (Vec<f64>, Vec<usize>) = defined.unzip();
            let kept = Groups { numbers, ..*groups };
            return self.interval.of_mean(&values, &kept);
        };
        if groups.count < 2 {
            return None;
        }
        let mut parts = vec![LabelCounts::new(rows.classes); groups.count];
        for ((p, y), group) in rows.iter().zip(&groups.numbers) {
            parts[*group].add(p, y);
        }
        let distribution = bootstrap(groups.count, self.interval.resampling, |multiplicities| {
            let mut total = LabelCounts::new(rows.classes);
            for (part, times) in parts.iter().zip(multiplicities) {
                total.add_times(part, u64::from(*times));
            }
            total.f1(average, zero)
        });
        answer.warnings.extend(undefined(&distribution));
        distribution.interval(0.95)
    }

    /// Counts and ratios of every class.
    fn classes(&self, counts: &LabelCounts) -> Value {
        let zero = self.zero_division;
        let rows = counts.classes().iter().enumerate().map(|(index, class)| {
            json!({
                "class": self.names.get(index).map_or(json!(index), |name| json!(name)),
                "precision": class.precision(zero),
                "recall": class.recall(zero),
                "f1": class.f1(zero),
                "support": class.support(),
                "accuracy": class.accuracy(),
                "tp": class.true_positives,
                "fp": class.false_positives,
                "fn": class.false_negatives,
                "tn": class.true_negatives,
            })
        });
        Value::Array(rows.collect())
    }
}

fn booleans(
    path: &Path,
    numbers: &Numbers,
    expected: &'static str,
    rule: impl Fn(f64) -> Option<bool>,
) -> Result<Vec<Vec<bool>>, MeasureError> {
    let numbers = numbers.to_f64();
    let rows = numbers.rows().into_iter().enumerate().map(|(row, values)| {
        let cells = values.iter().enumerate().map(|(column, value)| {
            rule(*value).ok_or_else(|| {
                MeasureError::from(FormatError::Malformed {
                    path: path.to_path_buf(),
                    expected,
                    found: format!("{value} in row {row}, column {column}"),
                    hint: "predictions are probabilities, labels are 0 or 1; inspect the file with `numpy.load`",
                })
            })
        });
        cells.collect()
    });
    rows.collect()
}
