//! Runs as such: which there are, what one of them is, and in what two differ.

mod difference;
mod flat;
mod listing;
mod page;
mod reports;
mod text;

pub use difference::{Changed, RunDifference, ScoreDifference};
pub use listing::{Listing, RunLine};
pub use page::{RunPage, StageSeconds};
pub use reports::FrameReports;
