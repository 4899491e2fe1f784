//! Runs with frames that a worker draws: who it is belongs to the run's identity, and only the worker can say.

use super::PipelineError;
use super::started::{Drawn, Started};
use crate::card::{CommandCard, ModelCard};
use crate::dataset::Dataset;
use crate::generator::command::{WorkerSetup, Workers};
use crate::record::{FrameIndex, Seed};
use crate::run::{Manifest, Store, WORKERS, nothing_drawn};

impl Started<'_> {
    /// Draws what is outstanding of the run of a worker. It is not started where nothing is.
    pub(super) fn draw_by_workers(
        &self,
        model: &ModelCard,
        card: &CommandCard,
        seed: Seed,
    ) -> Result<Drawn, PipelineError> {
        let planned = self.planned();
        let root = planned.folders.run(model, seed);
        let mut setup = self.worker_setup(model, card, seed);
        let begun = match Manifest::find(&root)? {
            Some(found) if !nothing_drawn(&root) => Some(found.identity.worker),
            _ => None,
        };
        // A run that has begun knows its worker; another card is refused even where nothing is left to draw.
        let (facts, mut workers) = if let Some(worker) = begun {
            (worker.map(|it| setup.by_card(it)).transpose()?, None)
        } else {
            let workers = Workers::open(&setup)?;
            (Some(workers.facts().clone()), Some(workers))
        };
        let (store, prompts) = self.begin(model, seed, facts.clone())?;
        setup.expected = facts;
        setup.size = first_size(&store)?;
        self.fill(model, seed, (store, prompts), || {
            let workers = match workers.take() {
                Some(workers) => workers,
                None => Workers::open(&setup)?,
            };
            self.control().note(&format!(
                "{}: drawn by {}{}",
                model.id,
                workers.facts(),
                match workers.count() {
                    1 => String::new(),
                    several => format!(", {several} workers"),
                }
            ));
            Ok(Box::new(workers))
        })
    }

    fn worker_setup(&self, model: &ModelCard, card: &CommandCard, seed: Seed) -> WorkerSetup {
        let planned = self.planned();
        let characters = planned.dataset.card().characters.iter();
        WorkerSetup {
            model: model.id.clone(),
            card: card.clone(),
            seed,
            device: self.runtime().device(),
            workers: planned.request.workers,
            logs: planned.folders.run(model, seed).join(WORKERS),
            cast: characters.map(|it| it.name.clone()).collect(),
            expected: None,
            size: None,
        }
    }
}

/// Width and height of the first frame that a run has.
fn first_size(store: &Store) -> Result<Option<(u32, u32)>, PipelineError> {
    for unit in store.units().filter(|unit| store.is_done(unit)) {
        for frame in 1..=unit.clips.len() as u32 {
            if let Some(image) = store.frame_if_any(unit, FrameIndex(frame))? {
                return Ok(Some(image.dimensions()));
            }
        }
    }
    Ok(None)
}
