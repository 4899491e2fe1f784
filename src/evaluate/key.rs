//! Everything that observations depend on besides the frames.

use crate::card::{CaptionText, Protocol};
use crate::inference::Device;
use crate::metric::Extractors;
use crate::record::Role;
use crate::run::{RunError, StoredObservations};
use serde::{Deserialize, Serialize};
use std::path::Path;

/// The key of a run's observations. Observations made under another key are made again.
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
    /// How image files are decoded ([`DECODING`]).
    #[serde(default = "first_decoding")]
    pub(super) decoding: u32,
    /// Kind of device that the networks ran on; `None` is the CPU.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) device_kind: Option<String>,
}

/// Raised when pixels of the same file change. 2: JPEG files are decoded as Pillow does it.
const DECODING: u32 = 2;

/// What keys without the field were made with.
fn first_decoding() -> u32 {
    1
}

impl Key {
    pub(super) fn new(
        dataset: &str,
        protocol: &Protocol,
        extractors: Extractors,
        logits: bool,
        device: Device,
    ) -> Self {
        let clip_text = protocol.clip.and_then(|rule| rule.text);
        Self {
            dataset: dataset.to_owned(),
            logits,
            ground_truth: protocol.ground_truth.to_string(),
            clip_text: extractors.get(Role::CLIP).and(clip_text),
            caption_references: extractors
                .get(Role::CAPTIONER)
                .and(protocol.captions.map(|rule| rule.references)),
            crops: extractors
                .get(Role::LOCATOR)
                .and(extractors.get(Role::CLIP))
                .and(protocol.cut()),
            extractors,
            decoding: DECODING,
            device_kind: match device {
                Device::Cpu => None,
                Device::Cuda(_) => Some(device.kind().to_owned()),
            },
        }
    }

    /// The key of these observations; under another version's, the frames count as not observed.
    pub(super) fn of(seen: &StoredObservations, folder: &Path) -> Result<Self, RunError> {
        Self::parse(seen.key()).ok_or_else(|| RunError::NotObserved {
            path: folder.to_path_buf(),
        })
    }

    /// A key that this version can read.
    pub(super) fn parse(text: &str) -> Option<Self> {
        serde_json::from_str(text).ok()
    }

    /// Roles that had an evaluator under `earlier` and have none under this key.
    pub(super) fn lost(&self, earlier: &Self) -> Vec<String> {
        let lost = earlier.extractors.missing_in(&self.extractors);
        lost.into_iter().map(str::to_owned).collect()
    }

    pub(super) fn to_text(&self) -> String {
        serde_json::to_string(self).expect("a key has only text and numbers")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::card;

    fn key(device: Device) -> String {
        let protocol = card::protocol("strict").unwrap();
        Key::new("d", &protocol, Extractors::default(), false, device).to_text()
    }

    #[test]
    fn observations_of_another_kind_of_device_are_made_anew() {
        assert_ne!(key(Device::Cpu), key(Device::Cuda(0)));
        assert_eq!(key(Device::Cuda(0)), key(Device::Cuda(1)));
    }

    #[test]
    fn keys_of_before_are_keys_of_the_cpu() {
        let text = key(Device::Cpu);
        assert!(!text.contains("device_kind"), "{text}");
        let read: Key = serde_json::from_str(&text).unwrap();
        assert_eq!(read.to_text(), text);
    }
}
