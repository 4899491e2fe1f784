//! What is in the stories of a data set, as pure functions on its [`Story`] records.
//!
//! Statistics are over stories as they are scored: stories are windows that overlap, so a clip may
//! count in several. Where that matters, distinct clips are counted too. `docs/referential.md`
//! defines every number.

mod presence;
mod reappearance;
mod references;
mod spread;

pub use presence::{LabelStatistics, Presence};
pub use reappearance::Reappearance;
pub use references::{ReferenceStatistics, reference_statistics, references_compat};
pub use spread::{Histogram, Spread};

use super::DatasetError;
use crate::card::DatasetCard;
use crate::record::{Story, StoryFrame, TextVariant};
use serde::Serialize;
use std::collections::{BTreeMap, BTreeSet};

/// Everything that is counted.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Statistics {
    /// Stories.
    pub stories: usize,
    /// Frames of all stories.
    pub frames: usize,
    /// Distinct clips among them.
    pub clips: usize,
    /// Pronouns a story in the original text; see [`ReferenceStatistics::refs_true`].
    pub refs_true: Option<f64>,
    /// What the released loop counts a story in the original text; see
    /// [`ReferenceStatistics::refs_compat`].
    pub refs_compat: Option<f64>,
    /// The original text in full.
    pub original: ReferenceStatistics,
    /// The other texts, by the name of the variant.
    pub variants: BTreeMap<&'static str, ReferenceStatistics>,
    /// Variants that no released code makes of this data set.
    pub variants_not_defined: Vec<&'static str>,
    /// Words of an original caption, between white space.
    pub caption_words: Option<Spread>,
    /// Character labels; empty where no frame has any.
    pub characters: LabelStatistics,
    /// Background labels; empty where no frame has any.
    pub backgrounds: LabelStatistics,
    /// After how many frames characters are seen again.
    pub reappearance: Reappearance,
}

/// Counts. Of the texts with pronouns, those of `variants` are made; a variant that no released code
/// makes of this data set is named instead.
///
/// # Errors
/// None but what [`reference_statistics`] may come to give beside a missing procedure.
pub fn statistics(
    stories: &[Story],
    card: &DatasetCard,
    variants: &[TextVariant],
) -> Result<Statistics, DatasetError> {
    let frames = || stories.iter().flat_map(|story| &story.frames);
    let original = reference_statistics(stories, TextVariant::Original, card)?;
    let mut made = BTreeMap::new();
    let mut variants_not_defined = Vec::new();
    for variant in variants {
        match reference_statistics(stories, *variant, card) {
            Ok(found) => {
                made.insert(variant.name(), found);
            }
            Err(DatasetError::NoReleasedProcedure { .. }) => {
                variants_not_defined.push(variant.name());
            }
            Err(other) => return Err(other),
        }
    }
    let words = |frame: &StoryFrame| frame.caption.split_whitespace().count();
    let clips: BTreeSet<&str> = frames().map(|frame| frame.clip.as_str()).collect();
    Ok(Statistics {
        stories: stories.len(),
        frames: frames().count(),
        clips: clips.len(),
        refs_true: original.refs_true,
        refs_compat: original.refs_compat,
        original,
        variants: made,
        variants_not_defined,
        caption_words: Spread::of(frames().map(words).collect()),
        characters: presence::label_statistics(stories, character_labels, |index| {
            named(card.characters.get(index).map(|one| &one.name), index)
        }),
        backgrounds: presence::label_statistics(stories, background_labels, |index| {
            named(card.backgrounds.get(index), index)
        }),
        reappearance: reappearance::reappearance(stories.iter().map(character_labels)),
    })
}

fn named(name: Option<&String>, index: usize) -> String {
    name.map_or_else(|| format!("class {index}"), Clone::clone)
}

fn character_labels(story: &Story) -> Vec<Option<&[bool]>> {
    let frames = story.frames.iter();
    frames
        .map(|frame| frame.character_labels.as_deref())
        .collect()
}

fn background_labels(story: &Story) -> Vec<Option<&[bool]>> {
    let frames = story.frames.iter();
    frames
        .map(|frame| frame.background_labels.as_deref())
        .collect()
}

#[cfg(test)]
mod tests;
