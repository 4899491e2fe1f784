//! `storyeval score`: the third stage alone, or all of them on images that another program drew.

use super::Outcome;
use super::common::DeviceArguments;
use super::score_images::{self, ImagesArguments};
use super::stages::{self, SkipArguments};
use super::table;
use super::talk::print;
use clap::Args;
use std::path::{Path, PathBuf};
use storyeval::record::Scores;
use storyeval::report::TableOptions;
use storyeval::run::Store;

#[derive(Clone, Debug, Args)]
pub(crate) struct ScoreArguments {
    /// Run folder
    #[arg(required_unless_present = "images")]
    run: Option<PathBuf>,
    /// How to print the scores
    #[arg(long, value_enum, default_value_t = table::Format::Md)]
    pub(crate) format: table::Format,
    /// Show every metric, not only the columns of papers
    #[arg(long)]
    pub(crate) detail: bool,
    #[command(flatten, next_help_heading = "Images of another program")]
    pub(crate) images: ImagesArguments,
    #[command(flatten)]
    pub(crate) skip: SkipArguments,
    #[command(flatten)]
    pub(crate) device: DeviceArguments,
}

/// Scores what is there: a run's observations, or a folder of images.
pub(crate) fn score(arguments: &ScoreArguments) -> Outcome {
    match (&arguments.images.images, &arguments.run) {
        (Some(images), _) => score_images::score_images(arguments, images),
        (None, run) => score_run(arguments, run.as_deref().unwrap_or(Path::new("."))),
    }
}

fn score_run(arguments: &ScoreArguments, run: &Path) -> Outcome {
    let store = Store::open(run)?;
    let scores = stages::score_store(&store)?;
    print(&arguments.rendered(scores)?)
}

impl ScoreArguments {
    /// The table of one run, as the user wants it.
    pub(crate) fn rendered(&self, scores: Scores) -> Result<String, super::Failure> {
        let options = TableOptions {
            detail: self.detail,
            ..TableOptions::default()
        };
        table::render(&[scores], self.format, &options)
    }
}
