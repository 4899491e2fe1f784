//! The card of a model: which generator, which weights, which text.

use super::NeededFile;
use crate::record::{TextVariant, canonical_json, sha256_hex};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

/// Which generator draws.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum GeneratorKind {
    /// Frame 1 by the character diffusion model, later frames with the language model's context.
    StorygptV,
    /// The character diffusion model alone, frame by frame.
    CharLdm,
    /// The data set's own frames: the upper bound.
    GroundTruth,
    /// Frames of other stories: the lower bound.
    Shuffled,
    /// Frames that another program drew: `storyeval score --images`.
    Images,
}

/// Everything the suite must know about a model before it loads it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ModelCard {
    /// What the user types.
    pub id: String,
    /// What tables print.
    pub name: String,
    /// What it is, in a sentence.
    pub description: String,
    /// Which generator draws.
    pub generator: GeneratorKind,
    /// Id of the bundle that holds the weights; generators without weights have none.
    #[serde(default)]
    pub bundle: Option<String>,
    /// Id of the published model that this one is a miniature of: the row of a published table that it may be printed beside.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub counterpart: Option<String>,
    /// Text the model reads instead of the protocol's.
    #[serde(default)]
    pub text: Option<TextVariant>,
    /// Where the authors publish the weights, when they are not shipped with the suite.
    #[serde(default)]
    pub published_at: Option<String>,
    /// Licence or terms of the weights.
    #[serde(default)]
    pub licence: Option<String>,
    /// Known traps, one per line.
    #[serde(default)]
    pub notes: Vec<String>,
    /// Worker of the repository's `examples/` that draws with the authors' own code, where another program draws.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub worker: Option<String>,
    /// Settings of the published frames; the worker's defaults are these.
    #[serde(default, skip_serializing_if = "Map::is_empty")]
    pub settings: Map<String, Value>,
    /// Model and arguments of the exporter, without `--out`: what follows `python -m storyeval_export`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub export: Option<String>,
    /// Upstream files that the bundle is made from.
    #[serde(default)]
    pub files: Vec<NeededFile>,
}

impl ModelCard {
    /// How it is drawn by the worker that its card names: the page that says what to clone and how to start it.
    #[must_use]
    pub fn drawn_by(&self) -> Option<String> {
        let worker = self.worker.as_deref()?;
        Some(format!(
            "{worker} draws its frames, see docs/bring-my-model.md#{}",
            self.id
        ))
    }

    /// SHA-256 of the canonical JSON of the card.
    #[must_use]
    pub fn hash(&self) -> String {
        sha256_hex(canonical_json(self).as_bytes())
    }

    pub(super) fn broken_rule(&self) -> Option<(&'static str, String)> {
        let needs = matches!(
            self.generator,
            GeneratorKind::StorygptV | GeneratorKind::CharLdm
        );
        let found = self.bundle.as_deref().unwrap_or("no bundle");
        (needs != self.bundle.is_some()).then(|| {
            (
                "storygpt-v and char-ldm name a bundle, other generators do not",
                found.to_owned(),
            )
        })
    }
}
