//! `storyeval score`: the third stage alone, or all of them on images that another program drew.

use super::Outcome;
use super::columns::ColumnArguments;
use super::common::DeviceArguments;
use super::failure::Failure;
use super::format::{SignatureArguments, TableFormat};
use super::observe::SkipArguments;
use super::run::some_value;
use super::score_images::{self, ImagesArguments};
use super::table;
use clap::parser::ValueSource;
use clap::{ArgMatches, Args};
use std::path::{Path, PathBuf};
use storyeval::pipeline;
use storyeval::record::Scores;
use storyeval::report::{Comparison, TableOptions};

#[derive(Clone, Debug, Args)]
pub(crate) struct ScoreArguments {
    /// Run folder
    #[arg(required_unless_present = "images")]
    run: Option<PathBuf>,
    /// How to print the scores
    #[arg(long, value_enum, default_value_t = TableFormat::Md)]
    pub(crate) format: TableFormat,
    /// Show every metric, not only the columns of papers
    #[arg(long)]
    pub(crate) detail: bool,
    #[command(flatten)]
    signatures: SignatureArguments,
    #[command(flatten, next_help_heading = "Metrics of your own")]
    columns: ColumnArguments,
    #[command(flatten, next_help_heading = "Images of another program")]
    pub(crate) images: ImagesArguments,
    #[command(flatten)]
    pub(crate) skip: SkipArguments,
    #[command(flatten)]
    pub(crate) device: DeviceArguments,
}

/// Options that only matter where frames are observed.
const LOOKING: [&str; 5] = ["data", "skip", "device", "threads", "cache"];

/// The options among [`LOOKING`] that the user typed. Clap's own `requires` would also refuse those that
/// an environment variable sets, and these are set for other commands.
pub(crate) fn typed(matches: Option<&ArgMatches>) -> Vec<&'static str> {
    let typed = |name: &&str| {
        matches.is_some_and(|it| it.value_source(name) == Some(ValueSource::CommandLine))
    };
    LOOKING.into_iter().filter(typed).collect()
}

/// Scores what is there: a run's observations, or a folder of images. `typed` are the options that
/// [`typed`] found.
pub(crate) fn score(arguments: &ScoreArguments, typed: &[&str]) -> Outcome {
    match (&arguments.images.images, &arguments.run) {
        (Some(images), _) => {
            arguments.columns.none_with_images()?;
            score_images::score_images(arguments, images)
        }
        (None, run) => score_run(arguments, run.as_deref().unwrap_or(Path::new(".")), typed),
    }
}

fn score_run(arguments: &ScoreArguments, run: &Path, typed: &[&str]) -> Outcome {
    if !typed.is_empty() {
        return Err(Failure::Arguments {
            what: format!(
                "--{} cannot apply: the scores of a run are computed from its observations, and no frame is observed",
                typed.join(" and --")
            ),
            hint: format!(
                "look again with `storyeval observe {0} --{1} ...`, then `storyeval score {0}`",
                run.display(),
                typed.join(" ... --")
            ),
        });
    }
    arguments.columns.apply(run)?;
    let scores = [pipeline::score_run(run)?];
    arguments.show(&scores)?;
    some_value(&scores)
}

impl ScoreArguments {
    /// Prints the table of one run, as the user wants it.
    pub(crate) fn show(&self, scores: &[Scores]) -> Outcome {
        let options = TableOptions {
            detail: self.detail,
            ..TableOptions::default()
        };
        let comparison = Comparison::new(scores, &options)?;
        let document = comparison.document(&[], None);
        table::show(&comparison, &document, self.format, self.signatures)
    }
}
