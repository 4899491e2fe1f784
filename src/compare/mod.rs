//! Two or more runs on the same stories: what differs, by how much, and whether that is more than chance.
//!
//! Everything is paired by story. Reads stored runs, reduces them through `metric` and tests through `stats`;
//! knows no model. `docs/statistics.md` says which method computes which number, and why.

mod best;
mod document;
mod error;
mod finding;
mod options;
mod pairing;
mod references;
mod seeds;
mod sides;
mod spreadsheet;
mod stories;
mod study;
mod text;
mod verdict;

pub use best::{Best, best_of_column};
pub use error::CompareError;
pub use finding::Finding;
pub use options::CompareOptions;
pub use references::{
    GroupResult, Grouping, Measured, MetricCost, Reference, References, ReferentialStory, chart,
    find_references, references,
};
pub use seeds::SeedPart;
pub use sides::{ComparedRun, Side};
pub use stories::ChangedStory;
pub use study::{Against, Study, compare};
pub use verdict::{Verdict, Word};
