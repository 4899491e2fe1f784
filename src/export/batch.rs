//! Rows, column by column.

use super::schema::{Column, Kind};
use std::sync::Arc;

/// The values of a column.
#[derive(Clone, Debug)]
pub(super) enum Values {
    Text(Vec<Option<Arc<str>>>),
    Natural(Vec<Option<u64>>),
    Number(Vec<Option<f64>>),
    Flag(Vec<Option<bool>>),
}

impl Values {
    fn new(kind: Kind) -> Self {
        match kind {
            Kind::Text => Self::Text(Vec::new()),
            Kind::Natural => Self::Natural(Vec::new()),
            Kind::Number => Self::Number(Vec::new()),
            Kind::Flag => Self::Flag(Vec::new()),
        }
    }

    fn clear(&mut self) {
        match self {
            Self::Text(values) => values.clear(),
            Self::Natural(values) => values.clear(),
            Self::Number(values) => values.clear(),
            Self::Flag(values) => values.clear(),
        }
    }
}

/// A value on its way into a column.
#[derive(Clone, Debug)]
pub(super) enum Value {
    Text(Arc<str>),
    Natural(u64),
    Number(f64),
    Flag(bool),
    None,
}

impl From<&str> for Value {
    fn from(text: &str) -> Self {
        Self::Text(text.into())
    }
}

impl From<f64> for Value {
    /// A value that is not a number is left out: CSV and JSON have no word for it.
    fn from(number: f64) -> Self {
        if number.is_nan() {
            Self::None
        } else {
            Self::Number(number)
        }
    }
}

impl From<u64> for Value {
    fn from(number: u64) -> Self {
        Self::Natural(number)
    }
}

impl From<bool> for Value {
    fn from(flag: bool) -> Self {
        Self::Flag(flag)
    }
}

impl<T: Into<Value>> From<Option<T>> for Value {
    fn from(value: Option<T>) -> Self {
        value.map_or(Self::None, Into::into)
    }
}

/// Some rows of a table.
#[derive(Clone, Debug)]
pub(super) struct Batch {
    pub(super) columns: Vec<Values>,
    pub(super) rows: usize,
}

impl Batch {
    pub(super) fn new(columns: &[Column]) -> Self {
        Self {
            columns: columns
                .iter()
                .map(|column| Values::new(column.kind))
                .collect(),
            rows: 0,
        }
    }

    pub(super) fn clear(&mut self) {
        self.columns.iter_mut().for_each(Values::clear);
        self.rows = 0;
    }

    /// Adds a row: `first`, then `rest`.
    ///
    /// # Panics
    /// When the values are not of the columns' types: a mistake of this room, which its tests would show.
    pub(super) fn push(&mut self, first: &[Value], rest: impl IntoIterator<Item = Value>) {
        let mut columns = self.columns.iter_mut();
        for value in first.iter().cloned().chain(rest) {
            match (columns.next(), value) {
                (Some(Values::Text(column)), Value::Text(value)) => column.push(Some(value)),
                (Some(Values::Text(column)), Value::None) => column.push(None),
                (Some(Values::Natural(column)), Value::Natural(value)) => column.push(Some(value)),
                (Some(Values::Natural(column)), Value::None) => column.push(None),
                (Some(Values::Number(column)), Value::Number(value)) => column.push(Some(value)),
                (Some(Values::Number(column)), Value::None) => column.push(None),
                (Some(Values::Flag(column)), Value::Flag(value)) => column.push(Some(value)),
                (Some(Values::Flag(column)), Value::None) => column.push(None),
                (column, value) => panic!("{value:?} does not fit {column:?}"),
            }
        }
        assert!(columns.next().is_none(), "a row has one value per column");
        self.rows += 1;
    }
}
