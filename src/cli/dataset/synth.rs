//! `storyeval dataset synth`: draw MiniSV.

use crate::cli::Outcome;
use crate::cli::common::draw;
use crate::cli::talk::print;
use clap::Args;
use std::path::PathBuf;
use storyeval::dataset::synth::{SplitSizes, World};

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

/// Draws.
pub(super) fn synth(arguments: &SynthArguments) -> Outcome {
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
