//! Why a pipeline stopped.

use crate::Error;
use crate::card::ModelCard;
use crate::record::{FaultKind, Hint, StoryId};
use std::path::PathBuf;

/// An error of the pipeline, or of a room that it works with.
#[derive(Debug, thiserror::Error)]
pub enum PipelineError {
    /// A room below says so.
    #[error(transparent)]
    Room(Error),
    /// The bundle of a model or evaluator is in none of the places.
    #[error("the weights of {what} are not installed{missing}")]
    NoBundle {
        /// The model or evaluator.
        what: String,
        /// Where it was looked for, and what it is made of.
        missing: String,
        /// What to do.
        hint: String,
    },
    /// The cache folder cannot take what belongs there.
    #[error("failed to write {}", path.display())]
    CacheWrite {
        /// The file or folder.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// A file of published weights could not be brought.
    #[error("failed to bring {file} of {id}")]
    Weights {
        /// Id of the bundle that they are for.
        id: String,
        /// The file.
        file: String,
        /// Where it is published, for a person.
        published_at: String,
        /// Why.
        source: Box<crate::fetch::FetchError>,
    },
    /// A file of published weights that a program cannot fetch.
    #[error("{file} of {id} cannot be fetched by a program; it is published at {published_at}")]
    NoAddress {
        /// Id of the bundle that it is for.
        id: String,
        /// The file.
        file: String,
        /// Where it is published, for a person.
        published_at: String,
    },
    /// A file was given that is none of those of a card.
    #[error("{} is none of the files of {id}: {found}; they are:{files}", path.display())]
    NotOfCard {
        /// Id of the bundle.
        id: String,
        /// The file that was given.
        path: PathBuf,
        /// What it is.
        found: crate::fetch::Digest,
        /// What the card asks for, a line each.
        files: String,
    },
    /// A bundle has no classifier, or the data no labels for it.
    #[error("{} has no classifier whose labels the frames of {dataset} have", bundle.display())]
    NothingToRehearse {
        /// The bundle's folder.
        bundle: PathBuf,
        /// The data set.
        dataset: String,
    },
    /// Classifiers are hardly better on real frames than an answer that ignores them.
    #[error("{graphs} of {} is near chance on the real frames", bundle.display())]
    NearChance {
        /// The bundle's folder.
        bundle: PathBuf,
        /// The graphs.
        graphs: String,
    },
    /// A request names a model twice.
    #[error("model {model} is given twice")]
    ModelTwice {
        /// Its id.
        model: String,
    },
    /// A model whose frames come from another program cannot be drawn here.
    #[error("{} is drawn by another program", card.id)]
    DrawnElsewhere {
        /// Its card.
        card: Box<ModelCard>,
    },
    /// A model with weights whose card does not name them.
    #[error("the card of model {model} names no bundle")]
    NoBundleNamed {
        /// Its id.
        model: String,
    },
    /// A card of a worker that does not say which program it is.
    #[error("the card of model {model} names no worker")]
    NoWorker {
        /// Its id.
        model: String,
    },
    /// The beginning of a model of the user's own could not be written.
    #[error(transparent)]
    Starter(crate::convert::DraftError),
    /// A number of workers for models that have none.
    #[error("{models} is drawn without workers, so `--workers` cannot be for it")]
    WorkersOfNone {
        /// The models.
        models: String,
    },
    /// A cap on spending where nothing is spent.
    #[error("`{option}` is for models that ask a service, and there is none among them")]
    NothingToCap {
        /// The option.
        option: &'static str,
    },
    /// A cap in money, and a card without a price.
    #[error("the card of model {model} states no price, so that `--max-cost` cannot be kept")]
    NoPrice {
        /// Its id.
        model: String,
    },
    /// The key of a service is not in the environment.
    #[error("the variable {variable}, which should hold the key of {model}'s service, is not set")]
    NoKey {
        /// Id of the model.
        model: String,
        /// Name of the variable.
        variable: String,
    },
    /// The folder for runs of several seeds is a run itself.
    #[error("{} is a run of one seed already", folder.display())]
    RunOfOneSeed {
        /// The folder.
        folder: PathBuf,
    },
    /// Latents were given or asked for where there are none.
    #[error("{model} has no latents, so `{option}` cannot be for it")]
    NoLatents {
        /// The model.
        model: String,
        /// The option.
        option: &'static str,
    },
    /// Latents of several models would overwrite each other.
    #[error("`--save-latents` is for one model, not {models}")]
    LatentsOfSeveral {
        /// How many.
        models: usize,
    },
    /// The data set is not the one of the run.
    #[error("the data set is not the one that {} was made from (story {story})", run.display())]
    OtherData {
        /// The run folder.
        run: PathBuf,
        /// The first story that differs.
        story: StoryId,
    },
    /// A name for imported frames that a folder and a table cannot have.
    #[error("{name:?} cannot be a model's name")]
    ModelName {
        /// The name.
        name: String,
    },
    /// A run was named where images of another program are wanted.
    #[error("{} is a run of storyeval, not a folder of images", run.display())]
    ImagesOfRun {
        /// The run folder.
        run: PathBuf,
    },
    /// The run folder lies among the images that it is made of.
    #[error("the run folder {} lies inside the folder of the images", run.display())]
    NestedRun {
        /// The run folder.
        run: PathBuf,
    },
    /// One folder of data was given for a suite of several data sets.
    #[error("suite {suite} has several data sets, and --data is one folder")]
    OneFolder {
        /// The suite.
        suite: String,
    },
    /// A suite fills a row that its table does not have.
    #[error("suite {suite} fills row {row} of {table}, which has {rows}")]
    SuiteRow {
        /// The suite.
        suite: String,
        /// The row.
        row: usize,
        /// The table.
        table: String,
        /// Rows of the table.
        rows: usize,
    },
    /// No run of a suite has scores.
    #[error("nothing of suite {suite} could be run here")]
    NothingRun {
        /// The suite.
        suite: String,
    },
    /// The split has stories, but none was asked for.
    #[error("no story is selected")]
    NothingSelected,
    /// Several things are wrong; the last is the one to mend first.
    #[error("{} things are wrong", .0.len())]
    Several(Vec<PipelineError>),
    /// The caller stopped the work.
    #[error("stopped; what is done stays")]
    Cancelled,
}

impl crate::run::MemoryShort for PipelineError {
    fn is_memory_short(&self) -> bool {
        matches!(self, Self::Room(error) if error.is_memory_short())
    }
}

impl Hint for PipelineError {
    fn fault_kind(&self) -> FaultKind {
        match self {
            Self::Room(error) => error.fault_kind(),
            Self::CacheWrite { .. } => FaultKind::Output,
            Self::Starter(error) => error.fault_kind(),
            Self::NoBundle { .. }
            | Self::NothingRun { .. }
            | Self::NoAddress { .. }
            | Self::NoKey { .. } => FaultKind::Setup,
            Self::Weights { source, .. } => source.fault_kind(),
            Self::NotOfCard { .. } | Self::NearChance { .. } => FaultKind::DataVerification,
            Self::NothingSelected => FaultKind::NothingSelected,
            Self::Cancelled => FaultKind::Partial,
            Self::Several(all) => all.last().map_or(FaultKind::Bug, Hint::fault_kind),
            _ => FaultKind::Usage,
        }
    }

    fn hint(&self) -> Option<String> {
        Some(match self {
            Self::Room(error) => return error.hint(),
            Self::Several(all) => return all.last().and_then(Hint::hint),
            Self::Starter(error) => return error.hint(),
            Self::NoBundle { hint, .. } => hint.clone(),
            Self::CacheWrite { .. } => {
                "choose a cache folder that you can write to with `--cache DIR` or STORYEVAL_CACHE".to_owned()
            }
            Self::Weights {
                id,
                published_at,
                source,
                ..
            } => {
                let hint = source.hint().unwrap_or_default();
                if !source.is_of_network() {
                    return Some(hint);
                }
                format!(
                    "{hint}; or bring the file by another way from {published_at} and give it with `storyeval model fetch {id} --from FILE`"
                )
            }
            Self::NoAddress { id, .. } => {
                format!("bring it with a browser and give it with `storyeval model fetch {id} --from FILE`")
            }
            Self::NotOfCard { .. } => "check which file it is, or bring it again".to_owned(),
            Self::NothingToRehearse { .. } => {
                "name a bundle with char_classifier or bg_classifier, and a data set with labels (docs/bring-my-data.md)"
                    .to_owned()
            }
            Self::NearChance { .. } => {
                "its accuracies would be wrong numbers: mend [input] scale, the order of [labels] or the outputs (docs/bundles.md), or train it longer"
                    .to_owned()
            }
            Self::ModelTwice { .. } => "name each model once".to_owned(),
            Self::DrawnElsewhere { card } => drawn_elsewhere(card),
            Self::NothingToCap { option } => format!("leave `{option}` out"),
            Self::NoPrice { .. } => {
                "add `price_per_image` to [http] of the card, or give `--max-calls`".to_owned()
            }
            Self::NoKey { variable, .. } => format!("set it with `export {variable}=...`"),
            Self::NoBundleNamed { .. } => "add `bundle = \"...\"` to the card".to_owned(),
            Self::NoWorker { .. } => "add a section [command] to the card".to_owned(),
            Self::WorkersOfNone { .. } => "leave the flag out; `--batch N` is the number of stories that a network draws at once".to_owned(),
            Self::RunOfOneSeed { .. } => {
                "choose a new folder for the runs of several seeds with `--out DIR`".to_owned()
            }
            Self::NoLatents { .. } => "leave the flag or the model out".to_owned(),
            Self::LatentsOfSeveral { .. } => {
                "draw with one model after the other, each into a folder of its own".to_owned()
            }
            Self::OtherData { .. } => "give the folder of the same data set with `--data DIR`".to_owned(),
            Self::ModelName { .. } => "choose one with `--name`".to_owned(),
            Self::ImagesOfRun { run } => format!(
                "score the run itself with `storyeval score {0}`; its frames as those of another program are `--images {0}/frames`",
                run.display()
            ),
            Self::NestedRun { .. } => "choose another place with `--out DIR`".to_owned(),
            Self::OneFolder { .. } => {
                "set STORYEVAL_DATA to a folder that holds a folder for each data set id".to_owned()
            }
            Self::SuiteRow { table, .. } => format!("see `storyeval paper {table}`"),
            Self::NothingRun { suite } => format!(
                "the list above has what is missing; `storyeval run --suite {suite} --dry-run` lists it again"
            ),
            Self::NothingSelected => {
                "give `--limit` at least 1, and a `--story-length` that the episodes of the split have".to_owned()
            }
            Self::Cancelled => "run the same command again; it goes on from there".to_owned(),
        })
    }
}

/// Several errors that a user would rather hear of at once.
#[derive(Debug, Default)]
pub struct Gathered(Vec<PipelineError>);

impl Gathered {
    /// Keeps the error of a result.
    pub fn keep<T>(&mut self, result: Result<T, PipelineError>) -> Option<T> {
        result.map_err(|error| self.0.push(error)).ok()
    }

    /// Whether nothing failed.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// What stops the work, if anything does. What is broken comes last, which is what is mended first:
    /// installing more does not mend it.
    ///
    /// # Errors
    /// The one error that was kept, or [`PipelineError::Several`].
    pub fn check(self) -> Result<(), PipelineError> {
        if self.is_empty() {
            Ok(())
        } else {
            Err(self.into_error())
        }
    }

    /// The error of a non-empty collection.
    pub(super) fn into_error(mut self) -> PipelineError {
        self.0
            .sort_by_key(|error| error.fault_kind() != FaultKind::Setup);
        match self.0.pop() {
            None => PipelineError::NothingSelected,
            Some(only) if self.0.is_empty() => only,
            Some(last) => {
                self.0.push(last);
                PipelineError::Several(self.0)
            }
        }
    }
}

/// Lets `?` lift the error of any room.
impl<E: Into<Error>> From<E> for PipelineError {
    fn from(error: E) -> Self {
        Self::Room(error.into())
    }
}

/// The two ways to the frames of a model that the program cannot draw itself.
fn drawn_elsewhere(card: &ModelCard) -> String {
    let score = format!(
        "score its frames with `storyeval score --images DIR --layout LAYOUT --name {}`",
        card.id
    );
    match card.drawn_by() {
        Some(worker) => format!("{worker}; or {score}"),
        None => score,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_broken_is_said_last_and_decides() {
        let missing = || PipelineError::NoBundle {
            what: "model a".to_owned(),
            missing: String::new(),
            hint: "fetch it".to_owned(),
        };
        assert!(Gathered::default().check().is_ok());
        let mut one = Gathered::default();
        assert!(one.keep(Err::<(), _>(missing())).is_none());
        assert!(matches!(one.check(), Err(PipelineError::NoBundle { .. })));
        let mut several = Gathered::default();
        several.keep(Err::<(), _>(PipelineError::NothingSelected));
        several.keep(Err::<(), _>(missing()));
        assert!(!several.is_empty());
        let error = several.check().unwrap_err();
        assert_eq!(error.fault_kind(), FaultKind::NothingSelected);
        assert!(error.hint().unwrap().contains("--limit"));
    }
}
