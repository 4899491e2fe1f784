//! The room that observes a run's frames with every evaluator that a protocol asks for, and scores them.
//! Puts `run`, `evaluator`, `dataset` and `metric` together; no other room does.

pub mod audit;
mod coverage;
mod decoding;
mod error;
mod key;
mod observe;
mod panel;
mod score;
mod stored;
mod truth;

pub use crate::record::Role;
pub use coverage::{NetworkCoverage, coverage};
pub use decoding::decoding;
pub use error::EvaluateError;
pub use observe::{Wanted, observe};
pub use panel::Panel;
pub use score::score;
pub use stored::{Similarities, StoredRun};
