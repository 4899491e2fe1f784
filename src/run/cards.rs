//! The cards of a run, as `manifest.json` keeps them: what was meant by the ids of its identity.

use super::error::RunError;
use super::import::ImportCounts;
use super::manifest::Manifest;
use crate::card::{CardError, DatasetCard, LayoutCard, ModelCard, Protocol, Subset};
use crate::record::TextVariant;
use serde::{Deserialize, Serialize};
use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};

/// Everything about a run that is resolved from cards and arguments when it begins.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RunCards {
    /// The data set.
    pub dataset: DatasetCard,
    /// The model that draws.
    pub model: ModelCard,
    /// The protocol that the run is scored under.
    pub protocol: Protocol,
    /// The split.
    pub split: String,
    /// Which stories were planned, as signatures say it.
    pub subset: Subset,
    /// The layout in which the data set was read.
    #[serde(default)]
    pub layout: Option<LayoutCard>,
    /// Frames per story, where the user or the protocol said so.
    pub story_length: Option<usize>,
    /// Folder of the data set.
    pub data: PathBuf,
    /// Where the frames come from, when another program drew them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub images: Option<ImportedFrom>,
}

/// Frames that another program drew.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ImportedFrom {
    /// The folder that they were copied from.
    pub folder: String,
    /// How its files are named.
    pub layout: String,
    /// The first frame that was drawn, where the user said so; from 1.
    pub first_frame: Option<NonZeroUsize>,
    /// How many frames have a file.
    pub counts: ImportCounts,
    /// What a reader of the scores must know.
    pub notes: Vec<String>,
}

impl RunCards {
    /// Text that the model read. The frames were drawn under the run's own protocol, whichever scores them.
    ///
    /// # Errors
    /// A model card that asks for a text which the protocol does not allow.
    pub fn text(&self) -> Result<TextVariant, CardError> {
        self.protocol.text_for(&self.model)
    }

    /// Names of the characters in label order.
    #[must_use]
    pub fn characters(&self) -> Vec<String> {
        let characters = self.dataset.characters.iter();
        characters.map(|character| character.name.clone()).collect()
    }

    /// What a reader of the scores must know.
    #[must_use]
    pub fn notes(&self) -> &[String] {
        self.images.as_ref().map_or(&[], |images| &images.notes)
    }
}

impl Manifest {
    /// The cards of the run in `folder`, whose manifest this is.
    ///
    /// # Errors
    /// [`RunError::Cards`] where another version of the program wrote them in another form.
    pub fn cards(&self, folder: &Path) -> Result<RunCards, RunError> {
        serde_json::from_value(self.raw_cards().clone()).map_err(|source| RunError::Cards {
            path: folder.to_owned(),
            source,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing;
    use super::*;

    #[test]
    fn cards_survive_the_manifest_and_others_are_refused_by_folder() {
        let manifest = testing::manifest(&testing::plan(3, 2));
        let cards = manifest.cards(Path::new("r")).expect("typed");
        assert_eq!(cards, testing::cards());
        assert!(cards.notes().is_empty());
        assert_eq!(cards.characters().len(), cards.dataset.characters.len());
        let text = String::from_utf8(manifest.to_bytes()).expect("text");
        let other = text.replace("\"story_length\"", "\"story_size\"");
        let other: Manifest = serde_json::from_str(&other).expect("a manifest");
        let error = other.cards(Path::new("some/run")).unwrap_err();
        assert!(error.to_string().contains("some/run"), "{error}");
    }
}
