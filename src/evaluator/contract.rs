//! What every evaluator is: it observes frames, and owns the columns that it writes.

use super::EvaluatorError;
use crate::metric::ExtractorName;
use crate::record::{Column, Observation, Role, SizedColumn, Value};
use image::RgbImage;

/// Frames that are observed together.
pub struct Chunk<'a> {
    /// The frames.
    pub frames: &'a [RgbImage],
    /// The ground-truth frame of each; empty unless the evaluator has a column [of pairs](crate::record::Of::Pair).
    pub truth: &'a [&'a RgbImage],
    /// Ids, captions and labels of each.
    pub rows: &'a [&'a Observation],
}

/// What an evaluator writes of a chunk.
#[derive(Debug, Default)]
pub struct Rows(Vec<(&'static str, Vec<Value>)>);

impl Rows {
    /// Fills a column: a value per frame, in their order.
    pub fn write<T: Into<Value>>(&mut self, column: Column, values: impl IntoIterator<Item = T>) {
        let values = values.into_iter().map(Into::into).collect();
        self.0.push((column.name, values));
    }

    /// Every column that was filled.
    pub fn into_columns(self) -> impl Iterator<Item = (&'static str, Vec<Value>)> {
        self.0.into_iter()
    }
}

/// The column that an evaluator writes of ground-truth frames. They are the same for every run, so that it is
/// kept between runs, under everything that its values depend on besides the data.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TruthColumn {
    /// The column.
    pub column: Column,
    /// What the values are: tells those of one network from each other.
    pub what: String,
    /// Content hash of the bundle, or of the bundles.
    pub bundle: String,
    /// How images reach the network.
    pub pixels: String,
}

/// Something that observes frames: a network, or arithmetic on pixels. A row of [`EVALUATORS`](super::EVALUATORS)
/// says which protocols ask for it, and how it is opened.
pub trait Evaluator {
    /// What it is asked for.
    fn role(&self) -> Role;

    /// What signatures call it.
    fn name(&self) -> &ExtractorName;

    /// The columns that it writes, out of those of its role.
    fn columns(&self) -> Vec<SizedColumn>;

    /// Observes generated frames: fills every column but that of [`Evaluator::truth`].
    ///
    /// # Errors
    /// An image that cannot be prepared, a failing network, values that are not finite.
    fn observe(&mut self, chunk: &Chunk<'_>, rows: &mut Rows) -> Result<(), EvaluatorError>;

    /// The column that it writes of ground-truth frames, if any.
    fn truth(&self) -> Option<TruthColumn> {
        None
    }

    /// Observes ground-truth frames, each once per data set: a value per frame of `chunk`, whose rows are of
    /// any frame of the same clip.
    ///
    /// # Errors
    /// Those of [`Evaluator::observe`].
    fn observe_truth(&mut self, chunk: &Chunk<'_>) -> Result<Vec<Value>, EvaluatorError> {
        let _ = chunk;
        Ok(Vec::new())
    }
}

/// Rows of numbers as values.
pub(super) fn values<T: Into<Value>>(rows: Vec<T>) -> Vec<Value> {
    rows.into_iter().map(Into::into).collect()
}
