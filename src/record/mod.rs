//! What the program persists, and the ids that everything speaks of. Knows no metric.

mod absence;
mod canonical;
mod column;
mod digest;
mod drawn_frame;
mod file_lock;
mod folder;
mod hint;
mod id;
mod near;
mod observation;
mod role;
mod score;
mod signature;
mod slice;
mod story;

pub use absence::Absence;
pub use canonical::canonical_json;
pub use column::{Column, ColumnKind, Of, SizedColumn, Value};
pub use digest::{hex, sha256_file, sha256_hex};
pub use drawn_frame::{DrawnFrame, FrameReport, Likelihood};
pub use file_lock::{FileLock, try_lock, unless_unsupported, wait_for_lock};
pub use folder::one_folder;
pub(crate) use hint::one_of;
pub use hint::{CallerError, FaultKind, Hint, HintedError};
pub use id::{ClipId, FrameIndex, Seed, StoryId};
pub use near::{did_you_mean, near};
pub use observation::Observation;
pub use role::Role;
pub use score::{Counts, Score, Scores, SeedSpread, Unit};
pub use signature::{Signature, signature_differences, signature_part, without_count};
pub use slice::{Slice, UnknownSlice};
pub use story::{ReferentialCaption, Replacement, Story, StoryFrame, TextVariant};
