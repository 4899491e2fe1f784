//! Which data a request is about, and opening them.

use super::minisv::minisv;
use super::{Control, PipelineError};
use crate::card::{self, DatasetCard, Layout, Protocol, Subset, WindowRule};
use crate::dataset::{Dataset, DatasetError, Links, OpenDataset, OpenOptions, Places, locate};
use crate::record::Story;
use std::path::{Path, PathBuf};

/// Where the data are and which stories of them are meant, as a user says it: what is absent is the card's or the
/// protocol's choice.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct DataRequest {
    /// Folder of the data set, or its file.
    pub data: Option<PathBuf>,
    /// Layout of the data set; found out where absent.
    pub layout: Option<Layout>,
    /// Split of the data set.
    pub split: Option<String>,
    /// Frames per story.
    pub story_length: Option<usize>,
    /// Id or path of a subset's card.
    pub subset: Option<String>,
}

/// What to open, with nothing left to be defaulted but the layout.
#[derive(Clone, Debug)]
pub struct DataChoice {
    /// Folder of the data set, or its file; searched for where absent.
    pub data: Option<PathBuf>,
    /// Layout of the data set; found out where absent.
    pub layout: Option<Layout>,
    /// Split of the data set.
    pub split: String,
    /// Frames per story; `None` takes the data set's own.
    pub story_length: Option<usize>,
    /// How clips in sequence become stories.
    pub windows: WindowRule,
    /// A folder of the data set's name that was not taken, since a card has this id.
    pub passed_over: Option<PathBuf>,
}

impl DataChoice {
    /// Which stories of the data set these are, as signatures say it.
    pub(super) fn subset(&self, stories: &[Story], dataset: &OpenDataset) -> Subset {
        let all = dataset.stories().len();
        Subset::of(&self.split, self.windows, stories, all)
    }
}

impl DataRequest {
    /// Gives a protocol the stories of the subset that the user asks for.
    ///
    /// # Errors
    /// A subset that has no card, or a broken one.
    pub fn apply(&self, protocol: &mut Protocol) -> Result<(), PipelineError> {
        if let Some(subset) = &self.subset {
            protocol.stories = card::subset(subset)?.stories;
        }
        Ok(())
    }

    /// Everything about the data that the request, the protocol and the card say. `name` is what the user calls
    /// the data set: a folder of the user's own holds its data too.
    #[must_use]
    pub fn choose(&self, name: &str, card: &DatasetCard, protocol: &Protocol) -> DataChoice {
        DataChoice {
            story_length: self.story_length.or(protocol.stories.length),
            windows: protocol.stories.windows(),
            ..self.of_card(name, card)
        }
    }

    /// As [`Self::choose`], where there is no protocol. The subset is read all the same.
    ///
    /// # Errors
    /// A subset that has no card, or a broken one.
    pub fn choose_alone(
        &self,
        name: &str,
        card: &DatasetCard,
    ) -> Result<DataChoice, PipelineError> {
        let mut choice = self.of_card(name, card);
        if let Some(subset) = &self.subset {
            let stories = card::subset(subset)?.stories;
            choice.windows = stories.windows();
            choice.story_length = choice.story_length.or(stories.length);
        }
        Ok(choice)
    }

    fn of_card(&self, name: &str, card: &DatasetCard) -> DataChoice {
        DataChoice {
            data: (self.data.clone()).or_else(|| card::own_folder(name).map(Into::into)),
            layout: self.layout,
            split: self.split.clone().unwrap_or_else(|| card.split.clone()),
            story_length: self.story_length,
            windows: WindowRule::default(),
            passed_over: card::passed_over(name)
                .filter(|_| self.data.is_none())
                .map(Into::into),
        }
    }
}

/// Whether links may lead out of a data set's folder: only where `STORYEVAL_FOLLOW_LINKS` says so.
#[must_use]
pub fn links() -> Links {
    let value = std::env::var("STORYEVAL_FOLLOW_LINKS").unwrap_or_default();
    match value.to_ascii_lowercase().as_str() {
        "1" | "true" | "yes" | "on" => Links::Anywhere,
        _ => Links::Inside,
    }
}

/// Opens a data set; draws MiniSV into the cache when it is asked for and absent.
///
/// # Errors
/// [`PipelineError::NothingSelected`] for a split without stories, and everything that is wrong with the data.
pub fn open_dataset(
    card: DatasetCard,
    choice: &DataChoice,
    cache: &Path,
    control: Control<'_>,
) -> Result<OpenDataset, PipelineError> {
    let options = to_open(card, choice, cache, control)?;
    let dataset = crate::dataset::open(&options)?;
    match dataset.check_card() {
        // A part of a data set, or one of the user's own in the same layout: scores carry its hash.
        Err(error @ DatasetError::SplitSize { .. }) => control.note(&format!("warning: {error}")),
        other => other?,
    }
    for note in dataset.remarks() {
        control.note(&format!("warning: {note}"));
    }
    let found = dataset.found_names();
    if !found.is_empty() {
        control.note(&format!(
            "no card names them, so these were read from the stories, with their frames: {found}"
        ));
    }
    if dataset.stories().is_empty() {
        return Err(PipelineError::NothingSelected);
    }
    Ok(dataset)
}

/// What to open, once its folder is found; draws MiniSV into the cache when it is asked for and absent.
///
/// # Errors
/// A data set that is nowhere.
pub fn to_open(
    card: DatasetCard,
    choice: &DataChoice,
    cache: &Path,
    control: Control<'_>,
) -> Result<OpenOptions, PipelineError> {
    if let Some(folder) = &choice.passed_over {
        control.note(&format!(
            "note: `{0}` is the card of that id; for the folder {0} write `./{0}`",
            folder.display()
        ));
    }
    let data = choice.data.as_deref();
    let drawn = if card.id == "minisv" && data.is_none() {
        Some(minisv(cache, control)?)
    } else {
        None
    };
    let places = Places::new(drawn.as_deref().or(data), cache);
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

/// The first stories of a data set: as many as the protocol and `limit` allow.
///
/// # Errors
/// [`PipelineError::NothingSelected`].
pub fn selected(
    dataset: &OpenDataset,
    protocol: &Protocol,
    limit: Option<usize>,
) -> Result<Vec<Story>, PipelineError> {
    let first = protocol.stories.first.unwrap_or(usize::MAX);
    let limit = limit.unwrap_or(usize::MAX).min(first);
    let stories: Vec<Story> = dataset.stories().iter().take(limit).cloned().collect();
    if stories.is_empty() {
        return Err(PipelineError::NothingSelected);
    }
    Ok(stories)
}
