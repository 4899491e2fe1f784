//! What a reduction reads.

use super::own::OwnColumn;
use crate::card::{Protocol, Subset};
use crate::record::{FrameIndex, Observation, Reading, Role, StoryId, TextVariant};
use ndarray::{Array2, ArrayView2};
use serde::{Deserialize, Serialize, Serializer};
use std::collections::{BTreeMap, BTreeSet};

/// Features of generated and of ground-truth frames, for distances of distributions.
pub const FEATURES: [&str; 2] = ["generated", "ground_truth"];
/// Class logits of generated frames, for the Inception Score.
pub const LOGITS: &str = "logits";
/// CLIP embeddings of generated and of ground-truth frames.
pub const CLIP: [&str; 2] = ["clip_generated", "clip_ground_truth"];
/// CLIP embeddings of captions.
pub const CLIP_TEXT: &str = "clip_text";
/// CLIP embeddings of single characters, cut out of generated and of ground-truth frames: a block per
/// label. A block of nothing but NaN stands for a character that has no label or was not found.
pub const CROPS: [&str; 2] = ["crops_generated", "crops_ground_truth"];

/// Everything that scores depend on.
#[derive(Clone, Copy, Debug)]
pub struct ReduceInput<'a> {
    /// One row per planned frame, in plan order. The order matters only where a protocol cuts, drops or
    /// averages by position.
    pub observations: &'a [Observation],
    /// Features of the same frames.
    pub features: &'a Features,
    /// Metrics that the user brought for this run.
    pub own: &'a [OwnColumn],
    /// The choices.
    pub protocol: &'a Protocol,
    /// What signatures say beyond the protocol.
    pub context: &'a ScoreContext,
}

impl<'a> ReduceInput<'a> {
    /// Both feature files of these names; `None` when the run lacks one of them.
    #[must_use]
    pub fn pair(&self, [generated, ground_truth]: [&str; 2]) -> Option<FeaturePair<'a>> {
        Some(FeaturePair {
            generated: self.features.get(generated)?,
            ground_truth: self.features.get(ground_truth)?,
        })
    }
}

/// Feature files by name: `[n, d]` each, row order = observations. A row of nothing but NaN stands for an
/// absent frame.
#[derive(Clone, Debug, Default)]
pub struct Features(BTreeMap<String, Array2<f32>>);

impl Features {
    /// The rows of a file.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<ArrayView2<'_, f32>> {
        self.0.get(name).map(|rows| rows.view())
    }

    /// Adds a file.
    pub fn insert(&mut self, name: &str, rows: Array2<f32>) {
        self.0.insert(name.to_owned(), rows);
    }

    /// These files and one more.
    #[must_use]
    pub fn with(mut self, name: &str, rows: Array2<f32>) -> Self {
        self.insert(name, rows);
        self
    }

    /// These files and a pair of generated and ground-truth rows.
    #[must_use]
    pub fn with_pair(self, names: [&str; 2], [generated, ground_truth]: [Array2<f32>; 2]) -> Self {
        self.with(names[0], generated).with(names[1], ground_truth)
    }

    /// The files.
    pub fn iter(&self) -> impl Iterator<Item = &Array2<f32>> {
        self.0.values()
    }

    /// The files, to change their rows.
    pub fn iter_mut(&mut self) -> impl Iterator<Item = &mut Array2<f32>> {
        self.0.values_mut()
    }

    /// Other rows for every file.
    #[must_use]
    pub fn map(&self, rows: impl Fn(&Array2<f32>) -> Array2<f32>) -> Self {
        let changed = self.0.iter().map(|(name, of)| (name.clone(), rows(of)));
        Self(changed.collect())
    }
}

/// Features of generated and ground-truth frames, `[n, d]` each, row order = observations.
///
/// A row of nothing but NaN stands for an absent frame; it is counted as not scored, with its partner.
#[derive(Clone, Copy, Debug)]
pub struct FeaturePair<'a> {
    /// Of what the model drew.
    pub generated: ArrayView2<'a, f32>,
    /// Of the ground-truth frame of the same clip.
    pub ground_truth: ArrayView2<'a, f32>,
}

/// A network as signatures name it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ExtractorName {
    /// Name of the graph, for example `char_classifier`.
    pub graph: String,
    /// Content hash of its bundle; the first 12 characters enter the signature.
    pub hash: String,
    /// How images reach it, for example `pillow-bilinear-64+squash+symmetric`.
    pub preprocessing: String,
}

/// The evaluators behind a run's observations, by role; absent ones saw nothing.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(from = "BTreeMap<String, Option<ExtractorName>>")]
pub struct Extractors(BTreeMap<String, ExtractorName>);

/// Roles that are written even where no evaluator has them. Keys of observations that were made before a
/// role was added to the program stay the same, since others are left out.
const ALWAYS_WRITTEN: [Role; 7] = [
    Role::CHARACTERS,
    Role::BACKGROUNDS,
    Role::FEATURES,
    Role::CLIP,
    Role::LPIPS,
    Role::CAPTIONER,
    Role::LOCATOR,
];

impl Extractors {
    /// The evaluator of a role.
    #[must_use]
    pub fn get(&self, role: Role) -> Option<&ExtractorName> {
        self.0.get(role.id())
    }

    /// Gives a role an evaluator.
    pub fn insert(&mut self, role: Role, name: ExtractorName) {
        self.0.insert(role.id().to_owned(), name);
    }

    /// Takes the evaluator of a role away.
    pub fn remove(&mut self, role: Role) {
        self.0.remove(role.id());
    }

    /// Ids of the roles that have one here and none in `other`.
    #[must_use]
    pub fn missing_in(&self, other: &Self) -> Vec<&str> {
        let ids = self.0.keys().map(String::as_str);
        ids.filter(|id| !other.0.contains_key(*id)).collect()
    }
}

impl FromIterator<(Role, ExtractorName)> for Extractors {
    fn from_iter<T: IntoIterator<Item = (Role, ExtractorName)>>(all: T) -> Self {
        let named = all.into_iter();
        Self(
            named
                .map(|(role, name)| (role.id().to_owned(), name))
                .collect(),
        )
    }
}

impl From<BTreeMap<String, Option<ExtractorName>>> for Extractors {
    fn from(all: BTreeMap<String, Option<ExtractorName>>) -> Self {
        let present = all.into_iter();
        Self(present.filter_map(|(id, name)| Some((id, name?))).collect())
    }
}

impl Serialize for Extractors {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let always = ALWAYS_WRITTEN.map(Role::id);
        let first = always.iter().map(|id| (*id, self.0.get(*id)));
        let others = self
            .0
            .iter()
            .filter(|(id, _)| !always.contains(&id.as_str()));
        serializer.collect_map(first.chain(others.map(|(id, name)| (id.as_str(), Some(name)))))
    }
}

/// What signatures say beyond the protocol.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ScoreContext {
    /// Id of the data set, for example `minisv`.
    pub dataset: String,
    /// Its content hash; the first 12 characters enter the signature.
    pub dataset_hash: String,
    /// Which stories were planned, for example `test/followers-3[:100]`.
    pub subset: Subset,
    /// Text that the generator read.
    pub text: TextVariant,
    /// What it read beyond that text and could resolve pronouns with.
    pub reads: Vec<Reading>,
    /// Names of the characters in label order.
    pub characters: Vec<String>,
    /// The networks that looked.
    pub extractors: Extractors,
    /// Frames that the model refused to draw; `None` of models that cannot refuse.
    pub refused: Option<BTreeSet<(StoryId, FrameIndex)>>,
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The text is a part of the keys of observations: another one would have every run observed again.
    #[test]
    fn roles_that_always_were_are_written_in_their_order_and_new_ones_where_they_are() {
        let mut found = Extractors::default();
        found.insert(Role::CLIP, ExtractorName::default());
        let text = serde_json::to_string(&found).unwrap();
        let name = r#"{"graph":"","hash":"","preprocessing":""}"#;
        assert_eq!(
            text,
            format!(
                r#"{{"characters":null,"backgrounds":null,"features":null,"clip":{name},"lpips":null,"captioner":null,"locator":null}}"#
            )
        );
        found.insert(Role::new("pixels"), ExtractorName::default());
        let text = serde_json::to_string(&found).unwrap();
        assert!(
            text.ends_with(&format!(r#","locator":null,"pixels":{name}}}"#)),
            "{text}"
        );
        let read: Extractors = serde_json::from_str(&text).unwrap();
        assert_eq!(read, found);
        assert_eq!(found.missing_in(&Extractors::default()), ["clip", "pixels"]);
        // Keys of before a role was there.
        let old: Extractors = serde_json::from_str(r#"{"characters":null}"#).unwrap();
        assert_eq!(old, Extractors::default());
    }
}
