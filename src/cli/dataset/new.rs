//! `storyeval dataset new`: a first data set of the user's own.

use crate::cli::Outcome;
use crate::cli::talk::{print, say};
use clap::Args;
use std::path::PathBuf;
use storyeval::minisv::starter;

#[derive(Clone, Debug, Args)]
pub(crate) struct NewArguments {
    /// New folder
    #[arg(value_name = "DIR")]
    dir: PathBuf,
    /// Sample stories to write, of 4 drawn frames each
    #[arg(long, default_value_t = 3, value_name = "N")]
    stories: usize,
}

/// Writes the card and the sample.
pub(super) fn new(arguments: &NewArguments) -> Outcome {
    starter(&arguments.dir, arguments.stories)?;
    let dir = arguments.dir.display();
    say(&format!(
        "write your cast into {dir}/dataset.toml, and your stories over {dir}/stories.jsonl and {dir}/images; then\n  \
         storyeval dataset verify {dir}\n  storyeval run --dataset {dir} --model ground-truth --protocol pixels"
    ));
    print(&format!("{dir}\n"))
}
