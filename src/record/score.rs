//! A score: a number with its interval, its count and its signature.

use super::OwnMetric;
use serde::{Deserialize, Serialize};

/// Unit of a score's value.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Unit {
    /// 0 to 100.
    Percent,
    /// A distance; smaller is better.
    Distance,
    /// A cosine, -1 to 1.
    Cosine,
    /// Decibels.
    Decibel,
    /// A score without unit, such as BLEU (0 to 1) or CIDEr (0 to 10).
    Score,
}

impl Unit {
    /// All of them.
    const ALL: [Self; 5] = [
        Self::Percent,
        Self::Distance,
        Self::Cosine,
        Self::Decibel,
        Self::Score,
    ];

    /// The unit of this name.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|unit| unit.name() == name)
    }

    /// Digits after the point, of a metric that says nothing else.
    #[must_use]
    pub fn decimals(self) -> usize {
        match self {
            Self::Percent => 1,
            Self::Distance | Self::Decibel => 2,
            Self::Cosine | Self::Score => 4,
        }
    }

    /// Its name in files.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Percent => "percent",
            Self::Distance => "distance",
            Self::Cosine => "cosine",
            Self::Decibel => "decibel",
            Self::Score => "score",
        }
    }
}

/// Decisions of a classifier, counted over frames and labels.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Counts {
    /// Seen and there.
    pub true_positives: u64,
    /// Seen and not there.
    pub false_positives: u64,
    /// Not seen and there.
    pub false_negatives: u64,
    /// Not seen and not there.
    pub true_negatives: u64,
}

/// What a mean over seeds is made of.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct SeedSpread {
    /// Seeds that have a value.
    pub count: usize,
    /// Standard deviation of their values (n - 1), in the unit of the score; `None` for one seed.
    pub sd: Option<f64>,
}

/// One number of a run. Field names are a public contract.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Score {
    /// Metric id, for example `char_acc`, `fid`, `clip_ti`; `docs/metrics.md` has them all.
    pub metric: String,
    /// Which frames: `all`, `pronoun`, `no_pronoun`, `frame_1`, `character:otto`.
    pub slice: String,
    /// The value; `None` when it is not defined on these frames.
    pub value: Option<f64>,
    /// Why there is no value.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub unscored: Option<String>,
    /// 95 % interval over stories, low then high; the signature names the method.
    pub interval: Option<[f64; 2]>,
    /// Unit of value and interval.
    pub unit: Unit,
    /// Whether a larger value is better.
    pub higher_is_better: bool,
    /// Frames that entered the value.
    pub n: usize,
    /// Frames of this slice in the plan.
    pub planned: usize,
    /// Stories that the frames come from: the clusters of the interval.
    pub stories: usize,
    /// The decisions behind it, for accuracies.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub counts: Option<Counts>,
    /// What the metric is, where the user brought it.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub own: Option<OwnMetric>,
    /// The seeds, where the value is a mean over several.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub seeds: Option<SeedSpread>,
    /// How the number was computed.
    pub signature: String,
    /// Things a reader must know, for example a rank-deficient covariance.
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub warnings: Vec<String>,
}

/// `scores.json`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Scores {
    /// Format version of this file.
    pub format: u32,
    /// Name of the run.
    pub run: String,
    /// Model id.
    pub model: String,
    /// Protocol id.
    #[serde(default)]
    pub protocol: String,
    /// Things a reader of all these scores must know, for example that the frames were JPEG.
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub notes: Vec<String>,
    /// The scores, in a fixed order.
    pub scores: Vec<Score>,
}

impl Scores {
    /// Whether any metric has a value on any frames.
    #[must_use]
    pub fn has_values(&self) -> bool {
        self.scores.iter().any(|score| score.value.is_some())
    }
}
