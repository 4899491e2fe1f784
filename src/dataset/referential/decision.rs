//! Why a caption was changed or left as it is.

use crate::record::ReferentialCaption;
use serde::Serialize;

/// What a variant decided about one frame.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Decision {
    /// The variant replaces nothing.
    Original,
    /// The text was made together with the data set's export.
    Exported,
    /// The first frame introduces its characters.
    FirstFrame,
    /// The caption names no character.
    NoCharacters,
    /// Somebody is named who was not in the previous frame.
    NotCarriedOver {
        /// Names that are new.
        new: Vec<String>,
    },
    /// The annotated characters are not those of the previous frame.
    OtherCast,
    /// The character that the released code takes the text to be about is not the one before.
    OtherSubject {
        /// The one before, if the text before was about somebody.
        before: Option<String>,
        /// The one that this text is about.
        now: String,
    },
    /// Names were replaced.
    Replaced,
    /// The characters carry over, but their names do not form an enumeration, and
    /// replacing one of them by "they" would say something else.
    NamesStandApart {
        /// The names.
        names: Vec<String>,
    },
    /// The characters carry over, but the text that the released code looks for does not occur.
    LiteralAbsent {
        /// What it looked for.
        literals: Vec<String>,
    },
    /// The characters carry over, but the released code has no rule for so many or such a name.
    NoRule,
}

/// A caption and the reason for it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Explained {
    /// The caption.
    pub caption: ReferentialCaption,
    /// Why it is as it is.
    pub decision: Decision,
}

impl Explained {
    /// A caption left as it is.
    pub(super) fn unchanged(text: &str, decision: Decision) -> Self {
        Self {
            caption: ReferentialCaption::unchanged(text),
            decision,
        }
    }
}

impl Decision {
    /// Whether the characters carry over from the frame before, by the variant's own rule, so that
    /// names may be replaced; whether any is, is another question.
    #[must_use]
    pub fn carries_over(&self) -> bool {
        match self {
            Self::Original
            | Self::Exported
            | Self::FirstFrame
            | Self::NoCharacters
            | Self::NotCarriedOver { .. }
            | Self::OtherCast
            | Self::OtherSubject { .. } => false,
            Self::Replaced
            | Self::NamesStandApart { .. }
            | Self::LiteralAbsent { .. }
            | Self::NoRule => true,
        }
    }
}
