//! Frames that another program drew become the frames of a run.
//!
//! Where the files come from is the caller's business: [`import`] is given PNG files, or the reason why
//! there is none, unit by unit, and stores them as if they had been drawn. `import.json`
//! ([`ImportRecord`]) says which file every frame is a copy of.

mod record;
mod stage;

pub use record::{FrameChange, ImportCounts, ImportRecord, ImportedFrame};
pub use stage::{Imported, Incoming, import};
