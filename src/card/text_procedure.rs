//! How the released loaders make text with pronouns, which differs between data sets.

use serde::{Deserialize, Serialize};

/// Which released procedures apply to a data set.
///
/// The variants of released code (`make-a-story`, `storygptv-train`, `storygptv-eval`) exist once for
/// FlintstonesSV and once for PororoSV, and have little in common.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum TextProcedure {
    /// Characters are those annotated; equal ones in consecutive frames become he, she or they.
    Flintstones,
    /// Characters are found in the text; the one that a text is mostly about becomes he or she, and
    /// names in a beginning that two texts share become they.
    Pororo,
    /// None any more: the text with pronouns was made together with a frozen export, at random, and is
    /// the caption (MUGEN with Make-A-Story's extension).
    Exported,
}
