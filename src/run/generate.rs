//! The first stage: draw every unit that is not done.

use super::error::RunError;
use super::plan::Unit;
use super::progress::{Progress, Stage, begin, rate};
use super::store::Store;
use image::RgbImage;
use std::time::Instant;

/// The model: the frames of a batch of units, `[unit][frame]`.
pub type Draw<'a, E> = dyn FnMut(&[&Unit]) -> Result<Vec<Vec<RgbImage>>, E> + 'a;

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
/// # Errors
/// What `generator` gives; [`RunError::StoryCount`] and [`RunError::FrameCount`] when it breaks that
/// contract; [`RunError::Output`] and its kin. Everything stored before stays.
pub fn generate<E: From<RunError>>(
    store: &mut Store,
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
    for batch in plan.batches(store.partition()) {
        if batch.iter().all(|unit| store.is_done(unit)) {
            continue;
        }
        let began = Instant::now();
        let units: Vec<&Unit> = batch.iter().collect();
        let stories = generator(&units)?;
        check(&units, &stories)?;
        let share = began.elapsed().as_secs_f64() / units.len() as f64;
        let mut frames = 0;
        for (unit, images) in units.into_iter().zip(&stories) {
            frames += images.len();
            if store.is_done(unit) {
                if !store.holds(unit, images)? {
                    result.not_reproduced += 1;
                    progress(&Progress::NotReproduced {
                        story: unit.story.clone(),
                    });
                }
                continue;
            }
            store.put(unit, images, share)?;
            result.units += 1;
            result.frames += images.len();
            done += images.len();
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

/// Whether the generator gave every frame of every unit, before any of it is stored.
fn check(units: &[&Unit], stories: &[Vec<RgbImage>]) -> Result<(), RunError> {
    if stories.len() != units.len() {
        return Err(RunError::StoryCount {
            batch: units[0].batch,
            expected: units.len(),
            found: stories.len(),
        });
    }
    for (unit, images) in units.iter().zip(stories) {
        if images.len() != unit.clips.len() {
            return Err(RunError::FrameCount {
                story: unit.story.clone(),
                expected: unit.clips.len(),
                found: images.len(),
            });
        }
    }
    Ok(())
}
