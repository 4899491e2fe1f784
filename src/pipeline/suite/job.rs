//! One run of a suite: what it takes, and whether that is there.

use crate::card::{self, DatasetCard, GeneratorKind, ModelCard, Protocol, Suite, SuiteRun};
use crate::dataset::Dataset;
use crate::evaluator::EVALUATORS;
use crate::inference::Bundle;
use crate::pipeline::data::open_dataset;
use crate::pipeline::weights::{bundle_places, find_bundle, is_installed};
use crate::pipeline::{Control, Origin, PipelineError, RunRequest};
use crate::record::Seed;
use crate::run::{Drawn, SCORES};
use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};

/// The file that every bundle has.
const BUNDLE: &str = "bundle.toml";

/// Something that a run needs and that is not there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Missing {
    /// In a few words.
    pub(super) what: String,
    /// Where it was looked for, and where the authors publish it.
    pub(super) detail: String,
}

/// How far a run is.
#[derive(Clone, Debug)]
pub(super) enum State {
    /// Everything is there.
    Runnable,
    /// Something is missing.
    Blocked(Vec<Missing>),
    /// It has scores.
    Done,
    /// It was tried and failed.
    Failed(String),
}

/// How much a run is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Cost {
    pub(super) stories: usize,
    pub(super) frames: usize,
    /// Calls of the diffusion network; `None` where the bundle that says how many is missing.
    pub(super) denoising: Option<usize>,
    /// Calls of the language model.
    pub(super) language: Option<usize>,
    /// Frames times evaluators that observe them.
    pub(super) looks: usize,
}

/// One run of a suite.
#[derive(Clone, Debug)]
pub(super) struct Job {
    pub(super) run: SuiteRun,
    pub(super) seed: Seed,
    pub(super) folder: PathBuf,
    /// The command that it is.
    pub(super) request: RunRequest,
    /// `None` where the data are not there.
    pub(super) cost: Option<Cost>,
    /// What was drawn so far.
    pub(super) drawn: Drawn,
    pub(super) state: State,
}

/// Stories of a split, by data set, split and length.
type Sizes = BTreeMap<SizeKey, Result<usize, Missing>>;
/// Data set, split, frames per story, subset.
type SizeKey = (String, String, usize, Option<String>);

impl Job {
    /// The runs of a suite, with what each lacks. Reads no weights and draws nothing but a MiniSV.
    pub(super) fn of(
        suite: &Suite,
        root: &Path,
        request: &RunRequest,
        control: Control<'_>,
    ) -> Result<Vec<Self>, PipelineError> {
        refuse_one_folder_for_several(suite, request)?;
        let mut stories = Stories {
            control,
            sizes: Sizes::new(),
        };
        let mut jobs = Vec::new();
        for run in &suite.runs {
            for seed in &run.seeds {
                jobs.push(Self::new(run, *seed, root, request, &mut stories)?);
            }
        }
        Ok(jobs)
    }

    fn new(
        run: &SuiteRun,
        seed: Seed,
        root: &Path,
        request: &RunRequest,
        sizes: &mut Stories<'_>,
    ) -> Result<Self, PipelineError> {
        let folder = root.join(run.folder(seed));
        let request = request.of_suite(run, seed, &folder);
        let mut missing = Vec::new();
        let model = keep_card(card::model(&run.model), "model", &run.model, &mut missing)?;
        let mut protocol = card::protocol(&run.protocol)?;
        request.data.apply(&mut protocol)?;
        let dataset = keep_card(
            card::dataset(&run.dataset),
            "data set",
            &run.dataset,
            &mut missing,
        )?;
        if let Some(model) = &model {
            protocol.text_for(model)?;
        }
        let bundle = model
            .as_ref()
            .and_then(|model| weights(model, run, &folder, &request, &mut missing));
        let mut cost = None;
        if let Some(card) = dataset {
            let looking = networks(&card, &protocol, &request, &mut missing);
            match sizes.of(card, &protocol, run, &request) {
                Ok((stories, length)) => {
                    cost = Some(Cost::new(stories, length, looking, model.as_ref(), bundle));
                }
                Err(lacks) => missing.push(lacks),
            }
        }
        let state = if missing.is_empty() {
            State::Runnable
        } else if folder.join(SCORES).is_file() {
            // Made elsewhere, or imported: what it was made of is not needed any more.
            State::Done
        } else {
            State::Blocked(missing)
        };
        Ok(Self {
            run: run.clone(),
            seed,
            drawn: Drawn::of(&folder),
            folder,
            request,
            cost,
            state,
        })
    }

    /// What talk calls it.
    pub(super) fn name(&self) -> String {
        self.run.folder(self.seed)
    }

    pub(super) fn is_done(&self) -> bool {
        matches!(self.state, State::Done)
    }
}

/// `--data` is the folder of one data set.
fn refuse_one_folder_for_several(suite: &Suite, request: &RunRequest) -> Result<(), PipelineError> {
    let first = suite.runs.first().map(|run| &run.dataset);
    let several = suite.runs.iter().any(|run| Some(&run.dataset) != first);
    if several && request.data.data.is_some() {
        return Err(PipelineError::OneFolder {
            suite: suite.id.clone(),
        });
    }
    Ok(())
}

/// An absent card is something missing; a broken one is an error.
fn keep_card<T>(
    card: Result<T, card::CardError>,
    kind: &str,
    id: &str,
    missing: &mut Vec<Missing>,
) -> Result<Option<T>, PipelineError> {
    match card {
        Ok(card) => Ok(Some(card)),
        Err(error @ card::CardError::Unknown { .. }) => {
            missing.push(Missing {
                what: format!("card of {kind} {id}"),
                detail: error.to_string(),
            });
            Ok(None)
        }
        Err(error) => Err(error.into()),
    }
}

/// The bundle of a model that has one.
fn weights(
    model: &ModelCard,
    run: &SuiteRun,
    folder: &Path,
    request: &RunRequest,
    missing: &mut Vec<Missing>,
) -> Option<Bundle> {
    if model.generator == GeneratorKind::Images {
        let detail = format!(
            "another program draws them ({}{}); score them into this suite with\n  storyeval score --images DIR --layout LAYOUT --name {} --dataset {} --protocol {} --split {} --out {}",
            model.published_at.as_deref().unwrap_or("see its card"),
            model
                .drawn_by()
                .map_or_else(String::new, |worker| format!("; {worker}")),
            model.id,
            run.dataset,
            run.protocol,
            run.split,
            folder.display()
        );
        missing.push(Missing {
            what: format!("frames of {}", model.id),
            detail,
        });
        return None;
    }
    let id = model.bundle.as_deref()?;
    let cache = &request.runtime.cache;
    let what = format!("model {}", model.id);
    let found = find_bundle(id, &what, model.into(), cache);
    let lacks = |failure: PipelineError| Missing {
        what: format!("weights {id}"),
        detail: failure.to_string(),
    };
    found.map_err(|failure| missing.push(lacks(failure))).ok()
}

/// How many networks look under a protocol; what is missing of them is noted.
fn networks(
    card: &DatasetCard,
    protocol: &Protocol,
    request: &RunRequest,
    missing: &mut Vec<Missing>,
) -> usize {
    let cache = &request.runtime.cache;
    let mut looking = 0;
    let mut absent: Vec<(&str, Vec<String>)> = Vec::new();
    for row in &EVALUATORS {
        let role = row.role;
        if !(row.wanted_by)(protocol) || request.skip.contains(&role) {
            continue;
        }
        // A card that names no network for it leaves its metrics out, as `run` does.
        let Some(id) = row.bundle(&card.evaluators) else {
            continue;
        };
        looking += 1;
        if is_installed(id, cache) {
            continue;
        }
        match absent.iter_mut().find(|(known, _)| *known == id) {
            Some((_, roles)) => roles.push(role.to_string()),
            None => absent.push((id, vec![role.to_string()])),
        }
    }
    if !absent.is_empty() {
        missing.push(networks_missing(card, &absent, cache));
    }
    looking
}

/// Networks that are missing, with where they were looked for, how to do without them, and what the authors
/// publish.
fn networks_missing(card: &DatasetCard, absent: &[(&str, Vec<String>)], cache: &Path) -> Missing {
    let names: Vec<&str> = absent.iter().map(|(id, _)| *id).collect();
    let mut detail = String::new();
    for (id, roles) in absent {
        let _ = writeln!(
            detail,
            "bundle `{id}`, looked for in (`--skip {}` does without it):",
            roles.join(",")
        );
        let places = bundle_places(id, cache);
        for place in &places {
            let _ = writeln!(detail, "  {}", place.join(BUNDLE).display());
        }
        let origin = Origin::from(card.source_of(id));
        if let (Some(place), false) = (places.first(), origin.files.is_empty()) {
            let files = origin.list("  ");
            let _ = writeln!(detail, "made from these files of the authors:{files}");
            if let Some(command) = origin.command(place) {
                let _ = writeln!(detail, "by: {command}");
            }
        }
    }
    Missing {
        what: format!("networks {}", names.join(", ")),
        detail,
    }
}

/// How many stories data sets have; each is opened once.
struct Stories<'a> {
    control: Control<'a>,
    sizes: Sizes,
}

impl Stories<'_> {
    /// Stories of a run and frames of each.
    fn of(
        &mut self,
        card: DatasetCard,
        protocol: &Protocol,
        run: &SuiteRun,
        request: &RunRequest,
    ) -> Result<(usize, usize), Missing> {
        let choice = request.data.choose(&run.dataset, &card, protocol);
        let frames = choice.story_length.unwrap_or(card.story_length);
        let key = (
            run.dataset.clone(),
            run.split.clone(),
            frames,
            run.subset.clone(),
        );
        let size = self.sizes.entry(key).or_insert_with(|| {
            let id = card.id.clone();
            let cache = &request.runtime.cache;
            let opened = open_dataset(card, &choice, cache, self.control);
            opened
                .map(|data| data.stories().len())
                .map_err(|error| Missing {
                    what: match error {
                        PipelineError::NothingSelected => {
                            format!("stories of {frames} frames in {id}")
                        }
                        _ => format!("data set {id}"),
                    },
                    detail: error.to_string(),
                })
        });
        let all = size.clone()?;
        let limit = request.limit.unwrap_or(usize::MAX);
        let first = protocol.stories.first.unwrap_or(usize::MAX);
        Ok((all.min(first).min(limit), frames))
    }
}

impl Cost {
    fn new(
        stories: usize,
        length: usize,
        looking: usize,
        model: Option<&ModelCard>,
        bundle: Option<Bundle>,
    ) -> Self {
        let frames = stories * length;
        let generator = model.map(|model| model.generator);
        let draws = matches!(
            generator,
            Some(GeneratorKind::StorygptV | GeneratorKind::CharLdm)
        );
        let steps = bundle.and_then(|bundle| {
            let diffusion = bundle.manifest().diffusion().ok()?;
            // PLMS calls the network once more than it has steps.
            Some(diffusion.num_inference_steps + 1)
        });
        Self {
            stories,
            frames,
            denoising: if draws {
                steps.map(|steps| steps * frames)
            } else {
                Some(0)
            },
            // Frame 1 is drawn from its caption alone.
            language: match generator {
                Some(GeneratorKind::StorygptV) => Some(frames - stories),
                Some(_) => Some(0),
                None => None,
            },
            looks: looking * frames,
        }
    }
}
