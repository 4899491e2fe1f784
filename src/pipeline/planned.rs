//! Everything that is known before the first frame is drawn.

use super::beginning::Beginning;
use super::data::{open_dataset, selected};
use super::folders::{Folders, GroupName};
use super::request::{RunRequest, Seeds};
use super::weights::open_bundle;
use super::{Control, DataChoice, EvaluatorSet, Gathered, PipelineError};
use crate::card::{self, GeneratorKind, ModelCard, PromptTemplate, Protocol, Subset};
use crate::dataset::{Dataset, OpenDataset, referential};
use crate::generator::Prompt;
use crate::inference::{Bundle, Runtime};
use crate::record::{Seed, Story};
use crate::run::{MANIFEST, Manifest, Partition, Plan, PlanSummary};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// How far a request goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Goal {
    /// Frames only; no evaluator is needed.
    Frames,
    /// Scores.
    Scores,
}

/// A request with its cards, data, weights and folders.
#[derive(Debug)]
pub struct Planned {
    pub(super) request: RunRequest,
    pub(super) protocol: Protocol,
    choice: DataChoice,
    pub(super) dataset: OpenDataset,
    pub(super) stories: Vec<Story>,
    models: Vec<ModelCard>,
    pub(super) folders: Folders,
    /// Verified bundles of the models, by id. Verifying reads every byte, so each is opened once.
    bundles: BTreeMap<String, Bundle>,
    /// The bundles of the evaluators, for requests that go as far as scores.
    pub(super) evaluators: Option<EvaluatorSet>,
    /// Weights that are missing.
    pub(super) missing: Gathered,
}

impl Planned {
    pub(super) fn open(
        request: &RunRequest,
        goal: Goal,
        control: Control<'_>,
    ) -> Result<Self, PipelineError> {
        let card = card::dataset(&request.dataset)?;
        let mut protocol = card::protocol(&request.protocol)?;
        request.data.apply(&mut protocol)?;
        let models = models(&request.models)?;
        request.latents.check(&models)?;
        if request.workers.is_some() && models.iter().all(|model| model.command.is_none()) {
            let models: Vec<String> = models.into_iter().map(|model| model.id).collect();
            let models = models.join(", ");
            return Err(PipelineError::WorkersOfNone { models });
        }
        request.spending.check(&models)?;
        let cache = &request.runtime.cache;
        // Everything that is missing is named, not only the first.
        let mut missing = Gathered::default();
        let choice = request.data.choose(&request.dataset, &card, &protocol);
        let bundles = bundles(&models, cache, &mut missing);
        let evaluators = (goal == Goal::Scores).then(|| {
            EvaluatorSet::find(
                &card,
                &protocol,
                &request.skip,
                cache,
                &mut missing,
                control,
            )
        });
        let dataset = missing.keep(open_dataset(card, &choice, cache, control));
        let Some(dataset) = dataset else {
            return Err(missing.into_error());
        };
        let stories = selected(&dataset, &protocol, request.limit)?;
        dataset.check_pictures(&stories)?;
        let folders = folders(request, &choice, &protocol, &dataset, &models);
        if request.seeds.are_several() {
            refuse_runs(&folders, &models)?;
        }
        Ok(Self {
            request: request.clone(),
            protocol,
            choice,
            dataset,
            stories,
            models,
            folders,
            bundles,
            evaluators,
            missing,
        })
    }

    /// The models, in the order of the request.
    #[must_use]
    pub fn models(&self) -> &[ModelCard] {
        &self.models
    }

    /// The data set; generators of the caller's read frames from it.
    #[must_use]
    pub fn dataset(&self) -> &OpenDataset {
        &self.dataset
    }

    /// How frames are observed and scored.
    #[must_use]
    pub fn protocol(&self) -> &Protocol {
        &self.protocol
    }

    /// The stories to draw.
    #[must_use]
    pub fn stories(&self) -> &[Story] {
        &self.stories
    }

    /// Which stories they are, as signatures say it.
    #[must_use]
    pub fn subset(&self) -> Subset {
        self.choice.subset(&self.stories, &self.dataset)
    }

    /// The seeds of each model.
    #[must_use]
    pub fn seeds(&self) -> &[Seed] {
        self.request.seeds.all()
    }

    /// The folder of the runs, or the run where there is one.
    #[must_use]
    pub fn group(&self) -> &Path {
        &self.folders.group
    }

    /// What each run will draw, and into which folder.
    ///
    /// # Errors
    /// Captions that a text variant cannot be made of.
    pub fn outlook(&self) -> Result<Vec<(PlanSummary, PathBuf)>, PipelineError> {
        let runs = self.models.iter().flat_map(|model| {
            let seeds = self.seeds().iter();
            seeds.map(move |seed| (model, *seed))
        });
        runs.map(|(model, seed)| {
            let (plan, _) = self.plan(model, seed)?;
            Ok((
                plan.summary(Partition::WHOLE),
                self.folders.run(model, seed),
            ))
        })
        .collect()
    }

    /// Whether everything is there that the runs need.
    ///
    /// # Errors
    /// All weights that are missing, and a variable without the key that it should hold.
    pub fn require_complete(mut self) -> Result<(), PipelineError> {
        if let Some(error) = self.missing_key() {
            self.missing.keep::<()>(Err(error));
        }
        self.missing.check()
    }

    /// The verified bundle of a model that has weights.
    pub(super) fn bundle(&self, model: &ModelCard) -> Option<&Bundle> {
        self.bundles.get(model.bundle.as_ref()?)
    }

    /// The verified bundle that makes the language model of a model write, where it is one of its own.
    pub(super) fn writer(&self, model: &ModelCard) -> Option<&Bundle> {
        self.bundles.get(model.writer.as_ref()?)
    }

    /// The plan of a run, and what its model reads.
    pub(super) fn plan(
        &self,
        model: &ModelCard,
        seed: Seed,
    ) -> Result<(Plan, Vec<Prompt>), PipelineError> {
        let variant = self.protocol.text_for(model)?;
        let card = self.dataset.card();
        let captions = self
            .stories
            .iter()
            .map(|story| referential(story, variant, card))
            .collect::<Result<Vec<_>, _>>()?;
        let batch = self.request.batch;
        let plan = Plan::new(&self.stories, &captions, &model.id, seed, batch)?;
        let stories = self.stories.iter().cloned().zip(captions);
        let prompts = stories.map(|(story, captions)| Prompt::new(story, captions));
        Ok((plan, prompts.collect()))
    }

    /// The manifest of a run.
    pub(super) fn manifest(
        &self,
        model: &ModelCard,
        plan: &Plan,
        seed: Seed,
        runtime: &Runtime,
    ) -> Result<Manifest, PipelineError> {
        let bundle = self.bundle(model);
        let latents_hash = match bundle {
            Some(bundle) => self.request.latents.hash(bundle, plan)?,
            None => None,
        };
        let drawing = model.drawing(self.writer(model).map(Bundle::content_hash).as_deref());
        let beginning = Beginning {
            dataset: &self.dataset,
            choice: &self.choice,
            protocol: &self.protocol,
            stories: &self.stories,
            model,
            plan,
            seed,
            batch: self.request.batch.get(),
            runtime,
            threads: self.request.runtime.threads,
        };
        Ok(beginning.manifest(|identity, _| {
            identity.bundle_hash = bundle.map(Bundle::content_hash);
            identity.latents_hash = latents_hash;
            if let Some(http) = &model.http {
                identity.service_hash = Some(http.service_hash());
                identity.prompt_hash = http.prompt.as_ref().map(PromptTemplate::hash);
            }
            identity.drawing = drawing;
        }))
    }
}

/// The cards of the models, each once and each one that can be drawn here.
fn models(ids: &[String]) -> Result<Vec<ModelCard>, PipelineError> {
    let mut models: Vec<ModelCard> = Vec::new();
    for id in ids {
        let card = card::model(id)?;
        if models.iter().any(|earlier| earlier.id == card.id) {
            return Err(PipelineError::ModelTwice { model: card.id });
        }
        models.push(card);
    }
    match models
        .iter()
        .find(|card| card.generator == GeneratorKind::Images)
    {
        Some(card) => Err(PipelineError::DrawnElsewhere {
            card: Box::new(card.clone()),
        }),
        None => Ok(models),
    }
}

fn bundles(models: &[ModelCard], cache: &Path, missing: &mut Gathered) -> BTreeMap<String, Bundle> {
    let mut bundles = BTreeMap::new();
    for model in models {
        for id in model.bundle.iter().chain(&model.writer) {
            let what = format!("model {}", model.id);
            if !bundles.contains_key(id)
                && let Some(bundle) = missing.keep(open_bundle(id, &what, model.into(), cache))
            {
                bundles.insert(id.clone(), bundle);
            }
        }
    }
    bundles
}

fn folders(
    request: &RunRequest,
    choice: &DataChoice,
    protocol: &Protocol,
    dataset: &OpenDataset,
    models: &[ModelCard],
) -> Folders {
    let name = GroupName {
        dataset: &dataset.card().id,
        protocol: &protocol.id,
        split: &choice.split,
        usual_split: &dataset.card().split,
        subset: request.data.subset.as_deref(),
        story_length: request.data.story_length,
        limit: request.limit,
        seed: match &request.seeds {
            Seeds::One(seed) => seed.0,
            Seeds::Several(_) => 0,
        },
        seeds: request.seeds.are_several(),
    };
    Folders::new(request.out.as_deref(), &name, models)
}

/// A folder that is a run of one seed does not become the folder of several.
fn refuse_runs(folders: &Folders, models: &[ModelCard]) -> Result<(), PipelineError> {
    let mut taken = models.iter().map(|model| folders.model(model));
    match taken.find(|folder| folder.join(MANIFEST).exists()) {
        Some(folder) => Err(PipelineError::RunOfOneSeed { folder }),
        None => Ok(()),
    }
}
