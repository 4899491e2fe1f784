//! The single pass over the frames of all clips, on all cores.

use super::facts::{Facts, look};
use super::journal::{Journal, stamps};
use super::scope::{ClipIndex, Scope};
use crate::dataset::DatasetError;
use crate::dataset::open::Metadata;
use rayon::prelude::*;
use std::sync::atomic::{AtomicUsize, Ordering};

/// What was found out about a clip.
pub(super) type Looked = Result<Facts, DatasetError>;

/// What was found out about the chosen clips, in the order of the scope.
#[derive(Debug)]
pub(super) struct Pass {
    pub(super) clips: Vec<(ClipIndex, Looked)>,
    /// Clips that were not checked again.
    pub(super) known: usize,
}

/// Checks every chosen clip once, `progress(done, of all)`.
pub(super) fn pass(
    data: &Metadata,
    scope: &Scope,
    journal: Option<&Journal>,
    progress: &(dyn Fn(usize, usize) + Sync),
) -> Pass {
    let places = scope.clips.iter().enumerate();
    let chosen: Vec<ClipIndex> = places
        .filter(|(_, place)| place.chosen)
        .map(|(index, _)| index as ClipIndex)
        .collect();
    let (done, known) = (AtomicUsize::new(0), AtomicUsize::new(0));
    let clips = chosen.par_iter().map(|index| {
        let clip = &scope.clips[*index as usize].id;
        let facts = if let Some(facts) = journal.and_then(|journal| journal.known(data, clip)) {
            known.fetch_add(1, Ordering::Relaxed);
            Ok(facts.clone())
        } else {
            // Before the file is read: a change while it is read must not look like no change.
            let files = journal.and_then(|_| stamps(data, clip));
            let facts = look(data, clip);
            if let (Some(journal), Some(files), Ok(facts)) = (journal, files, &facts) {
                journal.keep(clip, files, facts);
            }
            facts
        };
        progress(done.fetch_add(1, Ordering::Relaxed) + 1, chosen.len());
        (*index, facts)
    });
    Pass {
        clips: clips.collect(),
        known: known.load(Ordering::Relaxed),
    }
}
