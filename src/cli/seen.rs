//! Run folders as comparisons read them: nothing is locked, and nothing written.

use super::failure::Failure;
use serde::de::DeserializeOwned;
use std::path::Path;
use storyeval::evaluate::StoredRun;
use storyeval::metric::ScoreContext;
use storyeval::run::Manifest;
use storyeval::spec::{DatasetCard, ModelCard, Protocol};

/// The cards of a run, as its manifest has them.
pub(crate) struct Cards<'a> {
    folder: &'a Path,
    manifest: Manifest,
}

impl<'a> Cards<'a> {
    /// Reads the manifest of a run.
    pub(crate) fn read(folder: &'a Path) -> Result<Self, Failure> {
        Ok(Self {
            folder,
            manifest: Manifest::read(folder)?,
        })
    }

    /// The protocol that the run is scored by.
    pub(crate) fn protocol(&self) -> Result<Protocol, Failure> {
        self.card("protocol")
    }

    /// What signatures say beyond the protocol.
    pub(crate) fn context(&self, stored: &StoredRun) -> Result<ScoreContext, Failure> {
        let dataset: DatasetCard = self.card("dataset")?;
        let model: ModelCard = self.card("model")?;
        let identity = &self.manifest.identity;
        let characters = dataset.characters.into_iter();
        Ok(ScoreContext {
            dataset: identity.dataset.clone(),
            dataset_hash: identity.dataset_hash.clone(),
            subset: self.card("subset")?,
            text: self.protocol()?.text_for(&model)?,
            characters: characters.map(|character| character.name).collect(),
            extractors: stored.extractors().clone(),
        })
    }

    fn card<T: DeserializeOwned>(&self, name: &str) -> Result<T, Failure> {
        serde_json::from_value(self.manifest.cards[name].clone()).map_err(|source| {
            Failure::Arguments {
                what: format!(
                    "the run in {} was made by another version of storyeval ({source})",
                    self.folder.display()
                ),
                hint: "run it again into a new folder".to_owned(),
            }
        })
    }
}
