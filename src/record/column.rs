//! What evaluators write of a frame, by name and type.

/// What a column holds per frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ColumnKind {
    /// A number, in `observations.parquet`.
    Number,
    /// A list of numbers, in `observations.parquet`.
    Vector,
    /// A list of texts, in `observations.parquet`.
    Texts,
    /// A row of `features/<name>.npy`: as many numbers for every frame.
    Feature,
}

/// What a value is of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Of {
    /// The frame that was generated.
    Generated,
    /// The ground-truth frame of its clip.
    GroundTruth,
    /// Both, compared with each other.
    Pair,
    /// The caption.
    Caption,
}

/// A column that an evaluator writes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Column {
    /// Name: of the column, or of the feature file.
    pub name: &'static str,
    /// What it holds per frame.
    pub kind: ColumnKind,
    /// What that is of.
    pub of: Of,
}

impl Column {
    /// A column of `observations.parquet`, or a feature file.
    #[must_use]
    pub const fn new(name: &'static str, kind: ColumnKind, of: Of) -> Self {
        Self { name, kind, of }
    }

    /// The column of an evaluator that was opened: with `width` values per frame where it is a feature file.
    #[must_use]
    pub const fn sized(self, width: usize) -> SizedColumn {
        SizedColumn {
            column: self,
            width,
        }
    }
}

/// A column as an evaluator of a certain size writes it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SizedColumn {
    /// The column.
    pub column: Column,
    /// Values per frame of a feature file. Other columns have no fixed width, and 0 here.
    pub width: usize,
}

impl From<Column> for SizedColumn {
    fn from(column: Column) -> Self {
        column.sized(0)
    }
}

impl SizedColumn {
    /// Whether the column can hold a value.
    #[must_use]
    pub fn fits(&self, value: &Value) -> bool {
        match (self.column.kind, value) {
            (ColumnKind::Feature, Value::Vector(values)) => values.len() == self.width,
            (ColumnKind::Number, Value::Number(_))
            | (ColumnKind::Vector, Value::Vector(_))
            | (ColumnKind::Texts, Value::Texts(_)) => true,
            _ => false,
        }
    }
}

/// What an evaluator wrote of one frame into one column.
#[derive(Clone, Debug, PartialEq)]
pub enum Value {
    /// One number.
    Number(f64),
    /// Several: probabilities in label order, or a row of a feature file.
    Vector(Vec<f32>),
    /// Captions, best first.
    Texts(Vec<String>),
}

impl From<f64> for Value {
    fn from(value: f64) -> Self {
        Self::Number(value)
    }
}

impl From<Vec<f32>> for Value {
    fn from(values: Vec<f32>) -> Self {
        Self::Vector(values)
    }
}

impl From<Vec<String>> for Value {
    fn from(texts: Vec<String>) -> Self {
        Self::Texts(texts)
    }
}
