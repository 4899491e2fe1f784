//! The room of the run folder: plan, journal, store. Knows no metric and no model: what draws and what
//! looks come in as closures.
//!
//! The folder is the result. A unit of the plan is done when its line stands in the journal, and the
//! line is written after the unit's frames are on the disk; everything else is derived from the frames
//! and can be made again. So a process may be killed at any instant, and the same command goes on.

mod cache;
mod cache_bound;
mod calls;
mod cards;
mod checked_line;
mod columns;
mod difference;
mod drawn;
mod durable;
mod error;
mod fault;
mod features;
mod find;
mod generate;
mod import;
mod journal;
mod layout;
mod manifest;
mod observations;
mod observe;
mod partition;
mod plan;
mod progress;
mod put;
mod scores;
mod seed_set;
mod store;
mod stored;
mod summary;
#[cfg(test)]
mod testing;
#[cfg(test)]
mod tests;
mod timing;

pub use cache::Cache;
pub use cache_bound::{MOST_CACHED, cached_bytes};
pub use calls::{CallEnd, CallJournal, Spent};
pub use cards::{ImportedFrom, RunCards};
pub use columns::{StoredColumn, drop_column, store_column, stored_columns};
pub use difference::Difference;
pub use drawn::{Drawn, nothing_drawn};
pub use durable::{DurableFile, write_durably};
pub use error::{FeatureFault, RunError};
pub use features::{FeatureReader, FeatureWriter, read_features};
pub use find::{DEEPEST, Found, MOST_FOLDERS, find_runs};
pub use generate::{Draw, Generated, MemoryShort, generate, generate_in_parts, outstanding};
pub use import::{
    FrameChange, ImportCounts, ImportRecord, Imported, ImportedFrame, Incoming, import,
};
pub use journal::{Entry, FrameEntry, Journal, Recovery, StoredFrame};
pub use layout::{
    CALLS, COLUMNS, FEATURES, FRAMES, IMPORT, JOURNAL, MANIFEST, OBSERVATIONS, OBSERVED, PLAN,
    SCORES, TIMING, WORKERS, folder_name, frame_file, one_folder,
};
pub use manifest::{FORMAT, Identity, Manifest, Session};
pub use observations::{ObservationWriter, PLANNED_COLUMNS, read_columns};
pub use observe::{FrameRef, ObserveFrames, ObserveOptions, Observed, Unseen, observe};
pub use partition::Partition;
pub use plan::{Plan, PlanSummary, Unit};
pub use progress::{Progress, Stage};
pub use scores::{SCORES_FORMAT, find_scores, read_scores, write_scores};
pub use seed_set::{members, runs_in};
pub use store::Store;
pub use stored::{StoredObservations, observed_key};
pub use summary::{Absences, RunSummary, State, absences, folder_bytes};
pub use timing::{StageTime, TimedStage, read_times, record_time};
