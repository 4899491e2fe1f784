//! `observations.parquet`: a row a frame, in plan order.
//!
//! Plain Parquet that pandas and polars read as it is: text and numbers are flat columns, labels,
//! probabilities and captions are columns of the `LIST` logical type. The same rows give the same
//! bytes: the writer's name is fixed, there are no dates, and row groups are cut at fixed counts.

mod read;
#[cfg(test)]
mod tests;
mod write;

pub use read::read_columns;
pub use write::ObservationWriter;

use parquet::schema::parser::parse_message_type;
use parquet::schema::types::Type;

/// Rows a row group, and so the most rows that are ever held in memory.
const GROUP: usize = 2048;

const SCHEMA: &str = "message storyeval {
  required binary story (STRING);
  required int32 frame (INTEGER(32,false));
  required binary clip (STRING);
  required binary text (STRING);
  required binary caption (STRING);
  required boolean pronoun;
  required group character_labels (LIST) { repeated group list { required boolean element; } }
  optional group background_labels (LIST) { repeated group list { required boolean element; } }
  optional group character_probabilities (LIST) { repeated group list { required float element; } }
  optional group background_probabilities (LIST) { repeated group list { required float element; } }
  optional group generated_captions (LIST) { repeated group list { required binary element (STRING); } }
  optional group ground_truth_captions (LIST) { repeated group list { required binary element (STRING); } }
  optional double clip_ti;
  optional double clip_ii;
  optional double lpips;
}";

/// Names of the columns, in order.
pub const COLUMNS: [&str; 15] = [
    "story",
    "frame",
    "clip",
    "text",
    "caption",
    "pronoun",
    "character_labels",
    "background_labels",
    "character_probabilities",
    "background_probabilities",
    "generated_captions",
    "ground_truth_captions",
    "clip_ti",
    "clip_ii",
    "lpips",
];

fn schema() -> Type {
    parse_message_type(SCHEMA).expect("the schema is a constant and tested")
}
