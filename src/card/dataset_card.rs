//! The card of a data set: what it holds, in which order its labels are, and who publishes it.

use super::{Layout, LayoutCard, TextProcedure};
use crate::record::{canonical_json, sha256_hex};
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;

/// Selects the pronoun of a character. The published text procedures know these two.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Gender {
    /// she, her
    Female,
    /// he, his
    Male,
    /// Not known: the name stays where others become pronouns.
    #[default]
    Unknown,
}

/// A character that has a label.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Character {
    /// The name as annotations spell it (`entityLabel`), lower case in the published data.
    pub name: String,
    /// Which pronoun replaces the name.
    #[serde(default)]
    pub gender: Gender,
    /// Other spellings in captions, for example `mr. slate`. Compared without regard to case.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub aliases: Vec<String>,
}

/// Size of a frame in pixels.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ImageSize {
    /// Pixels across.
    pub width: usize,
    /// Pixels down.
    pub height: usize,
}

/// Clips a split is said to hold, as far as it is known.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ExpectedCounts {
    /// Clips in `train`.
    pub train: Option<usize>,
    /// Clips in `val`.
    pub val: Option<usize>,
    /// Clips in `test`.
    pub test: Option<usize>,
}

/// A file or folder that someone has to put in place, and what it is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NeededFile {
    /// Path below the data set's or bundle's folder. A folder ends in `/`.
    pub path: String,
    /// What it holds, in one line.
    pub meaning: String,
    /// Where its authors publish it, when that is not where the rest is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub published_at: Option<String>,
    /// Whether the suite works without it.
    #[serde(default)]
    pub optional: bool,
}

/// What a bundle is made of, and how.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct BundleSource {
    /// Id of the bundle.
    pub bundle: String,
    /// Model and arguments of the exporter, without `--out`: what follows `python -m storyeval_export`.
    pub export: String,
    /// Files of the authors.
    #[serde(default)]
    pub files: Vec<NeededFile>,
}

/// Ids of the bundles with the evaluators; several may be in one bundle. What is
/// absent cannot be scored on this data set.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EvaluatorBundles {
    /// The character classifier.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub characters: Option<String>,
    /// The background classifier.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub backgrounds: Option<String>,
    /// The feature network of FID and the other distribution metrics.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub features: Option<String>,
    /// CLIP.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub clip: Option<String>,
    /// LPIPS.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lpips: Option<String>,
    /// The model that writes captions of frames.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub captioner: Option<String>,
    /// The network that says where each character is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub locator: Option<String>,
}

impl EvaluatorBundles {
    /// Every id, once, in the order of the fields.
    #[must_use]
    pub fn ids(&self) -> Vec<&str> {
        let all = [
            &self.characters,
            &self.backgrounds,
            &self.features,
            &self.clip,
            &self.lpips,
            &self.captioner,
            &self.locator,
        ];
        let mut ids: Vec<&str> = Vec::new();
        for id in all.into_iter().flatten() {
            if !ids.contains(&id.as_str()) {
                ids.push(id);
            }
        }
        ids
    }
}

const fn four() -> usize {
    4
}

fn test() -> String {
    "test".to_owned()
}

/// Everything the suite must know about a data set before it opens it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DatasetCard {
    /// What the user types.
    pub id: String,
    /// What tables print.
    pub name: String,
    /// The characters in label order; empty where the data set has no cast.
    #[serde(default)]
    pub characters: Vec<Character>,
    /// Whether an annotated character that is not in `characters` is an error. Published data
    /// annotate passers-by (`policeman`) that have no label, so theirs is `false`.
    #[serde(default)]
    pub closed_cast: bool,
    /// Which of the released text procedures is written for this data set; absent where none is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub text_procedure: Option<TextProcedure>,
    /// Names of the backgrounds in label order; empty where they were not published.
    #[serde(default)]
    pub backgrounds: Vec<String>,
    /// Length of a background label vector; needed where `backgrounds` is empty.
    #[serde(default)]
    pub background_count: Option<usize>,
    /// The split that is scored unless the user says otherwise.
    #[serde(default = "test")]
    pub split: String,
    /// Frames in a story unless the user says otherwise.
    #[serde(default = "four")]
    pub story_length: usize,
    /// The evaluators of this data set.
    #[serde(default)]
    pub evaluators: EvaluatorBundles,
    /// What the bundles of the evaluators are made of, one table per bundle.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub evaluator_sources: Vec<BundleSource>,
    /// Clips a split is said to hold.
    #[serde(default)]
    pub expected: ExpectedCounts,
    /// Content hash the data must have, 64 hexadecimal digits; absent when the card pins none.
    #[serde(default)]
    pub content_sha256: Option<String>,
    /// Where the authors publish the data.
    pub published_at: String,
    /// Licence or terms, as far as they are known.
    pub licence: String,
    /// Known damage and traps, one a line.
    #[serde(default)]
    pub notes: Vec<String>,
    /// The forms it comes in; the first one whose files are in the folder is read. The folder layout
    /// is always tried last.
    #[serde(default)]
    pub layouts: Vec<LayoutCard>,
}

impl DatasetCard {
    /// Length of a background label vector: of the names if there are any, else as declared.
    #[must_use]
    pub fn background_labels(&self) -> Option<usize> {
        if self.backgrounds.is_empty() {
            self.background_count
        } else {
            Some(self.backgrounds.len())
        }
    }

    /// The layouts to look for, best first.
    #[must_use]
    pub fn candidates(&self) -> Vec<LayoutCard> {
        let mut layouts = self.layouts.clone();
        if !layouts.iter().any(|card| card.layout == Layout::Folder) {
            layouts.push(LayoutCard::folder());
        }
        layouts
    }

    /// What a bundle of [`Self::evaluators`] is made of.
    #[must_use]
    pub fn source_of(&self, bundle: &str) -> Option<&BundleSource> {
        let mut sources = self.evaluator_sources.iter();
        sources.find(|source| source.bundle == bundle)
    }

    /// The card of a folder that has `stories.jsonl` and no card of its own: no cast, no labels.
    #[must_use]
    pub fn of_folder(id: &str) -> Self {
        Self {
            id: id.to_owned(),
            name: id.to_owned(),
            characters: Vec::new(),
            text_procedure: None,
            closed_cast: false,
            backgrounds: Vec::new(),
            background_count: None,
            split: test(),
            story_length: four(),
            evaluators: EvaluatorBundles::default(),
            evaluator_sources: Vec::new(),
            expected: ExpectedCounts::default(),
            content_sha256: None,
            published_at: "the user's own".to_owned(),
            licence: "not stated".to_owned(),
            notes: Vec::new(),
            layouts: vec![LayoutCard::folder()],
        }
    }

    /// SHA-256 of the canonical JSON of the card.
    #[must_use]
    pub fn hash(&self) -> String {
        sha256_hex(canonical_json(self).as_bytes())
    }

    pub(super) fn broken_rule(&self) -> Option<(&'static str, String)> {
        let broken = |rule, found| Some((rule, found));
        let mut seen = BTreeSet::new();
        for character in &self.characters {
            for spelling in std::iter::once(&character.name).chain(&character.aliases) {
                if spelling.trim().is_empty() || !seen.insert(spelling.to_lowercase()) {
                    return broken(
                        "names and aliases are unique and not empty",
                        spelling.clone(),
                    );
                }
            }
        }
        let unique: BTreeSet<_> = self.backgrounds.iter().collect();
        if unique.len() != self.backgrounds.len() {
            return broken("backgrounds are unique", self.backgrounds.join(", "));
        }
        let empty = |size: &ImageSize| size.width == 0 || size.height == 0;
        let sizes = self.layouts.iter().filter_map(|card| card.image.as_ref());
        if self.story_length == 0 || sizes.into_iter().any(empty) {
            return broken(
                "story_length, width and height are at least 1",
                "0".to_owned(),
            );
        }
        let layouts: BTreeSet<_> = self.layouts.iter().map(|card| card.layout).collect();
        if layouts.len() != self.layouts.len() {
            return broken("a layout has one entry", "two of one layout".to_owned());
        }
        if let Some(count) = self.background_count
            && !self.backgrounds.is_empty()
            && count != self.backgrounds.len()
        {
            return broken(
                "background_count equals the number of names",
                count.to_string(),
            );
        }
        if let Some(hash) = &self.content_sha256
            && (hash.len() != 64 || !hash.bytes().all(|byte| byte.is_ascii_hexdigit()))
        {
            return broken("content_sha256 is 64 hexadecimal digits", hash.clone());
        }
        None
    }
}
