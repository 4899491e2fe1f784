//! A worker as it introduces itself: which program drew the frames of a run, and what it read.

use super::TextVariant;
use serde::{Deserialize, Serialize};
use std::fmt;

/// How much of a story a worker gets at once.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, strum::Display, strum::IntoStaticStr,
)]
#[serde(rename_all = "kebab-case")]
#[strum(serialize_all = "kebab-case")]
pub enum StoryContext {
    /// All captions of a story in one request.
    Story,
    /// One request per frame, with the captions up to that frame: nothing that comes later is known.
    Frame,
}

/// What a worker reads of a story.
#[derive(
    Clone,
    Copy,
    Debug,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Serialize,
    Deserialize,
    strum::Display,
    strum::IntoStaticStr,
)]
#[serde(rename_all = "kebab-case")]
#[strum(serialize_all = "kebab-case")]
pub enum Reading {
    /// The caption as the protocol has it, often with pronouns.
    Caption,
    /// The annotated caption, with names.
    Original,
    /// The cast of the data set, and whom of it the annotated caption names.
    Names,
    /// Reference images of the card.
    References,
}

/// A worker as it introduces itself. Frames of two that differ in this do not belong into one run.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct WorkerFacts {
    /// Its name.
    pub name: String,
    /// Its version, in its own words.
    pub version: String,
    /// Kind of device that it draws on, such as `cpu` or `cuda`.
    pub device_kind: String,
    /// Stories that it draws together.
    pub batch: usize,
    /// How much of a story it gets at once.
    pub context: StoryContext,
    /// Whether it gets the frames that it has drawn of the story so far.
    pub earlier_frames: bool,
    /// What it reads, each once and in order.
    pub reads: Vec<Reading>,
    /// Shape of the initial noise that it gets, `[channels, height, width]`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub latents: Option<[usize; 3]>,
    /// Hash of what its card says that frames depend on.
    pub card_hash: String,
}

impl WorkerFacts {
    /// What it reads beyond captions as the protocol has them, which can say whom a pronoun means.
    #[must_use]
    pub fn reads_beyond(&self, text: TextVariant) -> Vec<Reading> {
        let known = |reading: &Reading| {
            *reading == Reading::Caption
                || (*reading == Reading::Original && text == TextVariant::Original)
        };
        let reads = self.reads.iter().copied();
        reads.filter(|reading| !known(reading)).collect()
    }
}

impl fmt::Display for WorkerFacts {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let reads: Vec<&str> = self.reads.iter().map(Into::into).collect();
        write!(
            formatter,
            "{} {} ({}, reads {}, batch {}, context {}",
            self.name,
            self.version,
            self.device_kind,
            reads.join(" + "),
            self.batch,
            self.context,
        )?;
        if self.earlier_frames {
            formatter.write_str(", earlier frames")?;
        }
        if let Some([channels, height, width]) = self.latents {
            write!(formatter, ", latents {channels}x{height}x{width}")?;
        }
        let hash = self.card_hash.get(..12).unwrap_or(&self.card_hash);
        write!(formatter, ", card {hash})")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_resolves_pronouns_is_beyond_the_caption() {
        let facts = WorkerFacts {
            name: "toy".to_owned(),
            version: "1.0".to_owned(),
            device_kind: "cpu".to_owned(),
            batch: 1,
            context: StoryContext::Frame,
            earlier_frames: true,
            reads: vec![Reading::Caption, Reading::Original, Reading::Names],
            latents: Some([4, 8, 8]),
            card_hash: "0123456789abcdef".to_owned(),
        };
        assert_eq!(
            facts.reads_beyond(TextVariant::Algorithm1),
            [Reading::Original, Reading::Names]
        );
        assert_eq!(facts.reads_beyond(TextVariant::Original), [Reading::Names]);
        assert_eq!(
            facts.to_string(),
            "toy 1.0 (cpu, reads caption + original + names, batch 1, context frame, earlier frames, latents 4x8x8, card 0123456789ab)"
        );
    }
}
