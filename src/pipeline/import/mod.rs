//! Frames that another program drew become a run.

mod notes;
mod place;
mod record;

use super::data::{links, open_dataset, selected};
use super::folders::{Folders, GroupName};
use super::request::BATCH;
use super::sheet::write_sheet;
use super::started::{observe, tell_doubts};
use super::{
    Control, DataChoice, DataRequest, EvaluatorSet, Gathered, PipelineError, scoring, truth_cache,
};
use crate::card::{self, GeneratorKind, ModelCard, Protocol};
use crate::dataset::{Dataset, OpenDataset, OpenOptions, referential};
use crate::evaluate::ObserveRequest;
use crate::generator::Prompt;
use crate::generator::images::{
    Allowed, Asked, Doubt, Fitted, Folder, ImagesError, Inspection, LayoutKind, Matching, Mismatch,
    Numbers, Taken, Tried, choose, doubt, fit,
};
use crate::inference::{Runtime, RuntimeOptions};
use crate::record::{Role, Scores, Seed, Story, StoryId, TextVariant};
use crate::run::{ImportCounts, Partition, Plan, PlanSummary};
use notes::ImportNotes;
use std::collections::BTreeSet;
use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};

/// Images of another program, on the stories of a data set.
#[derive(Clone, Debug)]
pub struct ImageRequest {
    /// Folder of the images.
    pub images: PathBuf,
    /// How the files are named; found out where absent.
    pub layout: Option<LayoutKind>,
    /// Data set: an id, a card's path, or a folder with `stories.jsonl`.
    pub dataset: String,
    /// Protocol: an id or a card's path.
    pub protocol: String,
    /// Where the data are and which stories of them are meant.
    pub data: DataRequest,
    /// Only the first stories; files are still counted from the split's first story.
    pub limit: Option<usize>,
    /// First frame that was drawn, from 1, where the file names do not tell.
    pub first_frame: Option<NonZeroUsize>,
    /// What the numbers in the file names begin at; found out where absent.
    pub numbers: Option<Numbers>,
    /// The seed that the other program drew with; a part of the run's identity. `None` is 0, in the run folder
    /// itself; with a seed the default folder is `seed-<k>` below it.
    pub seed: Option<Seed>,
    /// What tables call the model; the folder's name where absent.
    pub name: Option<String>,
    /// Text that the other program read; the protocol's where absent.
    pub text: Option<TextVariant>,
    /// Run folder; below `runs/` where absent.
    pub out: Option<PathBuf>,
    /// Whether frames without a file are left out and counted.
    pub allow_missing: bool,
    /// Whether files that are no frame are left alone.
    pub allow_extra: bool,
    /// Width and height that every image must have; where absent, one size, whichever.
    pub size: Option<[u32; 2]>,
    /// Networks to do without.
    pub skip: BTreeSet<Role>,
    /// Device, threads and cache.
    pub runtime: RuntimeOptions,
}

/// The images of a folder, matched with the plan and read.
struct Found {
    layout: LayoutKind,
    folder: Folder,
    matching: Matching,
    inspection: Inspection,
    counts: ImportCounts,
    notes: Vec<String>,
}

/// Images that fit the stories, before anything is written.
pub struct Matched {
    job: Job,
    found: Found,
    evaluators: Option<EvaluatorSet>,
    out: PathBuf,
}

/// A run of imported images, with its scores.
#[derive(Clone, Debug)]
pub struct Imported {
    /// The run folder.
    pub run: PathBuf,
    /// The scores.
    pub scores: Scores,
    /// The strip sheet.
    pub sheet: PathBuf,
}

/// What is to be imported: stories of a data set under a protocol, and the model that drew them.
struct Job {
    request: ImageRequest,
    choice: DataChoice,
    dataset: OpenDataset,
    protocol: Protocol,
    model: ModelCard,
    stories: Vec<Story>,
}

impl ImageRequest {
    /// Matches the images with the stories and reads them; everything that does not fit is one error. `to_score`
    /// says whether weights have to be there too; without, the images can only be looked through.
    ///
    /// # Errors
    /// Cards, data and weights that do not serve; images that do not fit.
    pub fn find(&self, to_score: bool, control: Control<'_>) -> Result<Matched, PipelineError> {
        place::refuse_run(&self.images)?;
        let (mut job, evaluators) = self.open(to_score, control)?;
        let out = job.out();
        place::refuse_nested(&self.images, &out)?;
        let found = job.find(control)?;
        let layout = found.layout;
        job.model.description = format!("frames that another program drew, in layout {layout}");
        Ok(Matched {
            job,
            found,
            evaluators,
            out,
        })
    }

    /// Opens everything that can fail before the images are read.
    fn open(
        &self,
        to_score: bool,
        control: Control<'_>,
    ) -> Result<(Job, Option<EvaluatorSet>), PipelineError> {
        let card = card::dataset(&self.dataset)?;
        let mut protocol = card::protocol(&self.protocol)?;
        self.data.apply(&mut protocol)?;
        let choice = self.data.choose(&self.dataset, &card, &protocol);
        let model = self.model_card()?;
        protocol.text_for(&model)?;
        let cache = &self.runtime.cache;
        let mut missing = Gathered::default();
        let evaluators = to_score.then(|| {
            EvaluatorSet::find(&card, &protocol, &self.skip, cache, &mut missing, control)
        });
        let dataset = missing.keep(open_dataset(card, &choice, cache, control));
        let Some(dataset) = dataset else {
            return Err(missing.into_error());
        };
        missing.check()?;
        let stories = selected(&dataset, &protocol, self.limit)?;
        dataset.check_pictures(&stories)?;
        let job = Job {
            request: self.clone(),
            choice,
            dataset,
            protocol,
            model,
            stories,
        };
        Ok((job, evaluators))
    }

    /// The card of the model that drew the images.
    fn model_card(&self) -> Result<ModelCard, PipelineError> {
        let folder = || {
            let whole = std::fs::canonicalize(&self.images).ok()?;
            Some(whole.file_name()?.to_string_lossy().into_owned())
        };
        let name = self.name.clone().or_else(folder);
        let name = name.unwrap_or_else(|| "images".to_owned());
        if name.trim().is_empty() || name.chars().any(char::is_control) {
            return Err(PipelineError::ModelName { name });
        }
        Ok(ModelCard {
            description: "frames that another program drew".to_owned(),
            text: self.text,
            ..ModelCard::new(name, GeneratorKind::Images)
        })
    }
}

impl Matched {
    /// How the files are named.
    #[must_use]
    pub fn layout(&self) -> LayoutKind {
        self.found.layout
    }

    /// How many frames have a file.
    #[must_use]
    pub fn counts(&self) -> &ImportCounts {
        &self.found.counts
    }

    /// What a reader of the scores must know.
    #[must_use]
    pub fn notes(&self) -> &[String] {
        &self.found.notes
    }

    /// The plan, and the folder that the run will be in.
    ///
    /// # Errors
    /// Captions that a text variant cannot be made of.
    pub fn outlook(&self) -> Result<(PlanSummary, &Path), PipelineError> {
        let (plan, _) = self.job.plan()?;
        Ok((plan.summary(Partition::WHOLE), &self.out))
    }

    /// Copies the images into a run folder, observes and scores them. A run that is there already goes on.
    ///
    /// # Errors
    /// Weights that are missing, another run in the folder, networks that fail, output that cannot be written.
    ///
    /// # Panics
    /// When [`ImageRequest::find`] was not asked to find weights.
    pub fn score(self, control: Control<'_>) -> Result<Imported, PipelineError> {
        let Self {
            job,
            found,
            evaluators,
            out,
        } = self;
        let evaluators = evaluators.expect("weights were looked for");
        let (plan, prompts) = job.plan()?;
        let options = &job.request.runtime;
        let runtime = Runtime::open(options, &mut |line| control.note(line))?;
        let mut panel = evaluators.open(job.dataset.card(), &job.protocol, &runtime)?;
        let record = job.record(&found);
        let manifest = job.manifest(&plan, &runtime, &record);
        let store = job.import(&found, &plan, (&manifest, &record), &out, control)?;
        let wanted = ObserveRequest {
            dataset: &job.dataset,
            protocol: &job.protocol,
            prompts: &prompts,
            cache: &truth_cache(&options.cache),
            folder: store.root(),
        };
        observe(&store, &wanted, &mut panel, control)?;
        tell_doubts(&job.dataset, control);
        let scores = scoring::score_store(&store)?;
        let runs = [(job.model.name.clone(), store)];
        let sheet = write_sheet(&job.dataset, &job.protocol, &job.stories, &out, &runs)?;
        Ok(Imported {
            run: out,
            scores,
            sheet,
        })
    }
}

impl Job {
    /// `--out`, or a folder below `runs/`.
    fn out(&self) -> PathBuf {
        let name = GroupName {
            dataset: &self.dataset.card().id,
            protocol: &self.protocol.id,
            split: &self.choice.split,
            usual_split: &self.dataset.card().split,
            subset: self.request.data.subset.as_deref(),
            story_length: self.request.data.story_length,
            limit: self.request.limit,
            seed: 0,
            seeds: false,
        };
        // A name that the user chose freely, as one part of a path.
        let folder = ModelCard {
            id: crate::run::folder_name(&StoryId::new(self.model.id.clone())),
            ..self.model.clone()
        };
        let group = Folders::new(self.request.out.as_deref(), &name, &[folder]).group;
        match (self.request.seed, &self.request.out) {
            // As `run --seeds` lays runs out, so that commands take the folder of the model for all of them.
            (Some(seed), None) => group.join(format!("seed-{}", seed.0)),
            _ => group,
        }
    }

    fn seed(&self) -> Seed {
        self.request.seed.unwrap_or(Seed(0))
    }

    /// Matches and reads the images; everything that does not fit is one error.
    fn find(&self, control: Control<'_>) -> Result<Found, PipelineError> {
        let folder = Folder::list(&self.request.images)?;
        let (split, selected) = (self.dataset.stories(), self.stories.len());
        let asked = Asked {
            first_frame: self.request.first_frame.map(NonZeroUsize::get),
            numbers: self.request.numbers,
            allow_extra: self.request.allow_extra,
            allow_missing: self.request.allow_missing,
        };
        let layout = match self.request.layout {
            Some(layout) => layout,
            None => choose(&folder, split, selected, asked)?,
        };
        let fitted = fit(layout, &folder, split, selected, asked)?;
        let Fitted {
            numbers,
            matching,
            rival,
        } = fitted;
        let size = self.request.size;
        let what = "reading images";
        let inspection = Inspection::read(&folder, &matching, size, &control.step(what));
        control.step_done(what);
        let allowed = Allowed {
            missing: self.request.allow_missing,
            extra: self.request.allow_extra,
        };
        let tried = Tried {
            layout,
            matching: &matching,
            numbers,
            rival: rival.as_ref(),
            length_is_sure: self.length_is_sure(),
            allowed,
        };
        if let Some(mismatch) = Mismatch::find(&folder, split, tried, &inspection) {
            return Err(ImagesError::Mismatch(Box::new(mismatch)).into());
        }
        let planned = matching.frames.iter().map(Vec::len).sum();
        let counts = ImportCounts {
            planned,
            matched: matching.matched(),
            missing: matching.wanted() - matching.matched(),
            not_drawn: planned - matching.wanted(),
            extra: matching.extra.len() + folder.closed().len(),
            not_selected: matching.not_selected,
        };
        let mut notes = ImportNotes {
            protocol: &self.protocol,
            frames: self.dataset.layout().image,
            layout,
            numbers,
            stories: &self.stories,
            matching: &matching,
            inspection: &inspection,
        }
        .all();
        if layout == LayoutKind::Arldm {
            notes.extend(self.doubt(&folder, numbers).map(|doubt| doubt.to_string()));
        }
        Ok(Found {
            layout,
            folder,
            matching,
            inspection,
            counts,
            notes,
        })
    }

    /// Whether a numbered list may have been meant otherwise.
    fn doubt(&self, folder: &Folder, numbers: Numbers) -> Option<Doubt> {
        let own = self.dataset.stories();
        let others: Vec<OpenDataset> = [4, 5]
            .into_iter()
            .filter(|length| *length != own[0].frames.len())
            .filter_map(|story_length| {
                crate::dataset::open(&OpenOptions {
                    layout: Some(self.dataset.layout().layout),
                    split: self.choice.split.clone(),
                    story_length: Some(story_length),
                    windows: self.choice.windows,
                    links: links(),
                    ..OpenOptions::new(
                        self.dataset.card().clone(),
                        self.dataset.folder().to_owned(),
                    )
                })
                .ok()
            })
            .collect();
        let mut stories = vec![own];
        stories.extend(others.iter().map(Dataset::stories));
        let first = self.request.first_frame.map(NonZeroUsize::get);
        let taken = Taken {
            stories: &stories,
            planned: self.stories.len(),
            first_frame: first.unwrap_or(1),
            length_is_sure: self.length_is_sure(),
            numbers,
            first_is_sure: first.is_some(),
        };
        doubt(folder, taken)
    }

    /// Whether the user, or the protocol that the user chose, said how long stories are.
    fn length_is_sure(&self) -> bool {
        self.request.data.story_length.is_some() || self.protocol.stories.length.is_some()
    }

    fn plan(&self) -> Result<(Plan, Vec<Prompt>), PipelineError> {
        let variant = self.protocol.text_for(&self.model)?;
        let card = self.dataset.card();
        let captions: Vec<_> = self
            .stories
            .iter()
            .map(|story| referential(story, variant, card))
            .collect::<Result<_, _>>()?;
        let plan = Plan::new(&self.stories, &captions, &self.model.id, self.seed(), BATCH)?;
        let stories = self.stories.iter().cloned().zip(captions);
        let prompts = stories.map(|(story, captions)| Prompt::new(story, captions));
        Ok((plan, prompts.collect()))
    }
}
