//! Cast and places of stories that no card describes.

use crate::card::{Character, DatasetCard, Gender};
use std::collections::BTreeMap;
use std::fmt;

/// Names that the stories of a folder use, with how many frames have each.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct FoundNames {
    /// Characters, by name.
    pub characters: Vec<(String, usize)>,
    /// Places, by name.
    pub backgrounds: Vec<(String, usize)>,
}

impl FoundNames {
    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.characters.is_empty() && self.backgrounds.is_empty()
    }

    /// The card with these names where it has none. The genders are not known, so that names stay in captions.
    pub(super) fn complete(&self, card: &mut DatasetCard) {
        let names = self.characters.iter().map(|(name, _)| Character {
            name: name.clone(),
            gender: Gender::Unknown,
            aliases: Vec::new(),
        });
        card.characters.extend(names);
        let names = self.backgrounds.iter().map(|(name, _)| name.clone());
        card.backgrounds.extend(names);
    }
}

impl fmt::Display for FoundNames {
    /// `2 characters (ann 12, bob 9) and 1 place (park 12)`.
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        const SHOWN: usize = 12;
        let list = |names: &[(String, usize)], one: &str| {
            let shown: Vec<String> = names
                .iter()
                .take(SHOWN)
                .map(|(name, frames)| format!("{name} {frames}"))
                .collect();
            let more = if names.len() > SHOWN { ", ..." } else { "" };
            let plural = if names.len() == 1 { "" } else { "s" };
            format!("{} {one}{plural} ({}{more})", names.len(), shown.join(", "))
        };
        let lists: Vec<String> = [
            (&self.characters, "character"),
            (&self.backgrounds, "place"),
        ]
        .into_iter()
        .filter(|(names, _)| !names.is_empty())
        .map(|(names, one)| list(names, one))
        .collect();
        formatter.write_str(&lists.join(" and "))
    }
}

/// Names on their way into a list. Upper and lower case are one name, as on cards; the first spelling stays.
#[derive(Debug, Default)]
pub(super) struct Tally(BTreeMap<String, (String, usize)>);

impl Tally {
    pub(super) fn add(&mut self, name: &str) {
        let name = name.trim();
        if !name.is_empty() {
            let entry = self.0.entry(name.to_lowercase());
            entry.or_insert_with(|| (name.to_owned(), 0)).1 += 1;
        }
    }

    pub(super) fn names(self) -> Vec<(String, usize)> {
        self.0.into_values().collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_counted_in_order_and_cases_are_one() {
        let mut tally = Tally::default();
        for name in ["Bob", "ann", "bob", " ", "Ann "] {
            tally.add(name);
        }
        let found = FoundNames {
            characters: tally.names(),
            backgrounds: vec![("park".to_owned(), 1)],
        };
        assert_eq!(
            found.to_string(),
            "2 characters (ann 2, Bob 2) and 1 place (park 1)"
        );
        let mut card = DatasetCard::of_folder("x");
        found.complete(&mut card);
        assert_eq!((card.characters.len(), card.backgrounds.len()), (2, 1));
    }
}
