//! `storyeval dataset convert`: a data set in another layout.

use crate::cli::Outcome;
use crate::cli::common::CacheArguments;
use crate::cli::data::DataArguments;
use crate::cli::talk::{Screen, SharedMeter, print, say};
use clap::Args;
use std::fmt::Write as _;
use std::path::PathBuf;
use storyeval::card::{self, Layout};
use storyeval::convert::{ConvertOptions, story_length};
use storyeval::dataset::ALL_SPLITS;
use storyeval::pipeline::open_dataset;

#[derive(Clone, Debug, Args)]
#[command(mut_arg("split", |split| split.help("Split of the data set; `all` for all of them [default: all]")))]
#[command(mut_arg("story_length", |length| length.help(
    "Frames a story, where the layout lists stories [default: the subset's, else the data set's; 5 in vist and arldm-h5]"
)))]
#[command(mut_arg("subset", |subset| subset.help(
    "Which stories, where the layout lists stories: an id of `storyeval ls subsets`, or a card's path [default: all]"
)))]
pub(crate) struct ConvertArguments {
    /// Data set: an id of `storyeval ls datasets`, a card's path, or a folder with `stories.jsonl`
    #[arg(long, short)]
    dataset: String,
    #[command(flatten)]
    data: DataArguments,
    /// Layout to write (docs/convert.md says what each keeps)
    #[arg(long, value_enum, value_name = "LAYOUT")]
    to: Layout,
    /// New folder
    #[arg(long, value_name = "DIR")]
    out: PathBuf,
    #[command(flatten)]
    cache: CacheArguments,
}

/// Converts.
pub(super) fn convert(arguments: &ConvertArguments) -> Outcome {
    let card = card::dataset(&arguments.dataset)?;
    let mut choice = arguments
        .data
        .request()
        .choose_alone(&arguments.dataset, &card)?;
    if arguments.data.split.is_none() {
        ALL_SPLITS.clone_into(&mut choice.split);
    }
    choice.story_length = story_length(arguments.to, choice.story_length);
    let first = match &arguments.data.subset {
        Some(subset) => card::subset(subset)?.stories.first,
        None => None,
    };
    let cache = arguments.cache.folder();
    let dataset = open_dataset(card, &choice, &cache, Screen::new().control())?;
    let options = ConvertOptions {
        to: arguments.to,
        out: &arguments.out,
        split: &choice.split,
        story_length: choice.story_length,
        windows: choice.windows,
        first,
    };
    let meter = SharedMeter::new("converting");
    let made = storyeval::convert::convert(&dataset, &options, &|done, total| {
        meter.at(done, total);
    })?;
    meter.finish();
    for lost in &made.lost {
        say(&format!("not kept: {lost}"));
    }
    let mut text = format!("{}\n", made.dir.display());
    for (split, count) in &made.splits {
        // Writing to a String cannot fail.
        let _ = writeln!(text, "{split}: {count}");
    }
    print(&text)
}
