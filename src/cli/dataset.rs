//! `storyeval dataset`: draw MiniSV, and print referential text.

use super::Outcome;
use super::common::{CacheArguments, draw, open_dataset};
use super::talk::print;
use clap::{Args, Subcommand, ValueEnum};
use std::fmt::Write;
use std::num::NonZeroUsize;
use std::path::PathBuf;
use storyeval::dataset::synth::{SplitSizes, World};
use storyeval::dataset::{Dataset, referential};
use storyeval::record::TextVariant;
use storyeval::spec;

#[derive(Debug, Subcommand)]
pub(crate) enum DatasetCommand {
    /// Draw MiniSV in the FlintstonesSV layout
    Synth(SynthArguments),
    /// Print the captions of a split as generators read them, a JSON line a story
    Referential(ReferentialArguments),
}

#[derive(Clone, Debug, Args)]
pub(crate) struct SynthArguments {
    /// New folder
    #[arg(long, value_name = "DIR")]
    out: PathBuf,
    /// 4-frame stories in the test split
    #[arg(long, default_value_t = 100, value_name = "N")]
    stories: usize,
    /// 4-frame stories in the val split
    #[arg(long, default_value_t = 0, value_name = "N")]
    val_stories: usize,
    /// Clips in the train split
    #[arg(long, default_value_t = 0, value_name = "N")]
    train_clips: usize,
    /// Seed of the world
    #[arg(long, default_value_t = 0)]
    seed: u64,
}

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
    /// Folder of the data set
    #[arg(long, value_name = "DIR", env = "STORYEVAL_DATA_DIR")]
    data: Option<PathBuf>,
    /// Split of the data set
    #[arg(long, default_value = "test")]
    split: String,
    /// Frames a story [default: the data set's]
    #[arg(long, value_name = "N")]
    story_length: Option<NonZeroUsize>,
    #[command(flatten)]
    cache: CacheArguments,
}

/// The `dataset` verbs.
pub(crate) fn dataset(command: &DatasetCommand) -> Outcome {
    match command {
        DatasetCommand::Synth(arguments) => synth(arguments),
        DatasetCommand::Referential(arguments) => text(arguments),
    }
}

fn synth(arguments: &SynthArguments) -> Outcome {
    let sizes = SplitSizes {
        test_stories: arguments.stories,
        val_stories: arguments.val_stories,
        train_clips: arguments.train_clips,
    };
    let report = draw(
        &arguments.out,
        World {
            seed: arguments.seed,
            sizes,
        },
    )?;
    print(&format!(
        "{}\ncontent sha256: {}\n",
        report.dir.display(),
        report.content_sha256
    ))
}

fn text(arguments: &ReferentialArguments) -> Outcome {
    let card = spec::dataset(&arguments.dataset)?;
    let data = arguments.data.as_deref();
    let dataset = open_dataset(
        card,
        data,
        &arguments.split,
        arguments.story_length.map(NonZeroUsize::get),
        &arguments.cache,
    )?;
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
