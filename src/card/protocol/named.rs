//! The choices of a protocol by their names, and in which of them two protocols differ.

use super::Protocol;
use serde::Serialize;
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};

/// Choices whose values may have a parameter.
const WITH_PARAMETER: [&str; 2] = ["ground_truth", "clip.mean"];

/// A choice in which two protocols differ.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct OtherChoice {
    /// Its dotted name.
    pub choice: String,
    /// What one protocol chooses; absent where it does not have the choice.
    pub first: Option<String>,
    /// What the other one chooses.
    pub second: Option<String>,
}

impl Protocol {
    /// Every choice by its dotted name. A metric without a section has none.
    ///
    /// # Panics
    /// Never: a protocol is plain data.
    #[must_use]
    pub fn named_choices(&self) -> BTreeMap<String, String> {
        let card = serde_json::to_value(self.choices()).expect("a protocol is plain data");
        let mut flat = BTreeMap::new();
        flatten("", &card, &mut flat);
        // A task that is left out of the hash is a choice all the same.
        flat.entry("task".to_owned())
            .or_insert_with(|| self.task.to_string());
        for explained in ["description", "source", "notes"] {
            flat.remove(explained);
        }
        flat
    }

    /// The choices in which two protocols differ, by their names.
    #[must_use]
    pub fn differences(&self, other: &Self) -> Vec<OtherChoice> {
        let (a, b) = (self.named_choices(), other.named_choices());
        let names: BTreeSet<&String> = a.keys().chain(b.keys()).collect();
        let rows = names.into_iter().map(|name| OtherChoice {
            choice: name.clone(),
            first: a.get(name).cloned(),
            second: b.get(name).cloned(),
        });
        let differs = |row: &OtherChoice| {
            row.first != row.second && !["id", "version"].contains(&row.choice.as_str())
        };
        rows.filter(differs).collect()
    }
}

fn flatten(name: &str, value: &Value, flat: &mut BTreeMap<String, String>) {
    match value {
        Value::Null => {}
        // Rules with a parameter are one choice: `random(42)`, not a choice called `random`.
        Value::Object(map) if WITH_PARAMETER.contains(&name) => {
            let rules = map.iter().map(|(rule, of)| format!("{rule}({of})"));
            flat.insert(name.to_owned(), rules.collect::<Vec<_>>().join(","));
        }
        Value::Object(map) => {
            for (key, value) in map {
                let name = if name.is_empty() {
                    key.clone()
                } else {
                    format!("{name}.{key}")
                };
                flatten(&name, value, flat);
            }
        }
        Value::String(text) => drop(flat.insert(name.to_owned(), text.clone())),
        other => drop(flat.insert(name.to_owned(), other.to_string())),
    }
}

#[cfg(test)]
mod tests {
    use crate::card::protocol;

    #[test]
    fn protocols_differ_in_choices_and_not_in_what_explains_them() {
        let strict = protocol("strict").unwrap();
        let mut other = strict.clone();
        (other.id, other.description) = ("other".to_owned(), "in other words".to_owned());
        assert_eq!(strict.differences(&other), []);
        other.lpips = None;
        let differences = strict.differences(&other);
        assert!(!differences.is_empty());
        for row in differences {
            assert!(row.choice.starts_with("lpips."), "{row:?}");
            assert!(row.first.is_some() && row.second.is_none());
        }
        let continued = protocol("strict-continuation").unwrap();
        let rows = strict.differences(&continued);
        let task = rows.iter().find(|row| row.choice == "task").unwrap();
        assert_eq!(task.first.as_deref(), Some("visualisation"));
        assert_eq!(task.second.as_deref(), Some("continuation"));
        let choices = protocol("arldm-64").unwrap().named_choices();
        assert_eq!(choices["ground_truth"], "random(42)");
        assert_eq!(choices["id"], "arldm-64");
    }
}
