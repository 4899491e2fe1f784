//! What is compared: the runs of a model, one a seed.

use super::CompareError;
use crate::card::{Character, Protocol};
use crate::evaluate::StoredRun;
use crate::metric::ScoreContext;
use crate::record::Scores;
use crate::run::{Manifest, read_scores, runs_in};
use std::path::{Path, PathBuf};

/// A run, as it lies on the disk.
#[derive(Clone, Debug)]
pub struct ComparedRun {
    /// Its scores, whose signatures say what may be compared.
    pub scores: Scores,
    /// What was seen on its frames.
    pub stored: StoredRun,
    /// The choices it was scored by.
    pub protocol: Protocol,
    /// What its signatures say beyond.
    pub context: ScoreContext,
    /// The characters of its data set's card, in the order of labels.
    pub characters: Vec<Character>,
}

/// One side of a comparison.
#[derive(Clone, Debug)]
pub struct Side {
    /// Its name in tables.
    pub label: String,
    /// Runs of one model, a seed each; at least one.
    pub runs: Vec<ComparedRun>,
}

impl ComparedRun {
    /// Reads a run folder.
    ///
    /// # Errors
    /// A run without scores or observations, or one that cannot be read.
    pub fn read(folder: &Path) -> Result<Self, CompareError> {
        let manifest = Manifest::read(folder)?;
        let scores = read_scores(folder)?;
        let cards = manifest.cards(folder)?;
        let stored = StoredRun::read(folder, &cards.protocol)?;
        Ok(Self {
            context: stored.context(&manifest.identity, &cards, folder)?,
            scores,
            stored,
            protocol: cards.protocol,
            characters: cards.dataset.characters,
        })
    }
}

impl Side {
    /// Reads a side from each folder, which is a run or holds the seeds of a model. Models are called by their ids, and
    /// runs of one model by their folders too.
    ///
    /// # Errors
    /// Those of [`ComparedRun::read`].
    pub fn read_all<'a>(
        folders: impl Iterator<Item = &'a PathBuf> + Clone,
    ) -> Result<Vec<Self>, CompareError> {
        let mut sides = folders
            .clone()
            .map(|folder| Self::read(folder))
            .collect::<Result<Vec<_>, _>>()?;
        let labels: Vec<String> = sides.iter().map(|side| side.label.clone()).collect();
        for (side, folder) in sides.iter_mut().zip(folders) {
            if labels.iter().filter(|label| **label == side.label).count() > 1 {
                let name = folder.file_name().unwrap_or(folder.as_os_str());
                side.label = format!("{} ({})", side.label, name.to_string_lossy());
            }
        }
        Ok(sides)
    }

    fn read(folder: &Path) -> Result<Self, CompareError> {
        let runs = runs_in(folder)?
            .into_iter()
            .map(|run| ComparedRun::read(&run));
        let runs = runs.collect::<Result<Vec<_>, _>>()?;
        let label = runs.first().map(|run| run.scores.model.clone());
        Ok(Self {
            label: label.unwrap_or_default(),
            runs,
        })
    }
}
