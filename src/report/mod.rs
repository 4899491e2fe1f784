//! The room of what people read: tables and sheets.

mod comparison;
mod csv_table;
mod effect;
mod error;
mod json_table;
mod latex;
mod markdown;
mod sheet;
mod text;

pub use comparison::{Comparison, TableOptions};
pub use csv_table::csv;
pub use effect::effect;
pub use error::ReportError;
pub use json_table::json;
pub use latex::latex;
pub use markdown::markdown;
pub use sheet::{SheetCaption, SheetRow, SheetStory, sheet};
