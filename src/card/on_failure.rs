//! What a run does when a frame could not be drawn.

use serde::{Deserialize, Serialize};

/// What is done when a generator outside this program has failed on a frame as often as it may.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum OnFailure {
    /// The run stops; the same command goes on.
    #[default]
    Stop,
    /// The frame is absent, counted as failed, and the run goes on.
    Skip,
}
