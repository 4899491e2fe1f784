//! `storyeval dataset referential`: captions as generators read them.

use crate::cli::Outcome;
use crate::cli::common::CacheArguments;
use crate::cli::data::DataArguments;
use crate::cli::talk::{Screen, print};
use clap::Args;
use serde_json::{Value, json};
use std::fmt::Write;
use storyeval::card;
use storyeval::dataset::{Dataset, DatasetError, Explained, explain};
use storyeval::pipeline::open_dataset;
use storyeval::record::{StoryFrame, TextVariant};

#[derive(Clone, Debug, Args)]
pub(crate) struct ReferentialArguments {
    /// Data set: an id of `storyeval ls datasets`, a card's path, or a folder with `stories.jsonl`
    #[arg(long, short)]
    dataset: String,
    /// Which rule replaces names
    #[arg(long, value_enum, default_value_t = TextVariant::Algorithm1)]
    variant: TextVariant,
    #[command(flatten)]
    data: DataArguments,
    #[command(flatten)]
    cache: CacheArguments,
}

/// Prints a JSON line a story. A story on which the code that defines the text crashes gets a line that
/// says so; the others are still of use, and the exit code says that not all is there.
pub(super) fn text(arguments: &ReferentialArguments) -> Outcome {
    let card = card::dataset(&arguments.dataset)?;
    let choice = arguments
        .data
        .request()
        .choose_alone(&arguments.dataset, &card)?;
    let cache = arguments.cache.folder();
    let dataset = open_dataset(card, &choice, &cache, Screen::new().control())?;
    let variant = arguments.variant;
    let mut lines = String::new();
    let mut crashed = 0;
    for story in dataset.stories() {
        let line = match explain(story, variant, dataset.card()) {
            Ok(made) => {
                let frames: Vec<_> = story.frames.iter().zip(&made).map(frame_line).collect();
                json!({ "story": story.id, "variant": variant, "frames": frames })
            }
            Err(error) => {
                let DatasetError::ReleasedCodeCrashes { frame, .. } = &error else {
                    return Err(error.into());
                };
                crashed += 1;
                let what = error.to_string();
                json!({ "story": story.id, "variant": variant, "error": what, "frame": frame })
            }
        };
        let _ = writeln!(lines, "{line}");
    }
    print(&lines)?;
    if crashed > 0 {
        return Err(DatasetError::StoriesWithoutText {
            variant,
            stories: crashed,
            of: dataset.stories().len(),
        }
        .into());
    }
    Ok(())
}

fn frame_line((frame, made): (&StoryFrame, &Explained)) -> Value {
    json!({
        "clip": frame.clip,
        "original": frame.caption,
        "text": made.caption.text,
        "reference_flag": made.caption.reference_flag,
        "replacements": made.caption.replacements,
        "decision": made.decision,
    })
}
