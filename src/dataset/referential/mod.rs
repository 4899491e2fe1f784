//! Text with pronouns instead of names, made from captions with names.
//!
//! Nobody publishes such text as a file; every repository makes it while loading, each in its own
//! way. One file here holds one way, and every replacement is recorded.

mod algorithm1;
mod decision;
mod mention;
mod pronoun;
mod storygptv_eval;

pub use decision::{Decision, Explained};
pub use mention::mentioned;
pub use pronoun::{has_pronoun, references_true};

use super::DatasetError;
use crate::record::{ReferentialCaption, Story, TextVariant};
use crate::spec::Character;

/// The captions of `story` as a generator reads them, one a frame.
///
/// `cast` is the card's, in any order; it gives names, other spellings and genders.
///
/// # Errors
/// [`DatasetError::ReleasedCodeCrashes`] where the code that defines the variant has no answer.
pub fn referential(
    story: &Story,
    variant: TextVariant,
    cast: &[Character],
) -> Result<Vec<ReferentialCaption>, DatasetError> {
    let explained = explain(story, variant, cast)?;
    Ok(explained.into_iter().map(|frame| frame.caption).collect())
}

/// As [`referential`], and says for each frame why its names were or were not replaced.
///
/// # Errors
/// As [`referential`].
pub fn explain(
    story: &Story,
    variant: TextVariant,
    cast: &[Character],
) -> Result<Vec<Explained>, DatasetError> {
    match variant {
        TextVariant::Original => Ok(story
            .frames
            .iter()
            .map(|frame| Explained {
                caption: ReferentialCaption::unchanged(&*frame.caption),
                decision: Decision::Original,
            })
            .collect()),
        TextVariant::Algorithm1 => Ok(algorithm1::captions(story, cast)),
        TextVariant::StorygptvEval => storygptv_eval::captions(story, cast),
    }
}

#[cfg(test)]
mod tests;
