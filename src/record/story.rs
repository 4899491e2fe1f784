//! A story: the captions and labels of consecutive clips.

use super::{ClipId, StoryId};
use serde::{Deserialize, Serialize};
use std::sync::Arc;

/// One frame of a story as the data set has it. Pixels stay on disk.
///
/// Windows overlap, so a clip is in several stories: what a frame holds is shared, and a copy
/// costs a few pointers.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct StoryFrame {
    /// The clip this frame comes from.
    pub clip: ClipId,
    /// The original caption, with names.
    pub caption: Arc<str>,
    /// Names of the characters, in annotation order and spelling (`characters[].entityLabel`).
    pub characters: Arc<[String]>,
    /// 0/1 labels in the card's character order; `None` where the data set has none.
    pub character_labels: Option<Arc<[bool]>>,
    /// 0/1 labels in the card's background order; `None` where the data set has none.
    pub background_labels: Option<Arc<[bool]>>,
}

/// Consecutive frames that a generator draws in order.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Story {
    /// Id of the story: its first clip.
    pub id: StoryId,
    /// The frames, first to last.
    pub frames: Vec<StoryFrame>,
}

/// Which text a generator reads. The variants are defined in `dataset::referential`.
#[derive(
    Clone,
    Copy,
    Debug,
    PartialEq,
    Eq,
    Serialize,
    Deserialize,
    clap::ValueEnum,
    strum::Display,
    strum::IntoStaticStr,
    strum::VariantArray,
)]
#[serde(rename_all = "kebab-case")]
#[strum(serialize_all = "kebab-case")]
pub enum TextVariant {
    /// The captions as annotated, with names.
    Original,
    /// Algorithm 1 of the StoryGPT-V supplementary, compared with the previous frame.
    Algorithm1,
    /// What Make-A-Story's released loader does.
    MakeAStory,
    /// What StoryGPT-V's released training loader does.
    StorygptvTrain,
    /// What StoryGPT-V's released evaluation loader does.
    StorygptvEval,
}

impl TextVariant {
    /// Every variant.
    pub const ALL: &[Self] = <Self as strum::VariantArray>::VARIANTS;

    /// The name that cards, signatures and the command line use.
    #[must_use]
    pub fn name(self) -> &'static str {
        self.into()
    }
}

/// One replacement of names by a pronoun.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Replacement {
    /// The words that stood there, for example `Otto and Mira`.
    pub words: String,
    /// Byte offset of the words in the original caption.
    pub offset: usize,
    /// What replaces it, for example `They`.
    pub pronoun: String,
    /// Name of the rule that fired, for example `single` or `conjunction`.
    pub rule: String,
}

/// A caption as the generator reads it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReferentialCaption {
    /// The text.
    pub text: String,
    /// Every replacement, in order of offset. Empty when the text is unchanged.
    pub replacements: Vec<Replacement>,
    /// The variant's reference flag: it selects the shorter text-only phase of delayed conditioning.
    pub reference_flag: bool,
}

impl ReferentialCaption {
    /// A caption left as it is.
    pub fn unchanged(text: impl Into<String>) -> Self {
        Self {
            text: text.into(),
            replacements: Vec::new(),
            reference_flag: false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::TextVariant;

    #[test]
    fn a_variant_is_written_by_its_name() {
        for &variant in TextVariant::ALL {
            assert_eq!(serde_json::to_value(variant).unwrap(), variant.name());
            assert_eq!(variant.to_string(), variant.name());
        }
    }
}
