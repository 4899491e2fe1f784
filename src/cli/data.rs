//! Which data a command is about.

use clap::{Args, ValueEnum, builder::PossibleValue};
use std::num::NonZeroUsize;
use std::path::PathBuf;
use storyeval::card::Layout;
use storyeval::pipeline::DataRequest;

/// A layout on the command line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct LayoutName(pub(crate) Layout);

impl ValueEnum for LayoutName {
    fn value_variants<'a>() -> &'a [Self] {
        const ALL: [LayoutName; Layout::ALL.len()] = {
            let mut all = [LayoutName(Layout::Folder); Layout::ALL.len()];
            let mut index = 0;
            while index < all.len() {
                all[index] = LayoutName(Layout::ALL[index]);
                index += 1;
            }
            all
        };
        &ALL
    }

    fn to_possible_value(&self) -> Option<PossibleValue> {
        Some(PossibleValue::new(self.0.name()))
    }
}

/// Where the data are and which stories of them are meant.
#[derive(Clone, Debug, Default, Args)]
pub(crate) struct DataArguments {
    /// Folder of the data set, or its file
    #[arg(long, value_name = "DIR", env = "STORYEVAL_DATA_DIR")]
    pub(crate) data: Option<PathBuf>,
    /// Layout of the data set [default: found out]
    #[arg(long, value_enum, value_name = "LAYOUT", hide_possible_values = true)]
    pub(crate) data_layout: Option<LayoutName>,
    /// Split of the data set [default: the card's, usually `test`]
    #[arg(long)]
    pub(crate) split: Option<String>,
    /// Frames a story [default: the subset's, else the protocol's, else the data set's]
    #[arg(long, value_name = "N")]
    pub(crate) story_length: Option<NonZeroUsize>,
    /// Which stories: an id of `storyeval ls subsets`, or a card's path [default: the protocol's]
    #[arg(long, value_name = "SUBSET")]
    pub(crate) subset: Option<String>,
}

impl DataArguments {
    /// The same for the library.
    pub(crate) fn request(&self) -> DataRequest {
        DataRequest {
            data: self.data.clone(),
            layout: self.data_layout.map(|layout| layout.0),
            split: self.split.clone(),
            story_length: self.story_length.map(NonZeroUsize::get),
            subset: self.subset.clone(),
        }
    }
}
