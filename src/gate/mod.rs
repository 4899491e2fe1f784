//! The regression gate: whether the scores of runs are those of a baseline, within what rules allow.
//!
//! A [`Baseline`] is a file of scores with how they were made; [`Rules`] say for each score how far it may move;
//! [`judge`] holds [`Subject`]s (runs) against both and gives a [`Verdict`], which [`junit`], [`summary`] and
//! [`annotations`] write for machines and people. A score that is too good fails as well: a metric that is broken
//! in one's favour looks like progress.

mod annotations;
mod baseline;
mod chance;
mod check;
mod error;
mod judge;
mod junit;
mod parts;
mod pattern;
mod power;
mod rules;
#[cfg(test)]
mod study_tests;
mod subject;
mod summary;
mod update;
mod verdict;

pub use annotations::annotations;
pub use baseline::{Baseline, BaselineModel, BaselineScore, FORMAT};
pub use check::{Check, Coverage, SignatureRule, Tolerance};
pub use error::GateError;
pub use judge::judge;
pub use junit::junit;
pub use pattern::Patterns;
pub use power::{Power, power};
pub use rules::{Decision, Rules};
pub use subject::{Subject, missing};
pub use summary::{SUMMARY_LIMIT, document, summary};
pub use update::{Change, Update, update};
pub use verdict::{Outcome, Reason, Status, Verdict};
