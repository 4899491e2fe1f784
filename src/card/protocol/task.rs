//! What a model is asked to do with a story.

use serde::{Deserialize, Serialize};

/// What a model is asked to do with a story.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, strum::Display)]
#[strum(serialize_all = "kebab-case")]
#[serde(rename_all = "kebab-case")]
pub enum Task {
    /// It draws every frame from the captions.
    #[default]
    Visualisation,
    /// It is given the first frames, and draws the others from their captions.
    Continuation,
    /// It is given the first frames and their captions, writes the next caption, draws its frame, and so on.
    MultimodalContinuation,
}

impl Task {
    /// Whether the model goes on from real frames.
    #[must_use]
    pub fn continues(self) -> bool {
        self != Self::Visualisation
    }

    /// Whether the model writes captions.
    #[must_use]
    pub fn writes(self) -> bool {
        self == Self::MultimodalContinuation
    }

    /// What of it a signature states: `continuation(1)`; nothing of visualisation, so that no earlier signature changes.
    #[must_use]
    pub fn signed(self, given: usize) -> Option<String> {
        self.continues().then(|| format!("{self}({given})"))
    }

    /// What a number of given frames contradicts.
    pub(super) fn broken(
        self,
        given: usize,
        length: Option<usize>,
    ) -> Option<(&'static str, String)> {
        let found = format!("task = \"{self}\", given = {given}");
        if self.continues() != (given > 0) {
            return Some((
                "`given`, the number of real frames that a story begins with, is 0 in visualisation and at least 1 in a continuation",
                found,
            ));
        }
        let length = length.filter(|length| given >= *length)?;
        Some((
            "`given` is below stories.length, or nothing would be drawn",
            format!("{found}, length = {length}"),
        ))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn frames_are_given_in_continuations_only_and_not_all_of_them() {
        assert_eq!(Task::Visualisation.broken(0, Some(4)), None);
        assert_eq!(Task::Continuation.broken(3, Some(4)), None);
        assert_eq!(Task::MultimodalContinuation.broken(1, None), None);
        for (task, given) in [
            (Task::Visualisation, 1),
            (Task::Continuation, 0),
            (Task::Continuation, 4),
        ] {
            let (_, found) = task.broken(given, Some(4)).unwrap();
            assert!(found.contains(&format!("given = {given}")), "{found}");
        }
    }

    #[test]
    fn signatures_state_continuations_alone() {
        assert_eq!(Task::Visualisation.signed(0), None);
        assert_eq!(
            Task::MultimodalContinuation.signed(2).unwrap(),
            "multimodal-continuation(2)"
        );
    }
}
