//! The layouts in which data sets lie on disk, a file each: every one gives a [`Catalog`].
//!
//! [`Catalog`]: super::catalog::Catalog

mod arldm;
mod clips;
mod flintstones;
mod folder;
mod listed;
mod mugen;
mod pororo;
mod storygpt_v;
mod vist;

use super::annotation::{malformed, without_mark};
use super::catalog::Catalog;
use super::locate::missing;
use super::root::Root;
use super::{DatasetError, MissingFile};
use crate::card::{DatasetCard, Layout, LayoutCard};
use serde::de::DeserializeOwned;
use std::path::Path;

/// What a reader reads.
#[derive(Clone, Copy, Debug)]
pub(super) struct Source<'a> {
    /// The data set's card.
    pub(super) card: &'a DatasetCard,
    /// What the card says of the layout.
    pub(super) layout: &'a LayoutCard,
    /// The folder.
    pub(super) root: &'a Root,
    /// The requested split, or `all`. Photos of the others are not checked.
    pub(super) split: &'a str,
    /// The requested number of frames per story: a cache of followers may fit them.
    pub(super) story_length: usize,
}

/// Something by which a layout is known: of several names, one must be there.
enum Mark {
    /// A file.
    File(&'static [&'static str]),
    /// A folder.
    Folder(&'static str),
    /// A file with one of these endings.
    Ending(&'static [&'static str]),
}

const fn file(names: &'static [&'static str]) -> Mark {
    Mark::File(names)
}

impl Mark {
    fn is_in(&self, root: &Root) -> bool {
        match self {
            Self::File(names) => names.iter().any(|name| root.has_file(name)),
            Self::Folder(name) => root.has_folder(name),
            Self::Ending(endings) => !root.with_endings(endings).is_empty(),
        }
    }

    /// The file that a message names.
    fn name(&self) -> String {
        match self {
            Self::File(names) => names[0].to_owned(),
            Self::Folder(name) => (*name).to_owned(),
            Self::Ending(endings) => format!("*.{}", endings[0]),
        }
    }
}

/// What a folder must hold to be read as a layout.
fn marks(layout: Layout) -> &'static [Mark] {
    match layout {
        Layout::Flintstones => flintstones::MARKS,
        Layout::FlintstonesFull => flintstones::MARKS_FULL,
        Layout::StorygptV => storygpt_v::MARKS,
        Layout::Pororo => pororo::MARKS,
        Layout::Vist => vist::MARKS,
        Layout::ArldmH5 => &[Mark::Ending(&arldm::ENDINGS)],
        Layout::Mugen => mugen::MARKS,
        Layout::Folder => folder::MARKS,
    }
}

/// Reads the metadata of a data set in one layout.
///
/// # Errors
/// Files that are missing, malformed, or contradict the card.
pub(super) fn read(source: Source<'_>) -> Result<Catalog, DatasetError> {
    match source.layout.layout {
        Layout::Flintstones => flintstones::read(source, flintstones::SAMPLED),
        Layout::FlintstonesFull => flintstones::read(source, flintstones::FULL),
        Layout::StorygptV => storygpt_v::read(source),
        Layout::Pororo => pororo::read(source),
        Layout::Vist => vist::read(source),
        Layout::ArldmH5 => arldm::read(source),
        Layout::Mugen => mugen::read(source),
        Layout::Folder => folder::read(source),
    }
}

/// Finds out in which of the card's layouts a folder is.
///
/// # Errors
/// [`DatasetError::MissingFiles`] for the layout of which most is there.
pub(super) fn detect(
    card: &DatasetCard,
    only: Option<Layout>,
    root: &Root,
) -> Result<LayoutCard, DatasetError> {
    let mut candidates = card.candidates();
    if let Some(layout) = only {
        candidates.retain(|card| card.layout == layout);
        if candidates.is_empty() {
            return Err(DatasetError::NotPublishedSo {
                dataset: card.id.clone(),
                layout,
                known: card.candidates().iter().map(|card| card.layout).collect(),
            });
        }
    }
    let there = |card: &LayoutCard| {
        let marks = marks(card.layout);
        (
            marks.iter().filter(|mark| mark.is_in(root)).count(),
            marks.len(),
        )
    };
    if let Some(found) = candidates.iter().find(|card| {
        let (there, all) = there(card);
        there == all
    }) {
        return Ok(found.clone());
    }
    // Of those that are there in part, the one that lacks least; of equals the card's first.
    let nearest = candidates
        .iter()
        .min_by_key(|card| {
            let (there, all) = there(card);
            if there == 0 { usize::MAX } else { all - there }
        })
        .cloned()
        .unwrap_or_else(LayoutCard::folder);
    let lacking = marks(nearest.layout)
        .iter()
        .filter(|mark| !mark.is_in(root))
        .map(|mark| describe(&nearest, &mark.name()))
        .collect();
    Err(DatasetError::MissingFiles {
        dataset: card.id.clone(),
        folder: root.folder().to_owned(),
        layout: Some(nearest.layout),
        others: candidates
            .iter()
            .map(|card| card.layout)
            .filter(|layout| *layout != nearest.layout)
            .collect(),
        files: lacking,
        published_at: published_at(card, &nearest),
    })
}

/// Where a layout of a data set is published.
pub(super) fn published_at(card: &DatasetCard, layout: &LayoutCard) -> String {
    layout
        .published_at
        .clone()
        .unwrap_or_else(|| card.published_at.clone())
}

/// A missing file in the card's words; the card ends folders in `/`.
fn describe(card: &LayoutCard, path: &str) -> MissingFile {
    card.files
        .iter()
        .find(|file| file.path.trim_end_matches('/') == path)
        .map_or_else(
            || MissingFile {
                path: path.to_owned(),
                meaning: format!("part of the layout {}", card.layout),
                published_at: None,
            },
            missing,
        )
}

/// The first of several names that a file has in a folder.
fn first_of(root: &Root, names: &[&'static str]) -> Option<&'static str> {
    names.iter().copied().find(|name| root.has_file(name))
}

/// A JSON file of a data set.
fn json<T: DeserializeOwned>(root: &Root, name: &str) -> Result<T, DatasetError> {
    let bytes = root.read(name)?;
    serde_json::from_slice(without_mark(&bytes))
        .map_err(|source| malformed(&named(root, name), &bytes, None, source))
}

/// A path that need not exist, for messages.
fn named(root: &Root, name: &str) -> std::path::PathBuf {
    Path::new(root.folder()).join(name)
}

#[cfg(test)]
mod tests;
