//! The card of a story subset: which stories of a split are meant.

use super::StoryRule;
use serde::{Deserialize, Serialize};

/// A named set of stories. It takes the place of a protocol's `[stories]`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SubsetCard {
    /// What the user types.
    pub id: String,
    /// Which stories they are, in a sentence.
    pub description: String,
    /// Who scores them, with the source.
    #[serde(default)]
    pub source: Option<String>,
    /// The rule.
    pub stories: StoryRule,
}

impl SubsetCard {
    pub(super) fn broken_rule(&self) -> Option<(&'static str, String)> {
        let counts = [
            ("stories.length", self.stories.length),
            ("stories.first", self.stories.first),
        ];
        let (name, _) = counts.iter().find(|(_, count)| *count == Some(0))?;
        Some(("counts are at least 1", format!("{name} = 0")))
    }
}
