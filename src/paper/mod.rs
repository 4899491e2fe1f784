//! The room of published numbers: what papers print, and what runs of ours say to it.
//!
//! Every published cell is a row of `reference-data/papers/*.csv`, compiled into the program, exactly as it
//! is printed and with what is known of how it was computed. A run is compared with a cell only where nothing
//! that a number depends on differs; otherwise the answer is why not. Runs no models.

mod cell;
mod conflict;
mod error;
mod figures;
mod library;
mod listing;
mod matching;
mod measured;
mod obstacle;
mod reply;
mod spreadsheet;
mod table;
mod verdict;

pub use cell::{Confidence, PublishedCell, PublishedUnit, ScoredFrames, Text, Trend};
pub use conflict::{Contradiction, Voice};
pub use error::PaperError;
pub use figures::{Printed, figures};
pub use library::Library;
pub use matching::{Claim, Match, RowChoice};
pub use measured::MeasuredRun;
pub use reply::Reply;
pub use table::{About, PublishedRow, PublishedTable};
pub use verdict::{Finding, Verdict};
