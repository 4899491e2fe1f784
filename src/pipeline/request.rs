//! What a caller asks for: models on a data set under a protocol.

use super::planned::{Goal, Planned};
use super::{Control, DataRequest, LatentRequest, PipelineError, SpendingCaps};
use crate::card::SuiteRun;
use crate::inference::RuntimeOptions;
use crate::record::{Role, Scores, Seed};
use crate::report;
use std::collections::BTreeSet;
use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};

/// Stories that a network draws at once unless asked; the last float bits depend on it.
pub const BATCH: NonZeroUsize = NonZeroUsize::new(8).expect("8 is positive");

/// The seeds of each model's runs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Seeds {
    /// One run per model.
    One(Seed),
    /// A run per seed and model, in `seed-<k>` below the model's folder.
    Several(Vec<Seed>),
}

impl Seeds {
    /// In the order given.
    #[must_use]
    pub fn all(&self) -> &[Seed] {
        match self {
            Self::One(seed) => std::slice::from_ref(seed),
            Self::Several(seeds) => seeds,
        }
    }

    /// Whether runs of several seeds lie below a model's folder.
    #[must_use]
    pub fn are_several(&self) -> bool {
        matches!(self, Self::Several(_))
    }
}

/// Models on the stories of a data set.
///
/// ```
/// use storyeval::pipeline::{Control, RunRequest};
///
/// # fn main() -> Result<(), storyeval::pipeline::PipelineError> {
/// # let folder = tempfile::tempdir().unwrap();
/// let mut request = RunRequest::new("minisv", &["ground-truth"]);
/// request.limit = Some(2);
/// request.out = Some(folder.path().join("run"));
/// let measured = request.run(Control::silent())?;
/// let accuracy = measured.results[0].scores.iter().find(|score| score.metric == "char_acc").unwrap();
/// assert_eq!((accuracy.value, accuracy.n), (Some(100.0), 8));
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct RunRequest {
    /// Data set: an id, a card's path, or a folder with `stories.jsonl`.
    pub dataset: String,
    /// Models: ids, cards' paths or addresses of servers.
    pub models: Vec<String>,
    /// Protocol: an id or a card's path.
    pub protocol: String,
    /// Where the data are and which stories of them are meant.
    pub data: DataRequest,
    /// Only the first stories.
    pub limit: Option<usize>,
    /// The seeds of every draw.
    pub seeds: Seeds,
    /// Stories that a network draws at once.
    pub batch: NonZeroUsize,
    /// Workers at once of models that have them, where it is not their card's number.
    pub workers: Option<NonZeroUsize>,
    /// Run folder; with several models, the folder of their run folders. Below `runs/` where absent.
    pub out: Option<PathBuf>,
    /// Initial and final latents from and to files.
    pub latents: LatentRequest,
    /// What services may cost.
    pub spending: SpendingCaps,
    /// Networks to do without; their metrics are then not scored.
    pub skip: BTreeSet<Role>,
    /// Device, threads and cache.
    pub runtime: RuntimeOptions,
}

/// What a request measured, and where it put it.
#[derive(Clone, Debug)]
pub struct Measured {
    /// The folder of the runs, or the run where there is one.
    pub group: PathBuf,
    /// Scores per model, over its seeds.
    pub results: Vec<Scores>,
    /// The strip sheet.
    pub sheet: PathBuf,
}

impl RunRequest {
    /// As the program has it by default: `strict`, seed 0, the whole split.
    #[must_use]
    pub fn new(dataset: &str, models: &[&str]) -> Self {
        Self {
            dataset: dataset.to_owned(),
            models: models.iter().map(|model| (*model).to_owned()).collect(),
            protocol: "strict".to_owned(),
            data: DataRequest::default(),
            limit: None,
            seeds: Seeds::One(Seed(0)),
            batch: BATCH,
            workers: None,
            out: None,
            latents: LatentRequest::default(),
            spending: SpendingCaps::default(),
            skip: BTreeSet::new(),
            runtime: RuntimeOptions::default(),
        }
    }

    /// One run of a suite: its own choices, with what this request says for all of them.
    pub(super) fn of_suite(&self, run: &SuiteRun, seed: Seed, out: &Path) -> Self {
        Self {
            dataset: run.dataset.clone(),
            models: vec![run.model.clone()],
            protocol: run.protocol.clone(),
            data: DataRequest {
                split: Some(run.split.clone()),
                story_length: run.story_length.map(NonZeroUsize::get),
                subset: run.subset.clone(),
                ..self.data.clone()
            },
            limit: self.limit.or(run.limit.map(NonZeroUsize::get)),
            seeds: Seeds::One(seed),
            out: Some(out.to_owned()),
            ..self.clone()
        }
    }

    /// Opens everything that can fail before the first frame is drawn.
    ///
    /// # Errors
    /// Cards, data and options that do not serve. Weights that are missing are kept in the plan.
    pub fn plan(&self, goal: Goal, control: Control<'_>) -> Result<Planned, PipelineError> {
        Planned::open(self, goal, control)
    }

    /// The whole way: draws, observes and scores every model and seed, and writes the strip sheet. A run that is
    /// there already goes on where it stopped.
    ///
    /// # Errors
    /// Whatever stops the work; what is on the disk by then stays.
    pub fn run(&self, control: Control<'_>) -> Result<Measured, PipelineError> {
        self.plan(Goal::Scores, control)?.measure(control)
    }
}

impl Planned {
    /// As [`RunRequest::run`], once everything is open.
    ///
    /// # Errors
    /// Those of [`RunRequest::run`].
    pub fn measure(self, control: Control<'_>) -> Result<Measured, PipelineError> {
        let mut started = self.start(control)?;
        let models = started.planned().models().to_vec();
        let mut results = Vec::new();
        let mut shown = Vec::new();
        for model in &models {
            let mut of_seeds = Vec::new();
            for seed in started.planned().seeds().to_vec() {
                let drawn = started.draw(model, seed)?;
                let observed = started.observe(drawn)?;
                of_seeds.push((seed, observed.score()?));
                // The sheet shows the first seed.
                if of_seeds.len() == 1 {
                    shown.push((model.name.clone(), observed.into_store()));
                }
            }
            results.push(report::over_seeds(&of_seeds)?);
        }
        started.tell_doubts();
        Ok(Measured {
            group: started.planned().group().to_owned(),
            results,
            sheet: started.sheet(&shown)?,
        })
    }
}
