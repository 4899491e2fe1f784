//! Everything that observations depend on besides the frames.

use crate::metric::Extractors;
use crate::spec::{CaptionText, Protocol};
use serde::{Deserialize, Serialize};

/// The key of a run's observations. Observations made under another key are made anew.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Key {
    /// Content hash of the data set.
    pub(super) dataset: String,
    /// Ground-truth rule.
    pub(super) ground_truth: String,
    /// The networks, their weights, and how images reach them.
    pub(super) extractors: Extractors,
    /// Whether the feature network gave class logits too.
    pub(super) logits: bool,
    /// Text of the text-image similarity.
    pub(super) clip_text: Option<CaptionText>,
    /// Captions of a real frame.
    pub(super) caption_references: Option<usize>,
    /// How characters were cut out, where locator and CLIP were there.
    #[serde(default)]
    pub(super) crops: Option<String>,
}

impl Key {
    pub(super) fn new(
        dataset: &str,
        protocol: &Protocol,
        extractors: Extractors,
        logits: bool,
    ) -> Self {
        let clip_text = protocol.clip.and_then(|rule| rule.text);
        Self {
            dataset: dataset.to_owned(),
            logits,
            ground_truth: protocol.ground_truth.to_string(),
            clip_text: extractors.clip.as_ref().and(clip_text),
            caption_references: extractors
                .captioner
                .as_ref()
                .and(protocol.captions.map(|rule| rule.references)),
            crops: extractors
                .locator
                .as_ref()
                .and(extractors.clip.as_ref())
                .and(protocol.crops)
                .map(|rule| rule.to_string()),
            extractors,
        }
    }

    pub(super) fn to_text(&self) -> String {
        serde_json::to_string(self).expect("a key has only text and numbers")
    }
}
