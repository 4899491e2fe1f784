//! What a run folder holds and what was asked for, where the two differ, in words.

use super::plan::{Plan, Unit};
use std::collections::BTreeMap;
use std::fmt;

/// One field in which a run folder and the run that was asked for differ.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Difference {
    /// Name of the field in `manifest.json`.
    pub field: &'static str,
    /// What the folder holds.
    pub folder: String,
    /// What was asked for now.
    pub asked: String,
    /// What that means, where the values are hashes and more is known.
    pub words: Option<String>,
}

impl Difference {
    /// Whether it follows from changed data alone, or from another worker: a run without a frame may begin again with it.
    #[must_use]
    pub fn is_of_data(&self) -> bool {
        matches!(
            self.field,
            "dataset_hash" | "images_hash" | "stories" | "plan_hash" | "worker"
        )
    }

    /// The option that chooses the field.
    fn option(&self) -> Option<&'static str> {
        Some(match self.field {
            "dataset" => "--dataset",
            "model" => "--model",
            "protocol" => "--protocol",
            "seed" => "--seed",
            "batch" => "--batch",
            "stories" => "--limit",
            "device_kind" => "--device",
            _ => return None,
        })
    }
}

impl fmt::Display for Difference {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(words) = &self.words {
            return formatter.write_str(words);
        }
        let name = match self.field {
            "dataset_hash" => return formatter.write_str("the data set's content differs"),
            "images_hash" => return formatter.write_str("the images differ"),
            "bundle_hash" => return formatter.write_str("the weights of the model differ"),
            "latents_hash" => return formatter.write_str("the initial latents differ"),
            "service_hash" => {
                return formatter.write_str("the service or what it is asked for differs");
            }
            "prompt_hash" => return formatter.write_str("the template of the prompts differs"),
            "protocol_hash" => return formatter.write_str("the protocol has other settings"),
            "plan_hash" => return formatter.write_str("the plan differs"),
            "drawing" => "what the model's card chooses",
            "dataset" => "data set",
            "partition" => "part of the plan",
            "device_kind" => "kind of device",
            other => other,
        };
        let Self { folder, asked, .. } = self;
        write!(
            formatter,
            "{name}: the folder has {folder}, asked for {asked}"
        )?;
        match self.option() {
            Some(option) => write!(formatter, " (`{option}`)"),
            None => Ok(()),
        }
    }
}

/// What differs between two plans, in words.
pub(super) fn plans(folder: &Plan, asked: &Plan) -> String {
    let there: BTreeMap<_, _> = folder
        .units()
        .iter()
        .map(|unit| (&unit.story, unit))
        .collect();
    let here: BTreeMap<_, _> = asked
        .units()
        .iter()
        .map(|unit| (&unit.story, unit))
        .collect();
    let new: Vec<&Unit> = asked
        .units()
        .iter()
        .filter(|unit| !there.contains_key(&unit.story))
        .collect();
    let gone: Vec<&Unit> = folder
        .units()
        .iter()
        .filter(|unit| !here.contains_key(&unit.story))
        .collect();
    let mut parts = Vec::new();
    for (units, word) in [(&new, "new"), (&gone, "gone")] {
        if let Some(first) = units.first() {
            let (count, story) = (units.len(), &first.story);
            let are = if count == 1 {
                "story is"
            } else {
                "stories are"
            };
            parts.push(format!("{count} {are} {word} (first: {story})"));
        }
    }
    let pairs: Vec<(&Unit, &Unit)> = asked
        .units()
        .iter()
        .filter_map(|unit| Some((*there.get(&unit.story)?, unit)))
        .collect();
    let frames: usize = pairs.iter().map(|(_, unit)| unit.clips.len()).sum();
    let mut compare = |what: &str, differs: &dyn Fn(&Unit, &Unit, usize) -> bool| {
        let mut all = pairs.iter().flat_map(|(folder, asked)| {
            let places = 0..asked.clips.len().max(folder.clips.len());
            let other = places.filter(|place| differs(folder, asked, *place));
            other.map(|place| (&asked.story, place + 1))
        });
        if let Some((story, frame)) = all.next() {
            let count = 1 + all.count();
            parts.push(format!(
                "{what} differ in {count} of {frames} frames (first: story {story} frame {frame})"
            ));
        }
    };
    compare("clips", &|folder, asked, at| {
        folder.clips.get(at) != asked.clips.get(at)
    });
    compare("captions as read", &|folder, asked, at| {
        folder.text.get(at) != asked.text.get(at)
    });
    compare("reference flags", &|folder, asked, at| {
        folder.flags.get(at) != asked.flags.get(at)
    });
    if parts.is_empty() {
        let order = |plan: &Plan| {
            plan.units()
                .iter()
                .map(|unit| unit.story.clone())
                .collect::<Vec<_>>()
        };
        let moved = order(folder) != order(asked);
        // Model, seed and batch are fields of their own.
        return if moved {
            "stories are in another order"
        } else {
            "the plan differs"
        }
        .to_owned();
    }
    parts.join(", ")
}

#[cfg(test)]
mod tests {
    use super::super::testing;
    use super::*;

    #[test]
    fn plans_are_compared_by_story_and_frame() {
        let (three, four) = (testing::plan(3, 2), testing::plan(4, 2));
        assert_eq!(plans(&three, &four), "1 story is new (first: story-3)");
        assert_eq!(plans(&four, &three), "1 story is gone (first: story-3)");
        let batch = testing::plan(3, 1);
        assert_eq!(plans(&three, &batch), "the plan differs");
    }

    #[test]
    fn a_field_is_named_with_its_option() {
        let difference = |field, folder: &str, asked: &str| Difference {
            field,
            folder: folder.to_owned(),
            asked: asked.to_owned(),
            words: None,
        };
        assert_eq!(
            difference("seed", "0", "1").to_string(),
            "seed: the folder has 0, asked for 1 (`--seed`)"
        );
        let content = difference("dataset_hash", "aa", "bb");
        assert_eq!(content.to_string(), "the data set's content differs");
        assert!(content.is_of_data() && !difference("model", "a", "b").is_of_data());
    }
}
