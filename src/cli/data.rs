//! Which data a command is about, and opening it.

use super::common::{CacheArguments, minisv};
use super::failure::Failure;
use super::talk::say;
use clap::{Args, ValueEnum, builder::PossibleValue};
use std::num::NonZeroUsize;
use std::path::PathBuf;
use storyeval::dataset::{Dataset, DatasetError, Links, OpenDataset, OpenOptions, Places, locate};
use storyeval::record::Story;
use storyeval::spec::{self, DatasetCard, Layout, LayoutCard, Protocol, WindowRule};

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

/// What to open, with nothing left to be defaulted but the layout.
#[derive(Clone, Debug)]
pub(crate) struct DataChoice {
    pub(crate) data: Option<PathBuf>,
    pub(crate) layout: Option<Layout>,
    pub(crate) split: String,
    /// `None` takes the data set's own.
    pub(crate) story_length: Option<usize>,
    pub(crate) windows: WindowRule,
}

impl DataArguments {
    /// The protocol, with the stories of the subset that the user asks for.
    pub(crate) fn apply(&self, protocol: &mut Protocol) -> Result<(), Failure> {
        if let Some(subset) = &self.subset {
            protocol.stories = spec::subset(subset)?.stories;
        }
        Ok(())
    }

    /// Everything about the data that the arguments, the protocol and the card say. `name` is what
    /// the user calls the data set.
    pub(crate) fn choose(&self, name: &str, card: &DatasetCard, protocol: &Protocol) -> DataChoice {
        let asked = self.story_length.map(NonZeroUsize::get);
        DataChoice {
            story_length: asked.or(protocol.stories.length),
            windows: protocol.stories.windows(),
            ..self.of_card(name, card)
        }
    }

    /// As [`Self::choose`], of a command without a protocol. The subset is read all the same.
    pub(crate) fn choose_alone(
        &self,
        name: &str,
        card: &DatasetCard,
    ) -> Result<DataChoice, Failure> {
        let mut choice = self.of_card(name, card);
        if let Some(subset) = &self.subset {
            let stories = spec::subset(subset)?.stories;
            choice.windows = stories.windows();
            if self.story_length.is_none() {
                choice.story_length = stories.length;
            }
        }
        Ok(choice)
    }

    /// `name` is what the user calls the data set: a folder of the user's own holds its data too.
    fn of_card(&self, name: &str, card: &DatasetCard) -> DataChoice {
        let asked = self.story_length.map(NonZeroUsize::get);
        DataChoice {
            data: (self.data.clone()).or_else(|| spec::own_folder(name).map(Into::into)),
            layout: self.data_layout.map(|layout| layout.0),
            split: self.split.clone().unwrap_or_else(|| card.split.clone()),
            story_length: asked,
            windows: WindowRule::default(),
        }
    }
}

/// Links may lead anywhere when the user says so.
pub(crate) fn links() -> Links {
    match std::env::var_os("STORYEVAL_FOLLOW_LINKS") {
        Some(value) if !value.is_empty() && value != "0" => Links::Anywhere,
        _ => Links::Inside,
    }
}

/// Opens a data set; draws MiniSV into the cache when it is asked for and absent.
pub(crate) fn open_dataset(
    card: DatasetCard,
    choice: &DataChoice,
    cache: &CacheArguments,
) -> Result<OpenDataset, Failure> {
    let dataset = open_unchecked(card, choice, cache)?;
    match dataset.check_card() {
        // A part of a data set, or one of the user's own in the same layout: scores carry its hash.
        Err(error @ DatasetError::SplitSize { .. }) => say(&format!("warning: {error}")),
        other => other?,
    }
    for note in dataset.remarks() {
        say(&format!("warning: {note}"));
    }
    if dataset.stories().is_empty() {
        return Err(Failure::NothingSelected);
    }
    Ok(dataset)
}

/// As [`open_dataset`], without holding it against its card.
pub(crate) fn open_unchecked(
    card: DatasetCard,
    choice: &DataChoice,
    cache: &CacheArguments,
) -> Result<OpenDataset, Failure> {
    let options = to_open(card, choice, cache)?;
    Ok(storyeval::dataset::open(&options)?)
}

/// What to open, once its folder is found; draws MiniSV into the cache when it is asked for and absent.
pub(crate) fn to_open(
    card: DatasetCard,
    choice: &DataChoice,
    cache: &CacheArguments,
) -> Result<OpenOptions, Failure> {
    let data = choice.data.as_deref();
    let drawn = if card.id == "minisv" && data.is_none() {
        Some(minisv(&cache.folder())?)
    } else {
        None
    };
    let places = Places::new(drawn.as_deref().or(data), &cache.folder());
    let folder = locate(&card, &places)?;
    Ok(OpenOptions {
        card,
        folder,
        layout: choice.layout,
        split: choice.split.clone(),
        story_length: choice.story_length,
        windows: choice.windows,
        links: links(),
    })
}

/// The first stories of a data set: as many as the protocol and the user's `--limit` allow.
pub(crate) fn selected(
    dataset: &OpenDataset,
    protocol: &Protocol,
    limit: Option<usize>,
) -> Result<Vec<Story>, Failure> {
    let first = protocol.stories.first.unwrap_or(usize::MAX);
    let limit = limit.unwrap_or(usize::MAX).min(first);
    let stories: Vec<Story> = dataset.stories().iter().take(limit).cloned().collect();
    if stories.is_empty() {
        return Err(Failure::NothingSelected);
    }
    Ok(stories)
}

/// The story subset as signatures say it: `test/followers-3`, `test/followers-3+disjoint[:25]`.
pub(crate) fn subset_name(
    split: &str,
    protocol: &Protocol,
    stories: &[Story],
    dataset: &OpenDataset,
) -> String {
    let windows = protocol.stories.windows();
    let mut lengths = stories.iter().map(|story| story.frames.len());
    let length = lengths.next().unwrap_or(0);
    let subset = if lengths.all(|other| other == length) {
        format!("{split}/followers-{}{windows}", length.saturating_sub(1))
    } else {
        format!("{split}/listed{windows}")
    };
    if stories.len() < dataset.stories().len() {
        format!("{subset}[:{}]", stories.len())
    } else {
        subset
    }
}

/// The layout that a run's manifest names.
pub(crate) fn stored_layout(layout: Option<LayoutCard>) -> Option<Layout> {
    layout.map(|card| card.layout)
}
