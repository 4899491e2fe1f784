//! How the character and background classifiers are asked and counted.

use crate::vision::Recipe;
use serde::{Deserialize, Serialize};

/// When a classifier says that a class is there. One value so far; cards name it, because a published script
/// may choose another, and it is part of their hash.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum ThresholdRule {
    /// The sigmoid is strictly above one half; exactly one half is "absent", as rounding half to
    /// even in torch and NumPy has it.
    #[serde(rename = "p > 0.5")]
    AboveHalf,
}

/// How F1 puts classes and frames together.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, strum::Display)]
#[strum(serialize_all = "kebab-case")]
#[serde(rename_all = "kebab-case")]
pub enum F1Average {
    /// F1 of the counts summed over frames and classes.
    Micro,
    /// Mean of the classes' F1; a class without positives and predictions counts as 0.
    Macro,
    /// Mean of the classes' F1, weighted by their positives.
    Weighted,
    /// Mean of the frames' F1; a frame without positives and predictions counts as 0.
    Samples,
}

/// Which labels a frame is compared with.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum LabelRule {
    /// Its own.
    Own,
    /// Those of the first frame of its story (Make-A-Story's script).
    FirstFrame,
}

/// The classifiers.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ClassifierRule {
    /// How images reach them.
    pub recipe: Recipe,
    /// When a class counts as seen.
    pub threshold: ThresholdRule,
    /// Which labels a frame is compared with.
    pub labels: LabelRule,
    /// The average behind `char_f1` and `bg_f1`.
    pub f1: F1Average,
    /// Label columns that enter F1, from 0; empty for all. Make-A-Story's script enters the first two.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub f1_columns: Vec<usize>,
}
