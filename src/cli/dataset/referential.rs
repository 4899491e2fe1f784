//! `storyeval dataset referential`: captions as generators read them.

use crate::cli::Outcome;
use crate::cli::common::CacheArguments;
use crate::cli::data::{DataArguments, open_dataset};
use crate::cli::talk::print;
use clap::{Args, ValueEnum};
use std::fmt::Write;
use storyeval::dataset::{Dataset, referential};
use storyeval::record::TextVariant;
use storyeval::spec;

#[derive(Clone, Copy, Debug, ValueEnum)]
pub(crate) enum Variant {
    Original,
    Algorithm1,
    StorygptvEval,
}

impl From<Variant> for TextVariant {
    fn from(variant: Variant) -> Self {
        match variant {
            Variant::Original => Self::Original,
            Variant::Algorithm1 => Self::Algorithm1,
            Variant::StorygptvEval => Self::StorygptvEval,
        }
    }
}

#[derive(Clone, Debug, Args)]
pub(crate) struct ReferentialArguments {
    /// Data set: an id of `storyeval ls datasets`, or a card's path
    #[arg(long, short)]
    dataset: String,
    /// Which rule replaces names
    #[arg(long, value_enum, default_value_t = Variant::Algorithm1)]
    variant: Variant,
    #[command(flatten)]
    data: DataArguments,
    #[command(flatten)]
    cache: CacheArguments,
}

/// Prints a JSON line a story.
pub(super) fn text(arguments: &ReferentialArguments) -> Outcome {
    let card = spec::dataset(&arguments.dataset)?;
    let choice = arguments.data.choose_alone(&arguments.dataset, &card)?;
    let dataset = open_dataset(card, &choice, &arguments.cache)?;
    let mut lines = String::new();
    for story in dataset.stories() {
        let captions = referential(story, arguments.variant.into(), &dataset.card().characters)?;
        let frames: Vec<_> = story
            .frames
            .iter()
            .zip(captions)
            .map(|(frame, caption)| {
                serde_json::json!({
                    "clip": frame.clip,
                    "original": frame.caption,
                    "text": caption.text,
                    "reference_flag": caption.reference_flag,
                    "replacements": caption.replacements,
                })
            })
            .collect();
        let _ = writeln!(
            lines,
            "{}",
            serde_json::json!({ "story": story.id, "frames": frames })
        );
    }
    print(&lines)
}
