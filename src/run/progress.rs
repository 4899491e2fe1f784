//! What a stage tells while it works. Showing it is the caller's job.

use super::journal::Recovery;
use super::store::Store;
use crate::record::StoryId;

/// A stage of a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stage {
    /// Frames are drawn.
    Generate,
    /// Frames of another program are taken over.
    Import,
    /// Frames are observed.
    Observe,
}

/// Something that happened. Counts are frames of this run's partition.
#[derive(Clone, Debug, PartialEq)]
pub enum Progress {
    /// An earlier process was stopped, and this had to be mended; the run goes on.
    Recovered(Recovery),
    /// A stage begins.
    Started {
        /// The stage.
        stage: Stage,
        /// Frames that are done already.
        done: usize,
        /// Frames planned.
        planned: usize,
    },
    /// A batch is done and on the disk.
    Batch {
        /// The stage.
        stage: Stage,
        /// The batch, from 0.
        batch: usize,
        /// Frames done so far, earlier processes included.
        done: usize,
        /// Frames planned.
        planned: usize,
        /// Frames a second in this batch; 0 when the batch took no measurable time.
        frames_per_second: f64,
    },
    /// Memory was too short for a batch; it and those that follow are drawn in halves.
    Halved {
        /// The batch, from 0.
        batch: usize,
        /// Its stories.
        stories: usize,
        /// The most that are drawn at once from now on.
        half: usize,
    },
    /// A batch had to be drawn again for the sake of units that were outstanding, and a story that was
    /// done came out differently. The stored one stays; the model is not reproducible here.
    NotReproduced {
        /// The story.
        story: StoryId,
    },
    /// A stage is over.
    Finished {
        /// The stage.
        stage: Stage,
        /// Frames this process worked on.
        frames: usize,
        /// Seconds it took.
        seconds: f64,
    },
}

/// Tells that a stage which fills the store begins, and what of an earlier process was mended. Gives the
/// frames that are done and those that are planned.
pub(super) fn begin(
    store: &Store,
    stage: Stage,
    progress: &mut dyn FnMut(&Progress),
) -> (usize, usize) {
    let (done, planned) = (store.done_frames(), store.planned_frames());
    if !store.recovery().is_clean() {
        progress(&Progress::Recovered(store.recovery()));
    }
    progress(&Progress::Started {
        stage,
        done,
        planned,
    });
    (done, planned)
}

/// `frames / seconds`, or 0 where that has no meaning.
pub(super) fn rate(frames: usize, seconds: f64) -> f64 {
    if seconds > 0.0 {
        frames as f64 / seconds
    } else {
        0.0
    }
}
