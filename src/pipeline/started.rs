//! A plan at work: frames are drawn, and evaluators observe them.

use super::evaluators::truth_cache;
use super::given::{with_given, without_given};
use super::planned::Planned;
use super::sheet::write_sheet;
use super::spending::Spending;
use super::{Control, PipelineError, scoring};
use crate::card::{GeneratorKind, HttpCard, ModelCard};
use crate::dataset::Dataset;
use crate::evaluate::{self, ObserveRequest, Panel};
use crate::fetch::Environment;
use crate::generator::{
    CharLdm, Generator, GroundTruth, HttpContext, HttpGenerator, Prompt, Shuffled, StoryGptV,
};
use crate::inference::Runtime;
use crate::record::{CallerError, ClipId, Scores, Seed, WorkerFacts};
use crate::run::{Store, Unit, generate_in_parts, outstanding};
use std::path::{Path, PathBuf};

/// A plan with ONNX Runtime and the evaluators open.
pub struct Started<'a> {
    planned: Planned,
    runtime: Runtime,
    panel: Option<Panel>,
    control: Control<'a>,
}

/// A run whose frames are all there.
#[derive(Debug)]
pub struct Drawn {
    store: Store,
    prompts: Vec<Prompt>,
}

/// A run whose frames were all observed.
#[derive(Debug)]
pub struct Observed {
    store: Store,
}

impl Planned {
    /// Opens ONNX Runtime and the evaluators.
    ///
    /// # Errors
    /// All weights that are missing; a runtime, device or network that does not open.
    pub fn start(mut self, control: Control<'_>) -> Result<Started<'_>, PipelineError> {
        std::mem::take(&mut self.missing).check()?;
        let runtime = Runtime::open(&self.request.runtime, &mut |line| control.note(line))?;
        let panel = match &self.evaluators {
            Some(set) => Some(set.open(self.dataset.card(), &self.protocol, &runtime)?),
            None => None,
        };
        Ok(Started {
            planned: self,
            runtime,
            panel,
            control,
        })
    }
}

impl Started<'_> {
    /// What is being done.
    #[must_use]
    pub fn planned(&self) -> &Planned {
        &self.planned
    }

    /// The same with its runs below another folder.
    #[must_use]
    pub fn within(mut self, folder: &Path) -> Self {
        folder.clone_into(&mut self.planned.folders.group);
        self
    }

    /// Draws what is outstanding of the run of a model and seed.
    ///
    /// # Errors
    /// Another run in the folder, frames that cannot be drawn or written, [`PipelineError::Cancelled`].
    pub fn draw(&self, model: &ModelCard, seed: Seed) -> Result<Drawn, PipelineError> {
        match (&model.command, &model.http) {
            (Some(card), _) => self.draw_by_workers(model, card, seed),
            (None, Some(card)) => self.draw_by_service(model, card, seed),
            (None, None) => self.draw_by(model, seed, || self.generator(model)),
        }
    }

    /// The same by asking a service.
    fn draw_by_service(
        &self,
        model: &ModelCard,
        http: &HttpCard,
        seed: Seed,
    ) -> Result<Drawn, PipelineError> {
        let runtime = &self.planned.request.runtime;
        let mut environment = Environment::of_process()?;
        environment.offline = runtime.offline;
        let spending = Spending::of(&self.planned, model, seed)?;
        let control = self.control;
        let (note, stopped) = (
            move |line: &str| control.note(line),
            move || control.check().is_err(),
        );
        let context = HttpContext {
            environment: &environment,
            cache: &runtime.cache,
            budget: &spending,
            note: &note,
            stopped: &stopped,
        };
        let drawn = self.draw_by(model, seed, || {
            Ok(Box::new(HttpGenerator::new(http, context)))
        });
        spending.tell(&model.id, control)?;
        drawn
    }

    /// The same with a generator of the caller's, which takes the place of `model`. It is not opened where nothing is
    /// outstanding.
    ///
    /// # Errors
    /// Those of [`Started::draw`], and what opening the generator gives.
    pub fn draw_by<'g>(
        &self,
        model: &ModelCard,
        seed: Seed,
        open: impl FnOnce() -> Result<Box<dyn Generator + 'g>, PipelineError>,
    ) -> Result<Drawn, PipelineError> {
        let begun = self.begin(model, seed, None)?;
        self.fill(model, seed, begun, open)
    }

    /// Begins the run of a model and seed, or goes on with it. `worker` is who draws it, where this program does not.
    pub(super) fn begin(
        &self,
        model: &ModelCard,
        seed: Seed,
        worker: Option<WorkerFacts>,
    ) -> Result<(Store, Vec<Prompt>), PipelineError> {
        let planned = &self.planned;
        let (plan, prompts) = planned.plan(model, seed)?;
        let mut manifest = planned.manifest(model, &plan, seed, &self.runtime)?;
        manifest.identity.worker = worker;
        let root = planned.folders.run(model, seed);
        let store = Store::create_or_resume(&root, &manifest, &plan)?;
        if !store.is_locked() {
            self.control.note(&format!(
                "warning: the file system of {} has no locks; let no second storyeval work there",
                root.display()
            ));
        }
        tell_renewed(&store, self.control);
        Ok((store, prompts))
    }

    /// Draws what is outstanding of a run that has begun.
    pub(super) fn fill<'g>(
        &self,
        model: &ModelCard,
        seed: Seed,
        (mut store, prompts): (Store, Vec<Prompt>),
        open: impl FnOnce() -> Result<Box<dyn Generator + 'g>, PipelineError>,
    ) -> Result<Drawn, PipelineError> {
        if store.require_complete().is_ok() {
            self.control.note(&format!(
                "{}: every frame is there, nothing is drawn",
                model.id
            ));
            return Ok(Drawn { store, prompts });
        }
        let mut generator = open()?;
        let together = generator.together();
        let parts = outstanding(&store, together);
        let planned = &self.planned;
        let of = |units: &[usize]| -> Result<Vec<Prompt>, PipelineError> {
            let units = units.iter();
            units
                .map(|unit| with_given(planned, &prompts[*unit]))
                .collect()
        };
        // Where drawing is, and which part is announced next.
        let (mut at, mut next) = (0, 0);
        let mut draw = |units: &[&Unit]| -> Result<_, PipelineError> {
            self.control.check()?;
            let units: Vec<usize> = units.iter().map(|unit| unit.unit).collect();
            while parts.get(at).is_some_and(|part| part[0] < units[0]) {
                at += 1;
            }
            next = at.max(next);
            let mut coming = std::iter::from_fn(|| {
                // What cannot be read is an error when its turn comes.
                let prompts = of(parts.get(next)?).ok()?;
                next += 1;
                Some(prompts)
            });
            generator.announce(&mut coming, seed);
            let batch = of(&units)?;
            let drawn = generator.generate(&batch, seed);
            if drawn.is_err() {
                // A generator that was stopped in the middle says so as an error of its own.
                self.control.check()?;
            }
            without_given(planned.protocol(), &batch, drawn?)
        };
        let mut progress = self.control.progress(&model.id);
        generate_in_parts(&mut store, together, &mut draw, &mut progress)?;
        drop(generator);
        Ok(Drawn { store, prompts })
    }

    pub(super) fn control(&self) -> Control<'_> {
        self.control
    }

    /// Shows the frames of a run to the evaluators.
    ///
    /// # Errors
    /// Frames that cannot be read, networks that fail, output that cannot be written.
    ///
    /// # Panics
    /// When the plan was to draw frames only.
    pub fn observe(&mut self, drawn: Drawn) -> Result<Observed, PipelineError> {
        let panel = self.panel.as_mut().expect("the goal is scores");
        let wanted = ObserveRequest {
            dataset: &self.planned.dataset,
            protocol: &self.planned.protocol,
            prompts: &drawn.prompts,
            cache: &truth_cache(&self.planned.request.runtime.cache),
            folder: drawn.store.root(),
        };
        observe(&drawn.store, &wanted, panel, self.control)?;
        Ok(Observed { store: drawn.store })
    }

    /// Tells what is doubtful about the files that real frames were read from so far.
    pub fn tell_doubts(&self) {
        tell_doubts(&self.planned.dataset, self.control);
    }

    /// ONNX Runtime, for generators of the caller's.
    #[must_use]
    pub fn runtime(&self) -> &Runtime {
        &self.runtime
    }

    /// Writes the strip sheet of runs, by the names of their models.
    pub(super) fn sheet(&self, runs: &[(String, Store)]) -> Result<PathBuf, PipelineError> {
        let planned = &self.planned;
        write_sheet(
            &planned.dataset,
            &planned.protocol,
            &planned.stories,
            planned.group(),
            runs,
        )
    }

    /// The generator of a model.
    fn generator(&self, model: &ModelCard) -> Result<Box<dyn Generator + '_>, PipelineError> {
        let planned = &self.planned;
        let rule = planned.protocol.ground_truth;
        let frames = move |clip: &ClipId| {
            let frame = planned.dataset.ground_truth(clip, rule);
            frame.map_err(CallerError::new)
        };
        let latents = &planned.request.latents;
        Ok(match (model.generator, planned.bundle(model)) {
            (GeneratorKind::StorygptV, Some(bundle)) => {
                let drawer = StoryGptV::open(&self.runtime, bundle)?
                    .with_reading(model.reads)
                    .with_writer(
                        &self.runtime,
                        bundle,
                        planned.writer(model),
                        model.sampling.as_ref(),
                    )?;
                Box::new(drawer.with_latents(latents.open()?))
            }
            (GeneratorKind::CharLdm, Some(bundle)) => {
                Box::new(CharLdm::open(&self.runtime, bundle)?.with_latents(latents.open()?))
            }
            (GeneratorKind::GroundTruth, _) => Box::new(GroundTruth::new(frames)),
            // The whole split, so that overlapping windows find a story to swap with.
            (GeneratorKind::Shuffled, _) => {
                Box::new(Shuffled::new(planned.dataset.stories(), frames))
            }
            // A service is asked by `draw`.
            (GeneratorKind::Images | GeneratorKind::Http, _) => {
                return Err(PipelineError::DrawnElsewhere {
                    card: Box::new(model.clone()),
                });
            }
            // Its card has the section that `draw` looks for.
            (GeneratorKind::Command, _) => {
                return Err(PipelineError::NoWorker {
                    model: model.id.clone(),
                });
            }
            (GeneratorKind::StorygptV | GeneratorKind::CharLdm, None) => {
                return Err(PipelineError::NoBundleNamed {
                    model: model.id.clone(),
                });
            }
        })
    }
}

/// Shows every frame of a run to a panel, under the name of its model.
pub(super) fn observe(
    store: &Store,
    wanted: &ObserveRequest<'_>,
    panel: &mut Panel,
    control: Control<'_>,
) -> Result<(), PipelineError> {
    control.check()?;
    let model = store.manifest().identity.model.clone();
    evaluate::observe(store, wanted, panel, &mut control.progress(&model))?;
    Ok(())
}

/// Tells that a folder's plan was made again.
pub(super) fn tell_renewed(store: &Store, control: Control<'_>) {
    if let Some(words) = store.renewed() {
        let folder = store.root().display();
        control.note(&format!(
            "note: nothing was drawn in {folder} yet, so its plan was made again ({words})"
        ));
    }
}

/// Tells what is doubtful about the files that frames of a data set were read from.
pub(super) fn tell_doubts(dataset: &dyn Dataset, control: Control<'_>) {
    for doubt in dataset.doubts() {
        control.note(&format!("warning: {doubt}"));
    }
}

impl Drawn {
    /// The run folder.
    #[must_use]
    pub fn folder(&self) -> &Path {
        self.store.root()
    }
}

impl Observed {
    /// The run folder.
    #[must_use]
    pub fn folder(&self) -> &Path {
        self.store.root()
    }

    /// Reduces the observations to scores, which are written into the run folder.
    ///
    /// # Errors
    /// Observations that were changed, and output that cannot be written.
    pub fn score(&self) -> Result<Scores, PipelineError> {
        scoring::score_store(&self.store)
    }

    pub(super) fn into_store(self) -> Store {
        self.store
    }
}
