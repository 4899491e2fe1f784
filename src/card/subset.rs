//! The card of a story subset: which stories of a split are meant.

use super::{CardError, StoryRule};
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
    /// Rules that a type cannot express.
    pub(super) fn check(&self, path: &str) -> Result<(), CardError> {
        let zero = [
            ("stories.length", self.stories.length),
            ("stories.first", self.stories.first),
        ];
        match zero.iter().find(|(_, count)| *count == Some(0)) {
            None => Ok(()),
            Some((name, _)) => Err(CardError::Invalid {
                path: path.to_owned(),
                rule: "counts are at least 1",
                found: format!("{name} = 0"),
            }),
        }
    }
}
