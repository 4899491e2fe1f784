//! What a field of a table says: a key, or a value.

use super::error::{ColumnError, Place};
use crate::format::{RowCell, RowFile, UserRow};

/// A column of a table.
#[derive(Clone, Copy)]
pub(super) struct Field<'a> {
    table: &'a RowFile,
    at: usize,
}

impl<'a> Field<'a> {
    /// The column of this name.
    pub(super) fn find(table: &'a RowFile, name: &str) -> Option<Self> {
        let at = table.place(name)?;
        Some(Self { table, at })
    }

    /// Where a row of the column is.
    pub(super) fn place(self, row: &UserRow) -> Place {
        Place {
            path: self.table.path.clone(),
            counted: self.table.counted,
            line: row.line,
            field: self.table.names[self.at].clone(),
            value: self.cell(row).shown(),
        }
    }

    /// The error of a row that holds something else.
    pub(super) fn fault(self, row: &UserRow, fault: impl Into<String>) -> ColumnError {
        ColumnError::Field {
            place: self.place(row),
            fault: fault.into(),
        }
    }

    fn cell(self, row: &'a UserRow) -> &'a RowCell {
        &row.cells[self.at]
    }

    /// An id: text, or a whole number that a program took for one.
    pub(super) fn id(self, row: &'a UserRow) -> Result<String, ColumnError> {
        match self.cell(row) {
            RowCell::Text(text) => Ok(text.clone()),
            RowCell::Whole(number) => Ok(number.to_string()),
            _ => Err(self.fault(row, "no id")),
        }
    }

    /// The position of a frame.
    pub(super) fn frame(self, row: &UserRow) -> Result<u32, ColumnError> {
        let number = match self.cell(row) {
            RowCell::Whole(number) => Some(*number as f64),
            // What pandas makes of whole numbers beside missing ones.
            RowCell::Number(number) => Some(*number),
            RowCell::Text(text) if self.table.untyped => text.parse().ok(),
            _ => None,
        };
        number
            .filter(|number| number.fract() == 0.0 && (1.0..=f64::from(u32::MAX)).contains(number))
            .map(|number| number as u32)
            .ok_or_else(|| self.fault(row, "no frame of a story, which are counted from 1"))
    }

    /// A value; `None` where there is none.
    pub(super) fn value(self, row: &UserRow) -> Result<Option<f64>, ColumnError> {
        let number = match self.cell(row) {
            RowCell::Missing => return Ok(None),
            RowCell::Whole(number) => *number as f64,
            RowCell::Number(number) => *number,
            RowCell::Text(text) if self.table.untyped => text
                .parse()
                .map_err(|_| self.fault(row, "text where a number is wanted"))?,
            RowCell::Text(_) => return Err(self.fault(row, "text where a number is wanted")),
            RowCell::Other(_) => return Err(self.fault(row, "no number")),
        };
        if number.is_finite() {
            Ok(Some(number))
        } else {
            Err(self.fault(row, "no finite number"))
        }
    }
}
