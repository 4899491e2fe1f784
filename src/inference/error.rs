//! Errors of this room.

use crate::{ExitCode, Hint};

/// What can go wrong here.
#[derive(Debug, thiserror::Error)]
pub enum InferenceError {}

impl Hint for InferenceError {
    fn exit_code(&self) -> ExitCode {
        match *self {}
    }
}
