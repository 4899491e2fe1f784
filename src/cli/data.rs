//! Which data a command is about.

use clap::Args;
use std::num::NonZeroUsize;
use std::path::PathBuf;
use storyeval::card::Layout;
use storyeval::pipeline::DataRequest;

/// Which data set, with its option or without.
#[derive(Clone, Debug, Args)]
pub(crate) struct NamedDataset {
    /// Data set, as with `--dataset`
    #[arg(
        value_name = "DATASET",
        required_unless_present = "dataset",
        conflicts_with = "dataset"
    )]
    named: Option<String>,
    /// Data set: an id of `storyeval ls datasets`, a card's path, or a folder with `stories.jsonl`
    #[arg(long, short)]
    dataset: Option<String>,
}

impl NamedDataset {
    /// What the user calls it.
    pub(crate) fn name(&self) -> &str {
        self.dataset
            .as_deref()
            .or(self.named.as_deref())
            .unwrap_or_default()
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
    pub(crate) data_layout: Option<Layout>,
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
            layout: self.data_layout,
            split: self.split.clone(),
            story_length: self.story_length.map(NonZeroUsize::get),
            subset: self.subset.clone(),
        }
    }
}
