//! `storyeval metric accuracy`.

use super::arguments::ShownArguments;
use crate::cli::numbers::finite;
use clap::Args;
use std::path::PathBuf;
use storyeval::measure::{AccuracyRequest, Averaging};
use storyeval::metric::ZeroDivision;

#[derive(Clone, Debug, Args)]
pub(crate) struct AccuracyArguments {
    /// Probabilities (or 0/1 predictions): an .npy file, [n, classes]
    #[arg(long, value_name = "P.npy")]
    predictions: PathBuf,
    /// True labels, 0 or 1: an .npy file, [n, classes]
    #[arg(long, value_name = "L.npy")]
    labels: PathBuf,
    /// A label is predicted where its number is above this; exactly 0.5 is not above 0.5. Without it the file must hold
    /// probabilities [default: 0.5; of logits, 0]
    #[arg(long, value_parser = finite, allow_negative_numbers = true)]
    threshold: Option<f64>,
    /// Average of the `precision`, `recall` and `f1` that are printed first
    #[arg(long, value_enum, default_value_t)]
    average: Averaging,
    /// What precision, recall and F1 are where their denominator is zero
    #[arg(long, value_enum, default_value_t)]
    zero_division: ZeroDivision,
    /// Columns that precision, recall and F1 are of, from 0 (Make-A-Story's script: 0,1) [default: all]
    #[arg(long, value_delimiter = ',', value_name = "I,J,..")]
    columns: Option<Vec<usize>>,
    /// Names of the classes, in the order of the columns
    #[arg(long, value_delimiter = ',', value_name = "A,B,..")]
    names: Vec<String>,
    #[command(flatten)]
    pub(super) shown: ShownArguments,
}

impl AccuracyArguments {
    pub(super) fn request(&self) -> AccuracyRequest {
        AccuracyRequest {
            predictions: self.predictions.clone(),
            labels: self.labels.clone(),
            threshold: self.threshold,
            average: self.average,
            zero_division: self.zero_division,
            columns: self.columns.clone(),
            names: self.names.clone(),
            interval: self.shown.interval(),
        }
    }
}
