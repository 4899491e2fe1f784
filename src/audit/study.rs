//! From a condition to its scores, by way of a run folder that is thrown away.

use super::key::random;
use super::{Anchor, Corruption, Damage, Extent, Fault, Scratch, Strength, pixels};
use crate::dataset::Dataset;
use crate::generator::{Generator, Prompt, Shuffled};
use crate::pipeline::{Control, Goal, PipelineError, Planned, RunRequest, Started};
use crate::record::{CallerError, ClipId, Score, Seed, Story, StoryId};
use crate::run::RunError;
use std::collections::BTreeMap;
use std::path::Path;

/// The model whose card the runs have: every condition begins with the real frames.
const MODEL: &str = "ground-truth";
/// What is counted while a study is at work.
const STEP: &str = "auditing";

/// What is scored.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Condition {
    /// The real frames.
    Clean,
    /// A worthless generator.
    Anchor(Anchor),
    /// The real frames with a fault.
    Faulty(Fault, Strength),
}

impl Condition {
    /// Everything that a study observes, in order: 33 conditions.
    #[must_use]
    pub fn all() -> Vec<Self> {
        let faulty = Fault::ALL.into_iter().flat_map(|fault| {
            Strength::ALL
                .into_iter()
                .map(move |strength| Self::Faulty(fault, strength))
        });
        [Self::Clean]
            .into_iter()
            .chain(Anchor::ALL.into_iter().map(Self::Anchor))
            .chain(faulty)
            .collect()
    }
}

/// What came of a condition.
#[derive(Clone, Debug, PartialEq)]
pub struct Finding {
    /// The condition.
    pub condition: Condition,
    /// How many frames or stories were hit, for faults.
    pub extent: Option<Extent>,
    /// Its scores over all frames.
    pub scores: Vec<Score>,
}

/// A study whose data and evaluators are open.
pub struct Study<'a> {
    started: Started<'a>,
    scratch: Scratch,
    control: Control<'a>,
}

/// What a study found under one seed.
#[derive(Clone, Debug, PartialEq)]
pub struct SeedStudy {
    /// The seed of every draw.
    pub seed: Seed,
    /// One per condition, in [`Condition::all`]'s order.
    pub findings: Vec<Finding>,
    /// What each fault does to each metric.
    pub damage: Damage,
}

impl<'a> Study<'a> {
    /// Opens what a request asks for; its models, its seeds and its folder count for nothing here. Run folders are
    /// made in `place` and removed when they are scored.
    ///
    /// # Errors
    /// Cards, data and options that do not serve, weights that are missing, a place that cannot be written.
    pub fn open(
        request: &RunRequest,
        place: &Path,
        control: Control<'a>,
    ) -> Result<Self, PipelineError> {
        let request = RunRequest {
            models: vec![MODEL.to_owned()],
            ..request.clone()
        };
        let planned = request.plan(Goal::Scores, control)?;
        let started = planned.start(control.without_runs())?;
        let scratch = Scratch::below(place)?;
        Ok(Self {
            started: started.within(&scratch.run()),
            scratch,
            control,
        })
    }

    /// The stories, the protocol and the data set.
    #[must_use]
    pub fn planned(&self) -> &Planned {
        self.started.planned()
    }

    /// Scores every condition under every seed. The real frames are observed once: no seed changes them.
    ///
    /// # Errors
    /// Those of [`Study::look`].
    pub fn run(&mut self, seeds: &[Seed]) -> Result<Vec<SeedStudy>, PipelineError> {
        let conditions = Condition::all();
        let total = 1 + seeds.len() * (conditions.len() - 1);
        let control = self.control;
        let at = control.step(STEP);
        let mut done = 0;
        let mut clean: Option<Finding> = None;
        let mut studies = Vec::with_capacity(seeds.len());
        for seed in seeds {
            let mut findings = Vec::with_capacity(conditions.len());
            for condition in &conditions {
                let known = clean.clone().filter(|it| it.condition == *condition);
                let found = if let Some(known) = known {
                    known
                } else {
                    done += 1;
                    let found = self.look(*condition, *seed)?;
                    at(done, total);
                    found
                };
                if *condition == Condition::Clean {
                    clean = Some(found.clone());
                }
                findings.push(found);
            }
            studies.push(SeedStudy {
                seed: *seed,
                damage: Damage::new(&findings),
                findings,
            });
        }
        control.step_done(STEP);
        Ok(studies)
    }

    /// Draws, observes and scores one condition.
    ///
    /// # Errors
    /// Frames that cannot be read, networks that fail, a scratch folder that cannot be written, and a
    /// split without another story to shuffle with.
    pub fn look(&mut self, condition: Condition, seed: Seed) -> Result<Finding, PipelineError> {
        let planned = self.started.planned();
        let model = planned.models()[0].clone();
        let plan = match condition {
            Condition::Faulty(fault, strength) => {
                let stories: Vec<&Story> = planned.stories().iter().collect();
                let split = planned.dataset().stories();
                Some(Corruption::new(&stories, split, fault, strength, seed))
            }
            _ => None,
        };
        let drawn = self.started.draw_by(&model, seed, || {
            Ok(generator(planned, condition, plan.as_ref(), seed))
        })?;
        let observed = self.started.observe(drawn)?;
        let mut scores = observed.score()?.scores;
        scores.retain(|score| score.slice == "all");
        drop(observed);
        let root = self.scratch.run();
        std::fs::remove_dir_all(&root).map_err(|source| RunError::write(&root, source))?;
        Ok(Finding {
            condition,
            extent: plan.map(|plan| plan.extent()),
            scores,
        })
    }
}

/// What draws the frames of a condition; a fault comes with its plan.
fn generator<'g>(
    planned: &'g Planned,
    condition: Condition,
    plan: Option<&'g Corruption>,
    seed: Seed,
) -> Box<dyn Generator + 'g> {
    let (dataset, rule) = (planned.dataset(), planned.protocol().ground_truth);
    let source = move |clip: &ClipId| (dataset.ground_truth(clip, rule)).map_err(CallerError::new);
    let real = move |prompt: &Prompt, index: usize| {
        prompt.real(index, &prompt.story.frames[index].clip, &source)
    };
    match (condition, plan) {
        // The whole split, so that overlapping windows find a story to swap with.
        (Condition::Anchor(Anchor::Shuffled), _) => {
            Box::new(Shuffled::new(dataset.stories(), source))
        }
        (Condition::Anchor(Anchor::Static), _) => Box::new(move |prompt: &Prompt, index: usize| {
            let (width, height) = real(prompt, index)?.dimensions();
            let purpose = ["static", prompt.story.id.as_str(), &index.to_string()];
            Ok(pixels::uniform(width, height, &mut random(seed, &purpose)))
        }),
        (Condition::Faulty(..), Some(plan)) => {
            let ids = planned.stories().iter().map(|story| &story.id);
            let shown: BTreeMap<&StoryId, _> = ids.zip(plan.frames()).collect();
            Box::new(move |prompt: &Prompt, index: usize| {
                let shown = &shown[&prompt.story.id][index];
                let image = prompt.real(index, &shown.clip, &source)?;
                Ok(plan.apply(&prompt.story, index, shown, image))
            })
        }
        _ => Box::new(real),
    }
}
