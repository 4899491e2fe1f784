//! Arguments that several metrics share.

use super::answer::Format;
use crate::cli::numbers::resamples;
use clap::Args;
use std::path::PathBuf;
use storyeval::measure::{IntervalPlan, NameOrder};
use storyeval::stats::Resampling;
use storyeval::vision::PassOrder;

/// How to resample, and how to print.
#[derive(Clone, Debug, Args)]
pub(crate) struct ShownArguments {
    /// Resamples of the 95 % interval; 0 for none
    #[arg(long, default_value_t = 1000, value_parser = resamples)]
    resamples: usize,
    /// Seed of the resamples
    #[arg(long, default_value_t = 0)]
    seed: u64,
    /// Groups of dependent items, such as the frames of a story: a line of text an item, in their
    /// order. Whole groups are drawn
    #[arg(long, value_name = "FILE")]
    groups: Option<PathBuf>,
    /// The order of the images' names in which lists without names are (captions, groups), where two are possible
    #[arg(long, value_enum)]
    pub(super) order: Option<NameOrder>,
    /// How to print
    #[arg(long, value_enum, default_value_t)]
    pub(super) format: Format,
}

impl ShownArguments {
    /// How to resample, for the library.
    pub(super) fn interval(&self) -> IntervalPlan {
        IntervalPlan {
            resampling: Resampling {
                resamples: self.resamples,
                seed: self.seed,
            },
            groups: self.groups.clone(),
            order: self.order,
        }
    }
}

/// Which version of Pillow images are resized as.
#[derive(Clone, Copy, Debug, Args)]
pub(crate) struct PillowArguments {
    /// Version of Pillow whose order of passes resizes have that are Pillow's
    #[arg(long, value_enum, value_name = "VERSION", default_value_t)]
    pub(super) pillow: PassOrder,
}

/// What metrics of pairs of images share.
#[derive(Clone, Debug, Args)]
pub(crate) struct PairOptions {
    #[command(flatten)]
    pub(super) pillow: PillowArguments,
    #[command(flatten)]
    pub(super) shown: ShownArguments,
}
