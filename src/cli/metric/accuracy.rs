//! `storyeval metric accuracy`.

use super::answer::{Answer, Format, signed};
use super::interval::{IntervalArguments, undefined};
use crate::cli::Outcome;
use crate::cli::failure::Failure;
use crate::cli::numbers::finite;
use clap::{Args, ValueEnum};
use serde_json::{Value, json};
use std::path::{Path, PathBuf};
use storyeval::format::{FormatError, Numbers, read_npy};
use storyeval::metric::{
    Average, LabelCounts, Ratio, ZeroDivision, above, mean_of_samples, sample,
};
use storyeval::record::Signature;
use storyeval::stats::bootstrap;

/// How classes are put together.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
enum AverageName {
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

/// What a ratio without a denominator is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
enum Zero {
    /// 0, and part of averages
    #[default]
    #[value(name = "0")]
    Nothing,
    /// 1, and part of averages
    #[value(name = "1")]
    Whole,
    /// Nothing, and left out of averages
    #[value(name = "nan")]
    Undefined,
}

#[derive(Clone, Debug, Args)]
pub(crate) struct AccuracyArguments {
    /// Probabilities (or 0/1 predictions): an .npy file, [n, classes]
    #[arg(long, value_name = "P.npy")]
    predictions: PathBuf,
    /// True labels, 0 or 1: an .npy file, [n, classes]
    #[arg(long, value_name = "L.npy")]
    labels: PathBuf,
    /// A label is predicted where its probability is above this; exactly 0.5 is not above 0.5
    #[arg(long, default_value_t = 0.5, value_parser = finite)]
    threshold: f64,
    /// Average of the `precision`, `recall` and `f1` that are printed first
    #[arg(long, value_enum, default_value_t)]
    average: AverageName,
    /// What precision, recall and F1 are where their denominator is zero
    #[arg(long, value_enum, default_value_t)]
    zero_division: Zero,
    /// Columns that precision, recall and F1 are of, from 0 (Make-A-Story's script: 0,1) [default: all]
    #[arg(long, value_delimiter = ',', value_name = "I,J,..")]
    columns: Option<Vec<usize>>,
    /// Names of the classes, in the order of the columns
    #[arg(long, value_delimiter = ',', value_name = "A,B,..")]
    names: Vec<String>,
    #[command(flatten)]
    interval: IntervalArguments,
    /// How to print
    #[arg(long, value_enum, default_value_t)]
    format: Format,
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

/// The columns that precision, recall and F1 are of.
fn columns(arguments: &AccuracyArguments, rows: &Rows) -> Result<Vec<usize>, Failure> {
    let columns = arguments
        .columns
        .clone()
        .unwrap_or_else(|| (0..rows.classes).collect());
    if let Some(column) = columns.iter().find(|column| **column >= rows.classes) {
        return Err(Failure::Arguments {
            what: format!("there is no column {column}; there are {}", rows.classes),
            hint: "columns are numbered from 0".to_owned(),
        });
    }
    if let Some(column) = (1..columns.len()).find(|at| columns[..*at].contains(&columns[*at])) {
        return Err(Failure::Arguments {
            what: format!("column {} is named twice", columns[column]),
            hint: "name each column of `--columns` once".to_owned(),
        });
    }
    if !arguments.names.is_empty() && arguments.names.len() != rows.classes {
        return Err(Failure::Arguments {
            what: format!(
                "there are {} names for {} classes",
                arguments.names.len(),
                rows.classes
            ),
            hint: "give `--names` a name for every column, in their order".to_owned(),
        });
    }
    Ok(columns)
}

/// What the signature says of the choices.
fn parts(arguments: &AccuracyArguments) -> Signature {
    let columns = arguments
        .columns
        .as_ref()
        .map_or("all".to_owned(), |columns| {
            let columns: Vec<String> = columns.iter().map(ToString::to_string).collect();
            columns.join(",")
        });
    let zero = match arguments.zero_division {
        Zero::Nothing => "0",
        Zero::Whole => "1",
        Zero::Undefined => "nan",
    };
    Signature::of("accuracy")
        .with("threshold", format!(">{}", arguments.threshold))
        .with("avg", "exact")
        .with("f1-columns", columns)
        .with("zero-division", zero)
}

/// Exact match, accuracy of labels, and every average of precision, recall and F1. All in `[0, 1]`.
pub(crate) fn accuracy(arguments: &AccuracyArguments) -> Outcome {
    let rows = read(arguments)?;
    let columns = columns(arguments, &rows)?;
    let zero = match arguments.zero_division {
        Zero::Nothing => ZeroDivision::Zero,
        Zero::Whole => ZeroDivision::One,
        Zero::Undefined => ZeroDivision::LeaveOut,
    };
    let n = rows.predicted.len();
    let mut answer = Answer {
        metric: "accuracy".to_owned(),
        n: Some(n),
        ..Answer::default()
    };
    let plan = &arguments.interval;
    let groups = plan.groups(n)?;
    let right: Vec<f64> = rows
        .iter()
        .map(|(predicted, labels)| f64::from(u8::from(predicted == labels)))
        .collect();
    if n == 0 || rows.classes == 0 {
        answer.unscored = Some(format!("there are {n} rows of {} labels", rows.classes));
    } else {
        answer.value = Some(right.iter().sum::<f64>() / n as f64);
        answer.interval = plan.of_mean(&right, &groups);
        averages(arguments, &rows.select(&columns), zero, &mut answer)?;
        let mut counts = LabelCounts::new(rows.classes);
        rows.iter().for_each(|(p, y)| counts.add(p, y));
        answer
            .more
            .insert("exact_match".to_owned(), json!(answer.value));
        answer.more.insert(
            "label_accuracy".to_owned(),
            json!(counts.total().accuracy()),
        );
        answer.more.insert(
            "classes".to_owned(),
            classes(&counts, &arguments.names, zero),
        );
        answer.items = Some(
            right
                .iter()
                .enumerate()
                .map(|(id, value)| json!({"id": id, "value": value}))
                .collect(),
        );
    }
    answer.signature = signed(parts(arguments), &plan.name(&groups), &[Some(n)]);
    answer.finish(arguments.format, "give at least one row with one label")
}

const RATIOS: [(&str, Ratio); 3] = [
    ("precision", Ratio::Precision),
    ("recall", Ratio::Recall),
    ("f1", Ratio::F1),
];
const AVERAGES: [(&str, Option<Average>, AverageName); 4] = [
    ("micro", Some(Average::Micro), AverageName::Micro),
    ("macro", Some(Average::Macro), AverageName::Macro),
    ("weighted", Some(Average::Weighted), AverageName::Weighted),
    ("samples", None, AverageName::Samples),
];

/// Every average, the chosen one under plain names and with an interval of its F1.
fn averages(
    arguments: &AccuracyArguments,
    rows: &Rows,
    zero: ZeroDivision,
    answer: &mut Answer,
) -> Outcome {
    let mut counts = LabelCounts::new(rows.classes);
    rows.iter().for_each(|(p, y)| counts.add(p, y));
    let value = |average: Option<Average>, ratio: Ratio| match average {
        Some(average) => counts.average(ratio, average, zero),
        None => mean_of_samples(rows.iter(), ratio, zero),
    };
    for (_, average, name) in AVERAGES {
        if name == arguments.average {
            for (ratio_name, ratio) in RATIOS {
                let value = value(average, ratio);
                answer.more.insert(ratio_name.to_owned(), json!(value));
            }
            let interval = f1_interval(arguments, rows, average, zero, answer)?;
            answer
                .more
                .insert("f1_interval".to_owned(), json!(interval));
        }
    }
    for (name, average, _) in AVERAGES {
        for (ratio_name, ratio) in RATIOS {
            let value = value(average, ratio);
            answer
                .more
                .insert(format!("{name}_{ratio_name}"), json!(value));
        }
    }
    Ok(())
}

/// The bootstrap interval of the chosen F1, from counts of groups.
fn f1_interval(
    arguments: &AccuracyArguments,
    rows: &Rows,
    average: Option<Average>,
    zero: ZeroDivision,
    answer: &mut Answer,
) -> Result<Option<[f64; 2]>, Failure> {
    let plan = &arguments.interval;
    let groups = plan.groups(rows.predicted.len())?;
    let Some(average) = average else {
        let pairs: Vec<(f64, usize)> = rows
            .iter()
            .zip(&groups.numbers)
            .filter_map(|((p, y), group)| Some((sample(p, y).f1(zero)?, *group)))
            .collect();
        let (values, numbers): (Vec<f64>, Vec<usize>) = pairs.into_iter().unzip();
        let kept = super::interval::Groups { numbers, ..groups };
        return Ok(plan.of_mean(&values, &kept));
    };
    if groups.count < 2 {
        return Ok(None);
    }
    let mut parts = vec![LabelCounts::new(rows.classes); groups.count];
    for ((p, y), group) in rows.iter().zip(&groups.numbers) {
        parts[*group].add(p, y);
    }
    let distribution = bootstrap(groups.count, plan.plan(), |multiplicities| {
        let mut total = LabelCounts::new(rows.classes);
        for (part, times) in parts.iter().zip(multiplicities) {
            total.add_times(part, u64::from(*times));
        }
        total.f1(average, zero)
    });
    undefined(&distribution, &mut answer.warnings);
    Ok(distribution.interval(0.95))
}

fn classes(counts: &LabelCounts, names: &[String], zero: ZeroDivision) -> Value {
    let rows = counts.classes().iter().enumerate().map(|(index, class)| {
        json!({
            "class": names.get(index).map_or(json!(index), |name| json!(name)),
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

fn read(arguments: &AccuracyArguments) -> Result<Rows, Failure> {
    let predictions = read_npy(&arguments.predictions)?.numbers;
    let labels = read_npy(&arguments.labels)?.numbers;
    if predictions.dim() != labels.dim() {
        return Err(Failure::Arguments {
            what: format!(
                "predictions are {:?} and labels {:?}",
                predictions.dim(),
                labels.dim()
            ),
            hint: "both must have one row per image and one column per class".to_owned(),
        });
    }
    // numpy compares single-precision numbers with the threshold in single precision.
    let threshold = match predictions {
        Numbers::F32(_) => f64::from(arguments.threshold as f32),
        Numbers::F64(_) => arguments.threshold,
    };
    Ok(Rows {
        classes: labels.dim().1,
        predicted: booleans(
            &arguments.predictions,
            &predictions,
            "finite numbers",
            |p| p.is_finite().then(|| above(p, threshold)),
        )?,
        labels: booleans(&arguments.labels, &labels, "labels of 0 and 1", |label| {
            // Bits, because nothing near 1 is a label.
            let is = |value: f64| label.to_bits() == value.to_bits();
            (is(0.0) || is(1.0)).then_some(is(1.0))
        })?,
    })
}

fn booleans(
    path: &Path,
    numbers: &Numbers,
    expected: &'static str,
    rule: impl Fn(f64) -> Option<bool>,
) -> Result<Vec<Vec<bool>>, Failure> {
    let numbers = numbers.to_f64();
    let rows = numbers.rows().into_iter().enumerate().map(|(row, values)| {
        let cells = values.iter().enumerate().map(|(column, value)| {
            rule(*value).ok_or_else(|| {
                Failure::from(FormatError::Malformed {
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
