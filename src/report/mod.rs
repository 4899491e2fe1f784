//! The room of what people read: tables and sheets.

mod comparison;
mod csv_table;
mod effect;
mod error;
mod footnotes;
mod json_table;
mod metrics;
mod options;
mod positions;
mod remarks;
pub mod runs;
mod sections;
mod seeds;
mod sheet;
mod significance;
mod statistics;
mod text;

pub use comparison::{Comparison, Ranking};
pub use csv_table::csv;
pub use effect::effect;
pub use error::ReportError;
pub use json_table::json;
pub use metrics::{metrics, metrics_json};
pub use options::{ColumnChoice, TableOptions};
pub use positions::by_position;
pub use seeds::over_seeds;
pub use sheet::{SheetCaption, SheetRow, SheetStory, sheet};
pub use significance::significant;
pub use statistics::statistics;
