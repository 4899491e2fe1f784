//! What each table has in its columns. `docs/exports.md` says the same in words, and a test holds both
//! together.

use clap::ValueEnum;
use polars::prelude::DataType;

/// Version of the schema. A column that goes or changes its meaning raises it; one that is added does not.
pub const VERSION: u32 = 1;

/// A table.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum, strum::IntoStaticStr)]
#[strum(serialize_all = "kebab-case")]
pub enum What {
    /// One row per frame: text, CLIP similarities, LPIPS
    Observations,
    /// One row per frame and label: truth and probability
    Labels,
    /// One row per caption that was written of a frame
    Captions,
    /// One row per score, of every slice
    Scores,
    /// One row per frame and metric that `score --column` joined
    Columns,
}

/// Type of a column.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// UTF-8.
    Text,
    /// Unsigned, 64 bits.
    Natural,
    /// Double precision.
    Number,
    /// True or false.
    Flag,
}

impl Kind {
    pub(super) fn data_type(self) -> DataType {
        match self {
            Self::Text => DataType::String,
            Self::Natural => DataType::UInt64,
            Self::Number => DataType::Float64,
            Self::Flag => DataType::Boolean,
        }
    }
}

/// A column.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Column {
    /// Its name.
    pub name: &'static str,
    /// Its type.
    pub kind: Kind,
    /// Whether it may hold no value.
    pub optional: bool,
}

const fn always(name: &'static str, kind: Kind) -> Column {
    Column {
        name,
        kind,
        optional: false,
    }
}

const fn maybe(name: &'static str, kind: Kind) -> Column {
    Column {
        name,
        kind,
        optional: true,
    }
}

/// The columns that say which run a row is of; every table begins with them.
const RUN: [Column; 6] = [
    always("folder", Kind::Text),
    always("run", Kind::Text),
    always("dataset", Kind::Text),
    always("protocol", Kind::Text),
    always("model", Kind::Text),
    always("seed", Kind::Natural),
];

/// And those that say which frame.
const FRAME: [Column; 3] = [
    always("story", Kind::Text),
    always("frame", Kind::Natural),
    always("clip", Kind::Text),
];

const OBSERVATIONS: [Column; 9] = [
    always("text", Kind::Text),
    always("caption", Kind::Text),
    always("pronoun", Kind::Flag),
    maybe("absent", Kind::Text),
    maybe("clip_ti", Kind::Number),
    maybe("clip_ii", Kind::Number),
    maybe("lpips", Kind::Number),
    maybe("path", Kind::Text),
    maybe("truth_path", Kind::Text),
];

const LABELS: [Column; 4] = [
    always("kind", Kind::Text),
    always("label", Kind::Text),
    maybe("truth", Kind::Flag),
    maybe("probability", Kind::Number),
];

const CAPTIONS: [Column; 3] = [
    always("of", Kind::Text),
    always("rank", Kind::Natural),
    always("text", Kind::Text),
];

const SCORES: [Column; 17] = [
    always("metric", Kind::Text),
    always("slice", Kind::Text),
    maybe("value", Kind::Number),
    maybe("low", Kind::Number),
    maybe("high", Kind::Number),
    always("unit", Kind::Text),
    always("higher_is_better", Kind::Flag),
    always("n", Kind::Natural),
    always("planned", Kind::Natural),
    always("stories", Kind::Natural),
    maybe("true_positives", Kind::Natural),
    maybe("false_positives", Kind::Natural),
    maybe("false_negatives", Kind::Natural),
    maybe("true_negatives", Kind::Natural),
    maybe("unscored", Kind::Text),
    maybe("warnings", Kind::Text),
    always("signature", Kind::Text),
];

const COLUMNS: [Column; 3] = [
    always("metric", Kind::Text),
    always("per", Kind::Text),
    maybe("value", Kind::Number),
];

impl What {
    /// The name by which it is asked for.
    #[must_use]
    pub fn name(self) -> &'static str {
        self.into()
    }

    /// Its columns, in order.
    #[must_use]
    pub fn columns(self) -> Vec<Column> {
        match self {
            Self::Observations => [&RUN[..], &FRAME, &OBSERVATIONS].concat(),
            Self::Labels => [&RUN[..], &FRAME, &LABELS].concat(),
            Self::Captions => [&RUN[..], &FRAME, &CAPTIONS].concat(),
            Self::Scores => [&RUN[..], &SCORES].concat(),
            Self::Columns => [&RUN[..], &FRAME, &COLUMNS].concat(),
        }
    }
}
