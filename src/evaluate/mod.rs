//! The room that observes a run's frames with every evaluator that a protocol asks for, and scores them.
//! Puts `run`, `evaluator`, `dataset` and `metric` together; no other room does.

mod columns;
mod coverage;
mod decoding;
mod error;
mod ground_truth;
mod key;
mod observe;
mod panel;
mod sanity;
mod score;
mod stored;

pub use crate::record::Role;
pub use columns::{
    ColumnError, ColumnJoined, Place, brought_columns, join_columns, take_out_column,
};
pub use coverage::{NetworkCoverage, coverage};
pub use decoding::decoding;
pub use error::EvaluateError;
pub use observe::{ObserveRequest, observe};
pub use panel::Panel;
pub use sanity::ClassifierDoubt;
pub use score::score;
pub use stored::{Similarities, StoredRun};
