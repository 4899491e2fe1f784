//! What a request gives.

use super::{Unscored, Warning};
use crate::format::CaptionId;
use crate::record::Signature;
use serde::Serialize;
use serde_json::{Map, Value, json};

/// Raised when the meaning of a number of this room, or of a part of its signature, changes.
const VERSION: u32 = 2;

/// One number and everything a reader needs to believe it. As JSON it is what `storyeval metric --format json` prints:
/// names of fields are a public contract.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Answer {
    /// Metric id: `fid`, `kid`, `bleu`, ...
    pub metric: &'static str,
    /// The value; absent with a reason in `unscored` where it is not defined.
    pub value: Option<f64>,
    /// Why there is no value.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub unscored: Option<Unscored>,
    /// 95 % interval, low then high.
    pub interval: Option<[f64; 2]>,
    /// Items that entered the value; absent where a file of statistics does not say.
    pub n: Option<usize>,
    /// How it was computed.
    pub signature: String,
    /// Further numbers of the same metric, for example `bleu1`..`bleu4`. docs/metrics.md lists them.
    #[serde(flatten)]
    pub details: Map<String, Value>,
    /// The value of each item, where there is one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub items: Option<Vec<Item>>,
    /// Things a reader must know.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub warnings: Vec<Warning>,
    /// What would give a value.
    #[serde(skip)]
    pub hint: String,
}

/// What an item is called.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(untagged)]
pub enum ItemId {
    /// The number of its row, from 0.
    Row(usize),
    /// The name of its files, without an ending.
    Name(String),
    /// What its caption belongs to.
    Caption(CaptionId),
}

/// An image, a pair or a caption with its value.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Item {
    /// What it is called.
    pub id: ItemId,
    /// Further numbers of it.
    #[serde(flatten)]
    pub details: Map<String, Value>,
    /// Its value.
    pub value: f64,
}

impl Item {
    /// An item with nothing but a value.
    pub(super) fn new(id: ItemId, value: f64) -> Self {
        Self {
            id,
            details: Map::new(),
            value,
        }
    }

    /// Items that are called by the numbers of their rows.
    pub(super) fn rows(values: &[f64]) -> Vec<Self> {
        let values = values.iter().enumerate();
        values
            .map(|(at, value)| Self::new(ItemId::Row(at), *value))
            .collect()
    }
}

impl Answer {
    /// An answer that says only how many there are.
    pub(super) fn of(metric: &'static str, n: usize) -> Self {
        Self {
            metric,
            n: Some(n),
            ..Self::default()
        }
    }

    /// The same of two sets.
    pub(super) fn of_sets(metric: &'static str, sizes: [Option<usize>; 2]) -> Self {
        let mut answer = Self {
            metric,
            n: sizes[0],
            ..Self::default()
        };
        answer.detail("n_generated", sizes[0]);
        answer.detail("n_reference", sizes[1]);
        answer
    }

    /// Adds a further number.
    pub(super) fn detail(&mut self, name: impl Into<String>, value: impl Serialize) {
        self.details.insert(name.into(), json!(value));
    }

    /// Says why there is no value.
    pub(super) fn without(mut self, reason: impl Into<Unscored>) -> Self {
        self.unscored = Some(reason.into());
        self
    }

    /// Signs: the metric's own parts, how the interval came about, the numbers of items (`?` where a file of
    /// statistics does not say), and the version.
    pub(super) fn signed(mut self, parts: Signature, ci: &str, n: &[Option<usize>]) -> Self {
        let known = |n: &Option<usize>| n.map_or_else(|| "?".to_owned(), |n| n.to_string());
        let counts: Vec<String> = n.iter().map(known).collect();
        self.signature = parts.end(ci, counts.join(","), VERSION);
        self
    }

    /// Says what would give a value.
    pub(super) fn hinted(mut self, hint: impl Into<String>) -> Self {
        self.hint = hint.into();
        self
    }
}
