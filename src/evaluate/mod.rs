//! The room that looks at a run's frames with every network a protocol asks for, and scores them.
//! Puts `run`, `extract`, `dataset` and `metric` together; no other room does.

pub mod audit;
mod coverage;
mod crops;
mod decoding;
mod error;
mod key;
mod observe;
mod panel;
#[cfg(test)]
mod pass_order_tests;
mod role;
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
pub use stored::StoredRun;
