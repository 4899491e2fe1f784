//! References to characters in a text: pronouns that are there, and what the released loop counts.

use super::spread::mean;
use crate::card::{DatasetCard, TextProcedure};
use crate::dataset::referential::{Explained, PRONOUNS, pronoun_counts};
use crate::dataset::{DatasetError, explain};
use crate::record::{Story, TextVariant};
use serde::Serialize;
use std::collections::BTreeMap;

/// References in one text of some stories.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct ReferenceStatistics {
    /// Stories that have this text; every mean is over them.
    pub stories: usize,
    /// Stories on which the code that defines the text crashes.
    pub crashed: usize,
    /// Third-person pronouns a story, as whole words; `None` without a story.
    pub refs_true: Option<f64>,
    /// What the released loop counts a story, see [`references_compat`]; `None` without a story, and
    /// for a data set that no released loop is written for.
    pub refs_compat: Option<f64>,
    /// How often each pronoun occurs in all stories.
    pub pronouns: BTreeMap<&'static str, usize>,
    /// Frames with at least one replacement.
    pub replaced_frames: usize,
    /// Frames whose characters carry over by the variant's own rule, replaced or not.
    pub carried_over_frames: usize,
    /// Frames with the variant's reference flag.
    pub flagged_frames: usize,
}

/// The references in the `variant` text of `stories`.
///
/// # Errors
/// [`DatasetError::NoReleasedProcedure`]. A story on which released code crashes is counted instead.
pub fn reference_statistics(
    stories: &[Story],
    variant: TextVariant,
    card: &DatasetCard,
) -> Result<ReferenceStatistics, DatasetError> {
    let mut crashed = 0;
    let (mut refs_true, mut refs_compat) = (Vec::new(), Vec::new());
    let mut pronouns = [0; PRONOUNS.len()];
    let (mut replaced_frames, mut carried_over_frames, mut flagged_frames) = (0, 0, 0);
    for story in stories {
        let frames = match explain(story, variant, card) {
            Ok(frames) => frames,
            Err(DatasetError::ReleasedCodeCrashes { .. }) => {
                crashed += 1;
                continue;
            }
            Err(other) => return Err(other),
        };
        let mut of_story = 0;
        for frame in &frames {
            let counts = pronoun_counts(&frame.caption.text);
            of_story += counts.iter().sum::<usize>();
            for (all, count) in pronouns.iter_mut().zip(counts) {
                *all += count;
            }
            replaced_frames += usize::from(!frame.caption.replacements.is_empty());
            carried_over_frames += usize::from(frame.decision.carries_over());
            flagged_frames += usize::from(frame.caption.reference_flag);
        }
        refs_true.push(of_story);
        refs_compat.extend(
            card.text_procedure
                .and_then(|procedure| references_compat(&frames, procedure)),
        );
    }
    Ok(ReferenceStatistics {
        stories: refs_true.len(),
        crashed,
        refs_true: mean(&refs_true),
        refs_compat: mean(&refs_compat),
        pronouns: PRONOUNS.into_iter().zip(pronouns).collect(),
        replaced_frames,
        carried_over_frames,
        flagged_frames,
    })
}

/// What Make-A-Story's released loop counts as the references of a story, given its text.
///
/// FlintstonesSV (`ldm/data/flintstones_data_ref.py` at commit 593ee04): 1 for every frame at which the
/// text so far has the letters "he", which "the", "then" and "other" have too. The text so far is the
/// frame's own at the first frame, and that of all frames before at a later one, so the last frame's
/// never counts. And 1 more for every frame whose characters carry over.
///
/// PororoSV (`ldm/data/pororo_data.py`, lines commented out): how many of "he" and "she" occur as
/// letters in the whole story, so at most 2.
///
/// `None` where no released loop counts.
#[must_use]
pub fn references_compat(frames: &[Explained], procedure: TextProcedure) -> Option<usize> {
    let texts: Vec<String> = frames
        .iter()
        .map(|frame| frame.caption.text.to_lowercase())
        .collect();
    match procedure {
        TextProcedure::Flintstones => {
            let mut so_far = false;
            let mut count = 0;
            for (index, text) in texts.iter().enumerate() {
                if index == 0 {
                    so_far = text.contains("he");
                }
                count += usize::from(so_far);
                so_far |= text.contains("he");
            }
            let carried_over = frames.iter().filter(|frame| frame.decision.carries_over());
            Some(count + carried_over.count())
        }
        TextProcedure::Pororo => {
            let occurs = |letters: &&&str| texts.iter().any(|text| text.contains(**letters));
            Some(["he", "she"].iter().filter(occurs).count())
        }
        TextProcedure::Exported => None,
    }
}
