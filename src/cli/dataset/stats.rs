//! `storyeval dataset stats`: what is in the stories of a split.

use crate::cli::Outcome;
use crate::cli::common::CacheArguments;
use crate::cli::data::{DataArguments, NamedDataset};
use crate::cli::format::Format;
use crate::cli::talk::{Screen, print, print_json, say};
use clap::Args;
use serde::Serialize;
use storyeval::card;
use storyeval::dataset::stats::{Statistics, statistics};
use storyeval::dataset::{Dataset, DatasetError};
use storyeval::paper::{Printed, figures};
use storyeval::pipeline::open_dataset;
use storyeval::record::TextVariant;
use storyeval::report;
use storyeval::table;

#[derive(Clone, Debug, Args)]
pub(crate) struct StatsArguments {
    #[command(flatten)]
    dataset: NamedDataset,
    #[command(flatten)]
    data: DataArguments,
    /// Texts with pronouns to count references in, beside the original [default: all of them]
    #[arg(long = "variant", value_enum, value_name = "VARIANT")]
    variants: Vec<TextVariant>,
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
    /// Where it lies, and in which layout.
    layout: &'a str,
    split: &'a str,
    /// Frames of the longest story.
    story_length: usize,
    #[serde(flatten)]
    statistics: &'a Statistics,
    published: &'a [Printed],
}

/// Counts and prints.
pub(super) fn stats(arguments: &StatsArguments) -> Outcome {
    let card = card::dataset(arguments.dataset.name())?;
    let choice = arguments
        .data
        .request()
        .choose_alone(arguments.dataset.name(), &card)?;
    let cache = arguments.cache.folder();
    let dataset = open_dataset(card.clone(), &choice, &cache, Screen::new().control())?;
    let stories = dataset.stories();
    let lengths = || stories.iter().map(|story| story.frames.len());
    let length = lengths().max().unwrap_or(0);
    let up_to = if lengths().all(|other| other == length) {
        ""
    } else {
        "up to "
    };
    let statistics = statistics(stories, dataset.card(), &variants(arguments))?;
    if let Some(name) = statistics.variants_not_defined.first()
        && !arguments.variants.is_empty()
    {
        let asked = |variant: &TextVariant| variant.name() == *name;
        let variant = TextVariant::ALL.iter().copied().find(asked);
        return Err(DatasetError::NoReleasedProcedure {
            dataset: card.id,
            variant: variant.unwrap_or(TextVariant::Original),
        }
        .into());
    }
    let figures = figures(&card.id, &statistics)?;
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
                layout: dataset.layout().layout.name(),
                split: &choice.split,
                story_length: length,
                statistics: &statistics,
                published: &figures,
            };
            print_json(&answer)
        }
        Format::Text => {
            let title = format!(
                "{}, {}: {} stories of {up_to}{length} frames",
                card.name, choice.split, statistics.stories
            );
            let document = report::statistics(title, &statistics, &figures);
            print(&document.render(table::Format::Markdown)?)
        }
    }
}

/// The variants asked for, once each, without the original, which is always counted.
fn variants(arguments: &StatsArguments) -> Vec<TextVariant> {
    let asked = &arguments.variants;
    let wanted = |variant: &TextVariant| asked.is_empty() || asked.contains(variant);
    let others = TextVariant::ALL.iter().copied().filter(wanted);
    others
        .filter(|variant| *variant != TextVariant::Original)
        .collect()
}
