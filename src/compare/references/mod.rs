//! How well references are resolved: frames whose caption has a pronoun in place of a name, by pronoun, by distance to
//! the antecedent and by the number of characters that the pronoun could mean; and what references cost, where the same
//! model drew the captions with names too.

mod chart;
mod cost;
mod document;
mod find;
mod group;
mod tally;

pub use chart::chart;
pub use cost::MetricCost;
pub use find::{Reference, ReferentialStory, find_references};
pub use group::Grouping;
pub use tally::Measured;

use super::pairing::pair;
use super::{CompareError, ComparedRun, Side};
use crate::record::{Score, Slice, TextVariant};
use cost::{cost_of_groups, cost_of_metrics, mismatch};
use group::groups;
use serde::Serialize;
use tally::Tally;

/// References of a run, and how they were resolved. Field names are a public contract of `references --format json`.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct References {
    /// Name of the run.
    pub run: String,
    /// Id of the model.
    pub model: String,
    /// Text that it read.
    pub text: String,
    /// Name of the run of the captions with names.
    pub restored: Option<String>,
    /// Pronouns that stand for names.
    pub references: usize,
    /// By what they are grouped, and each group.
    pub groups: Vec<GroupResult>,
    /// What references cost, metric by metric, over all frames with a reference.
    pub costs: Vec<MetricCost>,
    /// Things a reader must know.
    pub notes: Vec<String>,
    /// How the labels were counted: the signature of `char_acc` on frames with a pronoun.
    pub signature: Option<String>,
}

/// References of one kind.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct GroupResult {
    /// By what they are grouped.
    pub by: Grouping,
    /// Which: `he`, `2`, `never`.
    pub group: String,
    /// Pronouns.
    pub references: usize,
    /// Frames with such a pronoun.
    pub planned: usize,
    /// Those that were scored.
    pub frames: usize,
    /// Stories of these.
    pub stories: usize,
    /// Percent of frames with exactly the right characters.
    pub char_acc: Measured,
    /// Micro F1 of the characters of these frames, in percent.
    pub char_f1: Measured,
    /// Percent of the characters that these pronouns stand for that are in the frame.
    pub referent_found: Measured,
    /// What the pronouns cost: the last number with names restored, minus that number.
    pub cost: Option<Measured>,
}

/// Measures the references of a run. `stories` are its captions with what was replaced in them.
///
/// # Errors
/// [`CompareError::NoReferences`] for a run of captions with names; [`CompareError::NotRestored`] where the second run
/// is not the first one with names restored.
pub fn references(
    run: ComparedRun,
    restored: Option<ComparedRun>,
    stories: &[ReferentialStory],
) -> Result<References, CompareError> {
    let found = find_references(stories, &run.characters);
    if run.context.text == TextVariant::Original || found.is_empty() {
        return Err(CompareError::NoReferences {
            run: run.scores.run.clone(),
        });
    }
    let tally = Tally::new(&found);
    let groups = groups(&found);
    let mut results: Vec<GroupResult> = groups
        .iter()
        .map(|group| tally.result(group, run.stored.observations()))
        .collect();
    let mut made = References {
        run: run.scores.run.clone(),
        model: run.scores.model.clone(),
        text: run.context.text.name().to_owned(),
        restored: restored.as_ref().map(|it| it.scores.run.clone()),
        references: found.len(),
        notes: notes(&found),
        signature: signature(&run),
        groups: Vec::new(),
        costs: Vec::new(),
    };
    if let Some(restored) = restored {
        if let Some(differences) = mismatch(&run, &restored) {
            return Err(CompareError::NotRestored {
                run: run.scores.run.clone(),
                restored: restored.scores.run.clone(),
                differences,
            });
        }
        let side = |run| Side {
            label: String::new(),
            runs: vec![run],
        };
        let mut sides = [side(run), side(restored)];
        let paired = pair(&mut sides)?;
        made.notes.extend(paired.missing.iter().map(|(_, lost)| {
            format!("{lost} frames that one run does not have are left out of the costs")
        }));
        let [run, restored] = sides.map(|mut side| side.runs.remove(0));
        for (group, result) in groups.iter().zip(&mut results) {
            result.cost = Some(cost_of_groups(&tally, group, [&run, &restored]));
        }
        made.costs = cost_of_metrics(&found, run, restored);
    }
    made.groups = results;
    Ok(made)
}

fn notes(found: &[Reference]) -> Vec<String> {
    let unnamed = found.iter().filter(|it| it.characters.is_empty()).count();
    let mut notes = Vec::new();
    if unnamed > 0 {
        notes.push(format!(
            "{unnamed} pronouns stand for words that name no character of the card"
        ));
    }
    notes
}

fn signature(run: &ComparedRun) -> Option<String> {
    let slice = Slice::Pronoun(true).to_string();
    let is_it = |score: &&Score| score.metric == "char_acc" && score.slice == slice;
    let found = run.scores.scores.iter().find(is_it);
    found.map(|score| score.signature.clone())
}

#[cfg(test)]
mod golden_tests;
