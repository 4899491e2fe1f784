//! The first stage: draw every unit that is not done.

use super::error::RunError;
use super::plan::Unit;
use super::progress::{Progress, Stage, begin, rate};
use super::store::Store;
use crate::record::DrawnFrame;
use std::time::Instant;

/// The model: the frames of a batch of units, `[unit][frame]`.
pub type Draw<'a, E> = dyn FnMut(&[&Unit]) -> Result<Vec<Vec<DrawnFrame>>, E> + 'a;

/// An error that may mean that the device has too little memory for a batch.
pub trait MemoryShort {
    /// Whether it does, so that a smaller batch may work.
    fn is_memory_short(&self) -> bool {
        false
    }
}

/// How a unit came to be.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Drawing {
    /// Its share of the seconds that the batch took.
    pub(super) seconds: f64,
    /// Stories that were drawn together, where they were fewer than the plan's batch.
    pub(super) batch: Option<usize>,
}

/// What [`generate`] did.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Generated {
    /// Units that this call added.
    pub units: usize,
    /// Frames that this call added.
    pub frames: usize,
    /// Units whose second drawing differed from the stored one ([`Progress::NotReproduced`]).
    pub not_reproduced: usize,
    /// Wall time.
    pub seconds: f64,
}

/// Draws what is outstanding of the store's part of the plan, batch by batch, and stores it.
///
/// `generator` gets the units of one batch and gives their frames, `[unit][frame]`. A batch of which
/// anything is outstanding is drawn whole, because a network may give other last bits in another
/// composition; of it only what is outstanding is stored.
///
/// When memory is too short for a batch, it and all that follow are drawn in halves, which the journal tells of the
/// units. When it is too short for a half too, that is an error.
///
/// # Errors
/// What `generator` gives; [`RunError::StoryCount`] and [`RunError::FrameCount`] when it breaks that
/// contract; [`RunError::Output`] and other faults of writing. Everything stored before stays.
pub fn generate<E: From<RunError> + MemoryShort>(
    store: &mut Store,
    generator: &mut Draw<'_, E>,
    progress: &mut dyn FnMut(&Progress),
) -> Result<Generated, E> {
    generate_in_parts(store, usize::MAX, generator, progress)
}

/// The parts of a plan's batches that are outstanding, in order: what [`generate_in_parts`] asks for.
#[must_use]
pub fn outstanding(store: &Store, together: usize) -> Vec<Vec<usize>> {
    let plan = store.shared_plan();
    let mut parts = Vec::new();
    for batch in plan.batches(store.partition()) {
        for part in batch.chunks(together) {
            if part.iter().any(|unit| !store.is_done(unit)) {
                parts.push(part.iter().map(|unit| unit.unit).collect());
            }
        }
    }
    parts
}

/// As [`generate`], with batches cut into parts of at most `together` units, each of which is stored before the next
/// one is asked for: for a generator that draws no more than these together.
///
/// # Errors
/// Those of [`generate`].
pub fn generate_in_parts<E: From<RunError> + MemoryShort>(
    store: &mut Store,
    together: usize,
    generator: &mut Draw<'_, E>,
    progress: &mut dyn FnMut(&Progress),
) -> Result<Generated, E> {
    let plan = store.shared_plan();
    let start = Instant::now();
    let (mut done, planned) = begin(store, Stage::Generate, progress);
    let mut result = Generated {
        units: 0,
        frames: 0,
        not_reproduced: 0,
        seconds: 0.0,
    };
    let mut most = None;
    let batches = plan.batches(store.partition());
    for batch in batches.flat_map(|batch| batch.chunks(together)) {
        if batch.iter().all(|unit| store.is_done(unit)) {
            continue;
        }
        let began = Instant::now();
        let units: Vec<&Unit> = batch.iter().collect();
        let stories = match draw(generator, &units, most) {
            Err(error) if most.is_none() && units.len() > 1 && error.is_memory_short() => {
                let half = units.len().div_ceil(2);
                most = Some(half);
                progress(&Progress::Halved {
                    batch: batch[0].batch,
                    stories: units.len(),
                    half,
                });
                draw(generator, &units, most)?
            }
            drawn => drawn?,
        };
        let drawing = Drawing {
            seconds: began.elapsed().as_secs_f64() / units.len() as f64,
            batch: most.filter(|most| *most < units.len()),
        };
        let mut frames = 0;
        for (unit, drawn) in units.into_iter().zip(&stories) {
            frames += drawn.len();
            if store.is_done(unit) {
                if !store.holds(unit, drawn)? {
                    result.not_reproduced += 1;
                    progress(&Progress::NotReproduced {
                        story: unit.story.clone(),
                    });
                }
                continue;
            }
            store.put(unit, drawn, drawing)?;
            result.units += 1;
            result.frames += drawn.len();
            done += drawn.len();
        }
        progress(&Progress::Batch {
            stage: Stage::Generate,
            batch: batch[0].batch,
            done,
            planned,
            frames_per_second: rate(frames, began.elapsed().as_secs_f64()),
        });
    }
    result.seconds = start.elapsed().as_secs_f64();
    progress(&Progress::Finished {
        stage: Stage::Generate,
        frames: result.frames,
        seconds: result.seconds,
    });
    Ok(result)
}

/// Draws units, at most `most` at a time.
fn draw<E: From<RunError>>(
    generator: &mut Draw<'_, E>,
    units: &[&Unit],
    most: Option<usize>,
) -> Result<Vec<Vec<DrawnFrame>>, E> {
    let mut stories = Vec::with_capacity(units.len());
    for part in units.chunks(most.unwrap_or(units.len())) {
        let drawn = generator(part)?;
        check(part, &drawn)?;
        stories.extend(drawn);
    }
    Ok(stories)
}

/// Whether the generator gave every frame of every unit, before any of it is stored.
fn check(units: &[&Unit], stories: &[Vec<DrawnFrame>]) -> Result<(), RunError> {
    if stories.len() != units.len() {
        return Err(RunError::StoryCount {
            batch: units[0].batch,
            expected: units.len(),
            found: stories.len(),
        });
    }
    let mut stories = units.iter().zip(stories);
    stories.try_for_each(|(unit, drawn)| unit.has(drawn.len()))
}
