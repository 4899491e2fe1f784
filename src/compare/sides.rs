//! What is compared: the runs of a model, one a seed.

use crate::card::Protocol;
use crate::evaluate::StoredRun;
use crate::metric::ScoreContext;
use crate::record::Scores;

/// A run, as it lies on the disk.
#[derive(Clone, Debug)]
pub struct ComparedRun {
    /// Its scores, whose signatures say what may be compared.
    pub scores: Scores,
    /// What was seen on its frames.
    pub stored: StoredRun,
    /// The choices it was scored by.
    pub protocol: Protocol,
    /// What its signatures say beyond.
    pub context: ScoreContext,
}

/// One side of a comparison.
#[derive(Clone, Debug)]
pub struct Side {
    /// Its name in tables.
    pub label: String,
    /// Runs of one model, a seed each; at least one.
    pub runs: Vec<ComparedRun>,
}
