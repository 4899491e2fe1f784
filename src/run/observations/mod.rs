//! `observations.parquet`: a row per frame, in plan order.
//!
//! Plain Parquet that pandas and polars read as it is: text and numbers are flat columns, labels,
//! probabilities and captions are columns of the `LIST` logical type. The same rows give the same
//! bytes: the writer's name is fixed, there are no dates, and row groups are cut at fixed counts.
//!
//! The first columns are the plan's, and every file has them. Those of the evaluators follow. Columns
//! are found by name; one that nothing asks for is passed over.

mod column;
mod read;
#[cfg(test)]
mod tests;
mod write;

pub use read::read_columns;
pub use write::ObservationWriter;

use parquet::schema::parser::parse_message_type;
use parquet::schema::types::Type;

/// Version of the observations: of `observations.parquet`, `features/` and `observed.json`.
pub(super) const OBSERVATIONS_FORMAT: u32 = 2;
/// The key under which the file states the version.
const FORMAT_KEY: &str = "storyeval.format";

/// Rows per row group, and so the most rows that are ever held in memory.
const GROUP: usize = 2048;

const PLANNED: &str = "message storyeval {
  required binary story (STRING);
  required int32 frame (INTEGER(32,false));
  required binary clip (STRING);
  required binary text (STRING);
  required binary caption (STRING);
  required boolean pronoun;
  required group character_labels (LIST) { repeated group list { required boolean element; } }
  optional group background_labels (LIST) { repeated group list { required boolean element; } }
}";

/// Names of the columns that the plan gives, in order.
pub const PLANNED_COLUMNS: [&str; 8] = [
    "story",
    "frame",
    "clip",
    "text",
    "caption",
    "pronoun",
    "character_labels",
    "background_labels",
];

/// The columns that every file has.
fn planned() -> Type {
    parse_message_type(PLANNED).expect("the schema is a constant and tested")
}
