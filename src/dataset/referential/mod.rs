//! Text with pronouns instead of names, made from captions with names.
//!
//! Such text is not published as a file; every repository makes it while loading, each in its own
//! way, and in another way for each data set. `algorithm1` is the algorithm that a paper prints;
//! `flintstones` and `pororo` hold what released code does, quirks included. Every replacement is
//! recorded.

mod algorithm1;
mod decision;
mod flintstones;
mod mention;
mod pororo;
mod pronoun;
mod python;
mod rewrite;

pub use decision::{Decision, Explained};
pub use mention::mentioned;
pub use pronoun::{PRONOUNS, pronoun_counts};

use super::DatasetError;
use crate::card::{Character, DatasetCard, Gender, TextProcedure};
use crate::record::{ReferentialCaption, Story, TextVariant};

/// The captions of `story` as a generator reads them, one a frame.
///
/// The card gives names, other spellings and genders, and says which released procedure is written
/// for the data set.
///
/// # Errors
/// [`DatasetError::ReleasedCodeCrashes`] where the code that defines the variant has no answer, and
/// [`DatasetError::NoReleasedProcedure`] where no released code makes that variant of this data set.
pub fn referential(
    story: &Story,
    variant: TextVariant,
    card: &DatasetCard,
) -> Result<Vec<ReferentialCaption>, DatasetError> {
    let explained = explain(story, variant, card)?;
    Ok(explained.into_iter().map(|frame| frame.caption).collect())
}

/// As [`referential`], and says for each frame why its names were or were not replaced.
///
/// # Errors
/// As [`referential`].
pub fn explain(
    story: &Story,
    variant: TextVariant,
    card: &DatasetCard,
) -> Result<Vec<Explained>, DatasetError> {
    // A name of which no pronoun is known stays, as one outside the cast does.
    let known: Vec<Character> = card
        .characters
        .iter()
        .filter(|one| one.gender != Gender::Unknown)
        .cloned()
        .collect();
    let cast = &known;
    let (annotated, plain) = match variant {
        TextVariant::Original => return Ok(unchanged(story, &Decision::Original)),
        TextVariant::Algorithm1 => return Ok(algorithm1::captions(story, cast)),
        TextVariant::MakeAStory => (flintstones::MAKE_A_STORY, pororo::MAKE_A_STORY),
        TextVariant::StorygptvTrain => (flintstones::STORYGPTV_TRAIN, pororo::STORYGPTV_TRAIN),
        TextVariant::StorygptvEval => (flintstones::STORYGPTV_EVAL, pororo::STORYGPTV_EVAL),
    };
    match card.text_procedure {
        Some(TextProcedure::Flintstones) => flintstones::captions(story, cast, annotated),
        Some(TextProcedure::Pororo) => Ok(pororo::captions(story, cast, plain)),
        Some(TextProcedure::Exported) => Ok(unchanged(story, &Decision::Exported)),
        None => Err(DatasetError::NoReleasedProcedure {
            dataset: card.id.clone(),
            variant,
        }),
    }
}

/// Captions as they are, all for one reason.
fn unchanged(story: &Story, decision: &Decision) -> Vec<Explained> {
    let frames = story.frames.iter();
    frames
        .map(|frame| Explained::unchanged(&frame.caption, decision.clone()))
        .collect()
}

#[cfg(test)]
pub(super) mod tests;
