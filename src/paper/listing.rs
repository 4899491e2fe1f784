//! The list of published tables.

use super::{Library, PaperError};
use crate::table::{Column, Document, Table};
use serde_json::{Value, json};

impl Library {
    /// One row per table. `link` makes a file's name of an id, for an index beside the files.
    #[must_use]
    pub fn listing(&self, link: Option<&dyn Fn(&str) -> String>) -> Document {
        let mut columns = vec![
            Column::text("table"),
            Column::text("shows"),
            Column::number("rows", None),
            Column::number("numbers", None),
            Column::text("source"),
        ];
        columns.extend(link.map(|_| Column::text("file")));
        let rows = self.tables().iter().map(|table| {
            let about = table.about();
            let numbers = table.cells().iter().filter(|cell| cell.value.is_some());
            let mut cells = vec![
                about.id.as_str().into(),
                about.title.as_str().into(),
                table.rows().len().into(),
                numbers.count().into(),
                about.source.as_str().into(),
            ];
            cells.extend(link.map(|link| link(&about.id).into()));
            cells
        });
        Table::of(columns, rows).into()
    }

    /// The list for programs.
    ///
    /// # Errors
    /// A value that JSON cannot express.
    pub fn listing_json(&self) -> Result<String, PaperError> {
        let tables: Vec<Value> = self
            .tables()
            .iter()
            .map(|table| {
                let about = table.about();
                json!({
                    "table": about.id,
                    "paper": about.paper,
                    "version": about.version,
                    "title": about.title,
                    "source": about.source,
                    "rows": table.rows().len(),
                })
            })
            .collect();
        Ok(serde_json::to_string_pretty(&tables)? + "\n")
    }
}
