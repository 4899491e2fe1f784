//! `storyeval metric tokenize`.

use crate::cli::Outcome;

pub(crate) fn tokenize() -> Outcome {
    Ok(())
}
