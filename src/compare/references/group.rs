//! The kinds that references are grouped into.

use super::find::Reference;
use crate::dataset::PRONOUNS;
use serde::Serialize;
use std::collections::BTreeMap;

/// By what references are grouped.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Grouping {
    /// Not at all.
    All,
    /// By the pronoun.
    Pronoun,
    /// By the frames since the character was named.
    Distance,
    /// By the characters that the pronoun could mean.
    Candidates,
}

impl Grouping {
    /// All of them, in the order in which they are printed.
    pub const ALL: [Self; 4] = [Self::All, Self::Pronoun, Self::Distance, Self::Candidates];

    /// The heading of its table.
    #[must_use]
    pub fn title(self) -> &'static str {
        match self {
            Self::All => "all references",
            Self::Pronoun => "by pronoun",
            Self::Distance => "by distance: frames since the name",
            Self::Candidates => {
                "by candidates: characters named so far that the pronoun could mean"
            }
        }
    }

    /// Which group a reference is in: its place in the order, and its name.
    fn of(self, reference: &Reference) -> (usize, String) {
        match self {
            Self::All => (0, "all".to_owned()),
            Self::Pronoun => {
                let known = PRONOUNS.iter().position(|it| *it == reference.pronoun);
                (known.unwrap_or(PRONOUNS.len()), reference.pronoun.clone())
            }
            Self::Distance => match reference.distance {
                Some(distance) => (distance, distance.to_string()),
                None => (usize::MAX, "never".to_owned()),
            },
            Self::Candidates => (reference.candidates, reference.candidates.to_string()),
        }
    }
}

/// References of one kind, by their places among all.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Group {
    /// By what they are grouped.
    pub(super) by: Grouping,
    /// Which.
    pub(super) name: String,
    /// The references.
    pub(super) members: Vec<usize>,
}

/// Every group that has a reference, in the order in which they are printed.
pub(super) fn groups(references: &[Reference]) -> Vec<Group> {
    let mut groups = Vec::new();
    for by in Grouping::ALL {
        let mut found: BTreeMap<(usize, String), Vec<usize>> = BTreeMap::new();
        for (at, reference) in references.iter().enumerate() {
            found.entry(by.of(reference)).or_default().push(at);
        }
        groups.extend(
            found
                .into_iter()
                .map(|((_, name), members)| Group { by, name, members }),
        );
    }
    groups
}
