//! `storyeval dataset stats`: what is in the stories of a split.

mod published;
mod sheet;

use super::Variant;
use crate::cli::Outcome;
use crate::cli::common::{CacheArguments, open_dataset};
use crate::cli::failure::Failure;
use crate::cli::talk::{print, say};
use clap::{Args, ValueEnum};
use serde::Serialize;
use std::num::NonZeroUsize;
use std::path::PathBuf;
use storyeval::Error;
use storyeval::dataset::stats::{Statistics, statistics};
use storyeval::dataset::{Dataset, DatasetError};
use storyeval::record::{Story, TextVariant};
use storyeval::spec::{self, DatasetCard};
use storyeval::table;

/// The word for all splits.
const ALL: &str = "all";
/// Splits that published data have.
const SPLITS: [&str; 3] = ["train", "val", "test"];

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Format {
    /// Tables in GitHub's Markdown, legible as plain text
    Text,
    /// JSON
    Json,
}

#[derive(Clone, Debug, Args)]
pub(crate) struct StatsArguments {
    /// Data set: an id of `storyeval ls datasets`, or a card's path
    #[arg(long, short)]
    dataset: String,
    /// Folder of the data set
    #[arg(long, value_name = "DIR", env = "STORYEVAL_DATA_DIR")]
    data: Option<PathBuf>,
    /// Split of the data set, or `all` for train, val and test together
    #[arg(long, default_value = "test")]
    split: String,
    /// Frames a story [default: the data set's]
    #[arg(long, value_name = "N")]
    story_length: Option<NonZeroUsize>,
    /// Texts with pronouns to count references in, beside the original [default: all of them]
    #[arg(long = "variant", value_enum, value_name = "VARIANT")]
    variants: Vec<Variant>,
    /// How to print
    #[arg(long, value_enum, default_value_t = Format::Text)]
    format: Format,
    #[command(flatten)]
    cache: CacheArguments,
}

/// What is printed as JSON: the statistics, and what they are of.
#[derive(Debug, Serialize)]
struct Answer<'a> {
    dataset: &'a str,
    name: &'a str,
    splits: &'a [String],
    story_length: usize,
    #[serde(flatten)]
    statistics: &'a Statistics,
    published: &'a [published::Printed],
}

/// Counts and prints.
pub(super) fn stats(arguments: &StatsArguments) -> Outcome {
    let card = spec::dataset(&arguments.dataset)?;
    let length = arguments
        .story_length
        .map_or(card.story_length, NonZeroUsize::get);
    let (stories, splits) = stories(arguments, &card, length)?;
    let statistics = statistics(&stories, &card, &variants(arguments))?;
    if let Some(name) = statistics.variants_not_defined.first()
        && !arguments.variants.is_empty()
    {
        let asked = |variant: &TextVariant| variant.name() == *name;
        let variant = TextVariant::ALL.into_iter().find(asked);
        return Err(DatasetError::NoReleasedProcedure {
            dataset: card.id,
            variant: variant.unwrap_or(TextVariant::Original),
        }
        .into());
    }
    let figures = published::figures(&card.id, &statistics)?;
    for (name, found) in &statistics.variants {
        if found.crashed > 0 {
            say(&format!(
                "warning: the code that defines `{name}` text crashes on {} of {} stories; its numbers are over the other {}",
                found.crashed, statistics.stories, found.stories
            ));
        }
    }
    match arguments.format {
        Format::Json => {
            let answer = Answer {
                dataset: &card.id,
                name: &card.name,
                splits: &splits,
                story_length: length,
                statistics: &statistics,
                published: &figures,
            };
            let text = serde_json::to_string_pretty(&answer).expect("all keys are text or numbers");
            print(&format!("{text}\n"))
        }
        Format::Text => {
            let title = format!(
                "{}, {}: {} stories of {length} frames",
                card.name,
                splits.join(", "),
                statistics.stories
            );
            let document = sheet::document(title, &statistics, &figures);
            print(&document.render(table::Format::Markdown)?)
        }
    }
}

/// The variants asked for, once each, without the original, which is always counted.
fn variants(arguments: &StatsArguments) -> Vec<TextVariant> {
    let asked: Vec<TextVariant> = arguments.variants.iter().map(|v| (*v).into()).collect();
    let wanted = |variant: &TextVariant| asked.is_empty() || asked.contains(variant);
    let others = TextVariant::ALL.into_iter().filter(wanted);
    others
        .filter(|variant| *variant != TextVariant::Original)
        .collect()
}

/// The stories of the split, or of all that have any; and the splits they are of.
fn stories(
    arguments: &StatsArguments,
    card: &DatasetCard,
    length: usize,
) -> Result<(Vec<Story>, Vec<String>), Failure> {
    let open = |split: &str| {
        let data = arguments.data.as_deref();
        open_dataset(card.clone(), data, split, Some(length), &arguments.cache)
    };
    if arguments.split != ALL {
        let dataset = open(&arguments.split)?;
        return Ok((dataset.stories().to_vec(), vec![arguments.split.clone()]));
    }
    let (mut stories, mut splits) = (Vec::new(), Vec::new());
    for split in SPLITS {
        match open(split) {
            Ok(dataset) => {
                stories.extend_from_slice(dataset.stories());
                splits.push(split.to_owned());
            }
            Err(
                Failure::NothingSelected
                | Failure::Library(Error::Dataset(DatasetError::UnknownSplit { .. })),
            ) => say(&format!("split {split} has no story")),
            Err(other) => return Err(other),
        }
    }
    if stories.is_empty() {
        return Err(Failure::NothingSelected);
    }
    Ok((stories, splits))
}
