//! Errors of this room.

use crate::{ExitCode, Hint};

/// What can go wrong here.
#[derive(Debug, thiserror::Error)]
pub enum GeneratorError {}

impl Hint for GeneratorError {
    fn exit_code(&self) -> ExitCode {
        match *self {}
    }
}
