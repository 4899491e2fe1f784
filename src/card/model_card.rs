//! The card of a model: which generator, which weights, which text.

use super::protocol::is_default;
use super::{NeededFile, Sampling, StoryReading};
use crate::record::{TextVariant, canonical_json, sha256_hex};
use serde::{Deserialize, Serialize};

/// Which generator draws.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, strum::Display)]
#[strum(serialize_all = "kebab-case")]
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
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
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
    /// What the language model reads of the story so far. Left out of the hash where it is everything.
    #[serde(default, skip_serializing_if = "is_default")]
    pub reads: StoryReading,
    /// Id of the bundle whose graphs make the language model write captions, where that of the weights has none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub writer: Option<String>,
    /// How it writes captions, where the bundle's way is not to be taken.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sampling: Option<Sampling>,
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
    /// Model and arguments of the exporter, without `--out`: what follows `python -m storyeval_export`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub export: Option<String>,
    /// Upstream files that the bundle is made from.
    #[serde(default)]
    pub files: Vec<NeededFile>,
}

impl ModelCard {
    /// SHA-256 of the canonical JSON of the card.
    #[must_use]
    pub fn hash(&self) -> String {
        sha256_hex(canonical_json(self).as_bytes())
    }

    /// What the card chooses of how the bundle draws and writes, with the hash of the bundle that writes, as canonical
    /// JSON; `None` where it leaves everything as the bundle has it.
    #[must_use]
    pub fn drawing(&self, writer_hash: Option<&str>) -> Option<String> {
        let mut chosen = serde_json::Map::new();
        if !is_default(&self.reads) {
            chosen.insert("reads".to_owned(), serde_json::json!(self.reads));
        }
        if let Some(sampling) = &self.sampling {
            chosen.insert("sampling".to_owned(), serde_json::json!(sampling));
        }
        if let Some(hash) = writer_hash {
            chosen.insert("writer".to_owned(), hash.into());
        }
        (!chosen.is_empty()).then(|| canonical_json(&chosen))
    }

    pub(super) fn broken_rule(&self) -> Option<(&'static str, String)> {
        let needs = matches!(
            self.generator,
            GeneratorKind::StorygptV | GeneratorKind::CharLdm
        );
        if self.generator != GeneratorKind::StorygptV
            && (self.writer.is_some() || self.sampling.is_some() || !is_default(&self.reads))
        {
            return Some((
                "reads, writer and sampling are of a language model: generator = \"storygpt-v\"",
                format!("generator = \"{}\"", self.generator),
            ));
        }
        if let Some((key, wanted)) = self.sampling.as_ref().and_then(Sampling::broken) {
            return Some((
                "sampling: temperature is from 0 to 100, top_p above 0 and at most 1, top_k and max_tokens at least 1, no stop empty",
                format!("{key}, which {wanted}"),
            ));
        }
        let found = self.bundle.as_deref().unwrap_or("no bundle");
        (needs != self.bundle.is_some()).then(|| {
            (
                "storygpt-v and char-ldm name a bundle, other generators do not",
                found.to_owned(),
            )
        })
    }
}
