//! Which version of Pillow images are resized as.

use clap::{Args, ValueEnum};
use storyeval::vision::PassOrder;

#[derive(Clone, Copy, Debug, Args)]
pub(crate) struct PillowArguments {
    /// Version of Pillow whose order of passes resizes have that are Pillow's
    #[arg(long, value_enum, value_name = "VERSION", default_value_t)]
    pillow: Version,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
enum Version {
    /// Horizontal first, always: Pillow 12 and before
    #[default]
    #[value(name = "12")]
    Twelve,
    /// Vertical first where a picture loses more than twice as many rows as columns
    #[value(name = "13")]
    Thirteen,
}

impl PillowArguments {
    /// The order of passes.
    pub(crate) fn order(self) -> PassOrder {
        match self.pillow {
            Version::Twelve => PassOrder::Pillow12,
            Version::Thirteen => PassOrder::Pillow13,
        }
    }
}
